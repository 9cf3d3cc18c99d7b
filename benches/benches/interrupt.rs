//! How long a guest runs on after it was asked to stop: from before the request to when its caller
//! has the trap.
//!
//! # Safety
//! Unsafe because loading an artifact vouches for its code.
#![allow(unsafe_code, reason = "loads what it has just compiled")]

use criterion::{Criterion, criterion_group, criterion_main};
use prefab_compiler::{MemoryPlan, Options, Traps, compile};
use prefab_runtime::{Caller, Instance, Linker, Module, Store};
use prefab_targets::Target;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// A loop that has something to do.
const TEXT: &str = r#"(module
    (import "host" "started" (func $started))
    (memory 1)
    (func (export "run") (local $i i32)
      (call $started)
      (loop
        (i32.store (i32.const 8) (local.tee $i (i32.add (local.get $i) (i32.const 1))))
        (br 0))))"#;

/// By then the guest is in its loop.
const SETTLED: Duration = Duration::from_micros(300);

fn module(traps: Traps) -> Module {
    let wasm = wat::parse_str(TEXT).expect("the module is a module");
    let mut options = Options::new(Target::host().expect("the host is a target"));
    (options.is_interruptible, options.traps) = (true, traps);
    if traps == Traps::Explicit {
        options.memory_plan = MemoryPlan::Bounded;
    }
    let object = compile(&wasm, &options, &|_, _| ()).expect("the module compiles");
    // SAFETY: the compiler has just made the object.
    unsafe { prefab_loader::load_bytes(&object, "loop") }.expect("the object loads")
}

fn start(module: &Module) -> (Store<Sender<()>>, Instance, mpsc::Receiver<Instant>) {
    let (sender, started) = mpsc::channel();
    let mut store = Store::new(sender);
    let handle = store
        .interrupt_handle()
        .expect("the module is interruptible");
    let mut linker = Linker::new();
    let say = |caller: Caller<'_, Sender<()>>| {
        // The guest goes on whether anybody listens or not.
        let _ = caller.data().send(());
    };
    linker
        .func_wrap("host", "started", say)
        .expect("nothing else has this name");
    let instance = linker
        .instantiate(&mut store, module)
        .expect("its import is there");
    let (sender, asked) = mpsc::channel();
    thread::spawn(move || {
        for () in started {
            thread::sleep(SETTLED);
            let now = Instant::now();
            handle.interrupt();
            if sender.send(now).is_err() {
                return;
            }
        }
    });
    (store, instance, asked)
}

fn interrupt(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("interrupt");
    for traps in [Traps::Signals, Traps::Explicit] {
        let (mut store, instance, asked) = start(&module(traps));
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .expect("it is exported");
        group.bench_function(traps.name(), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut latency = Duration::ZERO;
                for _ in 0..rounds {
                    run.call(&mut store, ()).expect_err("it never returns");
                    let now = Instant::now();
                    latency += now - asked.recv().expect("the thread says when");
                }
                latency
            });
        });
    }
    group.finish();
}

criterion_group!(benches, interrupt);
criterion_main!(benches);
