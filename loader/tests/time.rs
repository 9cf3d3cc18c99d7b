//! Loading takes the same time whatever the module's size: code is not touched.
//!
//! # Safety
//! The objects come out of the compiler, into files of this test.
#![allow(unsafe_code, reason = "loading trusts the code in a file")]

mod common;

use prefab_loader::load_file;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A module of so many functions.
fn module(funcs: usize) -> String {
    let mut wat = String::from("(module (memory 1)");
    for func in 0..funcs {
        write!(
            wat,
            "(func $f{func} (export \"f{func}\") (param i32 i32) (result i32)
               (i32.store (local.get 0) (i32.mul (local.get 1) (i32.const {func})))
               (i32.rotl (i32.load (local.get 1)) (i32.load offset={func} (local.get 0))))"
        )
        .unwrap();
    }
    wat.push(')');
    wat
}

fn on_disk(folder: &Path, funcs: usize) -> PathBuf {
    let path = folder.join(format!("{funcs}.o"));
    std::fs::write(&path, common::object(&module(funcs))).unwrap();
    path
}

fn load(path: &Path) -> Duration {
    let start = Instant::now();
    // SAFETY: it has just been compiled, and nobody changes it.
    let module = unsafe { load_file(path) }.unwrap();
    let time = start.elapsed();
    drop(module);
    time
}

#[test]
fn ten_times_the_code_takes_no_longer() {
    let folder = TempDir::new().unwrap();
    let small = on_disk(folder.path(), 200);
    let large = on_disk(folder.path(), 2000);
    let size = |path: &Path| path.metadata().unwrap().len();
    assert!(size(&large) > 8 * size(&small));
    // The shortest of many, taken in turn, so that what else the machine does cancels out.
    let (mut small_time, mut large_time) = (Duration::MAX, Duration::MAX);
    for _ in 0..300 {
        small_time = small_time.min(load(&small));
        large_time = large_time.min(load(&large));
    }
    let ratio = large_time.as_secs_f64() / small_time.as_secs_f64();
    assert!(ratio < 1.5, "{small_time:?} and {large_time:?}");
}
