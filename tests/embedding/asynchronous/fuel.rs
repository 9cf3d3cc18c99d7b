//! Guests that let others run.

use super::{poll_once, yield_now};
use crate::common::module_with;
use prefab::{AsyncStacks, Caller, Error, Linker, Store, TrapCode, TypedFunc};
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

const COUNTING: &str = r#"(module
    (import "host" "later" (func $later))
    (func (export "endless") (loop $again (br $again)))
    (func (export "count") (param $n i32) (result i32) (local $done i32)
      (loop $again
        (local.set $done (i32.add (local.get $done) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $done) (local.get $n))))
      (local.get $done))
    (func (export "later") (call $later)))"#;

/// A store with the functions of the module. They yield whenever they have used so much.
fn start(interval: u64, stack_size_bytes: usize) -> (Store<()>, prefab::Instance) {
    let mut linker = Linker::new();
    linker
        .func_wrap_async("host", "later", |_: Caller<'_, ()>, ()| {
            Box::pin(yield_now())
        })
        .unwrap();
    let module = module_with(COUNTING, |options| options.uses_fuel = true);
    let mut store = Store::new(());
    store.set_async_stack_size(stack_size_bytes);
    store
        .fuel_async_yield_interval(NonZeroU64::new(interval))
        .unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

#[test]
fn a_timeout_stops_an_endless_loop() {
    const SIZE: usize = (400 << 10) - 1;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().build().unwrap();
    let (mut store, instance) = start(10_000, SIZE);
    let endless: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "endless").unwrap();
    let count: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "count").unwrap();
    runtime.block_on(async {
        // Another task of the same thread has its turn meanwhile.
        let turns = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&turns);
        let other = tokio::spawn(async move {
            loop {
                counter.fetch_add(1, Ordering::Relaxed);
                yield_now().await;
            }
        });
        for _ in 0..3 {
            let call = endless.call_async(&mut store, ());
            let limit = Duration::from_millis(20);
            assert!(tokio::time::timeout(limit, call).await.is_err());
            assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
            assert_eq!(count.call_async(&mut store, 20_000).await.unwrap(), 20_000);
        }
        assert!(turns.load(Ordering::Relaxed) > 3);
        other.abort();
    });
}

#[test]
fn a_guest_yields_as_often_as_its_fuel_says() {
    let (mut store, instance) = start(1000, (400 << 10) - 2);
    let count: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "count").unwrap();
    let yields = |store: &mut Store<()>| {
        let mut call = Box::pin(count.call_async(store, 1100));
        let mut yields = 0;
        while poll_once(call.as_mut()).is_pending() {
            yields += 1;
        }
        yields
    };
    let used = {
        store.set_fuel(1 << 40).unwrap();
        count.call(&mut store, 1100).unwrap();
        (1 << 40) - store.get_fuel().unwrap()
    };
    store
        .fuel_async_yield_interval(NonZeroU64::new(1000))
        .unwrap();
    assert_eq!(yields(&mut store), used / 1000);
    // Nobody is asked more often than need be, and nobody who does not wait.
    store
        .fuel_async_yield_interval(NonZeroU64::new(used + 1))
        .unwrap();
    assert_eq!(yields(&mut store), 0);
    store.fuel_async_yield_interval(NonZeroU64::new(1)).unwrap();
    assert_eq!(count.call(&mut store, 1000).unwrap(), 1000);
    store.fuel_async_yield_interval(None).unwrap();
    assert_eq!(yields(&mut store), 0);
}

#[tokio::test]
async fn fuel_ends_on_a_fiber_too() {
    let (mut store, instance) = start(100, (400 << 10) - 3);
    let endless: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "endless").unwrap();
    store.set_fuel(12_345).unwrap();
    let error = endless.call_async(&mut store, ()).await.unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::OutOfFuel));
    assert_eq!(store.get_fuel().unwrap(), 0);
    // What waits for the host uses none meanwhile.
    store.set_fuel(100).unwrap();
    let later: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "later").unwrap();
    later.call_async(&mut store, ()).await.unwrap();
    assert_eq!(store.get_fuel().unwrap(), 99);
    let error = later.call(&mut store, ()).unwrap_err();
    assert!(matches!(error, Error::AsyncNeeded { .. }), "{error}");
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic_any("woken");
    }
}

#[test]
fn an_executor_that_panics_when_it_is_woken() {
    const SIZE: usize = (400 << 10) - 4;
    let (mut store, instance) = start(10, SIZE);
    let count: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "count").unwrap();
    let payload = catch_unwind(AssertUnwindSafe(|| {
        let mut call = Box::pin(count.call_async(&mut store, 1000));
        let waker = Waker::from(Arc::new(Panics));
        call.as_mut().poll(&mut Context::from_waker(&waker))
    }));
    assert_eq!(payload.unwrap_err().downcast_ref(), Some(&"woken"));
    assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
    assert_eq!(count.call(&mut store, 1000).unwrap(), 1000);
}
