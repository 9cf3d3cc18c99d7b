//! Commands run once, reactors are initialised once.

use crate::common::module;
use prefab::{Caller, Error, Extern, Instance, Linker, Module, ModuleKind, Store, TrapCode, Val};

/// Counts how often it was started, in the host's data.
const COMMAND: &str = r#"(module
    (import "host" "note" (func $note))
    (memory (export "memory") 1)
    (func $start (export "_start")
      (call $note)
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
    (table (export "table") 1 funcref)
    (elem (i32.const 0) $start))"#;

/// Notes what happens to it, and has exports of every kind.
const REACTOR: &str = r#"(module
    (import "host" "note" (func $note))
    (memory (export "memory") 1)
    (global (export "global") (mut i32) (i32.const 1))
    (table (export "table") 1 funcref)
    (func (export "_initialize") (call $note) (global.set 0 (i32.const 7)))
    (func (export "get") (result i32) (global.get 0)))"#;

fn noting() -> Linker<u32> {
    let mut linker = Linker::new();
    linker
        .func_wrap("host", "note", |mut caller: Caller<'_, u32>| {
            *caller.data_mut() += 1;
        })
        .unwrap();
    linker
}

fn has_run(result: Result<(), Error>) -> bool {
    matches!(result, Err(Error::CommandAlreadyRun { .. }))
}

fn is_not_initialized<R>(result: Result<R, Error>) -> Option<bool> {
    match result {
        Err(Error::NotInitialized { has_failed, .. }) => Some(has_failed),
        _ => None,
    }
}

#[test]
fn kinds_are_told_apart_by_their_exports() {
    let kind = |text: &str| module(text).kind();
    assert_eq!(kind(COMMAND), ModuleKind::Command);
    assert_eq!(kind(REACTOR), ModuleKind::Reactor);
    assert_eq!(kind("(module)"), ModuleKind::Library);
    let both = r#"(module (func (export "_initialize")) (func (export "_start")))"#;
    assert_eq!(kind(both), ModuleKind::Command);
    let not_functions = r#"(module (memory (export "_start") 0))"#;
    assert_eq!(kind(not_functions), ModuleKind::Library);
}

#[test]
fn a_command_runs_once_whatever_calls_it() {
    type Run = fn(&mut Store<u32>, Instance) -> Result<(), Error>;
    let ways: [Run; 4] = [
        |store, instance| instance.run_command(store),
        |store, instance| {
            let start = instance.get_func(&mut *store, "_start").unwrap();
            start.call(store, &[], &mut [])
        },
        |store, instance| {
            let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
            start.call(store, ())
        },
        |store, instance| {
            let table = instance.get_table(&mut *store, "table").unwrap();
            let Val::FuncRef(Some(start)) = table.get(&*store, 0)? else {
                panic!("a function is there")
            };
            start.typed::<(), ()>(&*store)?.call(store, ())
        },
    ];
    let (linker, module) = (noting(), module(COMMAND));
    for first in ways {
        let mut store = Store::new(0);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        // From before it ran.
        let kept = instance
            .get_typed_func::<(), ()>(&mut store, "_start")
            .unwrap();
        first(&mut store, instance).unwrap();
        for again in ways {
            assert!(has_run(again(&mut store, instance)));
        }
        assert!(has_run(kept.call(&mut store, ())));
        assert_eq!(*store.data(), 1);
        // After a reset it runs again, once.
        instance.reset(&mut store).unwrap();
        kept.call(&mut store, ()).unwrap();
        assert!(has_run(first(&mut store, instance)));
        assert_eq!(*store.data(), 2);
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        assert_eq!(memory.data(&store)[0], 1);
    }
}

#[test]
fn a_command_that_runs_or_has_trapped_has_run() {
    let text = r#"(module
        (import "host" "again" (func $again))
        (func (export "_start") (call $again) unreachable))"#;
    let mut linker = Linker::<Option<Instance>>::new();
    linker
        .func_wrap(
            "host",
            "again",
            |mut caller: Caller<'_, Option<Instance>>| {
                let instance = caller.data().unwrap();
                assert!(has_run(instance.run_command(&mut caller)));
                let start = instance.get_typed_func::<(), ()>(&mut caller, "_start");
                assert!(has_run(start.unwrap().call(&mut caller, ())));
            },
        )
        .unwrap();
    let mut store = Store::new(None);
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    *store.data_mut() = Some(instance);
    let error = instance.run_command(&mut store).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
    let again = instance.run_command(&mut store);
    let message = again.as_ref().unwrap_err().to_string();
    assert_eq!(
        message,
        "the command test has already run: reset its instance (`Instance::reset`), or make another one"
    );
    assert!(has_run(again));
}

