//! Stopping guests from outside.

use crate::common::{module, module_with};
use prefab::{
    Caller, CompileOptions, Error, Instance, InterruptHandle, Linker, MemoryPlan, Module, OptLevel,
    Store, TrapCode, Traps, Val,
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
    let started = |caller: Caller<'_, mpsc::Sender<()>>| {
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

#[test]
fn a_store_is_interrupted_a_thousand_times() {
    for traps in [Traps::Signals, Traps::Explicit] {
        let mut world = world(&interruptible((traps, OptLevel::O2), ENDLESS));
        let handle = world.handle.clone();
        let started = world.started.take().unwrap();
        let interrupter = thread::spawn(move || {
            for () in started {
                handle.interrupt();
            }
        });
        for round in 0..1000 {
            let error = world.call(NAMES[round % NAMES.len()]).unwrap_err();
            assert_interrupted(&error);
        }
        // The sender is the store's.
        drop(world.store);
        interrupter.join().unwrap();
    }
}

#[test]
fn many_threads_ask_at_once() {
    let mut world = world(&interruptible((Traps::Signals, OptLevel::O2), ENDLESS));
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            let (handle, stop) = (world.handle.clone(), &stop);
            scope.spawn(move || {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    handle.interrupt();
                    thread::yield_now();
                }
            });
        }
        for _ in 0..100 {
            assert_interrupted(&world.call("loop").unwrap_err());
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    world.handle.clear();
    world.call("idle").unwrap();
}

#[test]
fn a_request_waits_for_the_next_guest_and_can_be_taken_back() {
    for way in ways() {
        let mut world = world(&interruptible(way, ENDLESS));
        world.handle.interrupt();
        world.handle.clone().interrupt();
        assert!(world.handle.is_pending());
        // Also a function that itself never looks.
        assert_interrupted(&world.call("idle").unwrap_err());
        assert!(!world.handle.is_pending());
        world.call("idle").unwrap();

        world.handle.interrupt();
        world.handle.clear();
        world.call("idle").unwrap();
    }
}

#[test]
fn a_host_function_returns_before_the_guest_stops() {
    const TEXT: &str = r#"(module
        (import "host" "ask" (func $ask))
        (global (export "after") (mut i32) (i32.const 0))
        (func (export "run") (call $ask) (global.set 0 (i32.const 1)) (loop (br 0))))"#;
    for way in ways() {
        let mut linker: Linker<(Option<InterruptHandle>, bool)> = Linker::new();
        let ask = |mut caller: Caller<'_, (Option<InterruptHandle>, bool)>| {
            let (handle, returned) = caller.data_mut();
            handle.as_ref().unwrap().interrupt();
            *returned = true;
        };
        linker.func_wrap("host", "ask", ask).unwrap();
        let mut store = Store::new((None, false));
        store.data_mut().0 = Some(store.interrupt_handle().unwrap());
        let instance = linker
            .instantiate(&mut store, &interruptible(way, TEXT))
            .unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        assert_interrupted(&run.call(&mut store, ()).unwrap_err());
        assert!(store.data().1);
        let after = instance.get_global(&mut store, "after").unwrap();
        assert!(matches!(after.get(&store).unwrap(), Val::I32(1)));
    }
}

#[test]
fn the_innermost_guest_stops_and_the_outer_one_goes_on() {
    const TEXT: &str = r#"(module
        (import "host" "inside" (func $inside (result i32)))
        (func (export "outer") (result i32) (call $inside) (loop))
        (func (export "inner") (loop (br 0))))"#;
    for way in ways() {
        let mut linker: Linker<Option<InterruptHandle>> = Linker::new();
        let inside = |mut caller: Caller<'_, Option<InterruptHandle>>| {
            caller.data().as_ref().unwrap().interrupt();
            let inner = caller.get_export("inner").unwrap().into_func().unwrap();
            let error = inner.call(&mut caller, &[], &mut []).unwrap_err();
            i32::from(error.trap_code() == Some(TrapCode::Interrupted))
        };
        linker.func_wrap("host", "inside", inside).unwrap();
        let mut store = Store::new(None);
        let handle = store.interrupt_handle().unwrap();
        *store.data_mut() = Some(handle);
        let instance = linker
            .instantiate(&mut store, &interruptible(way, TEXT))
            .unwrap();
        let outer = instance
            .get_typed_func::<(), i32>(&mut store, "outer")
            .unwrap();
        assert_eq!(outer.call(&mut store, ()).unwrap(), 1);
    }
}

