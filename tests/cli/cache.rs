//! The cache of `prefab run`: entries are found again, and never believed. And that of
//! `prefab compile`, whose entries are functions.

use super::Place;
use std::fs;
use std::path::{Path, PathBuf};

const MODULE: &str = r#"(module (func (export "f") (result i32) (i32.const 42)))"#;

/// Every file below `directory`.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect();
    found.sort();
    found
}

fn run(place: &Place, file: &str) -> String {
    place.prefab(["run", "--invoke", "f", file]).ok()
}

#[test]
fn an_entry_is_used_again() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    assert_eq!(run(&place, "a.wat"), "42\n");
    let entries = files(&place.path("cache"));
    assert_eq!(entries.len(), 1, "{entries:?}");
    let written = fs::metadata(&entries[0]).unwrap().modified().unwrap();
    assert_eq!(run(&place, "a.wat"), "42\n");
    assert_eq!(files(&place.path("cache")), entries);
    assert_eq!(
        fs::metadata(&entries[0]).unwrap().modified().unwrap(),
        written
    );
    // The binary format of the same module is the same module.
    place.write("a.wasm", wat::parse_str(MODULE).unwrap());
    assert_eq!(run(&place, "a.wasm"), "42\n");
    assert_eq!(files(&place.path("cache")), entries);
    // Another module is another entry.
    place.write("a.wat", MODULE.replace("42", "43"));
    assert_eq!(run(&place, "a.wat"), "43\n");
    assert_eq!(files(&place.path("cache")).len(), 2);
}

#[test]
fn damaged_entries_are_compiled_anew() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    assert_eq!(run(&place, "a.wat"), "42\n");
    let entry = files(&place.path("cache")).remove(0);
    let good = fs::read(&entry).unwrap();
    let constant = 42u32.to_le_bytes();
    let at = good.windows(4).position(|bytes| bytes == constant).unwrap();
    let mut patched = good.clone();
    patched[at] = 41;
    for damaged in [&patched[..], &good[..good.len() / 2], b"", b"nothing"] {
        fs::write(&entry, damaged).unwrap();
        assert_eq!(run(&place, "a.wat"), "42\n");
        assert!(fs::read(&entry).unwrap() == good);
    }
    // What the object of another module is, in the place of this one's.
    place.write("b.wat", MODULE.replace("42", "43"));
    place.prefab(["compile", "b.wat"]).ok();
    fs::copy(place.path("b.o"), &entry).unwrap();
    assert_eq!(run(&place, "a.wat"), "42\n");
}

#[test]
fn without_a_cache_it_is_only_slower() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    // A file stands where the cache's directory should be.
    place.write("cache", "");
    assert_eq!(run(&place, "a.wat"), "42\n");
    assert_eq!(fs::read(place.path("cache")).unwrap(), b"");
}

#[test]
fn objects_are_not_cached() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    place.prefab(["compile", "a.wat"]).ok();
    assert_eq!(run(&place, "a.o"), "42\n");
    assert!(files(&place.path("cache")).is_empty());
}

#[test]
fn compile_keeps_functions() {
    let place = Place::new();
    let module = |first: &str| {
        format!(
            r#"(module
              (func (export "f") (result i32) {first})
              (func (export "g") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0))))"#
        )
    };
    let compile = |text: String, cache: &[&str]| {
        place.write("a.wat", text);
        let args = ["compile", "a.wat", "-o", "a.o", "--jobs=1"];
        let run = place.prefab(args.iter().chain(cache));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        (run.stderr, fs::read(place.path("a.o")).unwrap())
    };
    let kept = ["--cache", "functions"];
    let (said, _) = compile(module("(i32.const 1)"), &kept);
    let all = said
        .trim_start_matches("cache: compiled ")
        .split(' ')
        .nth(2);
    let all = all.expect("the number of functions").to_owned();
    let (said, object) = compile(module("(i32.const 100_000)"), &kept);
    assert_eq!(said, format!("cache: compiled 1 of {all} functions\n"));
    let (said, without) = compile(module("(i32.const 100_000)"), &[]);
    assert_eq!(said, "");
    assert!(object == without);
    place.write("file", "");
    let run = place.prefab(["compile", "a.wat", "--cache", "file"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("file: error: cannot be used as a cache: "),
        "{}",
        run.stderr
    );
}
