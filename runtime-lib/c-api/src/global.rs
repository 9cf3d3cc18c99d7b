//! Globals.
//!
//! # Safety
//!
//! Pointers are checked for null; what is not null is as `prefab.h` says.
#![allow(unsafe_code, reason = "functions for C")]

use crate::error::{Error, Kind};
use crate::ffi::{Failure, guard, put, reference};
use crate::handle::Handle;
use crate::store::{Context, Store, context};
use crate::value::Value;
use prefab_runtime::{Global, GlobalType, ValType};

/// The store and the global.
///
/// # Safety
/// `store` is null, or a store for `'a`.
unsafe fn of<'a>(store: *mut Store, global: Handle) -> Result<(Context<'a>, Global), Failure> {
    // SAFETY: the caller says so.
    Ok((unsafe { context(store) }?, global.try_into()?))
}

/// A new global.
///
/// # Safety
/// `store` is null or a store; `value` is null or can be read; `global` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_global_new(
    store: *mut Store,
    ty: u8,
    is_mutable: bool,
    value: *const Value,
    global: *mut Handle,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (store, value) = unsafe { (context(store)?, *reference(value, "value")?) };
        let ty = ValType::from_byte(ty)
            .ok_or_else(|| Error::new(Kind::Type, format!("there is no value type {ty:#x}")))?;
        let made = Global::new(store, GlobalType::new(ty, is_mutable), value.to_val(ty)?)?;
        // SAFETY: the caller says so.
        unsafe { put(global, "global", made.into()) }
    })
}

/// The type of the global's value, and whether it can be changed.
///
/// # Safety
/// `store` is null or a store; the others are null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_global_type(
    store: *mut Store,
    global: Handle,
    ty: *mut u8,
    is_mutable: *mut bool,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (store, global) = unsafe { of(store, global) }?;
        let found = global.ty(&store)?;
        // SAFETY: the caller says so.
        unsafe {
            put(ty, "type", found.content.to_byte())?;
            put(is_mutable, "is_mutable", found.mutable)
        }
    })
}

/// The global's value.
///
/// # Safety
/// `store` is null or a store; `value` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_global_get(
    store: *mut Store,
    global: Handle,
    value: *mut Value,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (store, global) = unsafe { of(store, global) }?;
        // SAFETY: the caller says so.
        unsafe { put(value, "value", Value::of(global.get(&store)?)) }
    })
}

/// Changes the global's value.
///
/// # Safety
/// `store` is null or a store; `value` is null or can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_global_set(
    store: *mut Store,
    global: Handle,
    value: *const Value,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let ((store, global), value) = unsafe { (of(store, global)?, *reference(value, "value")?) };
        let value = value.to_val(global.ty(&store)?.content)?;
        Ok(global.set(store, value)?)
    })
}
