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
fn programs_that_do_not_end() {
    let place = Place::new();
    place.write(
        "a.wat",
        r#"(module
             (func (export "_start") (call $busy))
             (func $busy (loop (br 0)))
             (func (export "nothing") nop nop))"#,
    );
    for options in [&[][..], &["--traps", "explicit"]] {
        let args = ["compile", "a.wat", "--interruptible", "--fuel"];
        assert_eq!(place.prefab([&args, options].concat()).code, Some(0));
        let run = place.runner(["--timeout", "0.01", "a.o"]);
        assert_eq!(run.code, Some(134));
        assert!(
            run.stderr
                .starts_with("a.o: error: wasm trap: interrupted\n  0: a!busy @ 0x"),
            "{run:?}"
        );
        let run = place.runner(["--fuel", "100000", "a.o"]);
        assert_eq!(run.code, Some(134));
        assert!(
            run.stderr
                .starts_with("a.o: error: wasm trap: all fuel consumed\n  0: a!busy @ 0x"),
            "{run:?}"
        );
        let run = place.runner(["--fuel=2", "--timeout=60", "--invoke=nothing", "a.o"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        let run = place.runner(["--fuel=1", "--invoke=nothing", "a.o"]);
        assert_eq!(run.code, Some(134), "{run:?}");
    }
    // A module is compiled as it is needed.
    let run = place.prefab(["run", "--timeout", "0.01", "a.wat"]);
    assert_eq!(run.code, Some(134), "{run:?}");
    let run = place.prefab(["run", "--fuel", "1", "--invoke", "nothing", "a.wat"]);
    assert_eq!(run.code, Some(134), "{run:?}");

    assert_eq!(place.prefab(["compile", "a.wat"]).code, Some(0));
    for (option, flag) in [("--fuel=5", "--fuel"), ("--timeout=5", "--interruptible")] {
        let run = place.runner([option, "a.o"]);
        assert_eq!(run.code, Some(1), "{run:?}");
        let needed = format!("compile it with `prefab compile {flag}`");
        assert!(run.stderr.contains(&needed), "{run:?}");
    }
    let run = place.runner(["--timeout=soon", "a.o"]);
    assert_eq!(run.code, Some(2), "{run:?}");
}

/// Time is up for a program that waits for the host, too.
#[cfg(feature = "wasi")]
#[test]
fn programs_that_wait_for_ever() {
    let place = Place::new();
    place.write(
        "wait.wat",
        r#"(module
             (import "wasi_snapshot_preview1" "poll_oneoff"
               (func $poll (param i32 i32 i32 i32) (result i32)))
             (memory (export "memory") 1)
             ;; One hour, in nanoseconds, of the monotonic clock.
             (data (i32.const 16) "\01")
             (func (export "_start")
               (i64.store (i32.const 24) (i64.const 3600000000000))
               (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"#,
    );
    let args = ["compile", "wait.wat", "--interruptible"];
    assert_eq!(place.prefab(args).code, Some(0));
    let run = place.runner(["--timeout=0.01", "wait.o"]);
    assert_eq!(run.code, Some(134), "{run:?}");
    assert!(run.stderr.contains("still waits for the host"), "{run:?}");
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

/// What a program of Rust's is given before its `main`: standard descriptors are open whoever closed them, and
/// a pipe that nobody reads is an error and no end.
#[cfg(feature = "wasi")]
#[test]
fn descriptors_and_pipes() {
    let place = Place::new();
    place.write(
        "write.wat",
        r#"(module
             (import "wasi_snapshot_preview1" "fd_write"
               (func $write (param i32 i32 i32 i32) (result i32)))
             (import "wasi_snapshot_preview1" "fd_read"
               (func $read (param i32 i32 i32 i32) (result i32)))
             (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
             (memory (export "memory") 2)
             ;; 64 KiB from 65536 on: more than a pipe takes while nobody reads.
             (data (i32.const 0) "\00\00\01\00\00\00\01\00")
             ;; Exits with an errno of writing, or 100 + the bytes that there are to read.
             (func (export "_start") (local $turns i32) (local $errno i32)
               (loop $again
                 (local.set $errno
                   (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
                 (if (local.get $errno) (then (call $exit (local.get $errno))))
                 (br_if $again (i32.lt_u
                   (local.tee $turns (i32.add (local.get $turns) (i32.const 1))) (i32.const 64))))
               (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
               (call $exit (i32.add (i32.const 100) (i32.load (i32.const 16))))))"#,
    );
    assert_eq!(place.prefab(["compile", "write.wat"]).code, Some(0));
    let shell = |script: &str| {
        let runner = env!("CARGO_BIN_EXE_prefab-run");
        let output = Command::new("sh")
            .args(["-c", script, runner])
            .current_dir(place.path(""))
            .output()
            .expect("there is a shell");
        Run::new(output)
    };
    // The object, which would be descriptor 0, is not what the program reads.
    let run = shell(r#""$0" write.o <&- >&- 2>&-"#);
    assert_eq!((run.code, run.stdout.as_str()), (Some(100), ""), "{run:?}");
    // EPIPE is 64.
    let run = shell(r#"{ "$0" write.o </dev/null; echo $? >&2; } | true"#);
    assert_eq!(run.stderr, "64\n", "{run:?}");
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
