//! `-`, pipes and devices as inputs and outputs of every command.

use super::{Place, Run};
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::process::Command;

const MODULE: &str = r#"(module (func (export "f") (result i32) (i32.const 42)))"#;

/// Prints "hi" and ends.
#[cfg(feature = "wasi")]
const PROGRAM: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\10\00\00\00\03\00\00\00")
    (data (i32.const 16) "hi\n")
    (func (export "_start")
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))"#;

impl Place {
    /// A script of bash's, in this place. `$P` is `prefab` and `$R` is `prefab-run`.
    pub(super) fn shell(&self, script: &str) -> Run {
        let output = Command::new("bash")
            .args(["-c", script])
            .current_dir(self.path(""))
            .env("P", env!("CARGO_BIN_EXE_prefab"))
            .env("R", env!("CARGO_BIN_EXE_prefab-run"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .output()
            .expect("there is bash");
        Run::new(output)
    }

    /// The names in this place, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

#[test]
fn objects_through_standard_input_and_output() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    place.shell(r#""$P" compile - -o - < a.wat > dash.o"#).ok();
    place
        .shell(r#"cat a.wat | "$P" compile /dev/stdin -o /dev/stdout | cat > named.o"#)
        .ok();
    place
        .shell(r#"cp a.wat module.wat; "$P" compile module.wat"#)
        .ok();
    let object = fs::read(place.path("module.o")).unwrap();
    assert!(fs::read(place.path("dash.o")).unwrap() == object);
    assert!(fs::read(place.path("named.o")).unwrap() == object);
    // Standard output that is a file goes on after the object.
    place
        .shell(r#"{ "$P" compile a.wat -o /dev/stdout; echo end; } > both.o"#)
        .ok();
    let both = fs::read(place.path("both.o")).unwrap();
    assert!(both.ends_with(b"end\n") && both.starts_with(b"\x7fELF"));
    assert!(both.len() > object.len() / 2);
    assert_eq!(
        place.names(),
        [
            "a.wat",
            "both.o",
            "dash.o",
            "module.o",
            "module.wat",
            "named.o"
        ]
    );
    let run = place.shell(r#""$P" compile - < a.wat"#).fails(1);
    assert!(
        run.starts_with("<stdin>: error: the input has no name"),
        "{run}"
    );
    let run = place
        .shell(r#""$P" compile a.wat -o - --header -"#)
        .fails(1);
    assert!(run.contains("cannot both go to standard output"), "{run}");
}

#[test]
fn every_command_reads_pipes() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    place.write(
        "a.wast",
        format!("{MODULE}\n(assert_return (invoke \"f\") (i32.const 42))"),
    );
    place.prefab(["compile", "a.wat"]).ok();
    for command in [
        r#""$P" run --invoke f - < a.wat"#,
        r#"cat a.wat | "$P" run --invoke f -"#,
        r#""$P" run --invoke f <(cat a.wat)"#,
        r#""$P" run --invoke f - < a.o"#,
        r#"cat a.o | "$P" run --invoke f -"#,
        r#""$P" run --invoke f <(cat a.o)"#,
        r#""$R" --invoke f - < a.o"#,
        r#"cat a.o | "$R" --invoke f -"#,
        r#""$R" --invoke f <(cat a.o)"#,
        r#""$R" --invoke f /dev/stdin < a.o"#,
        r#"mkfifo p; cat a.o > p & "$R" --invoke f p; rm p"#,
    ] {
        assert_eq!(place.shell(command).ok(), "42\n", "{command}");
    }
    let inspected = place.shell(r#"cat a.o | "$P" inspect -"#).ok();
    assert!(inspected.starts_with("<stdin>: a "), "{inspected}");
    let verified = place.shell(r#""$P" inspect --verify <(cat a.o)"#).ok();
    assert!(verified.contains(": ok: "), "{verified}");
    for command in [r#"cat a.wast | "$P" wast -"#, r#""$P" wast <(cat a.wast)"#] {
        assert_eq!(place.shell(command).ok(), "2 passed, 0 failed\n");
    }
}

#[test]
fn pipes_and_devices_are_written_to_and_stay() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    place.prefab(["compile", "a.wat"]).ok();
    place
        .shell(r#"mkfifo pipe; cat pipe > b.o & "$P" compile a.wat -o pipe; wait"#)
        .ok();
    let kind = fs::symlink_metadata(place.path("pipe"))
        .unwrap()
        .file_type();
    assert!(kind.is_fifo());
    let read = |name: &str| fs::read(place.path(name)).unwrap();
    assert!(read("a.o") == read("b.o"));
    place.prefab(["compile", "a.wat", "-o", "/dev/null"]).ok();
    let null = fs::metadata("/dev/null").unwrap().file_type();
    assert!(null.is_char_device());
    place
        .shell(r#""$P" compile a.wat -o /dev/fd/5 5> c.o"#)
        .ok();
    assert!(read("a.o") == read("c.o"));
    place
        .shell(r#""$P" compile a.wat -o /dev/null --header - > a.h"#)
        .ok();
    assert!(String::from_utf8(read("a.h")).unwrap().contains("#ifndef"));
}

#[test]
fn readers_that_went_away() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    place.prefab(["compile", "a.wat"]).ok();
    let ended = |command: &str| {
        // The reader has gone when the pipe is written to.
        let script = format!("{{ sleep 0.1; {command}; echo $? >&3; }} 3>&1 1> >(true); wait");
        place.shell(&script)
    };
    let run = ended(r#""$P" compile a.wat -o -"#);
    assert_eq!(run.stdout, "1\n", "{run:?}");
    assert_eq!(
        run.stderr,
        "<stdout>: error: cannot be written: Broken pipe\n"
    );
    let run = ended(r#""$P" inspect a.o"#);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("0\n", ""));
    // Nobody reads the error either.
    let run = ended(r#""$P" compile missing.wat 2>&1"#);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("1\n", ""));
    let run = ended(r#""$R" missing.o 2>&1"#);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("1\n", ""));
}

#[test]
fn objects_are_not_written_to_terminals() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    // `script` runs a command on a terminal of its own.
    let run = place.shell(r#"script -qec '"$P" compile a.wat -o -' /dev/null < /dev/null"#);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stdout
            .starts_with("<stdout>: error: this is a terminal"),
        "{run:?}"
    );
}

/// The runtime's archive, which cargo builds along with this test: the newest one beside it.
#[cfg(feature = "wasi")]
fn runtime() -> std::path::PathBuf {
    let test = std::env::current_exe().unwrap();
    let beside = fs::read_dir(test.parent().unwrap()).unwrap();
    let archives = beside.map(|entry| entry.unwrap().path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libprefab_rt") && name.ends_with(".a")
    });
    let newest = archives.max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    newest.expect("cargo has built it along with this test")
}

#[cfg(feature = "wasi")]
#[test]
fn programs_are_linked_through_pipes() {
    let place = Place::new();
    place.write("a.wat", PROGRAM);
    place.prefab(["compile", "a.wat"]).ok();
    let runtime = runtime();
    let link = format!(r#""$P" link --runtime '{}'"#, runtime.display());
    for arguments in [
        "- -o program < a.o",
        "- -o program < <(cat a.o)",
        "<(cat a.o) -o - > program; chmod +x program",
    ] {
        let command = format!("{link} {arguments}");
        place.shell(&command).ok();
        assert_eq!(
            place.shell("./program; rm program").ok(),
            "hi\n",
            "{command}"
        );
    }
    assert_eq!(place.names(), ["a.o", "a.wat"]);
}

/// A write beyond `ulimit -f` is an error that names the file. It ended the process before, and the temporary
/// file stayed.
#[test]
fn files_larger_than_the_limit() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    let run = place.shell(r#"ulimit -f 1; "$P" compile a.wat"#).fails(1);
    assert_eq!(run, "a.o: error: cannot be written: File too large\n");
    assert_eq!(place.names(), ["a.wat"]);
}

/// The guest gets errno 22, `fbig`.
#[cfg(feature = "wasi")]
#[test]
fn guests_that_write_too_much() {
    let place = Place::new();
    place.write(
        "write.wat",
        r#"(module
             (import "wasi_snapshot_preview1" "fd_write"
               (func $write (param i32 i32 i32 i32) (result i32)))
             (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
             (memory (export "memory") 2)
             ;; 64 KiB from 0 on.
             (data (i32.const 0) "\00\00\00\00\00\00\01\00")
             (func (export "_start") (local $errno i32)
               (loop $again
                 (local.set $errno
                   (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
                 (br_if $again (i32.eqz (local.get $errno))))
               (call $exit (local.get $errno))))"#,
    );
    place.prefab(["compile", "write.wat"]).ok();
    for command in [r#""$P" run"#, r#""$R""#] {
        let run = place.shell(&format!("ulimit -f 40; {command} write.o > out"));
        assert_eq!(run.code, Some(22), "{run:?}");
    }
}
