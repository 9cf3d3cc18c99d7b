//! Making an instance what it was when it was made.
//!
//! # Safety
//!
//! Unsafe for running the instance's first functions again; the store is let go of for that.
#![allow(unsafe_code, reason = "runs the functions that have to run first")]

use super::Instance;
use super::command::{Initialize, start};
use super::data::Phase;
use crate::error::Error;
use crate::store::{AsContextMut, StoreInner, growth};
use std::ptr::NonNull;

/// Makes an instance what it was before anything of it ran.
///
/// # Safety
/// `store` is a store that nothing holds a reference to.
unsafe fn rewind(store: NonNull<StoreInner>, instance: u32) -> Result<(), Error> {
    let shrunk = {
        // SAFETY: the caller says that there is no other reference.
        let inner = unsafe { &mut *store.as_ptr() };
        if inner.exec_mut().is_running() {
            return Err(Error::GuestRuns);
        }
        inner.instances[instance as usize].phase = Phase::Unready;
        inner.rewind(instance)
    };
    for [from, to] in shrunk.memories {
        // SAFETY: as above.
        unsafe { growth::memory_shrunk(store, from, to) };
    }
    for [from, to] in shrunk.tables {
        // SAFETY: as above.
        unsafe { growth::table_shrunk(store, from, to) };
    }
    shrunk.result?;
    // SAFETY: as above; the limiter has been told.
    unsafe { &mut *store.as_ptr() }.initialize(instance)
}

impl Instance {
    /// Makes the instance what it was when it was made: its memories, tables and globals, their
    /// sizes, and the segments that were dropped. Its start function runs again, and a reactor's
    /// `_initialize`; a command can be [run](Self::run_command) again. Handles stay valid.
    ///
    /// It is allowed after a trap, too. It takes time for the pages of memory that were touched,
    /// not for the size of the memories.
    ///
    /// What the instance imports is not reset, but active segments are copied to memories and
    /// tables that it imports, as when an instance is made. What others import of the instance is
    /// reset for them, too. What the host has put into the store stays.
    ///
    /// # Errors
    /// [`Error::GuestRuns`] if a guest of the store waits for the host function that calls this.
    /// If the instance is another store's; if the system refuses; or what stopped the start function
    /// or `_initialize`. After all but the first two its exports give [`Error::NotInitialized`]
    /// until another reset succeeds.
    ///
    /// # Panics
    /// If a host function that the start function or `_initialize` calls panics.
    pub fn reset(&self, mut store: impl AsContextMut) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        self.rewind(&mut store)?;
        self.restart(store)
    }

    /// The first half of a reset: nothing of the guest runs.
    pub(crate) fn rewind(&self, mut store: impl AsContextMut) -> Result<(), Error> {
        let store = store.as_context_mut();
        store.inner().check(self.store, "instance")?;
        // SAFETY: the context borrows the store for everything, and nothing of it is referred to.
        unsafe { rewind(store.inner_ptr(), self.index) }
    }

    /// The second half: what has to run first runs.
    pub(crate) fn restart(&self, mut store: impl AsContextMut) -> Result<(), Error> {
        let store = store.as_context_mut();
        store.inner().check(self.store, "instance")?;
        // SAFETY: as in `rewind`.
        unsafe { start(store.inner_ptr(), self.index, Initialize::Now) }
    }
}
