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

/// Pairs of a module below a limit and one far above, and modules that take long code.
fn bombs() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    let mut add = |name: String, is_refused: bool, text: String| {
        bombs.push(Bomb {
            name,
            text,
            is_refused,
            target: &[],
        });
    };
    for (depth, is_refused) in [(12_000, false), (20_000, true)] {
        let (open, close) = ("local.get 0 if ".repeat(depth), "end ".repeat(depth));
        add(
            format!("{depth} nested ifs"),
            is_refused,
            function(0, &format!("{open} i32.const 3 local.set 0 {close}")),
        );
    }
    for (count, is_refused) in [(1_300, false), (7_500, true)] {
        let loops = repeated(count, |at| {
            let (set, get) = (1 + at, 1 + at * 7 % count);
            format!("loop local.get 0 local.set {set} local.get {get} br_if 0")
        });
        let ends = "end ".repeat(count);
        add(
            format!("{count} nested loops and locals"),
            is_refused,
            function(count, &format!("{loops} {ends}")),
        );
    }
    for (count, is_refused) in [(1_300, false), (7_000, true)] {
        let ifs = repeated(count, |at| {
            format!("local.get 0 if local.get 0 local.set {} end", at + 1)
        });
        let gets = repeated(count, |at| format!("local.get {} drop", at + 1));
        add(
            format!("{count} ifs and locals"),
            is_refused,
            function(count, &format!("{ifs} {gets}")),
        );
    }
    for (count, is_refused) in [(200, false), (5_000, true)] {
        let sets = repeated(count, |at| {
            let local = at + 1;
            format!("local.get 0 i32.const {at} i32.add local.set {local} local.get 0 br_if 0")
        });
        let gets = repeated(count, |at| format!("local.get {} i32.add", at + 1));
        add(
            format!("{count} branches out of a block that changes as many locals"),
            is_refused,
            function(count, &format!("block {sets} end local.get 0 {gets} drop")),
        );
    }
    // The locals are read behind blocks that tables of branches end, one more of them set before each.
    for (count, is_refused) in [(8, false), (400, true)] {
        let targets = "1 ".repeat(40_000 / count);
        let tables = repeated(count, |at| {
            let local = at + 1;
            format!("local.get 0 local.set {local} block local.get 0 br_table {targets} 0 end")
        });
        let gets = repeated(count, |at| format!("local.get {} drop", at + 1));
        add(
            format!("{count} branch tables behind each of which a local changes"),
            is_refused,
            function(count, &format!("block {tables} end {gets}")),
        );
    }
    let change = |at: usize| {
        let local = at + 1;
        format!("local.get {local} i32.const 1 i32.add local.set {local}")
    };
    for (count, is_refused) in [(1_200, false), (7_000, true)] {
        let sets = repeated(count, change);
        let branches = "local.get 0 br_if 0 ".repeat(count);
        add(
            format!("{count} branches to a loop that changes as many locals"),
            is_refused,
            function(count, &format!("loop {sets} {branches} end")),
        );
    }
    for (count, is_refused) in [(150, false), (1_400, true)] {
        let sets = repeated(count, change);
        let table = "0 ".repeat(60 * count);
        add(
            format!("branch table to a loop that changes {count} locals"),
            is_refused,
            function(
                count,
                &format!("loop {sets} local.get 0 br_table {table} 0 end unreachable"),
            ),
        );
    }
    let thousand = "i32 ".repeat(1000);
    let gets = "local.get 0 ".repeat(1000);
    let drops = "drop ".repeat(1000);
    for (blocks, functions, is_refused) in [(1_400, 2, false), (30_000, 1, true)] {
        let blocks_text = "block (type 0) end ".repeat(blocks);
        let function = format!("(func (param i32) {gets} {blocks_text} {drops})");
        add(
            format!("{functions} functions with {blocks} blocks of 1000 parameters"),
            is_refused,
            format!(
                "(module (type (func (param {thousand}) (result {thousand}))) {})",
                function.repeat(functions)
            ),
        );
    }
    for (calls, is_refused) in [(400, false), (40_000, true)] {
        add(
            format!("{calls} calls with 1000 results"),
            is_refused,
            format!(
                "(module (type (func (param {thousand}) (result {thousand})))
                   (import \"m\" \"f\" (func (type 0)))
                   (func (param i32) {gets} {} {drops}))",
                "call 0 ".repeat(calls)
            ),
        );
    }
    for (targets, is_refused) in [(1_400, false), (90_000, true)] {
        add(
            format!("branch table of {targets} targets with 1000 arguments"),
            is_refused,
            format!(
                "(module (func (param i32) (block (result {thousand}) {gets} local.get 0
                   (br_table {} 0)) {drops}))",
                "0 ".repeat(targets)
            ),
        );
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
