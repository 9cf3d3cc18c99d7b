//! `prefab wast`: what scripts may say, and what the runner remembers.

use super::Place;

/// Runs `script`, and returns what is printed.
fn wast(script: &str, options: &[&str]) -> String {
    let place = Place::new();
    place.write("s.wast", script);
    let args = ["wast", "s.wast"].iter().chain(options);
    place.prefab(args).stdout
}

/// The lines of the directives that fail in `script`.
fn failing(script: &str) -> Vec<usize> {
    let printed = wast(script, &[]);
    let lines = printed
        .lines()
        .filter_map(|line| line.strip_prefix("s.wast:"));
    let lines: Vec<usize> = lines
        .map(|line| line.split(':').next().unwrap().parse().unwrap())
        .collect();
    assert!(
        printed.ends_with(&format!("{} failed\n", lines.len())),
        "{printed}"
    );
    lines
}

/// Modules that cannot be made: refused, not linked, trapping when they start.
const BAD: [&str; 4] = [
    r#"(module NAME (memory i64 1) (func (export "f") (result i32) i32.const 1))"#,
    r#"(module NAME (func (export "f") (result i32)))"#,
    r#"(module NAME (import "no" "no" (func)))"#,
    r#"(module NAME (func $s unreachable) (start $s))"#,
];

const GOOD: &str = r#"(func (export "f") (result i32) i32.const 1)"#;

#[test]
fn no_directive_uses_the_module_before_one_that_failed() {
    for bad in BAD {
        let script = format!(
            r#"(module {GOOD})
            {}
            (assert_return (invoke "f") (i32.const 1))
            (register "m")
            (module {GOOD})
            (assert_return (invoke "f") (i32.const 1))"#,
            bad.replace("NAME", "")
        );
        assert_eq!(failing(&script), [2, 3, 4], "{bad}");
    }
}

#[test]
fn a_name_does_not_outlive_a_module_of_that_name_that_failed() {
    for bad in BAD {
        let script = format!(
            r#"(module $a {GOOD})
            (register "m" $a)
            {}
            (assert_return (invoke $a "f") (i32.const 1))
            (module (import "a" "f" (func (result i32))))
            (register "m" $a)
            (module (import "m" "f" (func (result i32))))"#,
            bad.replace("NAME", "$a")
        );
        assert_eq!(failing(&script), [3, 4, 5, 6, 7], "{bad}");
    }
}

#[test]
fn a_failed_definition_leaves_no_definition_but_the_current_instance() {
    let script = format!(
        r#"(module definition $d {GOOD})
        (module instance $i $d)
        (module definition $d (func (result i32)))
        (assert_return (invoke $i "f") (i32.const 1))
        (assert_return (invoke "f") (i32.const 1))
        (module instance $i $d)
        (assert_return (invoke $i "f") (i32.const 1))
        (assert_return (invoke "f") (i32.const 1))
        (module instance)"#
    );
    assert_eq!(failing(&script), [3, 6, 7, 8, 9]);
}

#[test]
fn a_module_is_a_definition_too() {
    let script = format!(
        r#"(module $m {GOOD})
        (module instance $i $m)
        (assert_return (invoke $i "f") (i32.const 1))
        (module instance)
        (assert_return (invoke "f") (i32.const 1))"#
    );
    assert_eq!(failing(&script), [0; 0]);
}

#[test]
fn modules_import_from_named_modules_and_a_registration_goes_first() {
    let import = |name: &str, result: u32| {
        format!(
            r#"(module (import "{name}" "f" (func $f (result i32))) (func (export "g") (result i32) call $f))
            (assert_return (invoke "g") (i32.const {result}))
            "#
        )
    };
    let number = |name: &str, result: u32| {
        format!(
            r#"(module ${name} (func (export "f") (result i32) i32.const {result}))
            "#
        )
    };
    let script = [
        number("a", 1),
        import("a", 1),
        number("b", 2),
        "(register \"a\")\n".to_owned(),
        import("a", 2),
        number("a", 3),
        import("a", 2),
        import("b", 2),
    ];
    assert_eq!(failing(&script.concat()), [0; 0]);
    // Nothing stays of an earlier module of the name.
    let script = r#"(module $a (func (export "f")))
        (module $a (func (export "g")))
        (module (import "a" "f" (func)))"#;
    assert_eq!(failing(script), [3]);
}

