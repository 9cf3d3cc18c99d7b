//! Stopping guests from outside.

use crate::common::module_with;
use prefab::{
    CompileOptions, Error, Instance, InterruptHandle, Linker, MemoryPlan, Module, OptLevel, Store,
    TrapCode, Traps,
};
use std::sync::mpsc;
use std::thread;

/// Every way in which a guest can run for ever.
const ENDLESS: &str = r#"(module
    (import "host" "started" (func $started))
    (memory 1)
    (type $none (func))
    (table $table 2 2 funcref)
    (elem (table $table) (i32.const 0) func $indirect $indirect)
    (func (export "loop") (call $started) (loop (br 0)))
    (func (export "br_if") (call $started) (loop (br_if 0 (i32.const 1))))
    (func (export "br_table") (call $started)
      (loop $a (loop $b (loop $c
        (br_table $a $b $c (i32.load (i32.const 0)))))))
    (func (export "counts") (local $i i32)
      (call $started)
      (loop
        (i32.store (i32.const 8) (local.tee $i (i32.add (local.get $i) (i32.const 1))))
        (br 0)))
    (func (export "nested") (local $i i32)
      (call $started)
      (loop $outer
        (local.set $i (i32.const 1000))
        (loop $inner
          (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (br $outer)))
    (func (export "leaf_in_a_loop") (call $started)
      (loop (call $leaf) (br 0)))
    (func $leaf (i32.store (i32.const 4) (i32.const 1)))
    (func (export "tail") (call $started) (return_call $tail))
    (func $tail (return_call $tail))
    (func (export "even") (call $started) (return_call $even))
    (func $even (return_call $odd))
    (func $odd (return_call $even))
    (func (export "indirect") (call $started) (return_call $indirect))
    (func $indirect (return_call_indirect $table (type $none) (i32.const 1)))
    (func (export "idle"))
    (func (export "answer") (result i32) (i32.const 42)))"#;

const NAMES: [&str; 9] = [
    "loop",
    "br_if",
    "br_table",
    "counts",
    "nested",
    "leaf_in_a_loop",
    "tail",
    "even",
    "indirect",
];

/// Ways in which code is compiled that look for interruption differently.
fn ways() -> impl Iterator<Item = (Traps, OptLevel)> {
    let traps = [Traps::Signals, Traps::Explicit];
    traps
        .into_iter()
        .flat_map(|traps| [OptLevel::O0, OptLevel::O2].map(|opt_level| (traps, opt_level)))
}

fn interruptible((traps, opt_level): (Traps, OptLevel), text: &str) -> Module {
    module_with(text, |options| choose(options, traps, opt_level))
}

fn choose(options: &mut CompileOptions, traps: Traps, opt_level: OptLevel) {
    options.is_interruptible = true;
    options.opt_level = opt_level;
    options.traps = traps;
    if traps == Traps::Explicit {
        options.memory_plan = MemoryPlan::Bounded;
    }
}

/// A store whose guests say when they have started.
struct World {
    store: Store<mpsc::Sender<()>>,
    instance: Instance,
    handle: InterruptHandle,
    started: Option<mpsc::Receiver<()>>,
}

fn linker() -> Linker<mpsc::Sender<()>> {
    let mut linker = Linker::new();
    let started = |caller: prefab::Caller<'_, mpsc::Sender<()>>| {
        let _ = caller.data().send(());
    };
    linker.func_wrap("host", "started", started).unwrap();
    linker
}

fn world(module: &Module) -> World {
    let (sender, receiver) = mpsc::channel();
    let mut store = Store::new(sender);
    let instance = linker().instantiate(&mut store, module).unwrap();
    let handle = store.interrupt_handle().unwrap();
    World {
        store,
        instance,
        handle,
        started: Some(receiver),
    }
}

impl World {
    fn call(&mut self, name: &str) -> Result<(), Error> {
        let func = self
            .instance
            .get_typed_func::<(), ()>(&mut self.store, name)
            .unwrap();
        func.call(&mut self.store, ())
    }

    /// Calls a function that never returns, and interrupts it when it has started.
    fn interrupt(&mut self, name: &str) -> Error {
        let handle = self.handle.clone();
        let started = self.started.take().expect("it is put back");
        let waiter = thread::spawn(move || {
            started.recv().expect("the guest says that it has started");
            handle.interrupt();
            started
        });
        let error = self.call(name).expect_err("it never returns");
        self.started = Some(waiter.join().expect("the thread does not panic"));
        error
    }
}

fn assert_interrupted(error: &Error) {
    assert_eq!(error.trap_code(), Some(TrapCode::Interrupted), "{error}");
}

#[test]
fn whatever_runs_for_ever_can_be_stopped() {
    for way in ways() {
        let mut world = world(&interruptible(way, ENDLESS));
        for name in NAMES {
            let error = world.interrupt(name);
            assert_interrupted(&error);
            assert!(!world.handle.is_pending(), "{way:?} {name}");
            world.call("idle").unwrap();
        }
    }
}
