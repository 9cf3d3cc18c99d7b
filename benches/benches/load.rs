//! Loading an artifact: the time must not grow with its code.
//!
//! # Safety
//! Unsafe because loading an artifact vouches for its code.
#![allow(unsafe_code, reason = "loads what it has just compiled")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use prefab_benches::many_functions;
use prefab_compiler::{Options, compile};
use prefab_targets::Target;
use std::path::PathBuf;

fn artifact(funcs: u32) -> PathBuf {
    let wasm = wat::parse_str(many_functions(funcs)).expect("the module is a module");
    let target = Target::host().expect("the host is a target");
    let object = compile(&wasm, &Options::new(target), &|_, _| ()).expect("the module compiles");
    let path = std::env::temp_dir().join(format!("prefab-bench-{}-{funcs}.o", std::process::id()));
    std::fs::write(&path, object).expect("the temporary directory can be written");
    path
}

fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    for funcs in [1_000, 10_000] {
        let path = artifact(funcs);
        let size = std::fs::metadata(&path)
            .expect("the file was written")
            .len();
        group.throughput(Throughput::Bytes(size));
        group.bench_with_input(
            BenchmarkId::from_parameter(funcs),
            &path,
            |bencher, path| {
                bencher.iter(|| {
                    // SAFETY: the file is what the compiler wrote, and stays as it is.
                    unsafe { prefab_loader::load_file(path) }.expect("the artifact loads")
                });
            },
        );
        std::fs::remove_file(path).expect("the file is there");
    }
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
