//! Tables.
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
use prefab_runtime::{Table, TableType, ValType};

/// The store and the table.
///
/// # Safety
/// `store` is null, or a store for `'a`.
unsafe fn of<'a>(store: *mut Store, table: Handle) -> Result<(Context<'a>, Table), Failure> {
    // SAFETY: the caller says so.
    Ok((unsafe { context(store) }?, table.try_into()?))
}

/// A new table.
///
/// # Safety
/// `store` is null or a store; `init` is null or can be read; `table` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_table_new(
    store: *mut Store,
    element: u8,
    min: u64,
    max: u64,
    init: *const Value,
    table: *mut Handle,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (store, init) = unsafe { (context(store)?, *reference(init, "init")?) };
        let element = ValType::from_byte(element).filter(|ty| ty.is_ref());
        let element = element
            .ok_or_else(|| Error::new(Kind::Type, "the elements of a table are references"))?;
        let ty = TableType::new(element, min, (max != u64::MAX).then_some(max));
        let made = Table::new(store, ty, init.to_val(element)?)?;
        // SAFETY: the caller says so.
        unsafe { put(table, "table", made.into()) }
    })
}

/// The table's size in elements.
///
/// # Safety
/// `store` is null or a store; `size` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_table_size(
    store: *mut Store,
    table: Handle,
    size: *mut u64,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (store, table) = unsafe { of(store, table) }?;
        // SAFETY: the caller says so.
        unsafe { put(size, "size", table.size(&store)?) }
    })
}

/// An element.
///
/// # Safety
/// `store` is null or a store; `value` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_table_get(
    store: *mut Store,
    table: Handle,
    index: u64,
    value: *mut Value,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (store, table) = unsafe { of(store, table) }?;
        // SAFETY: the caller says so.
        unsafe { put(value, "value", Value::of(table.get(&store, index)?)) }
    })
}

/// Changes an element.
///
/// # Safety
/// `store` is null or a store; `value` is null or can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_table_set(
    store: *mut Store,
    table: Handle,
    index: u64,
    value: *const Value,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let ((store, table), value) = unsafe { (of(store, table)?, *reference(value, "value")?) };
        let value = value.to_val(table.ty(&store)?.element)?;
        Ok(table.set(store, index, value)?)
    })
}

/// Grows the table.
///
/// # Safety
/// `store` is null or a store; `init` is null or can be read; `old_size` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_table_grow(
    store: *mut Store,
    table: Handle,
    delta: u64,
    init: *const Value,
    old_size: *mut u64,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let ((store, table), init) = unsafe { (of(store, table)?, *reference(init, "init")?) };
        let init = init.to_val(table.ty(&store)?.element)?;
        let old = table.grow(store, delta, init)?;
        if old_size.is_null() {
            return Ok(());
        }
        // SAFETY: the caller says so.
        unsafe { put(old_size, "old_size", old) }
    })
}
