//! Memories.
//!
//! # Safety
//!
//! Pointers are checked for null; what is not null is as `prefab.h` says.
#![allow(unsafe_code, reason = "functions for C")]

use crate::error::Error;
use crate::ffi::{Failure, array, array_mut, guard, put};
use crate::handle::Handle;
use crate::store::{Context, Store, context};
use prefab_runtime::{Memory, MemoryType};

/// The store and the memory.
///
/// # Safety
/// `store` is null, or a store for `'a`.
unsafe fn of<'a>(store: *mut Store, memory: Handle) -> Result<(Context<'a>, Memory), Failure> {
    // SAFETY: the caller says so.
    Ok((unsafe { context(store) }?, memory.try_into()?))
}

/// A new memory.
///
/// # Safety
/// `store` is null or a store; `memory` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_memory_new(
    store: *mut Store,
    min_pages: u64,
    max_pages: u64,
    memory: *mut Handle,
) -> *mut Error {
    guard(|| {
        let max = (max_pages != u64::MAX).then_some(max_pages);
        // SAFETY: the caller says so.
        let made = Memory::new(unsafe { context(store) }?, MemoryType::new(min_pages, max))?;
        // SAFETY: the caller says so.
        unsafe { put(memory, "memory", made.into()) }
    })
}

/// Where the memory's bytes are, and how many.
///
/// # Safety
/// `store` is null or a store; the others are null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_memory_data(
    store: *mut Store,
    memory: Handle,
    data: *mut *mut u8,
    size_bytes: *mut usize,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (mut store, memory) = unsafe { of(store, memory) }?;
        memory.size(&store)?;
        let bytes = memory.data_mut(&mut store);
        // SAFETY: the caller says so.
        unsafe {
            put(size_bytes, "size_bytes", bytes.len())?;
            put(data, "data", bytes.as_mut_ptr())
        }
    })
}

/// The memory's size in pages.
///
/// # Safety
/// `store` is null or a store; `pages` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_memory_size(
    store: *mut Store,
    memory: Handle,
    pages: *mut u64,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (store, memory) = unsafe { of(store, memory) }?;
        // SAFETY: the caller says so.
        unsafe { put(pages, "pages", memory.size(&store)?) }
    })
}

/// Grows the memory.
///
/// # Safety
/// `store` is null or a store; `old_pages` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_memory_grow(
    store: *mut Store,
    memory: Handle,
    delta_pages: u64,
    old_pages: *mut u64,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (store, memory) = unsafe { of(store, memory) }?;
        let old = memory.grow(store, delta_pages)?;
        if old_pages.is_null() {
            return Ok(());
        }
        // SAFETY: the caller says so.
        unsafe { put(old_pages, "old_pages", old) }
    })
}

/// Copies bytes out of the memory.
///
/// # Safety
/// `store` is null or a store; `buffer` is null or has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_memory_read(
    store: *mut Store,
    memory: Handle,
    offset: u64,
    buffer: *mut u8,
    size: usize,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let ((store, memory), buffer) =
            unsafe { (of(store, memory)?, array_mut(buffer, size, "the buffer")?) };
        Ok(memory.read(&store, place(offset), buffer)?)
    })
}

/// Copies bytes into the memory.
///
/// # Safety
/// `store` is null or a store; `bytes` is null or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_memory_write(
    store: *mut Store,
    memory: Handle,
    offset: u64,
    bytes: *const u8,
    size: usize,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let ((store, memory), bytes) =
            unsafe { (of(store, memory)?, array(bytes, size, "the bytes")?) };
        Ok(memory.write(store, place(offset), bytes)?)
    })
}

/// An offset; one that no address reaches lies outside of every memory.
fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
