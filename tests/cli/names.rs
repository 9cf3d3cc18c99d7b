//! Names of Rust and C++ functions as their source has them, and backtraces that are cut off.

use super::Place;

const MODULE: &str = r#"(module
    (func $_ZN4core9panicking5panic17h0123456789abcdefE unreachable)
    (func $_ZN3foo3barEi (param i32) (call $_ZN4core9panicking5panic17h0123456789abcdefE))
    (func $_RNvC6_123foo3bar (export "_RNvC6_123foo3bar") (call $_ZN3foo3barEi (i32.const 1)))
    (func $plain (export "plain") (call $_RNvC6_123foo3bar)))"#;

#[test]
fn backtraces() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    let said = place
        .prefab(["run", "--invoke", "plain", "a.wat"])
        .fails(134);
    let names: Vec<_> = said
        .lines()
        .skip(1)
        .map(|line| line.split_once('!').unwrap().1)
        .map(|line| line.split_once(" @ ").unwrap().0)
        .collect();
    assert_eq!(
        names,
        [
            "core::panicking::panic",
            "foo::bar(int)",
            "123foo::bar",
            "plain"
        ]
    );
}

#[test]
fn inspection_and_disassembly() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    // Without inlining, there are calls.
    place.prefab(["compile", "-O1", "a.wat"]).ok();
    let shown = place.prefab(["inspect", "a.o"]).ok();
    assert!(
        shown.contains("\n  _RNvC6_123foo3bar (123foo::bar): func"),
        "{shown}"
    );
    assert!(shown.contains("\n  plain: func"), "{shown}");
    for name in ["foo::bar(int)", "_ZN3foo3barEi", "1"] {
        let shown = place.prefab(["inspect", "a.o", "--disasm", name]).ok();
        assert!(shown.starts_with("func 1 <foo::bar(int)>: "), "{shown}");
        assert!(shown.contains("func 0 <core::panicking::panic>"), "{shown}");
        assert!(!shown.contains("_ZN"), "{shown}");
    }
}

#[test]
fn backtraces_say_how_many_frames_they_leave_out() {
    let place = Place::new();
    place.write(
        "deep.wat",
        r#"(module
             (func $down (export "down") (param i32) (result i32)
               (if (i32.eqz (local.get 0)) (then unreachable))
               (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))))"#,
    );
    // One frame for each number down to 0.
    for (depth, left_out) in [
        ("63", ""),
        ("64", "\n  and 1 more frame"),
        ("1063", "\n  and 1000 more frames"),
    ] {
        place.prefab(["compile", "-O1", "deep.wat"]).ok();
        let said = place
            .prefab(["run", "--invoke", "down", "deep.o", depth])
            .fails(134);
        let (first, rest) = said.trim_end().split_once(" times)").unwrap_or((&said, ""));
        assert!(first.contains("deep!down"), "{said}");
        assert_eq!(rest, left_out, "{said}");
    }
}
