//! Loading objects that the user trusts.
//!
//! # Safety
//! Unsafe for loading: an object is machine code, which does what it likes, with the rights of
//! this process. Whoever says `prefab run FILE.o` trusts the file as they trust any program that
//! they start; objects of the cache were compiled by this user's `prefab` and are checked against
//! the hash in their note.
#![allow(unsafe_code, reason = "loads machine code that the user asked to run")]

use super::error::Failure;
use crate::Module;
use std::path::Path;

/// The object in the file `path`.
///
/// # Errors
/// If it is none, or cannot be loaded on this machine.
pub fn file(path: &Path) -> Result<Module, Failure> {
    // SAFETY: the user asked to run the file, or it is of the cache (see the head of this file).
    let module = unsafe { crate::load_file(path) };
    module.map_err(|error| Failure::of(path, error.problem().to_string()))
}

/// The object `object`, which was just compiled from the file `path`.
///
/// # Errors
/// If it cannot be loaded on this machine.
#[cfg(feature = "compile")]
pub fn bytes(path: &Path, object: &[u8]) -> Result<Module, Failure> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    // SAFETY: the compiler made the object in this process; nobody else had it since.
    let module = unsafe { crate::load_bytes(object, &name) };
    module.map_err(|error| Failure::of(path, error.problem().to_string()))
}
