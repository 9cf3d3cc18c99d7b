//! Asynchronous host functions and calls.

mod cancel;
mod fuel;
mod inside;
mod limiter;
mod lives;
mod many;
mod nested;
mod schedules;
mod threads;

use crate::common::{module, module_with};
use prefab::{
    AsyncStacks, Caller, Error, Extern, FuncType, Linker, MemoryPlan, Module, Store, TrapCode,
    Traps, TypedFunc, Val, ValType,
};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::task::yield_now;

/// `run` calls the host `n` times and adds up what it says; it traps if the sum becomes `stop`.
const SUM: &str = r#"(module
    (import "host" "next" (func $next (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (param $n i32) (param $stop i32) (result i32) (local $sum i32)
      (loop $again
        (local.set $sum (i32.add (local.get $sum) (call $next (local.get $n))))
        (if (i32.eq (local.get $sum) (local.get $stop)) (then (unreachable)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $again (local.get $n)))
      (local.get $sum)))"#;

type Run = TypedFunc<(i32, i32), i32>;

/// A store with an instance of the module, and its function `run`.
async fn start<T: Send>(linker: &Linker<T>, data: T, module: &Module) -> (Store<T>, Run) {
    let mut store = Store::new(data);
    let instance = linker.instantiate_async(&mut store, module).await.unwrap();
    let run = instance.get_typed_func(&mut store, "run").unwrap();
    (store, run)
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The host says what it was asked, twice over, after a while.
fn doubling() -> Linker<()> {
    let mut linker = Linker::new();
    linker
        .func_wrap_async("host", "next", |_caller: Caller<'_, ()>, n: i32| {
            Box::pin(async move {
                yield_now().await;
                n * 2
            })
        })
        .unwrap();
    linker
}

#[tokio::test]
async fn a_guest_waits_for_the_host() {
    let (mut store, run) = start(&doubling(), (), &module(SUM)).await;
    assert_eq!(run.call_async(&mut store, (4, -1)).await.unwrap(), 20);
    let mut results = [Val::I32(0)];
    let args = [Val::I32(3), Val::I32(-1)];
    let untyped = run.func().call_async(&mut store, &args, &mut results);
    untyped.await.unwrap();
    assert_eq!(results[0].i32(), Some(12));
}

#[tokio::test]
async fn values_of_every_type_and_of_none() {
    let mut linker = Linker::<u32>::new();
    linker
        .func_wrap_async("host", "pair", |_: Caller<'_, u32>, (a, b): (i64, f64)| {
            Box::pin(async move { Ok((b, a)) })
        })
        .unwrap()
        .func_wrap_async("host", "count", |mut caller: Caller<'_, u32>, ()| {
            Box::pin(async move { *caller.data_mut() += 1 })
        })
        .unwrap();
    let ty = FuncType::new([ValType::V128, ValType::F32], [ValType::F32, ValType::V128]);
    linker
        .func_new_async("host", "swap", ty, |mut caller, args, results| {
            Box::pin(async move {
                yield_now().await;
                *caller.data_mut() += 10;
                (results[0], results[1]) = (args[1], args[0]);
                Ok(())
            })
        })
        .unwrap();
    let text = r#"(module
        (import "host" "pair" (func $pair (param i64 f64) (result f64 i64)))
        (import "host" "count" (func $count))
        (import "host" "swap" (func $swap (param v128 f32) (result f32 v128)))
        (func (export "run") (result f64 i64 f32 v128)
          (call $count)
          (call $pair (i64.const -5) (f64.const 2.5))
          (call $swap (v128.const i64x2 1 2) (f32.const 0.5))))"#;
    let mut store = Store::new(0);
    let instance = linker.instantiate_async(&mut store, &module(text)).await;
    let run = instance.unwrap().get_func(&mut store, "run").unwrap();
    let mut results = [Val::I32(0); 4];
    run.call_async(&mut store, &[], &mut results).await.unwrap();
    let expected = [
        Val::from(2.5),
        Val::I64(-5),
        Val::from(0.5_f32),
        Val::V128(2 << 64 | 1),
    ];
    assert_eq!(format!("{results:?}"), format!("{expected:?}"));
    assert_eq!(*store.data(), 11);
}