#[test]
fn a_command_may_be_an_import_or_of_another_type() {
    let (linker, mut store) = (noting(), Store::new(0));
    let text = r#"(module (import "host" "note" (func $note)) (export "_start" (func $note)))"#;
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    let start = instance.get_func(&mut store, "_start").unwrap();
    start.call(&mut store, &[], &mut []).unwrap();
    assert!(has_run(start.call(&mut store, &[], &mut [])));
    assert!(has_run(instance.run_command(&mut store)));
    assert_eq!(*store.data(), 1);

    let text = r#"(module (func (export "_start") (param i32) (result i32) (local.get 0)))"#;
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    assert!(matches!(
        instance.run_command(&mut store),
        Err(Error::Type(_))
    ));
    let start = instance.get_typed_func::<i32, i32>(&mut store, "_start");
    let start = start.unwrap();
    assert_eq!(start.call(&mut store, 5).unwrap(), 5);
    let again = start.call(&mut store, 5);
    assert!(matches!(again, Err(Error::CommandAlreadyRun { .. })));

    let library = linker.instantiate(&mut store, &module("(module)"));
    let refused = library.unwrap().run_command(&mut store);
    assert!(matches!(refused, Err(Error::NotACommand { .. })));
    let mut other = Store::new(0);
    let refused = instance.run_command(&mut other);
    assert!(matches!(refused, Err(Error::WrongStore(_))));
}

#[test]
fn guests_call_a_command_like_any_function() {
    let (mut linker, mut store) = (noting(), Store::new(0));
    let command = linker.instantiate(&mut store, &module(COMMAND)).unwrap();
    linker.instance(&mut store, "command", command).unwrap();
    let text = r#"(module
        (import "command" "_start" (func $start))
        (func (export "twice") (call $start) (call $start)))"#;
    let caller = linker.instantiate(&mut store, &module(text)).unwrap();
    let twice = caller.get_typed_func::<(), ()>(&mut store, "twice");
    twice.unwrap().call(&mut store, ()).unwrap();
    assert_eq!(*store.data(), 2);
}

#[test]
fn a_linker_initialises_a_reactor_once() {
    let (linker, module) = (noting(), module(REACTOR));
    let mut store = Store::new(0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    assert_eq!(*store.data(), 1);
    let get = instance.get_typed_func::<(), i32>(&mut store, "get");
    assert_eq!(get.unwrap().call(&mut store, ()).unwrap(), 7);
    let again = instance.get_typed_func::<(), ()>(&mut store, "_initialize");
    let again = again.unwrap();
    for _ in 0..2 {
        let refused = again.call(&mut store, ());
        assert!(matches!(refused, Err(Error::AlreadyInitialized { .. })));
        let refused = instance.initialize(&mut store);
        assert!(matches!(refused, Err(Error::AlreadyInitialized { .. })));
    }
    assert!(matches!(
        instance.run_command(&mut store),
        Err(Error::NotACommand { .. })
    ));
    assert_eq!(*store.data(), 1);
    instance.reset(&mut store).unwrap();
    assert_eq!(*store.data(), 2);
}

fn new_reactor(store: &mut Store<u32>, linker: &Linker<u32>, module: &Module) -> Instance {
    let note = linker.get(&mut *store, "host", "note").unwrap();
    Instance::new(store, module, &[note]).unwrap()
}

#[test]
fn what_a_reactor_exports_waits_for_its_initialisation() {
    let (mut linker, module) = (noting(), module(REACTOR));
    let mut store = Store::new(0);
    for way in 0..3 {
        let instance = new_reactor(&mut store, &linker, &module);
        assert_eq!(*store.data(), way);
        for name in ["memory", "global", "table", "get", "none"] {
            assert!(instance.get_export(&mut store, name).is_none());
            let refused = instance.export(&mut store, name);
            assert_eq!(is_not_initialized(refused), Some(false));
        }
        let refused = instance.get_typed_func::<(), i32>(&mut store, "get");
        assert_eq!(is_not_initialized(refused), Some(false));
        let refused = instance.exports(&mut store);
        assert_eq!(is_not_initialized(refused), Some(false));
        let refused = linker.instance(&mut store, "reactor", instance);
        let message = refused.unwrap_err().to_string();
        assert_eq!(
            message,
            "test is not initialized: call `Instance::initialize` first, or make the instance by \
             `Linker::instantiate`"
        );
        match way {
            0 => instance.initialize(&mut store).unwrap(),
            1 => {
                let initialize = instance.get_func(&mut store, "_initialize").unwrap();
                initialize.call(&mut store, &[], &mut []).unwrap();
            }
            _ => instance.reset(&mut store).unwrap(),
        }
        assert_eq!(*store.data(), way + 1);
        let refused = instance.initialize(&mut store);
        assert!(matches!(refused, Err(Error::AlreadyInitialized { .. })));
        assert_eq!(instance.exports(&mut store).unwrap().len(), 5);
        let missing = instance.export(&mut store, "none");
        assert!(matches!(missing, Err(Error::NoExport { .. })));
    }
    // Other modules are ready at once.
    let library = Instance::new(&mut store, &crate::common::module("(module)"), &[]).unwrap();
    library.initialize(&mut store).unwrap();
    library.initialize(&mut store).unwrap();
}

/// A module whose start function and `_initialize` call the host, which looks at its exports.
const EARLY: &str = r#"(module
    (import "host" "early" (func $early (param i32)))
    (memory (export "memory") 1)
    (func $start (call $early (i32.const 0)))
    (start $start)
    (func (export "_initialize") (call $early (i32.const 1)))
    (func (export "answer") (result i32) (i32.const 42)))"#;

