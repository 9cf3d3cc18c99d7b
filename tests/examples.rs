//! The examples do what the README says, and are what their sources make.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `prefab run`, with a cache of its own: nothing that was compiled earlier is found there.
fn run(wasm: &Path, args: &[&str]) -> Output {
    let cache = tempfile::tempdir().expect("a temporary folder");
    Command::new(env!("CARGO_BIN_EXE_prefab"))
        .arg("run")
        .arg(wasm)
        .args(args)
        .env("XDG_CACHE_HOME", cache.path())
        .output()
        .expect("the program was built for this test")
}

#[track_caller]
fn stdout(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    assert_eq!(stderr, "");
    String::from_utf8(output.stdout.clone()).expect("the example writes text")
}

#[test]
fn the_first_example_prints_what_the_readme_shows() {
    let readme = fs::read_to_string(repository("README.md")).expect("README.md is there");
    let shown = readme
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let printed = stdout(&run(&repository("examples/mandelbrot.wasm"), &[]));
    assert_eq!(
        Some(printed.as_str()),
        shown,
        "README.md shows what the example prints"
    );
}

#[test]
fn the_first_example_is_what_its_source_makes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = folder.path().join("mandelbrot.wasm");
    let clang = Command::new("clang")
        .args(["--target=wasm32-wasi", "-O2", "-Wl,--strip-debug"])
        .arg(repository("examples/mandelbrot.c"))
        .arg("-o")
        .arg(&made)
        .output()
        .expect("tests/setup.sh installs clang");
    assert!(
        clang.status.success(),
        "{}",
        String::from_utf8_lossy(&clang.stderr)
    );
    let committed = repository("examples/mandelbrot.wasm");
    for args in [&[] as &[&str], &["100"], &["40", "30", "2000"]] {
        assert_eq!(
            stdout(&run(&committed, args)),
            stdout(&run(&made, args)),
            "with {args:?}"
        );
    }
    for wasm in [&committed, &made] {
        let refused = run(wasm, &["no-number"]);
        assert_eq!(refused.status.code(), Some(2));
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(
            said.ends_with(": 'no-number' is not a number above 1\n"),
            "{said}"
        );
    }
}
