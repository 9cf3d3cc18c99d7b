//! Calls inside of calls: whatever a nested call leaves undone, the outer guest goes on as before.

mod property;
mod tree;

use super::poll_once;
use crate::common::module;
use prefab::{Caller, Error, Extern, Linker, Store, TrapCode};
use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

/// `outer` leaks a nested call through `leak`, then traps if the argument is 0.
const LEAKING: &str = r#"(module
    (import "host" "wait" (func $wait))
    (import "host" "leak" (func $leak (param i32)))
    (import "host" "leak_async" (func $leak_async (param i32)))
    (func (export "inner") (call $wait))
    (func (export "outer") (param i32) (call $leak (local.get 0)) (unreachable))
    (func (export "outer_async") (param i32) (call $leak_async (local.get 0)) (unreachable)))"#;

/// How the nested future is lost.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Forgotten,
    InCycle,
}

/// How the host function that has lost it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum HostEnd {
    Return,
    Error,
    Panic,
}

const LOSSES: [Loss; 2] = [Loss::Forgotten, Loss::InCycle];
const HOST_ENDS: [HostEnd; 3] = [HostEnd::Return, HostEnd::Error, HostEnd::Panic];

/// Owns itself, and so is never dropped.
struct Cycle<F> {
    future: RefCell<Pin<Box<F>>>,
    myself: RefCell<Option<Rc<Self>>>,
}

/// Polls a call of `inner` once, loses its future, and ends as the number says.
fn lose(caller: &mut Caller<'_, ()>, number: i32) -> Result<(), Error> {
    let (loss, end) = (number as usize / 3, number as usize % 3);
    let inner = caller.get_export("inner").and_then(Extern::into_func);
    let inner = inner.unwrap().typed::<(), ()>(&*caller)?;
    let mut call = Box::pin(inner.call_async(&mut *caller, ()));
    assert!(poll_once(call.as_mut()).is_pending());
    match LOSSES[loss] {
        Loss::Forgotten => std::mem::forget(call),
        Loss::InCycle => {
            let cycle = Rc::new(Cycle {
                future: RefCell::new(call),
                myself: RefCell::new(None),
            });
            cycle.myself.replace(Some(Rc::clone(&cycle)));
            assert!(poll_once(cycle.future.borrow_mut().as_mut()).is_pending());
        }
    }
    match HOST_ENDS[end] {
        HostEnd::Return => Ok(()),
        HostEnd::Error => Err(Error::host(std::fmt::Error)),
        HostEnd::Panic => panic_any("on purpose"),
    }
}

#[test]
fn a_leaked_nested_call_leaves_the_outer_guest_as_it_was() {
    let mut linker = Linker::<()>::new();
    linker
        .func_wrap_async("host", "wait", |_: Caller<'_, ()>, (): ()| {
            Box::pin(pending::<()>())
        })
        .unwrap()
        .func_wrap("host", "leak", |mut caller: Caller<'_, ()>, how: i32| {
            lose(&mut caller, how)
        })
        .unwrap()
        .func_wrap_async(
            "host",
            "leak_async",
            |mut caller: Caller<'_, ()>, how: i32| Box::pin(async move { lose(&mut caller, how) }),
        )
        .unwrap();
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &module(LEAKING)).unwrap();
    let mut get = |name| {
        instance
            .get_typed_func::<i32, ()>(&mut store, name)
            .unwrap()
    };
    let (outer, outer_async) = (get("outer"), get("outer_async"));
    for number in 0..6 {
        let end = HOST_ENDS[number as usize % 3];
        for (func, awaits) in [(outer, false), (outer, true), (outer_async, true)] {
            let call = AssertUnwindSafe(|| {
                if !awaits {
                    return func.call(&mut store, number);
                }
                match poll_once(Box::pin(func.call_async(&mut store, number)).as_mut()) {
                    Poll::Ready(result) => result,
                    Poll::Pending => panic!("nothing waits"),
                }
            });
            match catch_unwind(call) {
                Err(payload) => {
                    assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
                    assert_eq!(end, HostEnd::Panic);
                }
                Ok(Err(Error::Trap(trap))) => {
                    assert_eq!(trap.code(), TrapCode::Unreachable);
                    assert_eq!(trap.backtrace().len(), 1);
                    assert_eq!(end, HostEnd::Return);
                }
                Ok(Err(Error::Host(error))) => {
                    assert_eq!(error.backtrace().len(), 1);
                    assert_eq!(end, HostEnd::Error);
                }
                Ok(other) => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_store_whose_outermost_call_was_leaked_can_be_used() {
    let text = r#"(module
        (import "host" "wait" (func $wait))
        (global $count (export "count") (mut i32) (i32.const 0))
        (func (export "wait") (global.set $count (i32.const 1)) (call $wait))
        (func (export "trap") unreachable))"#;
    let mut linker = Linker::<()>::new();
    linker
        .func_wrap_async("host", "wait", |_: Caller<'_, ()>, (): ()| {
            Box::pin(pending::<()>())
        })
        .unwrap();
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    let mut get = |name| instance.get_typed_func::<(), ()>(&mut store, name).unwrap();
    let (wait, trap) = (get("wait"), get("trap"));
    let count = instance.get_global(&mut store, "count").unwrap();
    for _ in 0..3 {
        let mut call = Box::pin(wait.call_async(&mut store, ()));
        assert!(poll_once(call.as_mut()).is_pending());
        std::mem::forget(call);
        let Err(Error::Trap(trap)) = trap.call(&mut store, ()) else {
            panic!("it traps");
        };
        assert_eq!(trap.backtrace().len(), 1);
        assert_eq!(count.get(&store).unwrap().i32(), Some(1));
        instance.reset(&mut store).unwrap();
        assert_eq!(count.get(&store).unwrap().i32(), Some(0));
    }
}
