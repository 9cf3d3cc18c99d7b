//! `prefab inspect`: for people, for programs, and instructions.

use super::Place;
use serde_json::Value;

const MODULE: &str = r#"(module
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1 2)
  (table 4 funcref)
  (elem (i32.const 0) $double)
  (global (export "g") (mut i64) (i64.const 7))
  (data (i32.const 16) "hello")
  (func $double (export "twice as much") (param i32) (result i32)
    (call $log (local.get 0))
    (i32.mul (local.get 0) (i32.const 2)))
  (func $caller (param i32) (result i32)
    (i32.div_s (call $double (local.get 0)) (local.get 0))))"#;

fn object() -> Place {
    let place = Place::new();
    place.write("app.wat", MODULE);
    place.prefab(["compile", "app.wat"]).ok();
    place
}

#[test]
fn json() {
    let place = object();
    let json = place.prefab(["inspect", "app.o", "--json"]).ok();
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["kind"], "library");
    assert_eq!(report["memory_plan"], "guarded");
    assert_eq!(report["abi_revision"], 1);
    assert_eq!(report["page_size"], 4096);
    let import = &report["imports"][0];
    assert_eq!(import["module"], "env");
    assert_eq!(import["name"], "log");
    assert_eq!(import["type"], "(i32) -> ()");
    let exports = report["exports"].as_array().unwrap();
    let export = |name: &str| {
        exports
            .iter()
            .find(|export| export["name"] == name)
            .unwrap()
    };
    assert_eq!(export("memory")["type"], "1..2 pages");
    assert_eq!(export("g")["type"], "mut i64");
    assert_eq!(export("twice as much")["kind"], "func");
    assert_eq!(export("twice as much")["type"], "(i32) -> (i32)");
    assert_eq!(report["memories"][0]["max"], 2);
    assert_eq!(report["tables"][0]["max"], Value::Null);
    assert_eq!(report["counts"]["functions"], 2);
    let sections = report["sections"].as_array().unwrap();
    let text = sections.iter().find(|section| section["name"] == ".text");
    assert_eq!(text.unwrap()["flags"], "ax");
    assert_eq!(text.unwrap()["relocations"], 0);
    for hash in ["module_sha256", "content_sha256"] {
        assert_eq!(report[hash].as_str().unwrap().len(), 64);
    }
    let symbols = report["runtime_symbols"].as_array().unwrap();
    assert!(
        symbols
            .iter()
            .all(|symbol| symbol.as_str().unwrap().starts_with("prefab_rt_"))
    );
}

#[test]
fn controls() {
    let place = object();
    let report = |place: &Place| -> Value {
        let json = place.prefab(["inspect", "app.o", "--json"]).ok();
        serde_json::from_str(&json).unwrap()
    };
    let plain = report(&place);
    assert_eq!(plain["interruptible"], false);
    assert_eq!(plain["fuel"], false);
    place
        .prefab(["compile", "app.wat", "--interruptible", "--fuel"])
        .ok();
    let controlled = report(&place);
    assert_eq!(controlled["interruptible"], true);
    assert_eq!(controlled["fuel"], true);
    assert_eq!(controlled["options"], "-O2 --interruptible --fuel");
    let text = place.prefab(["inspect", "app.o"]).ok();
    for line in ["  interruptible    yes", "  counts fuel      yes"] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn people() {
    let place = object();
    let text = place.prefab(["inspect", "app.o"]).ok();
    assert!(text.starts_with("app.o: a library, "), "{text}");
    for line in [
        "  env.log: func (i32) -> ()",
        "  twice as much: func (i32) -> (i32)",
        "  memory: memory 1..2 pages",
        "  1 to 2",
        "  4 and more",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn instructions() {
    let place = object();
    let disasm = |func: &str| place.prefab(["inspect", "app.o", "--disasm", func]).ok();
    let by_name = disasm("caller");
    assert!(by_name.starts_with("func 2 <caller>: "), "{by_name}");
    assert_eq!(disasm("2"), by_name);
    assert_eq!(disasm("twice as much"), disasm("double"));
    // What is inlined by its name, the division by its trap, both by their place in the module.
    let line = |words: &str| by_name.lines().find(|line| line.contains(words)).unwrap();
    assert!(
        line(" of func 1 <double>").contains("; wasm 0x"),
        "{by_name}"
    );
    assert!(
        line("trap: integer overflow").contains(", wasm 0x"),
        "{by_name}"
    );
    place.prefab(["compile", "-O1", "app.wat"]).ok();
    let called = disasm("caller");
    let mut lines = called.lines();
    assert!(
        lines.any(|line| line.contains("func 1 <double>, wasm 0x")),
        "{called}"
    );
    for (func, message) in [
        ("0", "func 0 is imported: it has no code"),
        ("3", "there is no func 3"),
        ("nothing", "there is no function \"nothing\""),
    ] {
        let stderr = place
            .prefab(["inspect", "app.o", "--disasm", func])
            .fails(1);
        assert_eq!(stderr, format!("app.o: error: {message}\n"));
    }
}

#[test]
fn files_that_are_no_objects() {
    let place = Place::new();
    place.write("text.o", "hello");
    let program = env!("CARGO_BIN_EXE_prefab");
    for (file, message) in [
        ("text.o", "not an ELF object"),
        (program, "no section .note.prefab"),
    ] {
        let stderr = place.prefab(["inspect", file]).fails(1);
        assert!(
            stderr.starts_with(&format!("{file}: error: {message}")),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 1);
    }
}
