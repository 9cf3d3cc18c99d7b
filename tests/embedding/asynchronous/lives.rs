//! Commands, reactors and resets that wait.

use super::{poll_once, yield_now};
use crate::common::module;
use prefab::{Caller, Error, Extern, Instance, Linker, Store};
use std::future::pending;

/// The host counts in the store, waits, and waits for ever for a negative number.
fn linker() -> Linker<i32> {
    let mut linker = Linker::new();
    linker
        .func_wrap_async("host", "work", |mut caller: Caller<'_, i32>, n: i32| {
            Box::pin(async move {
                yield_now().await;
                *caller.data_mut() += n;
                if n < 0 {
                    pending::<()>().await;
                }
            })
        })
        .unwrap();
    linker
}

fn global(store: &mut Store<i32>, instance: Instance) -> i32 {
    let state = instance.get_global(&mut *store, "state").unwrap();
    state.get(store).unwrap().i32().unwrap()
}

#[tokio::test]
async fn a_command_waits_and_runs_once() {
    let text = r#"(module (import "host" "work" (func $work (param i32)))
        (memory (export "memory") 1)
        (func (export "_start") (call $work (i32.const 1)) (call $work (i32.const 2))))"#;
    let (mut store, linker, module) = (Store::new(0), linker(), module(text));
    let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
    instance.run_command_async(&mut store).await.unwrap();
    let again = instance.run_command_async(&mut store).await;
    assert!(matches!(again, Err(Error::CommandAlreadyRun { .. })));
    assert_eq!(*store.data(), 3);
    instance.reset_async(&mut store).await.unwrap();
    // Given up midway, it has run.
    let mut running = Box::pin(instance.run_command_async(&mut store));
    assert!(poll_once(running.as_mut()).is_pending());
    assert!(poll_once(running.as_mut()).is_pending());
    drop(running);
    assert_eq!(*store.data(), 4);
    let again = instance.run_command_async(&mut store).await;
    assert!(matches!(again, Err(Error::CommandAlreadyRun { .. })));
    instance.reset_async(&mut store).await.unwrap();
    let Err(Error::AsyncNeeded { .. }) = instance.run_command(&mut store) else {
        panic!("nobody waits");
    };
}

#[tokio::test]
async fn a_reactor_waits_while_it_is_initialised() {
    let text = r#"(module (import "host" "work" (func $work (param i32)))
        (memory (export "memory") 1)
        (global $state (export "state") (mut i32) (i32.const 5))
        (func (export "_initialize")
          (call $work (global.get $state)) (global.set $state (i32.const 6)))
        (func (export "break") (global.set $state (i32.const 9)) (call $work (i32.const -1))))"#;
    let (mut store, linker, module) = (Store::new(0), linker(), module(text));
    let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
    assert_eq!((*store.data(), global(&mut store, instance)), (5, 6));
    let again = instance.initialize_async(&mut store).await;
    assert!(matches!(again, Err(Error::AlreadyInitialized { .. })));
    // A call that was given up leaves what it has changed; a reset does not.
    let call = instance
        .get_typed_func::<(), ()>(&mut store, "break")
        .unwrap();
    let mut call = Box::pin(call.call_async(&mut store, ()));
    for _ in 0..3 {
        assert!(poll_once(call.as_mut()).is_pending());
    }
    drop(call);
    assert_eq!((*store.data(), global(&mut store, instance)), (4, 9));
    // Given up while it is initialised again, it is not ready.
    let mut resetting = Box::pin(instance.reset_async(&mut store));
    assert!(poll_once(resetting.as_mut()).is_pending());
    drop(resetting);
    let not_ready = instance.initialize_async(&mut store).await;
    assert!(matches!(not_ready, Err(Error::NotInitialized { .. })));
    instance.reset_async(&mut store).await.unwrap();
    assert_eq!((*store.data(), global(&mut store, instance)), (9, 6));
    // By hand.
    let work = linker.get(&mut store, "host", "work").unwrap();
    let imports: [Extern; 1] = [work];
    let other = Instance::new_async(&mut store, &module, &imports)
        .await
        .unwrap();
    other.initialize_async(&mut store).await.unwrap();
    assert_eq!(*store.data(), 14);
}
