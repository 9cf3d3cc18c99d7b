//! Runtime functions of tables and element segments.
//!
//! # Safety
//!
//! As in the module above: called by compiled code, with the context of the calling instance.
#![allow(unsafe_code, reason = "called by compiled code")]

use super::{Stop, checked, growing, with_store};
use crate::store::{StoreInner, growth};
use std::ptr::NonNull;

/// `table_grow(context, table, value, delta_elements) -> old size in elements`, or −1.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_table_grow(
    context: *mut u8,
    table: u32,
    value: u64,
    delta: u64,
) -> u64 {
    let grow = |store: NonNull<StoreInner>, instance| {
        // SAFETY: the guest of this store waits; the reference ends here.
        let table = unsafe { store.as_ref() }.table_of(instance, table)?;
        // SAFETY: as above.
        unsafe { growth::table_grow(store, table, delta, value) }
    };
    // SAFETY: compiled code passes its context.
    unsafe { growing(context, grow) }
}

/// `table_copy(context, to_table, from_table, to, from, len)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_table_copy(
    context: *mut u8,
    to_table: u32,
    from_table: u32,
    to: u64,
    from: u64,
    len: u64,
) -> u32 {
    let run = |store: &mut StoreInner, instance| -> Result<(), Stop> {
        let tables = [
            store.table_of(instance, to_table)?,
            store.table_of(instance, from_table)?,
        ];
        Ok(store.table_copy(tables, to, from, len)?)
    };
    // SAFETY: compiled code passes its context.
    unsafe { checked(context, run) }
}

/// `table_fill(context, table, to, value, len)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_table_fill(
    context: *mut u8,
    table: u32,
    to: u64,
    value: u64,
    len: u64,
) -> u32 {
    let run = |store: &mut StoreInner, instance| -> Result<(), Stop> {
        let table = store.table_of(instance, table)?;
        Ok(store.table_fill(table, to, value, len)?)
    };
    // SAFETY: compiled code passes its context.
    unsafe { checked(context, run) }
}

/// `table_init(context, table, element_segment, to, from, len)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_table_init(
    context: *mut u8,
    table: u32,
    segment: u32,
    to: u64,
    from: u32,
    len: u32,
) -> u32 {
    let run = |store: &mut StoreInner, instance| -> Result<(), Stop> {
        let table = store.table_of(instance, table)?;
        let range = [to, from.into(), len.into()];
        Ok(store.copy_elements(instance, segment, table, range)??)
    };
    // SAFETY: compiled code passes its context.
    unsafe { checked(context, run) }
}

/// `elem_drop(context, element_segment)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_elem_drop(context: *mut u8, segment: u32) {
    let run = |store: &mut StoreInner, instance| store.drop_elements(instance, segment);
    // SAFETY: compiled code passes its context.
    unsafe { with_store(context, run) }
}

/// `table_set(context, table, index, value)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_table_set(
    context: *mut u8,
    table: u32,
    index: u64,
    value: u64,
) -> u32 {
    let run = |store: &mut StoreInner, instance| -> Result<(), Stop> {
        let table = store.table_of(instance, table)?;
        Ok(store.table_fill(table, index, value, 1)?)
    };
    // SAFETY: compiled code passes its context.
    unsafe { checked(context, run) }
}
