//! The runtime functions that compiled code calls ([`prefab_abi::builtin`]), except `trap` and
//! `raise`, which are part of [`trap`](crate::trap).
//!
//! # Safety
//!
//! Compiled code calls them with the context of the calling instance; while it waits, nothing
//! holds a reference to the store.
#![allow(unsafe_code, reason = "called by compiled code")]

mod memory;
mod table;

use crate::address;
use crate::error::Error;
use crate::fuel::Refill;
use crate::instance::from_context;
use crate::store::StoreInner;
use crate::store::growth::Denied;
use crate::trap::{Pending, prefab_rt_raise, prefab_rt_trap};
use prefab_abi::builtin::Builtin;
use prefab_abi::trap::TrapCode;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

/// What a function returns that may trap and has no result, when it has trapped.
const TRAPPED: u32 = 1;
/// What a function returns that grows something, when it could not.
const NOT_GROWN: u64 = u64::MAX;
/// What a function returns that grows something, when the guest has trapped.
const GROWING_TRAPPED: u64 = NOT_GROWN - 1;

/// Why a runtime function ends the guest.
enum Stop {
    Trap(TrapCode),
    /// The module's metadata is malformed.
    Error(Error),
}

impl From<TrapCode> for Stop {
    fn from(code: TrapCode) -> Self {
        Self::Trap(code)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Runs `f` with the store and the index in it of the instance whose context this is.
///
/// # Safety
/// `context` is that of the calling instance.
unsafe fn with_store<R>(context: *mut u8, f: impl FnOnce(&mut StoreInner, u32) -> R) -> R {
    // SAFETY: the caller says that it is a context, which is never null.
    let (mut store, instance) = unsafe { from_context(NonNull::new_unchecked(context)) };
    // SAFETY: the guest of this store waits: nothing else has a reference to the store.
    f(unsafe { store.as_mut() }, instance)
}

/// As [`with_store`], for a function that may trap.
///
/// # Safety
/// As [`with_store`].
unsafe fn checked(
    context: *mut u8,
    f: impl FnOnce(&mut StoreInner, u32) -> Result<(), Stop>,
) -> u32 {
    let run = |store: &mut StoreInner, instance| {
        let pending = match f(store, instance) {
            Ok(()) => return 0,
            Err(Stop::Trap(code)) => Pending::Trap(code),
            Err(Stop::Error(error)) => Pending::Error(Box::new(error)),
        };
        store.exec_mut().set_pending(pending);
        TRAPPED
    };
    // SAFETY: the caller says so.
    unsafe { with_store(context, run) }
}

/// Grows something as `grow` does, and says so to compiled code. A limiter of the host's may be
/// asked: it may panic.
///
/// # Safety
/// As [`with_store`]; `grow` leaves no reference to the store.
unsafe fn growing(
    context: *mut u8,
    grow: impl FnOnce(NonNull<StoreInner>, u32) -> Result<u64, Denied>,
) -> u64 {
    // SAFETY: the caller says that it is a context, which is never null.
    let (store, instance) = unsafe { from_context(NonNull::new_unchecked(context)) };
    let pending = match catch_unwind(AssertUnwindSafe(|| grow(store, instance))) {
        Ok(Ok(before)) => return before,
        Ok(Err(Denied::Refused(_))) => return NOT_GROWN,
        Ok(Err(Denied::Trap(error))) => Pending::Error(Box::new(error)),
        Err(payload) => Pending::Panic(payload),
    };
    // SAFETY: the guest of this store waits: nothing else has a reference to the store.
    unsafe { &mut *store.as_ptr() }
        .exec_mut()
        .set_pending(pending);
    GROWING_TRAPPED
}

/// Lets others run before the guest goes on, if it has somebody to yield to.
///
/// # Safety
/// As [`with_store`].
#[cfg(feature = "async")]
unsafe fn yielding(context: *mut u8) -> u32 {
    // SAFETY: the caller says that it is a context, which is never null.
    let (store, _) = unsafe { from_context(NonNull::new_unchecked(context)) };
    // SAFETY: the guest of this store waits; the reference ends at once.
    let exec = unsafe { store.as_ref() }.exec();
    // SAFETY: as above.
    let yielded = || unsafe { crate::asynchronous::yield_now(exec) };
    // To wake a task is the executor's code, which may panic.
    let pending = match catch_unwind(AssertUnwindSafe(yielded)) {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => Pending::Error(Box::new(error)),
        Err(payload) => Pending::Panic(payload),
    };
    // SAFETY: as above.
    unsafe { &mut *exec }.set_pending(pending);
    TRAPPED
}

/// `out_of_fuel(context)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn prefab_rt_out_of_fuel(context: *mut u8) -> u32 {
    let run = |store: &mut StoreInner, _| {
        let refill = store.exec_mut().refill();
        if refill == Refill::Empty {
            let pending = Pending::Trap(TrapCode::OutOfFuel);
            store.exec_mut().set_pending(pending);
        }
        refill
    };
    // SAFETY: compiled code passes its context.
    match unsafe { with_store(context, run) } {
        Refill::GoOn => 0,
        #[cfg(not(feature = "async"))]
        Refill::Yield => 0,
        // SAFETY: as above.
        #[cfg(feature = "async")]
        Refill::Yield => unsafe { yielding(context) },
        Refill::Empty => TRAPPED,
    }
}

/// `ref_func(context, function) -> funcref value`.
#[unsafe(no_mangle)]
unsafe extern "C" fn prefab_rt_ref_func(context: *mut u8, func: u32) -> u64 {
    let run = |store: &mut StoreInner, instance| {
        let index = store.func_of_instance(instance, func);
        index.map_or(0, |index| store.func_address(index))
    };
    // SAFETY: compiled code passes its context.
    unsafe { with_store(context, run) }
}

/// The address of a runtime function, for a module's import table.
#[must_use]
pub fn builtin_address(builtin: Builtin) -> u64 {
    let function: *const () = match builtin {
        Builtin::Trap => prefab_rt_trap as *const (),
        Builtin::Raise => prefab_rt_raise as *const (),
        Builtin::MemoryGrow => memory::prefab_rt_memory_grow as *const (),
        Builtin::MemoryCopy => memory::prefab_rt_memory_copy as *const (),
        Builtin::MemoryFill => memory::prefab_rt_memory_fill as *const (),
        Builtin::MemoryInit => memory::prefab_rt_memory_init as *const (),
        Builtin::DataDrop => memory::prefab_rt_data_drop as *const (),
        Builtin::TableGrow => table::prefab_rt_table_grow as *const (),
        Builtin::TableCopy => table::prefab_rt_table_copy as *const (),
        Builtin::TableFill => table::prefab_rt_table_fill as *const (),
        Builtin::TableInit => table::prefab_rt_table_init as *const (),
        Builtin::ElemDrop => table::prefab_rt_elem_drop as *const (),
        Builtin::TableSet => table::prefab_rt_table_set as *const (),
        Builtin::RefFunc => prefab_rt_ref_func as *const (),
        Builtin::OutOfFuel => prefab_rt_out_of_fuel as *const (),
        Builtin::OwnMemoryCopy => memory::prefab_rt_own_memory_copy as *const (),
        Builtin::OwnMemoryFill => memory::prefab_rt_own_memory_fill as *const (),
    };
    address::of(function)
}

#[cfg(test)]
mod tests {
    use super::builtin_address;
    use prefab_abi::builtin::Builtin;

    #[test]
    fn every_function_has_an_address_of_its_own() {
        let mut all: Vec<u64> = Builtin::ALL.iter().copied().map(builtin_address).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), Builtin::ALL.len());
    }
}
