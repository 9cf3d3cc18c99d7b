//! Small machines: the commands of docs/embedded.md, little address space, no signal handlers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// 64 MiB, as `ulimit -v` counts.
const ADDRESS_SPACE_KIB: &str = "65536";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a place for files"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a script that can call `prefab`.
    fn sh(&self, script: &str) -> Output {
        let prefab = Path::new(env!("CARGO_BIN_EXE_prefab"));
        let mut path = prefab
            .parent()
            .expect("a file has a folder")
            .as_os_str()
            .to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        Command::new("sh")
            .args(["-euc", script])
            .current_dir(self.0.path())
            .env("PATH", path)
            .env("XDG_CACHE_HOME", self.path("cache"))
            .output()
            .expect("there is a shell")
    }

    /// Compiles a module from its text, with these options.
    #[track_caller]
    fn compile(&self, text: &str, options: &str) {
        fs::write(self.path("module.wat"), text).expect("the place can be written to");
        ok(&self.sh(&format!("prefab compile {options} module.wat -o module.o")));
        ok(&self.sh("prefab inspect --verify module.o"));
    }
}

#[track_caller]
fn ok(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    String::from_utf8(output.stdout.clone()).expect("output is text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The blocks of a language in docs/embedded.md.
fn blocks(language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/embedded.md");
    let text = fs::read_to_string(path).expect("the page is part of the repository");
    let start = format!("```{language}\n");
    let blocks = text.split(start.as_str()).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap_or_default().to_string())
        .collect()
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    let place = Place::new();
    fs::write(place.path("hello.c"), blocks("c").concat()).expect("the place can be written to");
    let outputs: Vec<Output> = blocks("sh").iter().map(|block| place.sh(block)).collect();
    let [bounded, guarded, explicit, cross] = outputs.as_slice() else {
        panic!("the page has {} blocks of commands, not 4", outputs.len());
    };
    let hello = "hello from a small machine\n";
    let printed = ok(bounded);
    assert!(printed.contains("bounded, up to 4 MiB"), "{printed}");
    assert!(printed.ends_with(hello), "{printed}");
    assert_eq!(ok(guarded), "");
    assert_eq!(
        stderr(guarded),
        "guarded.o: error: cannot reserve 4128 MiB of address space for a memory: Cannot allocate \
         memory (os error 12): where addresses are scarce, compile the module with `prefab compile \
         --memory bounded`, which reserves what the memory may grow to and no more\n"
    );
    let printed = ok(explicit);
    assert!(printed.ends_with(hello), "{printed}");
    ok(cross);
}

#[test]
fn a_bounded_memory_that_does_not_fit_says_what_would() {
    let place = Place::new();
    place.compile(
        r#"(module (memory 1) (func (export "f")))"#,
        "--memory bounded --max-memory 1G",
    );
    let script = format!("ulimit -v {ADDRESS_SPACE_KIB}; prefab run --invoke f module.o");
    let run = place.sh(&script);
    assert_eq!(run.status.code(), Some(1));
    assert_eq!(
        stderr(&run),
        "module.o: error: cannot reserve 1024 MiB of address space for a memory: Cannot allocate \
         memory (os error 12): the module may get by with less, by `prefab compile --memory bounded \
         --max-memory SIZE`\n"
    );
}

/// How far a memory without a declared maximum grows.
#[test]
fn a_bounded_memory_grows_as_far_as_it_was_compiled_to() {
    let place = Place::new();
    let text = |limits: &str| {
        format!(
            r#"(module (memory {limits}) (func (export "f") (result i32)
                 (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
                 (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1))
                   (i32.const 1))
                 memory.size))"#
        )
    };
    for (limits, options, pages) in [
        ("2", "--memory bounded", 258),
        ("2", "--traps explicit", 258),
        ("2", "--memory bounded --max-memory 1M", 16),
        ("2", "--memory bounded --max-memory 200000", 3),
        ("2 5", "--memory bounded", 5),
        ("2 5", "--memory bounded --max-memory 4G", 5),
        ("2 50", "--memory bounded --max-memory 1M", 16),
    ] {
        place.compile(&text(limits), options);
        let grown = ok(&place.sh("prefab run --invoke f module.o"));
        assert_eq!(grown.trim(), pages.to_string(), "{limits} {options}");
    }
}

