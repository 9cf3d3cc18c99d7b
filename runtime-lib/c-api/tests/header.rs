//! `prefab.h` says what the library has: every function that is declared is there, with as many
//! parameters, and none is missing. And C and C++ compilers take it without a warning.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The number of parameters in a list: of none it is empty, or in C `void`.
fn count(list: &str) -> usize {
    let list = list.trim().trim_end_matches(',');
    match list {
        "" | "void" => 0,
        list => list.split(',').count(),
    }
}

/// The functions that the header declares, with the number of their parameters.
fn declared() -> BTreeMap<String, usize> {
    let header = fs::read_to_string(folder("include/prefab.h")).expect("the header is there");
    let mut code = String::new();
    for (index, part) in header.split("/*").enumerate() {
        let rest = match index {
            0 => Some(part),
            _ => part.split_once("*/").map(|(_, rest)| rest),
        };
        code += rest.expect("comments end");
    }
    let mut found = BTreeMap::new();
    for statement in code.split(';') {
        let Some((head, rest)) = statement.split_once('(') else {
            continue;
        };
        let name = head
            .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next();
        let name = name.unwrap_or_default();
        if name.starts_with("prefab_") && !statement.contains("typedef") {
            let list = rest.rsplit_once(')').expect("a list ends").0;
            found.insert(name.to_owned(), count(list));
        }
    }
    found
}

/// The functions that the library exports, likewise.
fn exported() -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder("src")).expect("the sources are there") {
        let path = entry.expect("a file").path();
        let text = fs::read_to_string(&path).expect("a source is text");
        for part in text.split("#[unsafe(no_mangle)]").skip(1) {
            let (_, rest) = part
                .split_once("extern \"C\" fn ")
                .expect("exported functions are C's");
            let (name, rest) = rest.split_once('(').expect("a function has parameters");
            let (list, _) = rest.split_once(')').expect("their list ends");
            found.insert(name.to_owned(), count(list));
        }
    }
    found
}

#[test]
fn the_header_declares_what_the_library_exports() {
    let declared = declared();
    assert!(declared.len() > 70, "only {} functions", declared.len());
    assert_eq!(declared, exported());
}

#[test]
fn compilers_take_the_header_without_a_warning() {
    let source = tempfile::tempdir().expect("a temporary folder");
    let standards: [(&[&str], &str, &[&str]); 2] = [
        (&["gcc", "clang"], "c", &["c99", "c11", "c17"]),
        (&["g++", "clang++"], "c++", &["c++11", "c++17", "c++20"]),
    ];
    for (compilers, language, standards) in standards {
        let file = source.path().join("header.in");
        fs::write(&file, "#include <prefab.h>\nint main(void);\n").expect("can be written");
        for compiler in compilers {
            for standard in standards {
                let output = Command::new(compiler)
                    .args(["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only"])
                    .args(["-x", language, &format!("-std={standard}"), "-I"])
                    .arg(folder("include"))
                    .arg(&file)
                    .output()
                    .unwrap_or_else(|error| {
                        panic!("{compiler}, which tests/setup.sh installs: {error}")
                    });
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(
                    output.status.success(),
                    "{compiler} -std={standard}:\n{said}"
                );
            }
        }
    }
}