/// The reactor, and at which of its calls the host function fails, panics or neither.
#[derive(Default)]
struct Early {
    instance: Option<Instance>,
    fails_at: Option<i32>,
    panics_at: Option<i32>,
    calls: u32,
}

fn early() -> Linker<Early> {
    let mut linker = Linker::new();
    linker
        .func_wrap(
            "host",
            "early",
            |mut caller: Caller<'_, Early>, at: i32| -> Result<(), Error> {
                let memory = caller.get_export("memory").and_then(Extern::into_memory);
                memory.unwrap().write(&mut caller, 0, &[1])?;
                let instance = caller.instance().unwrap();
                let answer = instance.get_typed_func::<(), i32>(&mut caller, "answer")?;
                assert_eq!(answer.call(&mut caller, ())?, 42);
                let refused = instance.initialize(&mut caller);
                assert!(matches!(refused, Err(Error::AlreadyInitialized { .. })));
                let refused = instance.reset(&mut caller);
                assert!(matches!(refused, Err(Error::GuestRuns)));
                let data = caller.data_mut();
                data.instance = Some(instance);
                data.calls += 1;
                assert_ne!(data.panics_at, Some(at), "on purpose");
                if data.fails_at == Some(at) {
                    return Err(Error::host(std::fmt::Error));
                }
                Ok(())
            },
        )
        .unwrap();
    linker
}

#[test]
fn host_functions_use_what_an_instance_exports_while_it_is_initialised() {
    let (linker, module) = (early(), module(EARLY));
    let mut store = Store::new(Early::default());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    assert_eq!(store.data().calls, 2);
    instance.reset(&mut store).unwrap();
    assert_eq!(store.data().calls, 4);
}

#[test]
fn a_reactor_whose_initialisation_failed_is_not_ready_until_it_is_reset() {
    let (linker, module) = (early(), module(EARLY));
    for (at, panics) in [(0, false), (1, false), (0, true), (1, true)] {
        let mut store = Store::new(Early::default());
        match panics {
            true => store.data_mut().panics_at = Some(at),
            false => store.data_mut().fails_at = Some(at),
        }
        let make = std::panic::AssertUnwindSafe(|| linker.instantiate(&mut store, &module));
        match std::panic::catch_unwind(make) {
            Ok(made) => assert!(
                made.unwrap_err()
                    .downcast_ref::<std::fmt::Error>()
                    .is_some()
            ),
            Err(_) => assert!(panics),
        }
        let instance = store.data().instance.unwrap();
        let refused = instance.export(&mut store, "answer");
        assert_eq!(is_not_initialized(refused), Some(true));
        let refused = instance.initialize(&mut store);
        assert_eq!(is_not_initialized(refused), Some(true));
        // As long as it fails, it stays so.
        if !panics {
            assert!(instance.reset(&mut store).is_err());
            let refused = instance.export(&mut store, "answer");
            let message = refused.unwrap_err().to_string();
            assert_eq!(
                message,
                "test is not initialized: its start function or `_initialize` has failed; after \
                 `Instance::reset` they run again"
            );
        }
        *store.data_mut() = Early::default();
        instance.reset(&mut store).unwrap();
        let answer = instance.get_typed_func::<(), i32>(&mut store, "answer");
        assert_eq!(answer.unwrap().call(&mut store, ()).unwrap(), 42);
    }
}
