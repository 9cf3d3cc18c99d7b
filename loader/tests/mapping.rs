//! How a loaded module lies in memory.
//!
//! # Safety
//! The objects come out of the compiler, into files of these tests.
#![allow(unsafe_code, reason = "loading trusts the code in a file")]

mod common;

use common::{Elf, object};
use prefab_loader::{load_bytes, load_file};
use prefab_runtime::{Instance, Linker, Module, Store};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const MODULE: &str = r#"
(module
  (memory (export "memory") 1)
  (data (i32.const 0) "abcdefgh")
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "store") (param i32 i32)
    (i32.store (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32)
    (i32.load (local.get 0)))
  (func (export "grow") (result i32)
    (memory.grow (i32.const 1))))
"#;

/// An object in a file whose pages are clean: what is written is on the disk.
fn on_disk(name: &str, object: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().canonicalize().unwrap().join(name);
    let mut file = File::create(&path).unwrap();
    file.write_all(object).unwrap();
    file.sync_all().unwrap();
    (folder, path)
}

fn run(module: &Module) -> (Store<()>, Instance) {
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, module).unwrap();
    let fib = instance
        .get_typed_func::<i32, i32>(&mut store, "fib")
        .unwrap();
    assert_eq!(fib.call(&mut store, 20).unwrap(), 6765);
    let load = instance
        .get_typed_func::<i32, i32>(&mut store, "load")
        .unwrap();
    assert_eq!(
        load.call(&mut store, 4).unwrap(),
        i32::from_le_bytes(*b"efgh")
    );
    let write = instance
        .get_typed_func::<(i32, i32), ()>(&mut store, "store")
        .unwrap();
    write.call(&mut store, (4, 7)).unwrap();
    assert_eq!(load.call(&mut store, 4).unwrap(), 7);
    assert!(load.call(&mut store, -1).is_err());
    let grow = instance
        .get_typed_func::<(), i32>(&mut store, "grow")
        .unwrap();
    assert_eq!(grow.call(&mut store, ()).unwrap(), 1);
    (store, instance)
}

/// A mapping of this process (proc_pid_smaps(5)).
struct Mapping {
    len: u64,
    permissions: String,
    offset: u64,
    path: String,
    sizes_kib: Vec<(String, u64)>,
}

impl Mapping {
    fn kib(&self, name: &str) -> u64 {
        self.sizes_kib
            .iter()
            .find(|(field, _)| field == name)
            .unwrap()
            .1
    }
}

fn mappings() -> Vec<Mapping> {
    let mut found: Vec<Mapping> = Vec::new();
    for line in std::fs::read_to_string("/proc/self/smaps").unwrap().lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(field) = words[0].strip_suffix(':') {
            let last = found.last_mut().unwrap();
            if words.last() == Some(&"kB") {
                last.sizes_kib
                    .push((field.to_string(), words[1].parse().unwrap()));
            }
            continue;
        }
        let (start, end) = words[0].split_once('-').unwrap();
        let hex = |text| u64::from_str_radix(text, 16).unwrap();
        found.push(Mapping {
            len: hex(end) - hex(start),
            permissions: words[1].to_string(),
            offset: hex(words[2]),
            path: words.get(5).unwrap_or(&"").to_string(),
            sizes_kib: Vec::new(),
        });
    }
    found
}

fn of(path: &Path) -> Vec<Mapping> {
    let path = path.to_str().unwrap();
    mappings()
        .into_iter()
        .filter(|mapping| mapping.path == path)
        .collect()
}

#[test]
fn code_is_mapped_from_the_file_and_stays_clean() {
    let elf = Elf(object(MODULE));
    let (_folder, path) = on_disk("clean.o", &elf.0);
    // SAFETY: it has just been compiled, and nobody changes it.
    let module = unsafe { load_file(&path) }.unwrap();
    assert_eq!(module.name(), "clean");
    let (_store, _instance) = run(&module);

    let all = of(&path);
    let text: Vec<_> = all
        .iter()
        .filter(|mapping| mapping.permissions.contains('x'))
        .collect();
    let [text] = text[..] else {
        panic!("the text is mapped {} times", text.len());
    };
    let contents = elf.contents(".text");
    assert_eq!(text.permissions, "r-xp");
    assert_eq!(text.offset, contents.start as u64);
    assert!(text.len >= contents.len() as u64);
    // An emulator reads code as data and does not say what is resident.
    let emulated = std::env::var_os("PREFAB_RUNNER").is_some();
    assert!(emulated || text.kib("Rss") > 0, "it has run");
    assert_eq!(text.kib("Private_Dirty"), 0);
    assert_eq!(text.kib("Shared_Dirty"), 0);
    // Only an instance's memory is writable; what it wrote is a copy.
    for mapping in &all {
        let is_memory = mapping.offset >= contents.end as u64 || mapping.offset == 0;
        assert!(!mapping.permissions.contains('w') || is_memory);
        assert!(mapping.permissions.ends_with('p') || !mapping.permissions.contains('w'));
    }
    drop(module);
}

#[test]
fn nothing_is_ever_writable_and_executable() {
    let (_folder, path) = on_disk("exclusive.o", &object(MODULE));
    let assert_exclusive = || {
        for mapping in mappings() {
            let both =
                mapping.permissions.starts_with("rwx") || mapping.permissions.starts_with("-wx");
            assert!(!both, "{} of {:?}", mapping.permissions, mapping.path);
        }
    };
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..200 {
                // SAFETY: it has just been compiled, and nobody changes it.
                let module = unsafe { load_file(&path) }.unwrap();
                run(&module);
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            assert_exclusive();
        }
    });
}

#[test]
fn what_is_dropped_is_unmapped() {
    let (_folder, path) = on_disk("dropped.o", &object(MODULE));
    // SAFETY: it has just been compiled, and nobody changes it.
    let module = unsafe { load_file(&path) }.unwrap();
    let (store, _) = run(&module);
    drop(module);
    // The store still has an instance of it.
    assert!(!of(&path).is_empty());
    drop(store);
    assert!(of(&path).is_empty());
}

#[test]
fn bytes_in_memory_run_too() {
    let object = object(MODULE);
    // SAFETY: they have just been compiled.
    let module = unsafe { load_bytes(&object, "in memory") }.unwrap();
    assert_eq!(module.name(), "in memory");
    drop(object);
    run(&module);
    let code: Vec<_> = mappings()
        .into_iter()
        .filter(|mapping| mapping.path.starts_with("/memfd:prefab"))
        .filter(|mapping| mapping.permissions.contains('x'))
        .collect();
    assert!(code.iter().all(|mapping| mapping.permissions == "r-xp"));
    assert!(!code.is_empty());
}
