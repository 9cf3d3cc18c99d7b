//! Stores: their data, several of them, threads, and what Prefab has beyond the layer.

use crate::{call, engine, func, instance, store};
use prefab_runtime_layer::targets::host;
use prefab_runtime_layer::{Engine as Prefab, Options, Trap, TrapCode};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use wasm_runtime_layer::{
    AsContext, AsContextMut, Extern, Func, FuncType, Imports, Instance, Module, Store, Val, ValType,
};

const COUNTER: &str = r#"(module
    (global $count (mut i32) (i32.const 0))
    (func (export "count") (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (global.get $count)))"#;

#[test]
fn a_module_serves_many_stores() {
    let engine = engine();
    let module = Module::new(&engine, &wat::parse_str(COUNTER).unwrap()).unwrap();
    let mut stores = [Store::new(&engine, 'a'), Store::new(&engine, 'b')];
    let counts = stores.each_mut().map(|store| {
        let instance = Instance::new(&mut *store, &module, &Imports::new()).unwrap();
        func(&*store, &instance, "count")
    });
    for expected in 1..=3 {
        for (store, count) in stores.iter_mut().zip(&counts) {
            assert_eq!(call(store, count, &[]).unwrap(), Val::I32(expected));
        }
    }
    let [a, b] = stores;
    drop(a);
    assert_eq!(b.into_data(), 'b');
}

#[test]
fn data_is_reached_in_every_way() {
    let mut store = store(1);
    *store.data_mut() += 1;
    *store.as_context_mut().data_mut() += 1;
    assert_eq!(*store.as_context_mut().data(), 3);
    assert_eq!(*store.as_context().data(), 3);
    let options = store
        .as_context()
        .engine()
        .clone()
        .into_backend()
        .options()
        .describe();
    assert_eq!(options, Prefab::default().options().describe());
    assert_eq!(store.into_data(), 3);
}

#[test]
fn stores_of_what_can_be_sent_go_to_other_threads() {
    assert_impl_all!(Store<Vec<u8>, Prefab>: Send, Sync);
    assert_impl_all!(Module: Send, Sync);
    assert_impl_all!(Instance: Send, Sync);
    assert_not_impl_any!(Store<Rc<u8>, Prefab>: Send, Sync);

    let mut store = store(());
    let instance = instance(&mut store, COUNTER, &[]);
    let count = func(&store, &instance, "count");
    assert_eq!(call(&mut store, &count, &[]).unwrap(), Val::I32(1));
    let there = std::thread::spawn(move || call(&mut store, &count, &[]).unwrap());
    assert_eq!(there.join().unwrap(), Val::I32(2));
}

/// Data that cannot be sent is no hindrance: only its store stays.
#[test]
fn data_may_be_bound_to_its_thread() {
    let shared = Rc::new(std::cell::Cell::new(1));
    let mut store = store(Rc::clone(&shared));
    let double = Func::new(
        &mut store,
        FuncType::new([], [ValType::I32]),
        |store, _, results| {
            store.data().set(store.data().get() * 2);
            results[0] = Val::I32(store.data().get());
            Ok(())
        },
    );
    let text = r#"(module (import "host" "double" (func $d (result i32))) (export "d" (func $d)))"#;
    let instance = instance(&mut store, text, &[("double", Extern::Func(double))]);
    let double = func(&store, &instance, "d");
    assert_eq!(call(&mut store, &double, &[]).unwrap(), Val::I32(2));
    assert_eq!(shared.get(), 2);
}

/// The context inside of the layer's is one of Prefab's, too.
#[test]
fn what_the_layer_cannot_say_is_said_to_prefab() {
    let mut store = store(5);
    let mut context = store.as_context_mut();
    let double = prefab_runtime::Func::wrap(
        &mut context.inner,
        |caller: prefab_runtime::Caller<'_, prefab_runtime_layer::Data<i32>>, by: i32| {
            caller.data().get() * by
        },
    );
    let double = double.typed::<i32, i32>(&context.inner).unwrap();
    assert_eq!(double.call(&mut context.inner, 2).unwrap(), 10);
    *context.inner.data_mut().get_mut() = 6;
    assert_eq!(store.into_data(), 6);
}

#[test]
fn a_guest_is_stopped_from_another_thread() {
    let mut options = Options::new(host::target());
    options.is_interruptible = true;
    let engine = wasm_runtime_layer::Engine::new(Prefab::new(options));
    let mut store = Store::new(&engine, ());
    let handle = store.as_context_mut().inner.interrupt_handle().unwrap();
    let started = Arc::new(Barrier::new(2));
    let stopper = std::thread::spawn({
        let started = Arc::clone(&started);
        move || {
            started.wait();
            handle.interrupt();
        }
    });
    let started = Func::new(&mut store, FuncType::new([], []), move |_, _, _| {
        started.wait();
        Ok(())
    });
    let text = r#"(module
        (import "host" "started" (func $started))
        (func (export "endless") (result i32) (call $started) (loop (br 0)) (unreachable)))"#;
    let instance = instance(&mut store, text, &[("started", Extern::Func(started))]);
    let endless = func(&store, &instance, "endless");
    let error = call(&mut store, &endless, &[]).unwrap_err();
    let trap: &Trap = error.downcast_ref().unwrap();
    assert_eq!(trap.code(), TrapCode::Interrupted);
    stopper.join().unwrap();

    // A module that nothing could stop has no place in the store.
    let module = Module::new(&crate::engine(), &wat::parse_str(COUNTER).unwrap()).unwrap();
    let refused = Instance::new(&mut store, &module, &Imports::new()).unwrap_err();
    assert!(refused.to_string().contains("--interruptible"), "{refused}");
}
