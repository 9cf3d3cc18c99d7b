//! Futures of calls that are dropped before they are ready, or leaked.

use super::{FAILING, Run, SUM, poll_once, start};
use crate::common::module;
use prefab::{AsyncStacks, Caller, Error, Extern, Func, Linker, Store, TrapCode};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// Counts what lives, and how often somebody waited.
#[derive(Clone, Default)]
struct Counts(Arc<Counters>);

#[derive(Default)]
struct Counters {
    alive: AtomicUsize,
    polls: AtomicUsize,
}

struct Guard(Counts);

impl Guard {
    fn new(counts: &Counts) -> Self {
        counts.0.alive.fetch_add(1, Ordering::Relaxed);
        Self(counts.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counts {
    fn alive(&self) -> usize {
        self.0.alive.load(Ordering::Relaxed)
    }

    fn polls(&self) -> usize {
        self.0.polls.load(Ordering::Relaxed)
    }
}

/// The host answers at once, until it is asked for 1: then never.
fn until_one() -> Linker<Counts> {
    let mut linker = Linker::new();
    linker
        .func_wrap_async("host", "next", |caller: Caller<'_, Counts>, n: i32| {
            Box::pin(async move {
                let counts = caller.data();
                let guard = Guard::new(counts);
                poll_fn(|_| {
                    counts.0.polls.fetch_add(1, Ordering::Relaxed);
                    if n == 1 {
                        Poll::Pending
                    } else {
                        Poll::Ready(())
                    }
                })
                .await;
                drop(guard);
                n
            })
        })
        .unwrap();
    linker
}

async fn start_counted(stack_size_bytes: usize) -> (Counts, Store<Counts>, Run) {
    let counts = Counts::default();
    let (mut store, run) = start(&until_one(), counts.clone(), &module(SUM)).await;
    store.set_async_stack_size(stack_size_bytes);
    (counts, store, run)
}

#[tokio::test]
async fn a_call_dropped_midway_leaves_nothing() {
    const SIZE: usize = (512 << 10) - 1;
    let (counts, mut store, run) = start_counted(SIZE).await;
    for round in 1..=20 {
        {
            let mut call = Box::pin(run.call_async(&mut store, (3, -1)));
            // Before it is polled there is nothing.
            assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
            assert!(poll_once(call.as_mut()).is_pending());
            assert!(poll_once(call.as_mut()).is_pending());
            assert_eq!(AsyncStacks::of_size(SIZE).used, 1);
            assert_eq!(counts.alive(), 1);
            assert_eq!(counts.polls(), 4 * round);
        }
        assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
        assert_eq!((counts.alive(), counts.polls()), (0, 4 * round));
        drop(run.call_async(&mut store, (3, -1)));
    }
    // The store is as good as before.
    let error = run.call_async(&mut store, (3, 3)).await.unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
    assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
}

#[tokio::test]
async fn a_call_is_dropped_while_the_thread_panics() {
    const SIZE: usize = (512 << 10) - 2;
    let (counts, mut store, run) = start_counted(SIZE).await;
    let payload = catch_unwind(AssertUnwindSafe(|| {
        let mut call = Box::pin(run.call_async(&mut store, (2, -1)));
        assert!(poll_once(call.as_mut()).is_pending());
        panic_any("elsewhere");
    }));
    assert_eq!(payload.unwrap_err().downcast_ref(), Some(&"elsewhere"));
    assert_eq!((counts.alive(), AsyncStacks::of_size(SIZE).used), (0, 0));
    let error = run.call_async(&mut store, (3, 3)).await.unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
}

/// A future that panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any("the bomb");
    }
}

#[tokio::test]
async fn what_is_waited_for_panics_when_it_is_dropped() {
    const SIZE: usize = (512 << 10) - 3;
    let mut linker = Linker::<()>::new();
    linker
        .func_wrap_async("host", "next", |_: Caller<'_, ()>, n: i32| {
            match n {
                7 => Box::pin(async { 7 }),
                9 => {
                    let bomb = Bomb;
                    // Dropped when it is ready, with what it has said.
                    Box::pin(poll_fn(move |_| {
                        let _ = &bomb;
                        Poll::Ready(9)
                    }))
                }
                _ => Box::pin(async {
                    let _bomb = Bomb;
                    pending().await
                }),
            }
        })
        .unwrap();
    let (mut store, run) = start(&linker, (), &module(SUM)).await;
    store.set_async_stack_size(SIZE);
    let dropped = catch_unwind(AssertUnwindSafe(|| {
        let mut call = Box::pin(run.call_async(&mut store, (1, -1)));
        assert!(poll_once(call.as_mut()).is_pending());
    }));
    assert_eq!(dropped.unwrap_err().downcast_ref(), Some(&"the bomb"));
    assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
    // Also if it was ready.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        poll_once(Box::pin(run.call_async(&mut store, (9, -1))).as_mut())
    }));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"the bomb"));
    let error = run.call_async(&mut store, (7, 7)).await.unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
    assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
}

