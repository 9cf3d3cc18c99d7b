//! Many calls, at once and one after the other.

use super::{SUM, doubling, start};
use crate::allocations::balance;
use crate::common::module;
use prefab::{AsyncStacks, Caller, Linker, Store};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

#[test]
fn ten_thousand_calls_in_flight() {
    const CALLS: usize = 10_000;
    // As large as it is by default, give or take a byte: nobody else uses stacks of this size.
    const SIZE: usize = (1 << 20) - 10;
    let text = r#"(module (import "host" "wait" (func $wait (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
          (i32.add (call $wait (local.get 0)) (call $wait (i32.const 1)))))"#;
    let module = module(text);
    let mut linker = Linker::<Arc<Semaphore>>::new();
    linker
        .func_wrap_async(
            "host",
            "wait",
            |caller: Caller<'_, Arc<Semaphore>>, n: i32| {
                Box::pin(async move {
                    let permit = caller.data().acquire().await.unwrap();
                    drop(permit);
                    n
                })
            },
        )
        .unwrap();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let gate = Arc::new(Semaphore::new(0));
        let mut tasks = JoinSet::new();
        for n in 0..CALLS as i32 {
            let mut store = Store::new(Arc::clone(&gate));
            store.set_async_stack_size(SIZE);
            let instance = linker.instantiate(&mut store, &module).unwrap();
            tasks.spawn(async move {
                let run = instance.get_typed_func::<i32, i32>(&mut store, "run");
                (n, run.unwrap().call_async(&mut store, n).await.unwrap())
            });
        }
        while AsyncStacks::of_size(SIZE).used < CALLS {
            tokio::task::yield_now().await;
        }
        gate.add_permits(1);
        while let Some(joined) = tasks.join_next().await {
            let (n, result) = joined.unwrap();
            assert_eq!(result, n + 1);
        }
    });
    assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
}

#[tokio::test]
async fn a_hundred_thousand_calls_leave_nothing() {
    const SIZE: usize = (1 << 20) - 11;
    const CALLS: usize = 100_000;
    let (mut store, run) = start(&doubling(), (), &module(SUM)).await;
    store.set_async_stack_size(SIZE);
    // What is made once is made.
    run.call_async(&mut store, (2, -1)).await.unwrap();
    let before = balance();
    for _ in 0..CALLS {
        assert_eq!(run.call_async(&mut store, (2, -1)).await.unwrap(), 6);
    }
    // The pool's own lists are every thread's: whoever finds them full makes them longer.
    let more = balance() - before;
    assert!(
        more < CALLS as isize,
        "{more} bytes are left of {CALLS} calls"
    );
    let stacks = AsyncStacks::of_size(SIZE);
    assert_eq!(stacks.used, 0);
    // One after the other they take the same.
    assert!(stacks.idle <= 1, "{stacks:?}");
}
