//! `prefab_linker_t`: what modules import, by name.
//!
//! # Safety
//!
//! Linkers are boxes that C owns. They may be used by several threads, and by a host function that
//! is called while one instantiates: a lock that is never waited for sees to that.
#![allow(unsafe_code, reason = "functions for C")]

use crate::error::{Error, Kind};
use crate::ffi::{self, Failure, guard, guard_or, put, reference, text};
use crate::handle::{Extern, Handle};
use crate::host::{Callback, Finalizer, HostFunc, Owned};
use crate::module::Module;
use crate::signature;
use crate::store::{Data, Store, context};
use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

type RuntimeLinker = prefab_runtime::Linker<Data>;

/// A linker.
#[derive(Debug)]
pub struct Linker(RwLock<RuntimeLinker>);

/// What others do with the linker meanwhile; that one of them panicked does not matter.
fn unlocked<G>(lock: Result<G, TryLockError<G>>) -> Result<G, Failure> {
    match lock {
        Ok(guard) => Ok(guard),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {
            let text = "the linker is being used by another call that has not returned";
            Err(Error::new(Kind::Argument, text))
        }
    }
}

/// # Safety
/// `linker` is null, or a linker for `'a`.
unsafe fn read<'a>(linker: *const Linker) -> Result<RwLockReadGuard<'a, RuntimeLinker>, Failure> {
    // SAFETY: the caller says so.
    unlocked(unsafe { reference(linker, "the linker") }?.0.try_read())
}

/// # Safety
/// As [`read`].
pub(crate) unsafe fn write<'a>(
    linker: *const Linker,
) -> Result<RwLockWriteGuard<'a, RuntimeLinker>, Failure> {
    // SAFETY: the caller says so.
    unlocked(unsafe { reference(linker, "the linker") }?.0.try_write())
}

/// A linker that knows nothing yet.
#[unsafe(no_mangle)]
pub extern "C" fn prefab_linker_new() -> *mut Linker {
    guard_or(ptr::null_mut(), || {
        Box::into_raw(Box::new(Linker(RwLock::new(RuntimeLinker::new()))))
    })
}

/// Frees a linker. What was instantiated by it stays.
///
/// # Safety
/// `linker` is null, or a linker that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_linker_free(linker: *mut Linker) {
    // SAFETY: the caller says so.
    unsafe { ffi::free(linker) };
}

/// Whether a definition may replace another.
///
/// # Safety
/// `linker` is null or a linker.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_linker_allow_shadowing(
    linker: *mut Linker,
    allow: bool,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        unsafe { write(linker) }?.allow_shadowing(allow);
        Ok(())
    })
}

/// Defines a host function.
///
/// # Safety
/// As [`prefab_linker_allow_shadowing`]; the strings are null or strings; `callback` takes and
/// returns values as the signature says; `env` can be used and freed on every thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_linker_func(
    linker: *mut Linker,
    module: *const c_char,
    name: *const c_char,
    signature: *const c_char,
    callback: Callback,
    env: *mut c_void,
    finalizer: Finalizer,
) -> *mut Error {
    guard(|| {
        // Owned from here on, also if something is wrong.
        let env = Owned::new(env, finalizer);
        // SAFETY: the caller says so.
        unsafe {
            let (module, name) = (text(module, "the module's name")?, text(name, "the name")?);
            let ty = signature::parse(text(signature, "the signature")?)?;
            let host = HostFunc::new(callback, env, ty.clone())?;
            let function = move |caller: prefab_runtime::Caller<'_, Data>, values: &mut [_]| {
                host.call(caller, values)
            };
            write(linker)?.func_new_unchecked(module, name, ty, function)?;
        }
        Ok(())
    })
}

/// Defines something of a store's.
///
/// # Safety
/// As [`prefab_linker_allow_shadowing`]; the strings are null or strings; `item` is null or can
/// be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_linker_define(
    linker: *mut Linker,
    module: *const c_char,
    name: *const c_char,
    item: *const Extern,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        unsafe {
            let (module, name) = (text(module, "the module's name")?, text(name, "the name")?);
            let item = prefab_runtime::Extern::try_from(*reference(item, "the item")?)?;
            write(linker)?.define(module, name, item)?;
        }
        Ok(())
    })
}

/// Defines all that an instance exports.
///
/// # Safety
/// As [`prefab_linker_allow_shadowing`]; `module` is null or a string; `store` is null or a store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_linker_define_instance(
    linker: *mut Linker,
    store: *mut Store,
    module: *const c_char,
    instance: Handle,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        unsafe {
            let module = text(module, "the module's name")?;
            write(linker)?.instance(context(store)?, module, instance.try_into()?)?;
        }
        Ok(())
    })
}

/// Whether something is defined by this name.
///
/// # Safety
/// As [`prefab_linker_define`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_linker_defines(
    linker: *const Linker,
    module: *const c_char,
    name: *const c_char,
) -> bool {
    guard_or(false, || {
        // SAFETY: the caller says so.
        let found = unsafe { (read(linker), text(module, ""), text(name, "")) };
        match found {
            (Ok(linker), Ok(module), Ok(name)) => linker.defines(module, name),
            _ => false,
        }
    })
}

/// Makes an instance, and runs its start function.
///
/// # Safety
/// As [`prefab_linker_allow_shadowing`]; `store` is null or a store; `module` is null or a module;
/// `instance` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_linker_instantiate(
    linker: *const Linker,
    store: *mut Store,
    module: *const Module,
    instance: *mut Handle,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        unsafe {
            put(instance, "instance", Handle::NULL)?;
            let module = &reference(module, "the module")?.module;
            let made = read(linker)?.instantiate(context(store)?, module)?;
            put(instance, "instance", made.into())
        }
    })
}