#[test]
fn functions_of_other_modules_stop_too() {
    const OTHER: &str = r#"(module
        (func (export "step"))
        (func (export "forever") (loop (br 0))))"#;
    const MODULE: &str = r#"(module
        (import "host" "started" (func $started))
        (import "other" "step" (func $step))
        (import "other" "forever" (func $forever))
        (func (export "steps") (call $started) (loop (call $step) (br 0)))
        (func (export "forever") (call $started) (return_call $forever)))"#;
    for (traps, other_traps) in [
        (Traps::Signals, Traps::Explicit),
        (Traps::Explicit, Traps::Signals),
    ] {
        let (sender, receiver) = mpsc::channel();
        let mut store = Store::new(sender);
        let handle = store.interrupt_handle().unwrap();
        let mut linker = linker();
        let other = interruptible((other_traps, OptLevel::O2), OTHER);
        let other = linker.instantiate(&mut store, &other).unwrap();
        linker.instance(&mut store, "other", other).unwrap();
        let module = interruptible((traps, OptLevel::O2), MODULE);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let mut world = World {
            store,
            instance,
            handle,
            started: Some(receiver),
        };
        for name in ["steps", "forever"] {
            assert_interrupted(&world.interrupt(name));
        }
    }
}

#[test]
fn a_start_function_stops_too() {
    for way in ways() {
        let module = interruptible(
            way,
            r#"(module
                (import "host" "started" (func $started))
                (func $start (call $started) (loop (br 0)))
                (start $start))"#,
        );
        let (sender, receiver) = mpsc::channel();
        let mut store = Store::new(sender);
        let handle = store.interrupt_handle().unwrap();
        let waiter = thread::spawn(move || {
            receiver.recv().unwrap();
            handle.interrupt();
        });
        let error = linker().instantiate(&mut store, &module).unwrap_err();
        assert_interrupted(&error);
        waiter.join().unwrap();
    }
}

#[test]
fn what_the_guest_did_is_told() {
    for traps in [Traps::Signals, Traps::Explicit] {
        let module = interruptible(
            (traps, OptLevel::O2),
            r#"(module
                (import "host" "started" (func $started))
                (func (export "run") (call $started) (call $busy))
                (func $busy (loop (br 0))))"#,
        );
        let error = world(&module).interrupt("run");
        let text = error.to_string();
        assert!(
            text.starts_with("wasm trap: interrupted\n  0: test!busy @ 0x"),
            "{text}"
        );
    }
}

/// Nothing that was asked for is silently not done.
#[test]
fn stores_refuse_what_they_could_not_stop() {
    const TEXT: &str = r#"(module (func (export "run")))"#;
    const REFUSED: &str = "test was compiled without `--interruptible`, so that an interrupt handle \
        of the store could not stop it: compile it with `prefab compile --interruptible`";
    let mut store = Store::new(());
    let handle = store.interrupt_handle().unwrap();
    let error = Linker::new()
        .instantiate(&mut store, &module(TEXT))
        .unwrap_err();
    assert!(matches!(error, Error::CompiledWithout { .. }));
    assert_eq!(error.to_string(), REFUSED);
    let module_that_can = interruptible((Traps::Signals, OptLevel::O2), TEXT);
    let instance = Linker::new().instantiate(&mut store, &module_that_can);
    instance.unwrap();
    drop(store);
    handle.interrupt();

    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &module_that_can);
    instance.unwrap();
    Linker::new()
        .instantiate(&mut store, &module(TEXT))
        .unwrap();
    let error = store.interrupt_handle().unwrap_err();
    assert_eq!(error.to_string(), REFUSED);
}

#[test]
fn a_store_that_moves_takes_its_handles_along() {
    let mut world = world(&interruptible((Traps::Signals, OptLevel::O2), ENDLESS));
    let handle = world.handle.clone();
    let started = world.started.take().unwrap();
    let guest = thread::spawn(move || world.call("loop").unwrap_err());
    started.recv().unwrap();
    handle.interrupt();
    assert_interrupted(&guest.join().unwrap());
}
