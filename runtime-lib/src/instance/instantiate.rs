//! Making an instance (WebAssembly 2.0, §4.5.4), in three steps: room for it is made
//! (`allocate.rs`), it gets its first contents (`initialize.rs`), and what has to run first runs
//! (`command.rs`). A reset repeats the last two.
//!
//! # Safety
//!
//! Unsafe for running the instance's first functions; the store is let go of for that.
#![allow(unsafe_code, reason = "runs the functions that have to run first")]

use super::Instance;
use super::command::{Initialize, start};
use super::imports::Imports;
use crate::error::Error;
use crate::module::Module;
use crate::store::{StoreInner, growth};
use std::ptr::NonNull;

/// Makes an instance of `module` in the store and runs its start function, and a reactor's
/// `_initialize` if `initialize` says so.
///
/// # Safety
/// `store` is a store that nothing holds a reference to.
pub(crate) unsafe fn instantiate(
    store: NonNull<StoreInner>,
    module: &Module,
    imports: Imports,
    initialize: Initialize,
) -> Result<Instance, Error> {
    {
        // SAFETY: the caller says that there is no other reference.
        let inner = unsafe { &mut *store.as_ptr() };
        inner.check_fuel(module)?;
        inner.prepare_interrupts(module)?;
    }
    let allocate = |inner: &mut StoreInner| inner.allocate(store, module, imports);
    // SAFETY: as above.
    let instance = unsafe { growth::new_instance(store, module, allocate) }?;
    {
        // SAFETY: as above.
        let inner = unsafe { &mut *store.as_ptr() };
        inner.add_module(module, instance)?;
        inner.initialize(instance)?;
    }
    // SAFETY: as above.
    unsafe { start(store, instance, initialize) }?;
    // SAFETY: as above; the functions have returned.
    Ok(Instance::new_handle(unsafe { store.as_ref() }, instance))
}
