//! An instance for each request: made anew, reset, or of a pool. The time must grow with the pages
//! that the request touched, not with the module.
//!
//! # Safety
//! Unsafe because loading an object vouches for its code.
#![allow(unsafe_code, reason = "loads what it has just compiled")]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use prefab_compiler::{Options, compile};
use prefab_runtime::{Instance, InstancePool, Linker, Module, ReusePolicy, Store};
use prefab_targets::Target;

/// A module of 64 MiB of memory, 4 MiB of which have contents in very many segments, and a table.
fn module() -> Module {
    use std::fmt::Write as _;
    let mut text = String::from(
        r#"(module (memory (export "memory") 1024)
             (table (export "table") 1000 funcref)
             (elem (i32.const 0) func $touch)
             (func $touch (export "touch") (param $pages i32)
               (loop
                 (if (i32.eqz (local.get $pages)) (then (return)))
                 (local.set $pages (i32.sub (local.get $pages) (i32.const 1)))
                 (i32.store8 (i32.shl (local.get $pages) (i32.const 12)) (i32.const 1))
                 (br 0)))"#,
    );
    for index in 0..40_000 {
        write!(text, "(data (i32.const {}) \"content\")", 100 * index)
            .expect("a string is written");
    }
    let wasm = wat::parse_str(text + ")").expect("the module is a module");
    let target = Target::host().expect("the host is a target");
    let object = compile(&wasm, &Options::new(target), &|_, _| ()).expect("the module compiles");
    // SAFETY: the object is what the compiler has just made.
    unsafe { prefab_loader::load_bytes(&object, "bench") }.expect("the object loads")
}

fn touch(store: &mut Store<()>, instance: Instance, pages: u32) {
    let touch = instance.get_typed_func::<u32, ()>(&mut *store, "touch");
    let touch = touch.expect("it is exported");
    touch.call(store, pages).expect("it does not trap");
}

fn reuse(criterion: &mut Criterion) {
    let (linker, module) = (Linker::new(), module());
    for pages in [1, 64, 1024] {
        let mut group = criterion.benchmark_group("reuse");
        let name = |way: &str| BenchmarkId::new(way, pages);
        group.bench_function(name("new"), |bencher| {
            bencher.iter(|| {
                let mut store = Store::new(());
                let instance = linker.instantiate(&mut store, &module);
                touch(&mut store, instance.expect("it is made"), pages);
            });
        });
        let mut store = Store::new(());
        let instance = linker.instantiate(&mut store, &module);
        let instance = instance.expect("it is made");
        group.bench_function(name("reset"), |bencher| {
            bencher.iter(|| {
                instance.reset(&mut store).expect("it is reset");
                touch(&mut store, instance, pages);
            });
        });
        for policy in [ReusePolicy::Fresh, ReusePolicy::Reset, ReusePolicy::Keep] {
            let pool = InstancePool::new(linker.clone(), &module, 1).with_policy(policy);
            group.bench_function(name(&format!("{policy:?}")), |bencher| {
                bencher.iter(|| {
                    let mut slot = pool.get(()).expect("one is free");
                    let instance = slot.instance();
                    touch(slot.store_mut(), instance, pages);
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, reuse);
criterion_main!(benches);
