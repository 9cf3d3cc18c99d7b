//! Modules to measure with, made here so that their sizes can be chosen.

use std::fmt::Write;

/// The text of a module of `funcs` functions, each of about a hundred instructions, that call one
/// another through a static table.
#[must_use]
pub fn many_functions(funcs: u32) -> String {
    let mut text = String::from("(module (type $t (func (param i32) (result i32)))\n");
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "(memory 1) (table {funcs} funcref) (elem (i32.const 0) func"
    );
    for func in 0..funcs {
        let _ = write!(text, " $f{func}");
    }
    text.push_str(")\n");
    for func in 0..funcs {
        let _ = writeln!(
            text,
            "(func $f{func} (type $t) (local $x i32) (local.set $x (local.get 0))"
        );
        for step in 0..20 {
            let (a, b) = (func % 97 + step, step * 8);
            let _ = writeln!(
                text,
                "(local.set $x (i32.xor (i32.mul (local.get $x) (i32.const {a})) (i32.load offset={b} (local.get 0))))"
            );
        }
        let next = (func + 1) % funcs;
        let _ = writeln!(
            text,
            "(if (result i32) (i32.eqz (local.get 0)) (then (local.get $x)) (else (call_indirect (type $t) (i32.const 0) (i32.const {next})))))"
        );
    }
    text.push_str("(func (export \"run\") (param i32) (result i32) (call $f0 (local.get 0))))\n");
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_modules_are_modules() {
        assert!(wat::parse_str(super::many_functions(10)).is_ok());
    }
}
