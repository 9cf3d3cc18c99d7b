//! C functions as host functions, and `prefab_caller_t`: who called one.
//!
//! # Safety
//!
//! A C function is called with values for its parameters and room for its results. While it runs,
//! nothing here holds a reference into the store, which it may use.
#![allow(unsafe_code, reason = "calls C functions")]

use crate::error::Error;
use crate::ffi::{Failure, guard, guard_or, put, reference};
use crate::handle::Handle;
use crate::store::{Context, Data, Store, context};
use crate::value::Value;
use prefab_runtime::{
    AsContextMut, Caller as RuntimeCaller, Error as RuntimeError, FuncType, Instance, RawValue,
};
use std::ffi::c_void;
use std::ptr;

/// As `prefab_host_func_t`.
pub type Callback = Option<
    unsafe extern "C" fn(
        env: *mut c_void,
        caller: *mut Caller,
        args: *const Value,
        results: *mut Value,
    ) -> *mut Error,
>;

/// As `prefab_finalizer_t`.
pub type Finalizer = Option<unsafe extern "C" fn(*mut c_void)>;

/// Who called a host function.
#[derive(Debug)]
pub struct Caller {
    store: *mut Store,
    instance: Option<Instance>,
}

/// Something of the host's and how it is freed.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) data: *mut c_void,
    finalizer: Finalizer,
}

// SAFETY: `prefab.h` asks that what the host gives away can be used and freed on every thread.
unsafe impl Send for Owned {}
// SAFETY: as above.
unsafe impl Sync for Owned {}

impl Owned {
    pub(crate) const fn new(data: *mut c_void, finalizer: Finalizer) -> Self {
        Self { data, finalizer }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(finalizer) = self.finalizer {
            // SAFETY: whoever gave the data gave this function to free it, once.
            unsafe { finalizer(self.data) };
        }
    }
}

/// A host function of C's.
pub(crate) struct HostFunc {
    callback:
        unsafe extern "C" fn(*mut c_void, *mut Caller, *const Value, *mut Value) -> *mut Error,
    env: Owned,
    ty: FuncType,
    has_refs: bool,
}

/// Most functions have no more parameters: their arguments are copied without an allocation.
const FEW: usize = 8;

impl HostFunc {
    pub(crate) fn new(callback: Callback, env: Owned, ty: FuncType) -> Result<Self, Failure> {
        let mut types = ty.params().iter().chain(ty.results());
        let has_refs = types.any(|ty| ty.is_ref());
        let callback = callback
            .ok_or_else(|| Error::new(crate::error::Kind::Argument, "the function is NULL"))?;
        Ok(Self {
            callback,
            env,
            ty,
            has_refs,
        })
    }

    /// Calls it.
    pub(crate) fn call(
        &self,
        mut caller: RuntimeCaller<'_, Data>,
        values: &mut [RawValue],
    ) -> Result<(), RuntimeError> {
        let who = Caller {
            store: caller.data().store(),
            instance: caller.instance(),
        };
        let params = self.ty.params().len();
        // The arguments are copied: results come to lie where they were.
        let (mut few, mut many) = ([Value::ZERO; FEW], Vec::new());
        let args = match few.get_mut(..params) {
            Some(args) => args,
            None => {
                many.resize(params, Value::ZERO);
                &mut many[..]
            }
        };
        {
            let store = caller.as_context_mut();
            for ((arg, raw), ty) in args.iter_mut().zip(values.iter()).zip(self.ty.params()) {
                // SAFETY: compiled code of this store passes it.
                *arg = unsafe { Value::from_raw(*raw, *ty, &store) };
            }
        }
        values.fill([0; 2]);
        let results = values.as_mut_ptr().cast::<Value>();
        // SAFETY: there are as many arguments, and as much room, as the function's type says.
        // `caller` is not used meanwhile, so the function may use the store.
        let error = unsafe {
            (self.callback)(
                self.env.data,
                (&raw const who).cast_mut(),
                args.as_ptr(),
                results,
            )
        };
        if !error.is_null() {
            // SAFETY: C gives away an error that one of the API's functions made.
            return Err(unsafe { Box::from_raw(error) }.into_runtime());
        }
        if self.has_refs {
            self.check_references(&caller.as_context_mut(), values)?;
        }
        Ok(())
    }

    /// Makes references of the handles that the function has left.
    fn check_references(
        &self,
        store: &Context<'_>,
        values: &mut [RawValue],
    ) -> Result<(), RuntimeError> {
        for (value, ty) in values.iter_mut().zip(self.ty.results()) {
            let result: *const RawValue = value;
            // SAFETY: both have the same size, and every pattern is good.
            let result = unsafe { result.cast::<Value>().read() };
            let raw = result.to_raw(*ty, store);
            *value = raw.map_err(|error| error.into_runtime())?;
        }
        Ok(())
    }
}

/// The store that the caller lives in; null for null.
///
/// # Safety
/// `caller` is null, or what a host function was called with that has not returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_caller_store(caller: *const Caller) -> *mut Store {
    // SAFETY: the caller says so.
    unsafe { caller.as_ref() }.map_or(ptr::null_mut(), |caller| caller.store)
}

/// The host's data of that store.
///
/// # Safety
/// As [`prefab_caller_store`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_caller_data(caller: *const Caller) -> *mut c_void {
    // SAFETY: the caller says so.
    unsafe { crate::store::prefab_store_data(prefab_caller_store(caller)) }
}

/// The instance that imported the function.
///
/// # Safety
/// As [`prefab_caller_store`]; `instance` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_caller_instance(
    caller: *const Caller,
    instance: *mut Handle,
) -> bool {
    guard_or(false, || {
        // SAFETY: the caller says so.
        let found = unsafe { caller.as_ref() }.and_then(|caller| caller.instance);
        // SAFETY: the caller says so.
        found.is_some_and(|found| unsafe { put(instance, "instance", found.into()) }.is_ok())
    })
}

/// What that instance exports as `memory`.
///
/// # Safety
/// As [`prefab_caller_store`]; `memory` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_caller_memory(
    caller: *const Caller,
    memory: *mut Handle,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let caller = unsafe { reference(caller, "the caller") }?;
        // SAFETY: a caller's store lives until the host function returns.
        let store = unsafe { context(caller.store) }?;
        let found = caller
            .instance
            .and_then(|instance| instance.get_memory(store, "memory"));
        let found = found.ok_or_else(|| {
            let text = "the caller is no instance that exports a memory as \"memory\"";
            Error::new(crate::error::Kind::NotFound, text)
        })?;
        // SAFETY: the caller says so.
        unsafe { put(memory, "memory", found.into()) }
    })
}
