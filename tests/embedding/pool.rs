//! Pools of instances: what is handed out is as good as new, or as it was, and never more than there
//! may be.

use crate::common::{held, in_child, is_child, module};
use prefab::{
    Caller, Error, ExternRef, InstancePool, Limits, Linker, Local, LocalLinker, Module,
    PooledInstance, ResourceLimiter, ReusePolicy, Store, TrapCode,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

assert_impl_all!(InstancePool<u8>: Send, Sync);
assert_impl_all!(InstancePool<Cell<u8>>: Send, Sync);
assert_impl_all!(PooledInstance<'static, Cell<u8>>: Send);
assert_not_impl_any!(InstancePool<Rc<u8>>: Send, Sync);
assert_not_impl_any!(InstancePool<u8, Local>: Send, Sync);
assert_not_impl_any!(PooledInstance<'static, Rc<u8>>: Send);
assert_not_impl_any!(PooledInstance<'static, u8, Local>: Send);

const POLICIES: [ReusePolicy; 3] = [ReusePolicy::Fresh, ReusePolicy::Reset, ReusePolicy::Keep];

/// Long enough for whatever else the machine does.
const LONG: Duration = Duration::from_secs(600);

const COUNTER: &str = r#"(module
    (import "host" "note" (func $note))
    (memory (export "memory") 1 4)
    (data (i32.const 8) "image")
    (global $count (mut i32) (i32.const 0))
    (start $note)
    (func (export "bump") (result i32)
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (i32.add (i32.load (i32.const 0)) (i32.mul (i32.const 100) (global.get $count))))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "trap") unreachable)
    (func (export "panic") (call $note) (call $note)))"#;

/// A tenant's data: how often the host was called, and when that is too often.
#[derive(Default)]
struct Tenant {
    calls: u32,
    panics_at: Option<u32>,
    fails_at: Option<u32>,
}

fn linker() -> Linker<Tenant> {
    let note = |mut caller: Caller<'_, Tenant>| -> Result<(), Error> {
        let data = caller.data_mut();
        data.calls += 1;
        assert_ne!(data.panics_at, Some(data.calls), "on purpose");
        match data.fails_at == Some(data.calls) {
            true => Err(Error::host(std::fmt::Error)),
            false => Ok(()),
        }
    };
    let mut linker = Linker::new();
    linker.func_wrap("host", "note", note).unwrap();
    linker
}

fn pool(policy: ReusePolicy, capacity: usize) -> InstancePool<Tenant> {
    InstancePool::new(linker(), &module(COUNTER), capacity).with_policy(policy)
}

fn bump(slot: &mut PooledInstance<'_, Tenant>) -> i32 {
    let bump = slot
        .instance()
        .get_typed_func::<(), i32>(&mut *slot, "bump");
    bump.unwrap().call(slot, ()).unwrap()
}

fn run(slot: &mut PooledInstance<'_, Tenant>, name: &str) -> Result<(), Error> {
    let func = slot.instance().get_typed_func::<(), ()>(&mut *slot, name);
    func.unwrap().call(slot, ())
}

fn is_full<R>(result: Result<R, Error>) -> bool {
    matches!(result, Err(Error::PoolFull { capacity: 2 }))
}

#[test]
fn what_is_handed_out_is_as_the_policy_says() {
    for policy in POLICIES {
        let pool = pool(policy, 1);
        for round in 1..4 {
            let mut slot = pool.get(Tenant::default()).unwrap();
            assert_eq!(pool.in_use(), 1);
            let is_kept = policy == ReusePolicy::Keep && round > 1;
            // What has to run first has run, with this tenant's data.
            assert_eq!(slot.data().calls, u32::from(!is_kept));
            let expected = if is_kept { 101 * round } else { 101 };
            assert_eq!(bump(&mut slot), expected);
        }
        assert_eq!(pool.in_use(), 0);
    }
}

