//! Modules from their text; tests with a process of their own.
//!
//! # Safety
//!
//! Unsafe for loading an object: it is what the compiler has just made.
#![allow(unsafe_code, reason = "loads objects that the compiler has just made")]

use prefab::targets::Target;
use prefab::{CompileOptions, Instance, Linker, Module, Store, compile};
use std::process::Command;

/// The module, compiled for this machine and loaded.
pub fn module(text: &str) -> Module {
    module_with(text, |_| ())
}

/// As [`module`], with other options than the defaults.
pub fn module_with(text: &str, choose: impl FnOnce(&mut CompileOptions)) -> Module {
    let wasm = wat::parse_str(text).expect("the test's module is well-formed");
    let target = Target::host().expect("tests run on a target");
    let mut options = CompileOptions::new(target);
    choose(&mut options);
    let object = compile(&wasm, &options, &|_, _| ()).expect("it compiles");
    load(&object).expect("it loads")
}

/// What becomes of an object that was made by a test's compilation.
pub fn load(object: &[u8]) -> Result<Module, prefab::LoadError> {
    // SAFETY: the compiler has just made the object.
    unsafe { prefab::load_bytes(object, "test") }
}

/// An instance of the module without imports, in a store of its own.
pub fn instance(text: &str) -> (Store<()>, Instance) {
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &module(text));
    (store, instance.expect("it instantiates"))
}

const CHILD: &str = "PREFAB_EMBEDDING_TEST_CHILD";

/// Whether this process is a test's own, where nothing else happens.
pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs the test of this name in a process of its own. Returns what the process printed.
#[track_caller]
pub fn in_child(test: &str) -> String {
    let program = std::env::current_exe().unwrap();
    // Where programs of this instruction set need another one to run them, this says which.
    let runner = std::env::var("PREFAB_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    let mut command = match words.next() {
        None => Command::new(program),
        Some(runner) => {
            let mut command = Command::new(runner);
            command.args(words).arg(program);
            command
        }
    };
    let args = [test, "--exact", "--nocapture", "--test-threads=1"];
    let output = command.args(args).env(CHILD, "1").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let ran = printed.contains("1 passed");
    assert!(output.status.success() && ran, "{output:?}");
    printed
}

/// What this process holds of the system.
#[derive(Debug)]
pub struct Held {
    pub address_bytes: usize,
    pub resident_pages: usize,
    pub descriptors: usize,
    pub mappings: usize,
}

pub fn held() -> Held {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let mut numbers = statm
        .split_whitespace()
        .map(|word| word.parse::<usize>().unwrap());
    // In pages, which have 4 KiB at least.
    let mut next = || numbers.next().unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    Held {
        address_bytes: next() << 12,
        resident_pages: next(),
        descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
        mappings: maps.lines().count(),
    }
}
