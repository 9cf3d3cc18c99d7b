//! What asynchronous functions of the host do while a guest waits for them.

use super::{FAILING, SUM, doubling, failing, poll_once, start};
use crate::common::module;
use prefab::{AsyncStacks, Caller, Error, Extern, Func, Linker, Memory, Store, TrapCode, Val};
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use tokio::task::yield_now;

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll_once(future.as_mut()) {
            return output;
        }
    }
}

#[tokio::test]
async fn an_asynchronous_function_in_a_table() {
    let text = r#"(module
        (table (export "table") 1 funcref)
        (type $f (func (param i32) (result i32)))
        (func (export "call") (param i32) (result i32)
          (call_indirect (type $f) (local.get 0) (i32.const 0))))"#;
    let mut store = Store::new(());
    let instance = Linker::new()
        .instantiate(&mut store, &module(text))
        .unwrap();
    let func = Func::wrap_async(&mut store, |caller: Caller<'_, ()>, n: i32| {
        Box::pin(async move {
            yield_now().await;
            // Nobody has imported it.
            assert!(caller.instance().is_none());
            n + 1
        })
    });
    let table = instance.get_table(&mut store, "table").unwrap();
    table.set(&mut store, 0, Val::FuncRef(Some(func))).unwrap();
    let call = instance
        .get_typed_func::<i32, i32>(&mut store, "call")
        .unwrap();
    assert_eq!(call.call_async(&mut store, 6).await.unwrap(), 7);
    let Err(Error::AsyncNeeded { what }) = call.call(&mut store, 6) else {
        panic!("nobody waits");
    };
    assert_eq!(what, "an asynchronous function");
}

#[tokio::test]
async fn a_function_uses_the_store_between_two_awaits() {
    let text = r#"(module
        (import "host" "work" (func $work (param i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "double") (param i32) (result i32)
          (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
          (i32.mul (local.get 0) (i32.const 2)))
        (func (export "trap") (param i32) (result i32) unreachable)
        (func (export "run") (param i32) (result i32) (call $work (local.get 0))))"#;
    let mut linker = Linker::<Vec<i32>>::new();
    linker
        .func_wrap_async(
            "host",
            "work",
            |mut caller: Caller<'_, Vec<i32>>, n: i32| {
                Box::pin(async move {
                    let mut get = |name| {
                        let func = caller.get_export(name).and_then(Extern::into_func);
                        func.unwrap().typed::<i32, i32>(&caller).unwrap()
                    };
                    let (double, trap) = (get("double"), get("trap"));
                    let memory: Option<Memory> =
                        caller.get_export("memory").and_then(Extern::into_memory);
                    // Guests are called, and trap, on the stack of who awaits.
                    let doubled = double.call(&mut caller, n)?;
                    yield_now().await;
                    let error = trap.call(&mut caller, 0).unwrap_err();
                    assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
                    let Error::Trap(trap) = error else {
                        unreachable!()
                    };
                    // What waits is part of where it was.
                    assert_eq!(trap.backtrace().len(), 2);
                    yield_now().await;
                    let (bytes, data) = caller.data_and_memory(memory.unwrap())?;
                    data.push(i32::from(bytes[0]));
                    double.call_async(&mut caller, doubled).await
                })
            },
        )
        .unwrap();
    let (mut store, run) = {
        let mut store = Store::new(vec![]);
        let instance = linker.instantiate(&mut store, &module(text)).unwrap();
        let run = instance
            .get_typed_func::<i32, i32>(&mut store, "run")
            .unwrap();
        (store, run)
    };
    for _ in 0..2 {
        assert_eq!(run.call_async(&mut store, 5).await.unwrap(), 20);
    }
    assert_eq!(*store.data(), [1, 3]);
}

#[test]
fn other_stores_inside_of_functions_that_do_not_await() {
    const SIZE: usize = (450 << 10) - 1;
    let mut linker = doubling();
    linker
        .func_wrap("host", "other", |depth: i32| -> Result<i32, Error> {
            // On the fiber of the store that waits: one more inside of it.
            let mut store = Store::new(());
            store.set_async_stack_size(SIZE);
            let instance = failing().instantiate(&mut store, &module(FAILING))?;
            assert!(AsyncStacks::of_size(SIZE).used > 0);
            let deep = instance.get_typed_func::<i32, i32>(&mut store, "deep")?;
            assert_eq!(block_on(deep.call_async(&mut store, depth))?, depth + 7);
            let endless = instance.get_typed_func::<(), i32>(&mut store, "endless")?;
            let error = block_on(endless.call_async(&mut store, ())).unwrap_err();
            assert_eq!(error.trap_code(), Some(TrapCode::StackOverflow));
            let outside = instance.get_typed_func::<(), i32>(&mut store, "outside")?;
            Err(block_on(outside.call_async(&mut store, ())).unwrap_err())
        })
        .unwrap();
    let text = r#"(module
        (import "host" "next" (func $next (param i32) (result i32)))
        (import "host" "other" (func $other (param i32) (result i32)))
        (func (export "run") (result i32)
          (call $other (call $next (i32.const 50)))))"#;
    let mut store = Store::new(());
    store.set_async_stack_size(SIZE);
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    let run = instance
        .get_typed_func::<(), i32>(&mut store, "run")
        .unwrap();
    for _ in 0..3 {
        // The error of the store inside is that of the function, and ends the guest outside.
        let error = block_on(run.call_async(&mut store, ())).unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
        assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
    }
}

#[tokio::test]
async fn instantiation_is_given_up_midway() {
    const SIZE: usize = (450 << 10) - 2;
    let mut linker = Linker::<()>::new();
    linker
        .func_wrap_async("host", "never", |_: Caller<'_, ()>, ()| {
            Box::pin(pending::<()>())
        })
        .unwrap();
    let text = r#"(module (import "host" "never" (func $never)) (memory 1)
        (start $start) (func $start (call $never)))"#;
    let module_of_start = module(text);
    let (mut store, run) = start(&doubling(), (), &module(SUM)).await;
    store.set_async_stack_size(SIZE);
    for _ in 0..3 {
        let mut starting = Box::pin(linker.instantiate_async(&mut store, &module_of_start));
        poll_fn(|context| {
            assert!(starting.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        assert_eq!(AsyncStacks::of_size(SIZE).used, 1);
        drop(starting);
        assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
        assert_eq!(run.call_async(&mut store, (4, -1)).await.unwrap(), 20);
    }
}