#[test]
fn there_are_never_more_than_the_capacity() {
    for policy in POLICIES {
        let pool = pool(policy, 2);
        let get = || pool.get(Tenant::default());
        let one = get().unwrap();
        let two = get().unwrap();
        assert_ne!(one.instance(), two.instance());
        assert!(is_full(get()));
        assert!(is_full(
            pool.get_timeout(Tenant::default(), Duration::from_millis(1))
        ));
        assert!(is_full(pool.get_timeout(Tenant::default(), Duration::ZERO)));
        drop(one);
        let three = get().unwrap();
        assert!(is_full(get()));
        drop((two, three));
        assert_eq!((pool.in_use(), pool.capacity()), (0, 2));
    }
    let message = pool(ReusePolicy::Fresh, 0)
        .get(Tenant::default())
        .unwrap_err();
    assert_eq!(
        message.to_string(),
        "all 0 instances of the pool are in use"
    );
}

#[test]
fn threads_wait_for_each_other() {
    for policy in POLICIES {
        for (threads, capacity) in [(8, 8), (8, 3), (4, 1)] {
            let pool = pool(policy, capacity);
            let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        for round in 0..25 {
                            let mut slot = pool.get_timeout(Tenant::default(), LONG).unwrap();
                            let in_use = now.fetch_add(1, Ordering::SeqCst) + 1;
                            most.fetch_max(in_use, Ordering::SeqCst);
                            let bumped = bump(&mut slot);
                            if policy != ReusePolicy::Keep {
                                assert_eq!(bumped, 101);
                            }
                            if round % 5 == 0 {
                                assert!(run(&mut slot, "trap").is_err());
                            }
                            now.fetch_sub(1, Ordering::SeqCst);
                        }
                    });
                }
            });
            assert!(most.into_inner() <= capacity);
            assert_eq!(pool.in_use(), 0);
        }
    }
}

#[test]
fn whoever_waits_is_woken_by_what_is_given_back() {
    let pool = pool(ReusePolicy::Reset, 1);
    std::thread::scope(|scope| {
        let slot = pool.get(Tenant::default()).unwrap();
        let waits = scope.spawn(|| bump(&mut pool.get_timeout(Tenant::default(), LONG).unwrap()));
        drop(slot);
        assert_eq!(waits.join().unwrap(), 101);
    });
}

#[test]
fn an_instance_that_was_stopped_is_not_used_again() {
    for policy in POLICIES {
        let pool = pool(policy, 1);
        let expect_fresh = || {
            let mut slot = pool.get(Tenant::default()).unwrap();
            assert_eq!((slot.data().calls, bump(&mut slot)), (1, 101));
            slot.instance()
        };
        expect_fresh();
        // A trap.
        let mut slot = pool.get(Tenant::default()).unwrap();
        bump(&mut slot);
        let first = slot.instance();
        let error = run(&mut slot, "trap").unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
        drop(slot);
        assert_ne!(expect_fresh(), first);
        // An error and a panic of a host function.
        for panics in [false, true] {
            let mut slot = pool.get(Tenant::default()).unwrap();
            bump(&mut slot);
            let at = Some(slot.data().calls + 1);
            match panics {
                true => slot.data_mut().panics_at = at,
                false => slot.data_mut().fails_at = at,
            }
            let call = std::panic::AssertUnwindSafe(|| run(&mut slot, "panic"));
            match std::panic::catch_unwind(call) {
                Ok(result) => assert!(result.is_err()),
                Err(_) => assert!(panics),
            }
            drop(slot);
            expect_fresh();
        }
        // A panic of who has the instance, by which it is dropped.
        let hold = std::panic::AssertUnwindSafe(|| {
            let mut slot = pool.get(Tenant::default()).unwrap();
            bump(&mut slot);
            panic!("on purpose");
        });
        std::panic::catch_unwind(hold).unwrap_err();
        assert_eq!(pool.in_use(), 0);
        expect_fresh();
    }
}

#[test]
fn an_instance_that_cannot_be_made_ready_is_not_missed() {
    let get = |pool: &InstancePool<Tenant>, fails_at, panics_at| {
        let tenant = Tenant {
            fails_at,
            panics_at,
            ..Tenant::default()
        };
        let get = std::panic::AssertUnwindSafe(|| pool.get(tenant).map(drop));
        std::panic::catch_unwind(get)
    };
    for policy in [ReusePolicy::Fresh, ReusePolicy::Reset] {
        let pool = pool(policy, 1);
        for _ in 0..3 {
            assert!(get(&pool, Some(1), None).unwrap().is_err());
            assert!(get(&pool, None, Some(1)).is_err());
            assert!(get(&pool, None, None).unwrap().is_ok());
            assert_eq!(pool.in_use(), 0);
        }
    }
}

