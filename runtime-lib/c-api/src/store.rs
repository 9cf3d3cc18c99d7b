//! `prefab_store_t`: what instances and all that is theirs live in.
//!
//! # Safety
//!
//! A store is a box that C owns. It is used by one thread at a time, as `prefab.h` says, but a
//! host function may use it while the guest that called it waits: every function of the API makes
//! a context of its own, which refers to the store's contents only while the runtime's own code
//! runs, and drops no reference to them that it holds across a call of C's.
#![allow(unsafe_code, reason = "functions for C")]

use crate::error::Error;
use crate::ffi::{self, Failure, guard, guard_or, reference};
use prefab_runtime::{AsContextMut, Limits, Shared, StoreContextMut};
#[cfg(feature = "wasi")]
use prefab_wasi::WasiCtx;
use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr;

/// The store's contents as the functions of the API use them.
pub(crate) type Context<'a> = StoreContextMut<'a, Data, Shared>;

/// A store.
#[derive(Debug)]
pub struct Store(UnsafeCell<prefab_runtime::Store<Data>>);

/// What the runtime keeps in a store for this API.
#[derive(Debug)]
pub struct Data {
    /// The store itself, for host functions.
    store: *mut Store,
    user: *mut c_void,
    #[cfg(feature = "wasi")]
    wasi: Option<WasiCtx>,
}

impl Data {
    pub(crate) const fn store(&self) -> *mut Store {
        self.store
    }

    #[cfg(feature = "wasi")]
    pub(crate) fn set_wasi(&mut self, wasi: WasiCtx) {
        self.wasi = Some(wasi);
    }

    /// What programs see of the world; nothing if nothing was given.
    #[cfg(feature = "wasi")]
    pub(crate) fn wasi(&mut self) -> &mut WasiCtx {
        self.wasi.get_or_insert_with(|| {
            let context = WasiCtx::builder().build();
            context.expect("nothing was given that could be refused")
        })
    }
}

/// As `prefab_limits_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct StoreLimits {
    memory_bytes: u64,
    table_elements: u64,
    instances: u64,
}

/// The contents of a store of C's.
///
/// # Safety
/// The store is null, or valid for `'a` and used by this thread alone; no reference into its
/// contents is held.
pub(crate) unsafe fn context<'a>(store: *mut Store) -> Result<Context<'a>, Failure> {
    // SAFETY: the caller says so.
    let store: &'a Store = unsafe { reference(store, "the store") }?;
    // SAFETY: only this thread uses the store. The reference ends here: the context has a pointer
    // to the contents.
    Ok(unsafe { &mut *store.0.get() }.as_context_mut())
}

/// A store, with data of the host's.
#[unsafe(no_mangle)]
pub extern "C" fn prefab_store_new(data: *mut c_void) -> *mut Store {
    let make = || {
        let data = Data {
            store: ptr::null_mut(),
            user: data,
            #[cfg(feature = "wasi")]
            wasi: None,
        };
        let store = Box::new(Store(UnsafeCell::new(prefab_runtime::Store::new(data))));
        let store = Box::into_raw(store);
        // SAFETY: nobody else has it yet.
        unsafe { (*store).0.get_mut() }.data_mut().store = store;
        store
    };
    guard_or(ptr::null_mut(), make)
}

/// Frees a store and all that lives in it.
///
/// # Safety
/// `store` is null, or a store in which no guest runs and which is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_store_free(store: *mut Store) {
    // SAFETY: the caller says so.
    unsafe { ffi::free(store) };
}

/// The host's data; null if `store` is.
///
/// # Safety
/// `store` is null or a store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_store_data(store: *mut Store) -> *mut c_void {
    guard_or(ptr::null_mut(), || {
        // SAFETY: the caller says so.
        let context = unsafe { context(store) };
        context.map_or(ptr::null_mut(), |context| context.data().user)
    })
}

/// Changes the host's data.
///
/// # Safety
/// As [`prefab_store_data`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_store_set_data(store: *mut Store, data: *mut c_void) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        unsafe { context(store) }?.data_mut().user = data;
        Ok(())
    })
}

/// Bounds what the store may hold.
///
/// # Safety
/// As [`prefab_store_data`]; no guest runs in it; `limits` is null or can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_store_set_limits(
    store: *mut Store,
    limits: *const StoreLimits,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (store, limits) =
            unsafe { (reference(store, "the store")?, reference(limits, "limits")?) };
        let mut set = Limits::NONE;
        set.memory_bytes = limits.memory_bytes;
        set.table_elements = limits.table_elements;
        set.instances = limits.instances;
        // SAFETY: as in `context`.
        unsafe { &mut *store.0.get() }.set_limits(set);
        Ok(())
    })
}
