//! Calls take no memory from the heap.
//!
//! # Safety
//!
//! Unsafe for being an allocator: it hands everything on to the system's.
#![allow(unsafe_code, reason = "counts allocations")]

use crate::common::module;
use prefab::{Linker, Store};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static BALANCE: Cell<isize> = const { Cell::new(0) };
}

/// How much more this thread has taken from the heap than it has given back, in bytes.
#[cfg(feature = "async")]
pub fn balance() -> isize {
    BALANCE.get()
}

// SAFETY: every call is handed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        BALANCE.set(BALANCE.get().wrapping_add_unsigned(layout.size()));
        // SAFETY: the caller's promises are the system's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        BALANCE.set(BALANCE.get().wrapping_sub_unsigned(layout.size()));
        // SAFETY: as above; all memory is the system's.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn typed_calls_do_not_allocate() {
    let mut linker = Linker::<u64>::new();
    linker
        .func_wrap(
            "host",
            "add",
            |mut caller: prefab::Caller<'_, u64>, a: u64| {
                *caller.data_mut() += a;
                *caller.data()
            },
        )
        .unwrap();
    let module = module(
        r#"(module
             (import "host" "add" (func $add (param i64) (result i64)))
             (func (export "nothing"))
             (func (export "run") (param i64) (result i64) (call $add (local.get 0))))"#,
    );
    let mut store = Store::new(0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let nothing = instance
        .get_typed_func::<(), ()>(&mut store, "nothing")
        .unwrap();
    let run = instance
        .get_typed_func::<u64, u64>(&mut store, "run")
        .unwrap();
    // The first call on a thread looks at its stack.
    nothing.call(&mut store, ()).unwrap();
    let before = COUNT.get();
    let mut sum = 0;
    for number in 1..=100 {
        nothing.call(&mut store, ()).unwrap();
        sum = run.call(&mut store, number).unwrap();
    }
    assert_eq!((COUNT.get(), sum), (before, 5050));
}
