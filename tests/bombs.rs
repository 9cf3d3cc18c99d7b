//! Small modules that are made to take much to compile: none takes more than 2 GB of memory, whether
//! it compiles or is refused. All have about 100 kB at most.
//!
//! Each is compiled by a process of its own, whose address space is limited.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// The limit of the compiler's address space, in KiB.
const LIMIT_KIB: u64 = 2_000_000;

fn repeated(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut out, at| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{} ", one(at));
        out
    })
}

/// A module of a function with one parameter, `locals` more locals, and this body.
fn function(locals: usize, body: &str) -> String {
    let locals = "i32 ".repeat(locals);
    format!(
        "(module (memory 1) (func (param i32) (result i32) (local {locals}) {body} local.get 0))"
    )
}

/// A module that takes much to compile.
struct Bomb {
    name: String,
    text: String,
    /// Whether it has to be refused.
    is_refused: bool,
    /// Options that name the target.
    target: &'static [&'static str],
}

/// Adds 1 to a local.
fn change(at: usize) -> String {
    let local = at + 1;
    format!("local.get {local} i32.const 1 i32.add local.set {local}")
}

/// A name, a count that is below a limit, one that is far above, and the module for a count.
type Kind = (&'static str, usize, usize, fn(usize) -> String);

fn kinds() -> [Kind; 10] {
    [
        ("nested ifs", 12_000, 20_000, |count| {
            let (open, close) = ("local.get 0 if ".repeat(count), "end ".repeat(count));
            function(0, &format!("{open} i32.const 3 local.set 0 {close}"))
        }),
        (
            "nested loops that set and read locals",
            1_300,
            7_500,
            |count| {
                let loops = repeated(count, |at| {
                    let (set, get) = (1 + at, 1 + at * 7 % count);
                    format!("loop local.get 0 local.set {set} local.get {get} br_if 0")
                });
                let ends = "end ".repeat(count);
                function(count, &format!("{loops} {ends}"))
            },
        ),
        ("ifs that each set a local", 1_300, 7_000, |count| {
            let ifs = repeated(count, |at| {
                format!("local.get 0 if local.get 0 local.set {} end", at + 1)
            });
            let gets = repeated(count, |at| format!("local.get {} drop", at + 1));
            function(count, &format!("{ifs} {gets}"))
        }),
        (
            "branches out of a block, each behind a change of a local",
            200,
            5_000,
            |count| {
                let sets = repeated(count, |at| {
                    let local = at + 1;
                    format!(
                        "local.get 0 i32.const {at} i32.add local.set {local} local.get 0 br_if 0"
                    )
                });
                let gets = repeated(count, |at| format!("local.get {} i32.add", at + 1));
                function(count, &format!("block {sets} end local.get 0 {gets} drop"))
            },
        ),
        (
            "branch tables out of a block, each behind a change of a local",
            8,
            400,
            |count| {
                let targets = "1 ".repeat(40_000 / count);
                let tables = repeated(count, |at| {
                    let local = at + 1;
                    format!(
                        "local.get 0 local.set {local} block local.get 0 br_table {targets} 0 end"
                    )
                });
                let gets = repeated(count, |at| format!("local.get {} drop", at + 1));
                function(count, &format!("block {tables} end {gets}"))
            },
        ),
        (
            "branches to a loop that changes as many locals",
            1_200,
            7_000,
            |count| {
                let sets = repeated(count, change);
                let branches = "local.get 0 br_if 0 ".repeat(count);
                function(count, &format!("loop {sets} {branches} end"))
            },
        ),
        (
            "locals that a loop with a branch table to it changes",
            150,
            1_400,
            |count| {
                let sets = repeated(count, change);
                let table = "0 ".repeat(60 * count);
                let body = format!("loop {sets} local.get 0 br_table {table} 0 end unreachable");
                function(count, &body)
            },
        ),
        (
            "blocks of 1000 parameters in each of two functions",
            1_400,
            20_000,
            |count| {
                let blocks = "block (type 0) end ".repeat(count);
                let (gets, drops) = thousand();
                let function = format!("(func (param i32) {gets} {blocks} {drops})");
                module_of_thousands(&function.repeat(2))
            },
        ),
        ("calls with 1000 results", 400, 40_000, |count| {
            let (gets, drops) = thousand();
            let calls = "call 0 ".repeat(count);
            module_of_thousands(&format!(
                "(import \"m\" \"f\" (func (type 0))) (func (param i32) {gets} {calls} {drops})"
            ))
        }),
        (
            "targets of a branch table, each with 1000 arguments",
            1_400,
            90_000,
            |count| {
                let (gets, drops) = thousand();
                let targets = "0 ".repeat(count);
                module_of_thousands(&format!(
                    "(func (param i32) (block (type 1) {gets} local.get 0 (br_table {targets} 0)) {drops})"
                ))
            },
        ),
    ]
}

/// A module whose first type takes and returns 1000 numbers, and whose second returns them.
fn module_of_thousands(rest: &str) -> String {
    let types = "i32 ".repeat(1000);
    format!(
        "(module (type (func (param {types}) (result {types}))) (type (func (result {types}))) {rest})"
    )
}

/// Code that pushes 1000 numbers, and code that drops them.
fn thousand() -> (String, String) {
    ("local.get 0 ".repeat(1000), "drop ".repeat(1000))
}

/// A module below a limit and one above for each kind, and one that takes long code.
fn bombs() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    for (kind, below, above, module) in kinds() {
        for (count, is_refused) in [(below, false), (above, true)] {
            bombs.push(Bomb {
                name: format!("{count} {kind}"),
                text: module(count),
                is_refused,
                target: &[],
            });
        }
    }
    let swizzles = "local.get 0 i8x16.swizzle ".repeat(24_000);
    // Without vector registers each takes dozens of instructions.
    bombs.push(Bomb {
        name: "24000 swizzles".to_owned(),
        text: format!("(module (func (param v128) (result v128) local.get 0 {swizzles}))"),
        is_refused: false,
        target: &["--target", "riscv64"],
    });
    bombs
}

#[test]
fn small_modules_compile_in_little_memory() {
    let place = tempfile::tempdir().unwrap();
    let bombs = bombs();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(bomb) = bombs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    let failure = try_out(bomb, place.path());
                    println!("{}: {:.1} s", bomb.name, start.elapsed().as_secs_f64());
                    failures.lock().unwrap().extend(failure);
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Compiles a module. Returns what is wrong with what happened.
fn try_out(bomb: &Bomb, place: &Path) -> Option<String> {
    let file = place.join(format!("{}.wasm", bomb.name));
    fs::write(&file, wat::parse_str(&bomb.text).unwrap()).unwrap();
    let script = format!("ulimit -v {LIMIT_KIB}; exec \"$0\" compile \"$1\" --jobs 2");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_prefab")]);
    command.arg(&file).args(bomb.target);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let is_limit = stderr.contains("error: too many ") && stderr.contains("; the limit is ");
    let is_right = match bomb.is_refused {
        true => output.status.code() == Some(1) && is_limit,
        false => output.status.success(),
    };
    (!is_right).then(|| format!("{}: {}: {stderr}", bomb.name, output.status))
}
