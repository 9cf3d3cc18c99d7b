//! Limits: they are documented, and exceeding one is an error that names it with both numbers.

use prefab_compiler::limits::ALL;
use prefab_compiler::{CompileError, Options, compile};
use prefab_targets::Target;

fn refusal(wasm: &[u8]) -> CompileError {
    let options = Options::new(Target::ALL[0]);
    compile(wasm, &options, &|_, _| ()).expect_err("it exceeds a limit")
}

#[test]
fn documentation_lists_every_limit() {
    let page = include_str!("../../docs/conformance.md");
    let (_, section) = page.split_once("\n## Limits\n").expect("it has a section");
    let (section, _) = section.split_once("\n## ").expect("others follow");
    let rows: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(2)
        .collect();
    let expected: Vec<String> = ALL
        .iter()
        .map(|limit| format!("| {} | {} |", limit.name, limit.max))
        .collect();
    assert_eq!(rows, expected);
}

/// A number in LEB128.
fn leb(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = number as u8 & 0x7f;
        number >>= 7;
        if number == 0 {
            out.push(low);
            return out;
        }
        out.push(low | 0x80);
    }
}

#[test]
fn sections_with_too_many_items_are_refused() {
    let sections = [
        (1, "types", 1_000_000),
        (2, "imports", 1_000_000),
        (3, "functions", 1_000_000),
        (4, "tables", 100_000),
        (5, "memories", 100),
        (6, "globals", 1_000_000),
        (7, "exports", 1_000_000),
        (9, "element segments", 100_000),
        (11, "data segments", 100_000),
    ];
    for (id, name, max) in sections {
        let count = leb(max + 1);
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        wasm.push(id);
        wasm.extend(leb(count.len() as u64));
        wasm.extend(count);
        assert_eq!(
            refusal(&wasm).to_string(),
            format!(
                "too many {name}: {}; the limit is {max} (at offset 0xa)",
                max + 1
            )
        );
    }
}

#[test]
fn types_names_and_segments_that_are_too_large_are_refused() {
    let types = |count: usize| "i32 ".repeat(count);
    let modules = [
        (
            "parameters of a function: the limit is 1000",
            format!("(module (type (func (param {}))))", types(1001)),
        ),
        (
            "results of a function: the limit is 1000",
            format!("(module (type (func (result {}))))", types(1001)),
        ),
        (
            "bytes in a name: the limit is 100000",
            format!("(module (import \"m\" \"{}\" (func)))", "n".repeat(100_001)),
        ),
    ];
    for (limit, text) in modules {
        let error = refusal(&wat::parse_str(text).unwrap()).to_string();
        assert!(
            error.starts_with(&format!("too many {limit} (at offset 0x")),
            "{error}"
        );
    }
    // A table, and an active segment of function 0 so many times that text would be slow to parse.
    let count = 10_000_001;
    let mut segment = vec![1, 0, 0x41, 0, 0x0b];
    segment.extend(leb(count));
    segment.resize(segment.len() + count as usize, 0);
    let mut wasm =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x04\x04\x01\x70\0\0".to_vec();
    wasm.push(9);
    wasm.extend(leb(segment.len() as u64));
    wasm.extend(segment);
    let error = refusal(&wasm);
    let expected = "too many elements in an element segment: the limit is 10000000";
    assert_eq!(error.message(), expected);
}

#[test]
fn functions_with_too_many_locals_are_refused() {
    let text = format!(
        "(module (func (param i64) {}))",
        "(local i32)".repeat(50_000)
    );
    let error = refusal(&wat::parse_str(text).unwrap());
    let expected = "too many locals and parameters of a function: 50001; the limit is 50000";
    assert_eq!(error.message(), expected);
    assert_eq!(error.func(), Some((0, None)));
}

/// Few bytes of WebAssembly that stand for very much.
#[test]
fn functions_that_take_too_much_are_refused() {
    let deep = |open: &str| format!("{} {}", open.repeat(13_001), "end ".repeat(13_001));
    let thousand = "i32 ".repeat(1000);
    let gets = "local.get 0 ".repeat(1000);
    let drops = "drop ".repeat(1000);
    let locals = "i32 ".repeat(1300);
    let sets: String = (1..=1300)
        .map(|at| format!("local.get 0 local.set {at} local.get 0 br_if 0 "))
        .collect();
    let reads: String = (1..=1300)
        .map(|at| format!("local.get {at} drop "))
        .collect();
    let modules = [
        (
            "nested blocks in a function: 13001; the limit is 13000",
            format!("(module (func $big (param i32) {}))", deep("block ")),
        ),
        (
            "nested blocks in a function: 13001; the limit is 13000",
            format!(
                "(module (func $big (param i32) {}))",
                deep("local.get 0 if ")
            ),
        ),
        (
            "values in a compiled function: 18",
            format!(
                "(module (type (func (param {thousand}) (result {thousand})))
                   (func $big (param i32) {gets} {} {drops}))",
                "block (type 0) end ".repeat(4000)
            ),
        ),
        (
            "arguments of branches in a compiled function: 50001000; the limit is 1500000",
            format!(
                "(module (func $big (param i32) (block (result {thousand}) {gets} local.get 0
                   (br_table {} 0)) {drops}))",
                "0 ".repeat(50_000)
            ),
        ),
        (
            "arguments of branches in a compiled function: 1689999; the limit is 1500000",
            format!("(module (func $big (param i32) (local {locals}) block {sets} end {reads}))"),
        ),
    ];
    for (problem, text) in modules {
        let error = refusal(&wat::parse_str(text).unwrap());
        let message = error.message();
        assert!(
            message.starts_with(&format!("too many {problem}")),
            "{message}"
        );
        assert!(
            message.ends_with(". Split it into several functions"),
            "{message}"
        );
        assert_eq!(error.func(), Some((0, Some("big"))));
    }
}