const NESTED: &str = r#"(module
    (import "host" "again" (func $again (param i32) (result i32)))
    (func (export "down") (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0))
        (then (unreachable))
        (else (i32.add (i32.const 1) (call $again (i32.sub (local.get 0) (i32.const 1))))))))"#;

fn down(caller: &mut Caller<'_, Counts>) -> Func {
    let down = caller.get_export("down").and_then(Extern::into_func);
    down.unwrap()
}

/// Host and guest call each other, each guest on a stack of its own, until 0 is left: then the host
/// waits for ever. What is called with 100 traps, at a depth of two; 200 leaks the call inside.
fn nesting() -> Linker<Counts> {
    let mut linker = Linker::new();
    linker
        .func_wrap_async(
            "host",
            "again",
            |mut caller: Caller<'_, Counts>, left: i32| {
                Box::pin(async move {
                    let _guard = Guard::new(&caller.data().clone());
                    let down = down(&mut caller).typed::<i32, i32>(&caller)?;
                    match left {
                        0 => pending().await,
                        99 => down.call_async(&mut caller, 0).await,
                        199 => {
                            let mut call = Box::pin(down.call_async(&mut caller, 1));
                            assert!(poll_once(call.as_mut()).is_pending());
                            leak(call);
                            // Here a call that does not wait still works.
                            assert!(down.call(&mut caller, 0).is_err());
                            Ok(1000)
                        }
                        299 => {
                            let mut call = Box::pin(down.call_async(&mut caller, 1));
                            assert!(poll_once(call.as_mut()).is_pending());
                            leak(call);
                            Err(TrapCode::IntegerOverflow.into())
                        }
                        left => down.call_async(&mut caller, left).await,
                    }
                })
            },
        )
        .unwrap();
    linker
}

#[tokio::test]
async fn calls_inside_of_calls() {
    const SIZE: usize = (512 << 10) - 4;
    let counts = Counts::default();
    let mut store = Store::new(counts.clone());
    store.set_async_stack_size(SIZE);
    let instance = nesting().instantiate(&mut store, &module(NESTED)).unwrap();
    let down = instance
        .get_typed_func::<i32, i32>(&mut store, "down")
        .unwrap();
    for _ in 0..3 {
        let mut call = Box::pin(down.call_async(&mut store, 10));
        assert!(poll_once(call.as_mut()).is_pending());
        assert_eq!((counts.alive(), AsyncStacks::of_size(SIZE).used), (10, 10));
        drop(call);
        assert_eq!((counts.alive(), AsyncStacks::of_size(SIZE).used), (0, 0));
        let Err(Error::Trap(trap)) = down.call_async(&mut store, 100).await else {
            panic!("it traps");
        };
        assert_eq!(trap.code(), TrapCode::Unreachable);
        // Across both stacks.
        assert_eq!(trap.backtrace().len(), 2);
    }
}

/// Never drops the future, and lets tools that look for leaks see that nobody lost it.
fn leak<F>(future: Pin<Box<F>>) {
    static KEPT: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push((&raw const *future).addr());
    std::mem::forget(future);
}

#[tokio::test]
async fn a_leaked_call_is_in_nobodys_way() {
    const SIZE: usize = (512 << 10) - 5;
    let counts = Counts::default();
    let mut store = Store::new(counts.clone());
    store.set_async_stack_size(SIZE);
    let instance = nesting().instantiate(&mut store, &module(NESTED)).unwrap();
    let down = instance
        .get_typed_func::<i32, i32>(&mut store, "down")
        .unwrap();
    // What is outside goes on where it was, and its traps land where they should.
    for _ in 0..2 {
        assert_eq!(down.call_async(&mut store, 200).await.unwrap(), 1001);
        let error = down.call_async(&mut store, 300).await.unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::IntegerOverflow));
    }
    assert_eq!(AsyncStacks::of_size(SIZE).used, 4);
    let mut call = Box::pin(down.call_async(&mut store, 1));
    assert!(poll_once(call.as_mut()).is_pending());
    leak(call);
    assert_eq!(AsyncStacks::of_size(SIZE).used, 5);
    let error = down.call(&mut store, 0).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
    let mut other = Store::new(counts);
    assert!(nesting().instantiate(&mut other, &module(FAILING)).is_err());
}