#[test]
fn what_a_tenant_puts_into_the_store_does_not_stay_there() {
    let pool = pool(ReusePolicy::Keep, 1);
    let tenant = || pool.get(Tenant::default()).unwrap();
    let kept = bump(&mut tenant());
    assert_eq!(bump(&mut tenant()), kept + 101);
    // Looking at exports puts nothing there.
    let mut slot = tenant();
    assert_eq!(slot.instance().exports(&mut slot).unwrap().len(), 5);
    drop(slot);
    assert_eq!(bump(&mut tenant()), kept + 202);
    let put: [fn(&mut PooledInstance<'_, Tenant>); 3] = [
        |slot| {
            ExternRef::new(slot, "mine").unwrap();
        },
        |slot| {
            linker().instantiate(slot, &module(COUNTER)).unwrap();
        },
        |slot| *slot.store_mut() = Store::new(Tenant::default()),
    ];
    for put in put {
        let mut slot = tenant();
        bump(&mut slot);
        put(&mut slot);
        drop(slot);
        assert_eq!(bump(&mut tenant()), 101);
    }
}

#[test]
fn an_instance_whose_guest_waits_for_ever_is_not_used_again() {
    let mut linker = Linker::<()>::new();
    linker
        .func_wrap_async("host", "wait", |_: Caller<'_, ()>, (): ()| {
            Box::pin(std::future::pending::<Result<(), Error>>())
        })
        .unwrap();
    let text = r#"(module
        (import "host" "wait" (func $wait))
        (memory (export "memory") 1)
        (func (export "wait") (i32.store8 (i32.const 0) (i32.const 1)) (call $wait)))"#;
    let module = module(text);
    for policy in POLICIES {
        let pool = InstancePool::new(linker.clone(), &module, 1).with_policy(policy);
        for is_leaked in [false, true, false] {
            let mut slot = pool.get(()).unwrap();
            let instance = slot.instance();
            let memory = instance.get_memory(&mut slot, "memory").unwrap();
            assert_eq!(memory.data(&slot)[0], 0);
            let wait = instance
                .get_typed_func::<(), ()>(&mut slot, "wait")
                .unwrap();
            let mut call = Box::pin(wait.call_async(&mut slot, ()));
            let mut context = Context::from_waker(Waker::noop());
            assert!(call.as_mut().poll(&mut context).is_pending());
            if is_leaked {
                std::mem::forget(call);
                // The pool does not know that it was reset.
                instance.reset(&mut slot).unwrap();
            }
        }
    }
}

#[test]
fn no_byte_of_a_former_tenant_is_found() {
    const CANARY: u8 = 0xa5;
    for policy in [ReusePolicy::Fresh, ReusePolicy::Reset] {
        for traps in [false, true] {
            let pool = pool(policy, 1);
            for round in 0..6 {
                let mut slot = pool.get(Tenant::default()).unwrap();
                let memory = slot.instance().get_memory(&mut slot, "memory").unwrap();
                assert!(!memory.data(&slot).contains(&CANARY));
                assert_eq!(&memory.data(&slot)[8..13], b"image");
                if round % 2 == 0 {
                    memory.grow(&mut slot, 3).unwrap();
                    assert!(!memory.data(&slot).contains(&CANARY));
                }
                memory.data_mut(&mut slot).fill(CANARY);
                if traps {
                    assert!(run(&mut slot, "trap").is_err());
                }
            }
        }
    }
}

