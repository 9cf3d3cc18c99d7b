//! References to things of the host's.
//!
//! # Safety
//!
//! Pointers are checked for null; what is not null is as `prefab.h` says. Host data is never
//! looked into.
#![allow(unsafe_code, reason = "functions for C")]

use crate::error::{Error, Kind};
use crate::ffi::{guard, put};
use crate::handle::Handle;
use crate::host::{Finalizer, Owned};
use crate::store::{Store, context};
use prefab_runtime::ExternRef;
use std::ffi::c_void;

/// A reference to `data`.
///
/// # Safety
/// `store` is null or a store; `data` can be used and freed on every thread; `reference` is null or
/// can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_externref_new(
    store: *mut Store,
    data: *mut c_void,
    finalizer: Finalizer,
    reference: *mut Handle,
) -> *mut Error {
    guard(|| {
        let owned = Owned::new(data, finalizer);
        // SAFETY: the caller says so.
        let made = ExternRef::new(unsafe { context(store) }?, owned)?;
        // SAFETY: the caller says so.
        unsafe { put(reference, "reference", made.into()) }
    })
}

/// What the reference refers to.
///
/// # Safety
/// `store` is null or a store; `data` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_externref_data(
    store: *mut Store,
    reference: Handle,
    data: *mut *mut c_void,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let store = unsafe { context(store) }?;
        let found = ExternRef::try_from(reference)?.data(&store)?;
        let found = found.downcast_ref::<Owned>();
        let found =
            found.ok_or_else(|| Error::new(Kind::Handle, "the reference is not the host's"))?;
        // SAFETY: the caller says so.
        unsafe { put(data, "data", found.data) }
    })
}