/// A program that writes what /proc says of its process to its output, after it has trapped once if
/// `call` says so.
fn status_program() -> String {
    r#"(module
      (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_read"
        (func $read (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\40\00\00\00\00\40\00\00")
      (data (i32.const 32) "status")
      (func (export "_start")
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 6) (i32.const 0)
              (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16))
          (then unreachable))
        (if (call $read (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 20))
          (then unreachable))
        (i32.store (i32.const 4) (i32.load (i32.const 20)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#
        .to_string()
}

/// The signals that a process handled when it ran the program, by the bits of their numbers.
fn handled(place: &Place, options: &str) -> u64 {
    place.compile(&status_program(), options);
    let status = ok(&place.sh("prefab run --dir /proc/self module.o"));
    let line = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = line.unwrap_or_else(|| panic!("no signals in {status}"));
    u64::from_str_radix(mask.trim(), 16).expect("a mask is hexadecimal")
}

#[test]
fn explicit_traps_install_no_signal_handler() {
    const SIGILL: u64 = 1 << 3;
    const SIGFPE: u64 = 1 << 7;
    let place = Place::new();
    let both = SIGILL | SIGFPE;
    for options in ["", "--memory bounded"] {
        assert_eq!(handled(&place, options) & both, both, "{options}");
    }
    assert_eq!(handled(&place, "--traps explicit") & both, 0);
}

/// Each `rt_sigaction` and `sigaltstack` of a run, without what differs from run to run: Rust's own
/// at the start are among them.
fn system_calls(place: &Place, options: &str) -> Vec<String> {
    place.compile(r#"(module (memory 1) (func (export "f")))"#, options);
    let run = "strace -f -qq -o trace -e trace=rt_sigaction,sigaltstack,mmap \
               prefab run --invoke f module.o";
    ok(&place.sh(run));
    let trace = fs::read_to_string(place.path("trace")).expect("strace has written it");
    let calls = trace.lines().filter_map(|line| line.split_once(' '));
    let names = calls.map(|(_, call)| call.trim().split(',').next().unwrap_or_default());
    let names = names.filter(|name| name.starts_with("rt_sig") || name.starts_with("sigalt"));
    names
        .map(|name| name.split("{ss_sp").next().unwrap_or_default().to_string())
        .collect()
}

#[test]
fn explicit_traps_ask_the_system_for_nothing() {
    let place = Place::new();
    let explicit = system_calls(&place, "--traps explicit");
    let signals = system_calls(&place, "--memory bounded");
    let count = |calls: &[String], call: &str| calls.iter().filter(|c| c.starts_with(call)).count();
    let set: BTreeSet<&String> = explicit.iter().collect();
    assert!(
        !set.iter()
            .any(|call| call.contains("SIGILL") || call.contains("SIGFPE")),
        "{set:?}"
    );
    for call in [
        "rt_sigaction(SIGSEGV",
        "rt_sigaction(SIGBUS",
        "sigaltstack(",
    ] {
        let (more, fewer) = (count(&signals, call), count(&explicit, call));
        assert!(more > fewer, "{call}: {more} and {fewer}");
    }
}

/// Traps of all kinds, each by an export that does it.
const TRAPS: &str = r#"(module
  (memory 1)
  (table 4 4 funcref)
  (elem (i32.const 0) $deep $frames $grow)
  (type $plain (func))
  (func $zero (result i32) (i32.const 0))
  (func $minus (result i32) (i32.const -1))
  (func (export "div") (drop (i32.div_s (i32.const 1) (call $zero))))
  (func (export "rem") (drop (i64.rem_u (i64.const 1) (i64.extend_i32_u (call $zero)))))
  (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (call $minus))))
  (func (export "nan") (drop (i32.trunc_f32_s (f32.const nan))))
  (func (export "large") (drop (i64.trunc_f64_u (f64.const 1e300))))
  (func (export "load") (drop (i32.load offset=65533 (call $zero))))
  (func (export "far") (drop (i64.load offset=4294967295 (call $minus))))
  (func (export "store") (i32.store16 (i32.const 65535) (call $minus)))
  (func (export "unreachable") unreachable)
  (func (export "element") (call_indirect (type $plain) (call $minus)))
  (func (export "null") (call_indirect (type $plain) (i32.const 3)))
  (func $deep (export "deep") (call $deep) (call $deep))
  (func $grow (export "grow") (call $grow) (drop (memory.grow (i32.const 0))))
  (func $growing (export "growing") (drop (memory.grow (i32.const 0))) (call $growing)
    (call $growing))
  (func $indirect (export "indirect") (call_indirect (type $plain) (call $zero))
    (call_indirect (type $plain) (call $zero)))
  (func $frames (export "frames") FRAMES))"#;

/// Code with thousands of values that are needed at the same time: its frame is very large.
fn large_frame() -> String {
    use std::fmt::Write;
    const VALUES: usize = 8000;
    let mut out = String::new();
    for value in 0..VALUES {
        // What is loaded before a call is needed after it.
        write!(out, "(i64.load8_u (i32.const {value}))").expect("a string can be written to");
    }
    out += "call $frames call $frames";
    for _ in 1..VALUES {
        out += " i64.add";
    }
    out + " drop"
}

#[test]
fn every_trap_is_found_by_every_plan() {
    let place = Place::new();
    let text = TRAPS.replace("FRAMES", &large_frame());
    let message = |name: &str| match name {
        "div" | "rem" => "integer divide by zero",
        "overflow" | "large" => "integer overflow",
        "nan" => "invalid conversion to integer",
        "load" | "far" | "store" => "out of bounds memory access",
        "unreachable" => "unreachable",
        "element" => "undefined element",
        "null" => "uninitialized element",
        _ => "call stack exhausted",
    };
    let names = text
        .split("(export \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let names: BTreeSet<&str> = names.collect();
    assert_eq!(names.len(), 16);
    for level in ["-O0", "-O2"] {
        for options in ["", "--memory bounded", "--traps explicit"] {
            place.compile(&text, &format!("{level} {options}"));
            for name in &names {
                let run = place.sh(&format!("prefab run --invoke {name} module.o"));
                let said = stderr(&run);
                let first = said.lines().next().unwrap_or_default();
                let expected = message(name);
                let context = format!("{level} {options} {name}: {}: {said}", run.status);
                assert_eq!(run.status.code(), Some(134), "{context}");
                assert!(first.contains(expected), "{context}");
            }
        }
    }
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let place = Place::new();
    fs::write(place.path("a.wat"), "(module (memory 3))").expect("the place can be written to");
    for (options, expected) in [
        (
            "--memory guarded --traps explicit",
            "a.wat: error: explicit traps need accesses to memories to be checked: `--traps explicit` \
             goes with `--memory bounded`\n",
        ),
        (
            "--max-memory 1M",
            "a.wat: error: what is reserved for a guarded memory is always 4 GiB: `--max-memory` goes \
             with `--memory bounded`\n",
        ),
        (
            "--memory bounded --max-memory 5G",
            "a.wat: error: a memory cannot be larger than 4 GiB: `--max-memory` is too large\n",
        ),
        (
            "--memory bounded --max-memory 128K",
            "a.wat: error: memory 0 has 196608 bytes at least, more than `--max-memory 131072` lets it \
             have\n",
        ),
    ] {
        let run = place.sh(&format!("prefab compile {options} a.wat"));
        assert_eq!(run.status.code(), Some(1), "{options}");
        assert_eq!(stderr(&run), expected, "{options}");
    }
}
