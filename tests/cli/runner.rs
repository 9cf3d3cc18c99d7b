//! `prefab-run`, which small devices have instead of `prefab`.

use super::{Place, Run};
use std::ffi::OsStr;
use std::process::Command;

impl Place {
    /// `prefab-run` with these arguments, in this place.
    fn runner<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_prefab-run"))
            .args(args)
            .current_dir(self.path(""))
            .env("FROM_HERE", "here")
            .output()
            .expect("the program was built for this test");
        Run::new(output)
    }
}

#[test]
fn functions_and_their_traps() {
    let place = Place::new();
    place.write(
        "a.wat",
        r#"(module
             (func (export "add") (param i32 i32) (result i32)
               (i32.add (local.get 0) (local.get 1)))
             (func (export "trap") unreachable))"#,
    );
    assert_eq!(place.prefab(["compile", "a.wat"]).code, Some(0));
    let run = place.runner(["--invoke", "add", "a.o", "40", "-2"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "38\n"));
    let run = place.runner(["--invoke=trap", "a.o"]);
    assert_eq!(run.code, Some(134));
    assert!(
        run.stderr
            .starts_with("a.o: error: wasm trap: unreachable\n"),
        "{run:?}"
    );
    let run = place.runner(["a.o"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("this is no program"), "{run:?}");
}

#[test]
fn programs_and_their_world() {
    let place = Place::new();
    place.write(
        "world.wat",
        r#"(module
             (import "wasi_snapshot_preview1" "environ_sizes_get"
               (func $environ (param i32 i32) (result i32)))
             (import "wasi_snapshot_preview1" "args_sizes_get"
               (func $args (param i32 i32) (result i32)))
             (import "wasi_snapshot_preview1" "fd_prestat_get"
               (func $prestat (param i32 i32) (result i32)))
             (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
             (memory (export "memory") 1)
             ;; Exits with 100 * arguments + 10 * variables + directories.
             (func (export "_start")
               (drop (call $args (i32.const 0) (i32.const 8)))
               (drop (call $environ (i32.const 4) (i32.const 8)))
               (call $exit (i32.add
                 (i32.add
                   (i32.mul (i32.const 100) (i32.load (i32.const 0)))
                   (i32.mul (i32.const 10) (i32.load (i32.const 4))))
                 (i32.eqz (call $prestat (i32.const 3) (i32.const 8)))))))"#,
    );
    assert_eq!(place.prefab(["compile", "world.wat"]).code, Some(0));
    assert_eq!(place.runner(["world.o"]).code, Some(100));
    let options = [
        "--dir",
        ".::/",
        "--env",
        "A=b",
        "--env",
        "FROM_HERE",
        "--env",
        "NOT_HERE",
    ];
    let run = place.runner(options.into_iter().chain(["world.o", "--dir"]));
    assert_eq!(run.code, Some(221), "{run:?}");
}

#[test]
fn command_lines_and_files_that_are_none() {
    let place = Place::new();
    place.write("text.o", "text");
    for (args, code, says) in [
        (&[][..], 2, "prefab-run: error: no object was given"),
        (
            &["--nonsense"],
            2,
            "prefab-run: error: invalid option '--nonsense'",
        ),
        (&["--dir"], 2, "missing argument"),
        (&["not-there.o"], 1, "not-there.o: error: cannot"),
        (&["text.o"], 1, "text.o: error: not an ELF file"),
        (
            &["--dir", "not-there", "text.o"],
            1,
            "text.o: error: not an ELF file",
        ),
    ] {
        let run = place.runner(args);
        assert_eq!(run.code, Some(code), "{run:?}");
        assert!(run.stderr.contains(says), "{args:?}: {run:?}");
    }
    assert!(
        place
            .runner(["--help"])
            .stdout
            .contains("Usage: prefab-run [OPTIONS] FILE.o [ARGS]")
    );
    assert!(place.runner(["-V"]).stdout.starts_with("prefab-run 0."));
}
