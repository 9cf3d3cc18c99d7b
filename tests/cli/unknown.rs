//! `--unknown-imports`: what stands for imports that are not defined.

use super::Place;

const MODULE: &str = r#"(module
    (import "env" "func" (func $func (param i32) (result i64)))
    (func (export "call") (result i64) (call $func (i32.const 7)))
    (func (export "quiet") (result i32) (i32.const 42)))"#;

#[test]
fn functions() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    place.prefab(["compile", "a.wat"]).ok();
    let run = |choice: &str, func: &str| {
        let script = format!(
            r#""$P" run --unknown-imports {choice} --invoke {func} a.wat; echo $?
               "$R" --unknown-imports {choice} --invoke {func} a.o; echo $?"#
        );
        let run = place.shell(&script);
        (run.stdout, run.stderr)
    };
    let (out, said) = run("error", "quiet");
    assert_eq!(out, "1\n1\n");
    assert!(said.contains(r#""env" "func""#), "{said}");
    assert_eq!(
        run("trap", "quiet"),
        ("42\n0\n42\n0\n".into(), String::new())
    );
    let (out, said) = run("trap", "call");
    assert_eq!(out, "134\n134\n");
    let line = |file| {
        format!(r#"{file}: error: the guest called the import "env" "func", which is not defined"#)
    };
    assert_eq!(said, format!("{}\n{}\n", line("a.wat"), line("a.o")));
    assert_eq!(
        run("default", "call"),
        ("0\n0\n0\n0\n".into(), String::new())
    );
    let (out, said) = run("maybe", "call");
    assert_eq!(out, "2\n2\n");
    assert!(said.contains("it is error, trap or default"), "{said}");
}

#[test]
fn everything_else() {
    let place = Place::new();
    place.write(
        "a.wat",
        r#"(module
             (import "env" "memory" (memory 2 3))
             (import "env" "table" (table 5 funcref))
             (import "env" "global" (global $global i64))
             (import "env" "mutable" (global $mutable (mut f32)))
             (func (export "sum") (result i64)
               (i64.add
                 (global.get $global)
                 (i64.extend_i32_u (i32.add (i32.add (memory.size) (i32.load8_u (i32.const 9)))
                   (i32.mul (table.size) (ref.is_null (table.get (i32.const 4)))))))))"#,
    );
    let args = [
        "run",
        "--unknown-imports=default",
        "--invoke",
        "sum",
        "a.wat",
    ];
    assert_eq!(place.prefab(args).ok(), "7\n");
    let args = ["run", "--unknown-imports=trap", "--invoke", "sum", "a.wat"];
    let said = place.prefab(args).fails(1);
    for name in ["memory", "table", "global", "mutable"] {
        assert!(said.contains(&format!(r#""env" "{name}""#)), "{said}");
    }
}