#[test]
fn a_local_pool_has_data_that_stays_and_does_not_wait_for_itself() {
    let mut linker = LocalLinker::<Rc<Cell<u32>>>::local();
    let seen = Rc::new(Cell::new(0));
    let note = {
        let seen = Rc::clone(&seen);
        move |caller: Caller<'_, Rc<Cell<u32>>, Local>| {
            caller.data().set(caller.data().get() + 1);
            seen.set(seen.get() + 1);
        }
    };
    linker.func_wrap("host", "note", note).unwrap();
    let pool = InstancePool::new(linker, &module(COUNTER), 2).with_policy(ReusePolicy::Reset);
    for round in 1..4 {
        let data = Rc::new(Cell::new(0));
        let one = pool.get(Rc::clone(&data)).unwrap();
        let two = pool.get_timeout(Rc::clone(&data), LONG).unwrap();
        assert_eq!((data.get(), seen.get()), (2, 2 * round));
        assert_eq!(Rc::as_ptr(one.data()), Rc::as_ptr(two.data()));
        let refused = pool.get_timeout(data, LONG).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "all 2 instances of the pool are in use by this thread, which would wait for itself"
        );
    }
}

/// What a tenant may have, in bytes.
struct Budget(u64);

impl ResourceLimiter for Budget {
    fn memory_growing(&mut self, from: u64, to: u64, _: Option<u64>) -> Result<bool, Error> {
        let rest = self.0.checked_sub(to - from);
        self.0 = rest.unwrap_or(self.0);
        Ok(rest.is_some())
    }

    fn memory_grow_failed(&mut self, from: u64, to: u64, _: &Error) {
        self.0 += to - from;
    }

    fn memory_shrunk(&mut self, from: u64, to: u64) {
        self.0 += from - to;
    }

    fn table_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
        Ok(true)
    }
}

#[test]
fn each_tenants_limiter_counts_what_the_tenant_has() {
    const PAGE: u64 = 1 << 16;
    let text = r#"(module (memory (export "m") 1)
        (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#;
    let module: Module = module(text);
    for policy in POLICIES {
        let pool = InstancePool::<&mut Budget>::new(Linker::new(), &module, 1)
            .with_policy(policy)
            .with_prepare(|store| {
                store.limiter(|budget: &mut &mut Budget| *budget);
                store.set_limits(Limits::NONE);
                Ok(())
            });
        let (mut one, mut two, mut poor) = (Budget(3 * PAGE), Budget(3 * PAGE), Budget(PAGE / 2));
        let mut slot = pool.get(&mut one).unwrap();
        let grow = slot.instance().get_typed_func::<(), i32>(&mut slot, "grow");
        assert_eq!(grow.unwrap().call(&mut slot, ()).unwrap(), 1);
        assert_eq!(slot.data().0, PAGE);
        drop(slot);
        let slot = pool.get(&mut two).unwrap();
        let has = match policy {
            ReusePolicy::Keep => 2,
            ReusePolicy::Fresh | ReusePolicy::Reset => 1,
        };
        assert_eq!(slot.data().0, (3 - has) * PAGE);
        drop(slot);
        assert!(pool.get(&mut poor).is_err());
        assert_eq!(pool.in_use(), 0);
        drop(pool);
        let left = [one.0, two.0, poor.0];
        assert_eq!(left, [3 * PAGE, 3 * PAGE, PAGE / 2], "{policy:?}");
    }
}

#[test]
fn addresses_are_reserved_once() {
    if !is_child() {
        in_child("pool::addresses_are_reserved_once");
        return;
    }
    for policy in POLICIES {
        let pool = pool(policy, 3);
        let churn = |rounds: usize| {
            std::thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| {
                        for round in 0..rounds {
                            let mut slot = pool.get_timeout(Tenant::default(), LONG).unwrap();
                            let grow = slot.instance().get_typed_func::<(), i32>(&mut slot, "grow");
                            grow.unwrap().call(&mut slot, ()).unwrap();
                            bump(&mut slot);
                            if round % 7 == 0 {
                                assert!(run(&mut slot, "trap").is_err());
                            }
                        }
                    });
                }
            });
        };
        // What is used again now is there after this.
        let slots = [(); 3].map(|()| pool.get(Tenant::default()).unwrap());
        drop(slots);
        churn(5);
        let before = held();
        churn(100);
        let after = held();
        // The allocator has an arena for each thread, which comes and goes: less than one memory.
        let guarded = 4 << 30;
        assert!(
            after.address_bytes < before.address_bytes + guarded,
            "{before:?} {after:?}"
        );
        assert_eq!(after.descriptors, before.descriptors);
    }
}
