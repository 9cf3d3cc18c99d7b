//! Modules work wherever their bindings are, and Cargo was told what it needs to know.

use std::fs;
use std::path::Path;
use std::process::Command;

mod cube {
    include!(concat!(env!("OUT_DIR"), "/3-d.rs"));
}

#[track_caller]
fn stdout(program: &Path) -> String {
    let output = Command::new(program)
        .output()
        .expect("the program is built");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it writes text")
}

#[test]
fn in_a_test() {
    let mut store = prefab::Store::new(());
    let cube = cube::Cube::instantiate(&mut store).unwrap();
    assert_eq!(cube.volume(&mut store, 3.0).unwrap(), 27.0);
    assert_eq!(cube::Cube::module().unwrap().name(), "3-d");
}

#[test]
fn in_a_program_beside_that_of_its_library() {
    let printed = stdout(Path::new(env!("CARGO_BIN_EXE_prefab-build-test")));
    assert_eq!(printed, "hello 7\nhello 8\neverything beside hello\n");
}

#[test]
fn in_an_example() {
    // Cargo builds a package's examples with its tests.
    let program = Path::new(env!("CARGO_BIN_EXE_prefab-build-test"));
    let program = program.with_file_name("examples").join("nothing");
    assert_eq!(stdout(&program), "exports: 0\n");
}

#[test]
fn what_cargo_was_told() {
    let out_dir = Path::new(env!("OUT_DIR"));
    let told = fs::read_to_string(out_dir.with_file_name("output")).unwrap();
    let version = env!("CARGO_PKG_VERSION").replace('.', "_");
    let mut expected = String::new();
    for (file, library) in [
        (
            "everything",
            format!("prefab_build_test_{version}_everything"),
        ),
        ("hello", format!("prefab_build_test_{version}_hello")),
        ("3-d", format!("prefab_build_test_{version}_3_d")),
        ("empty", "nothing_at_all".to_owned()),
    ] {
        let out_dir = out_dir.display();
        expected += &format!(
            "cargo::rerun-if-changed=modules/{file}.wat\n\
             cargo::rustc-link-search=native={out_dir}\n\
             cargo::rustc-link-lib=static={library}\n"
        );
    }
    let object = out_dir.join("divide.o");
    expected += &format!("cargo::rustc-link-arg-tests={}\n", object.display());
    assert_eq!(told, expected);
    assert!(out_dir.join("prefab-cache").is_dir());
}