#[test]
fn functions_are_compared_by_their_index() {
    let script = r#"(module $other (func (export "x")))
        (module
            (import "other" "x" (func $x))
            (func $a (export "a"))
            (func $b)
            (elem declare func $x $a $b)
            (func (export "get-x") (result funcref) ref.func $x)
            (func (export "get-b") (result funcref) ref.func $b)
            (func (export "null") (result funcref) ref.null func)
            (global (export "global") funcref (ref.func $a)))
        (assert_return (invoke "get-x") (ref.func 0))
        (assert_return (invoke "get-b") (ref.func 2))
        (assert_return (get "global") (ref.func 1))
        (assert_return (invoke "get-b") (ref.func))
        (assert_return (invoke "get-b") (either (ref.func 0) (ref.func 2)))
        (assert_return (invoke "get-b") (ref.func 1))
        (assert_return (invoke "get-b") (ref.func 99))
        (assert_return (invoke "null") (ref.func 1))
        (assert_return (invoke "null") (ref.func))
        (assert_return (invoke "null") (ref.null func))
        (assert_return (invoke "null") (ref.null))
        (assert_return (invoke "get-b") (ref.null func))"#;
    assert_eq!(failing(script), [16, 17, 18, 19, 22]);
}

#[test]
fn externs_and_nulls_are_compared() {
    let script = r#"(module
            (func (export "same") (param externref) (result externref) local.get 0))
        (assert_return (invoke "same" (ref.extern 7)) (ref.extern 7))
        (assert_return (invoke "same" (ref.extern 7)) (ref.extern))
        (assert_return (invoke "same" (ref.null extern)) (ref.null extern))
        (assert_return (invoke "same" (ref.null extern)) (ref.null noextern))
        (assert_return (invoke "same" (ref.null noextern)) (ref.null))
        (assert_return (invoke "same" (ref.host 7)) (ref.extern 7))
        (assert_return (invoke "same" (ref.extern 7)) (ref.extern 8))
        (assert_return (invoke "same" (ref.extern 7)) (ref.null extern))
        (assert_return (invoke "same" (ref.null extern)) (ref.null func))
        (assert_return (invoke "same" (ref.null extern)) (ref.extern))
        (assert_return (invoke "same" (ref.extern 7)) (either (ref.extern 8) (ref.null extern)))"#;
    assert_eq!(failing(script), [8, 9, 10, 11, 12, 13]);
}

#[test]
fn custom_sections_that_are_malformed_or_invalid_are_refused() {
    let script = r#"(assert_malformed_custom
            (module quote "(@custom)")
            "expected a string")
        (assert_malformed_custom
            (module quote "(@custom \"a\" (before nothing))")
            "unexpected token")
        (assert_malformed_custom (module quote "(func)") "anything")
        (assert_invalid_custom (module (func)) "anything")"#;
    assert_eq!(failing(script), [7, 8]);
}

#[test]
fn scripts_are_compiled_as_the_options_say() {
    // A bounded memory without a maximum grows by 16 MiB at most, a guarded one up to 4 GiB.
    let grows = r#"(module (memory 1) (func (export "grow") (result i32) i32.const 300 memory.grow))
        (assert_return (invoke "grow") (i32.const 1))"#;
    for (options, fails) in [
        (&[][..], false),
        (&["-O0"], false),
        (&["--memory", "guarded"], false),
        (&["--memory", "bounded"], true),
        (&["--traps", "explicit"], true),
        (&["-O1", "--traps", "signals", "--memory", "bounded"], true),
    ] {
        let printed = wast(grows, options);
        assert_eq!(
            printed.ends_with("1 failed\n"),
            fails,
            "{options:?}: {printed}"
        );
    }
}