#[tokio::test]
async fn a_call_that_does_not_await_says_so() {
    let mut linker = doubling();
    let (mut store, run) = start(&linker, (), &module(SUM)).await;
    let expected = "\"host\" \"next\", an asynchronous function, has to wait, and what led to it \
        does not: await it, by `call_async`, `instantiate_async` or another function whose name \
        ends so";
    let error = run.call(&mut store, (4, -1)).unwrap_err();
    assert!(matches!(error, Error::AsyncNeeded { .. }), "{error:?}");
    assert_eq!(error.to_string(), expected);
    // Nothing is the worse for it.
    assert_eq!(run.call_async(&mut store, (4, -1)).await.unwrap(), 20);
    // The host itself calls the function, with and without awaiting it.
    let next = linker
        .get(&mut store, "host", "next")
        .and_then(Extern::into_func);
    let next = next.unwrap().typed::<i32, i32>(&store).unwrap();
    assert_eq!(next.call(&mut store, 1).unwrap_err().to_string(), expected);
    assert_eq!(next.call_async(&mut store, 21).await.unwrap(), 42);
    // A start function.
    let text = r#"(module (import "host" "next" (func $next (param i32) (result i32)))
        (global $sum (export "sum") (mut i32) (i32.const 0))
        (func $start (global.set $sum (call $next (i32.const 4))))
        (start $start))"#;
    let starting = module(text);
    let error = linker.instantiate(&mut store, &starting).unwrap_err();
    assert_eq!(error.to_string(), expected);
    let instance = linker
        .instantiate_async(&mut store, &starting)
        .await
        .unwrap();
    let sum = instance.get_global(&mut store, "sum").unwrap();
    assert_eq!(sum.get(&store).unwrap().i32(), Some(8));
    // A function of the host's that does not await lies in between: it may not be suspended.
    linker
        .func_wrap("host", "again", move |mut caller: Caller<'_, ()>| {
            let run = caller
                .get_export("run")
                .and_then(Extern::into_func)
                .unwrap();
            run.typed::<(), i32>(&caller)?.call(&mut caller, ())
        })
        .unwrap();
    let text = r#"(module (import "host" "next" (func $next (param i32) (result i32)))
        (import "host" "again" (func $again (result i32)))
        (func (export "run") (result i32) (call $next (i32.const 4)))
        (func (export "outer") (result i32) (call $again)))"#;
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    let outer = instance
        .get_typed_func::<(), i32>(&mut store, "outer")
        .unwrap();
    let error = outer.call_async(&mut store, ()).await.unwrap_err();
    assert_eq!(error.to_string(), expected);
    let run = instance
        .get_typed_func::<(), i32>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call_async(&mut store, ()).await.unwrap(), 8);
}

/// Traps, overflows, returns an error or panics, by the number that the guest has for it.
fn failing() -> Linker<()> {
    let mut linker = Linker::new();
    linker
        .func_wrap_async("host", "fail", |_: Caller<'_, ()>, how: i32| {
            Box::pin(async move {
                yield_now().await;
                match how {
                    0 => Err(Error::host(std::fmt::Error)),
                    1 => panic_any("on purpose"),
                    2 => Err(TrapCode::IntegerOverflow.into()),
                    how => Ok(how),
                }
            })
        })
        .unwrap();
    linker
}

const FAILING: &str = r#"(module
    (import "host" "fail" (func $fail (param i32) (result i32)))
    (memory 1)
    (func $deep (export "deep") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (call $fail (i32.const 7)))))
      (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
    (func (export "endless") (result i32) (i32.add (i32.const 1) (call $deep (i32.const -1))))
    (func (export "outside") (result i32)
      (drop (call $fail (i32.const 3))) (i32.load (i32.const 0x10000)))
    (func (export "waits_then_endless") (result i32)
      (drop (call $fail (i32.const 3))) (call $deep (i32.const -1)))
    (func $inner (param i32) (result i32) (call $fail (local.get 0)))
    (func (export "fail") (param i32) (result i32) (call $inner (local.get 0))))"#;

/// The size is for the stacks, which nobody else uses: they are counted.
async fn fails(module: &Module, stack_size_bytes: usize) {
    let mut store = Store::new(());
    store.set_async_stack_size(stack_size_bytes);
    let instance = failing().instantiate(&mut store, module).unwrap();
    let get = |store: &mut Store<()>, name| instance.get_func(store, name).unwrap();
    let typed = |store: &mut Store<()>, name| {
        let func = get(store, name);
        func.typed::<i32, i32>(store).unwrap()
    };
    let (fail, deep) = (typed(&mut store, "fail"), typed(&mut store, "deep"));
    for _ in 0..3 {
        for name in ["outside", "endless"] {
            let func = get(&mut store, name).typed::<(), i32>(&store).unwrap();
            let Err(Error::Trap(trap)) = func.call_async(&mut store, ()).await else {
                panic!("{name} traps");
            };
            let expected = [TrapCode::MemoryOutOfBounds, TrapCode::StackOverflow];
            assert_eq!(trap.code(), expected[usize::from(name == "endless")]);
            assert!(!trap.backtrace().is_empty());
        }
        let Err(Error::Host(error)) = fail.call_async(&mut store, 0).await else {
            panic!("the host's error comes through");
        };
        assert_eq!(error.backtrace().len(), 2);
        assert!(
            error
                .into_source()
                .downcast_ref::<std::fmt::Error>()
                .is_some()
        );
        let error = fail.call_async(&mut store, 2).await.unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::IntegerOverflow));
        let mut call = Box::pin(fail.call_async(&mut store, 1));
        let payload = poll_fn(|context| {
            match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(_)) => panic!("the host's panic comes through"),
                Err(payload) => Poll::Ready(payload),
            }
        });
        assert_eq!(payload.await.downcast_ref(), Some(&"on purpose"));
        drop(call);
        assert_eq!(deep.call_async(&mut store, 1000).await.unwrap(), 1007);
        assert_eq!(AsyncStacks::of_size(stack_size_bytes).used, 0);
    }
}

#[tokio::test]
async fn what_ends_a_guest_on_a_fiber() {
    fails(&module(FAILING), (1 << 20) - 1).await;
}

#[tokio::test]
async fn what_ends_a_guest_on_a_fiber_without_signals() {
    let explicit = module_with(FAILING, |options| {
        options.traps = Traps::Explicit;
        options.memory_plan = MemoryPlan::Bounded;
    });
    fails(&explicit, (1 << 20) - 2).await;
}
