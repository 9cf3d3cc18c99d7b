//! The stacks of guests and of the host functions that they call; guests in a thread's destructors.

use crate::common::{in_child, is_child, module, module_with};
use prefab::{Caller, Error, Linker, MemoryPlan, Module, Store, TrapCode, Traps, TypedFunc};
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// `deep` calls the host, then itself, for ever.
const DEEP: &str = r#"(module
    (import "host" "call" (func $call))
    (func $deep (export "deep") (param i32) (result i32)
      (call $call)
      (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1))))))"#;

/// Counts the calls, and uses much of the stack at one of them.
#[derive(Default)]
struct Calls {
    count: usize,
    large_at: Option<usize>,
}

const LARGE_BYTES: usize = 512 << 10;

/// Writes to each page of a frame of 512 KiB.
#[inline(never)]
fn use_stack() {
    let mut bytes = [0_u8; LARGE_BYTES];
    for page in bytes.chunks_mut(4096) {
        page[0] = 1;
    }
    black_box(&mut bytes);
}

fn counting() -> Linker<Calls> {
    let mut linker = Linker::new();
    linker
        .func_wrap("host", "call", |mut caller: Caller<'_, Calls>| {
            let calls = caller.data_mut();
            calls.count += 1;
            if calls.large_at == Some(calls.count) {
                use_stack();
            }
        })
        .unwrap();
    linker
}

/// Recurses to the end, and does so again until the last call of the host uses 512 KiB.
fn last_call_uses_much(module: &Module, awaits: bool) {
    let mut store = Store::new(Calls::default());
    store.set_host_stack_reserve(1 << 20);
    let instance = counting().instantiate(&mut store, module).unwrap();
    let deep: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "deep").unwrap();
    let overflow = |store: &mut Store<Calls>| {
        let result = if awaits {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.unwrap().block_on(deep.call_async(store, 0))
        } else {
            deep.call(store, 0)
        };
        assert_eq!(
            result.unwrap_err().trap_code(),
            Some(TrapCode::StackOverflow)
        );
    };
    // The first call of a thread takes another way through the host's code, which needs more stack.
    overflow(&mut store);
    store.data_mut().count = 0;
    overflow(&mut store);
    let count = store.data().count;
    assert!(count > 1000, "{count}");
    *store.data_mut() = Calls {
        count: 0,
        large_at: Some(count),
    };
    overflow(&mut store);
    assert_eq!(store.data().count, count);
}

fn on_a_thread(stack_size_bytes: usize, run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(stack_size_bytes);
    thread.spawn(run).unwrap().join().unwrap();
}

#[test]
fn the_stack_that_guests_leave_to_the_host_is_an_option() {
    const TEST: &str = "stacks::the_stack_that_guests_leave_to_the_host_is_an_option";
    if !is_child() {
        in_child(TEST);
        return;
    }
    let explicit = module_with(DEEP, |options| {
        options.traps = Traps::Explicit;
        options.memory_plan = MemoryPlan::Bounded;
    });
    for module in [module(DEEP), explicit] {
        for awaits in [false, true] {
            let module = module.clone();
            on_a_thread(4 << 20, move || last_call_uses_much(&module, awaits));
        }
    }
}

#[test]
fn a_stack_that_is_all_reserve_has_no_room_for_guests() {
    // The C library gives a new thread the larger stack of one that has ended, if there is one.
    const TEST: &str = "stacks::a_stack_that_is_all_reserve_has_no_room_for_guests";
    if !is_child() {
        in_child(TEST);
        return;
    }
    let module = module(DEEP);
    on_a_thread(512 << 10, move || {
        let mut store = Store::new(Calls::default());
        let instance = counting().instantiate(&mut store, &module).unwrap();
        let deep: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "deep").unwrap();
        let mut calls = |reserve_bytes| {
            store.set_host_stack_reserve(reserve_bytes);
            // The first call takes another way through the host's code, which needs more stack.
            for _ in 0..2 {
                store.data_mut().count = 0;
                let error = deep.call(&mut store, 0).unwrap_err();
                assert_eq!(error.trap_code(), Some(TrapCode::StackOverflow));
            }
            store.data().count
        };
        assert_eq!(calls(1 << 20), 0);
        assert_eq!(calls(usize::MAX), 0);
        let (much, little) = (calls(256 << 10), calls(128 << 10));
        assert!(0 < much && much < little, "{much} {little}");
        // Less than the least is the least.
        assert_eq!(calls(0), calls(64 << 10));
    });
}

/// Calls a guest that overflows its stack, and traps otherwise, when the thread ends.
struct AtEnd {
    store: Store<()>,
    overflow: TypedFunc<(), ()>,
    trap: TypedFunc<(), ()>,
    results: Sender<[Option<TrapCode>; 3]>,
}

impl AtEnd {
    fn new(module: &Module, results: Sender<[Option<TrapCode>; 3]>) -> Self {
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, module).unwrap();
        let mut get = |name| instance.get_typed_func(&mut store, name).unwrap();
        Self {
            overflow: get("overflow"),
            trap: get("trap"),
            store,
            results,
        }
    }

    fn codes(&mut self) -> [Option<TrapCode>; 3] {
        [self.overflow, self.trap, self.overflow].map(|func| {
            let result = func.call(&mut self.store, ());
            result.err().as_ref().and_then(Error::trap_code)
        })
    }
}

impl Drop for AtEnd {
    fn drop(&mut self) {
        let codes = self.codes();
        self.results.send(codes).unwrap();
    }
}

const ENDLESS: &str = r#"(module
    (memory 1)
    (func $deep (param i32) (result i32)
      (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))
    (func (export "overflow") (drop (call $deep (i32.const 0))))
    (func (export "trap") (drop (i32.load (i32.const 0x7fffffff)))))"#;

thread_local! {
    static FIRST: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
    static SECOND: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

#[test]
fn a_stack_overflow_in_a_thread_local_destructor_is_a_trap() {
    const TEST: &str = "stacks::a_stack_overflow_in_a_thread_local_destructor_is_a_trap";
    if !is_child() {
        in_child(TEST);
        return;
    }
    let expected = [
        TrapCode::StackOverflow,
        TrapCode::MemoryOutOfBounds,
        TrapCode::StackOverflow,
    ]
    .map(Some);
    let module = module(ENDLESS);
    for runs_before in [false, true] {
        for others_end_meanwhile in [false, true] {
            let (sender, results) = channel();
            let module = module.clone();
            on_a_thread(2 << 20, move || {
                let make = || AtEnd::new(&module, sender.clone());
                // One is registered before the thread's first guest runs, one after.
                FIRST.with_borrow_mut(|first| *first = Some(make()));
                if runs_before {
                    let codes = FIRST.with_borrow_mut(|first| first.as_mut().unwrap().codes());
                    assert_eq!(codes, expected);
                }
                SECOND.with_borrow_mut(|second| *second = Some(make()));
                if others_end_meanwhile {
                    // Their signal stacks are mapped, used and unmapped.
                    for _ in 0..4 {
                        let mut other = make();
                        on_a_thread(2 << 20, move || assert_eq!(other.codes(), expected));
                    }
                }
            });
            let all: Vec<_> = results.iter().collect();
            assert_eq!(all.len(), if others_end_meanwhile { 6 } else { 2 });
            assert!(all.iter().all(|codes| *codes == expected), "{all:?}");
        }
    }
}
