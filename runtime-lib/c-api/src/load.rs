//! Modules from files (feature `loader`).
//!
//! # Safety
//!
//! Whoever loads an object vouches for the code in it.
#![allow(unsafe_code, reason = "functions for C")]

use crate::error::{Error, Kind};
use crate::ffi::{Failure, array, bytes, guard, put, text};
use crate::module::Module;
use prefab_loader::LoadError;
use std::ffi::{OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::ptr;

fn failed(error: &LoadError) -> Failure {
    Error::new(Kind::Module, error.to_string())
}

/// Loads the object at `path`.
///
/// # Safety
/// `path` is null, or the path of a file that `prefab compile` wrote and that does not change;
/// `module` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_module_load_file(
    path: *const c_char,
    module: *mut *mut Module,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        unsafe {
            put(module, "module", ptr::null_mut())?;
            let path = OsStr::from_bytes(bytes(path, "the path")?);
            let found = prefab_loader::load_file(path).map_err(|error| failed(&error))?;
            put(module, "module", Box::into_raw(Module::new(found)))
        }
    })
}

/// Loads the object that these bytes are.
///
/// # Safety
/// `object` is null, or has `size` bytes that `prefab compile` wrote; `name` is null or a string;
/// `module` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_module_load_bytes(
    object: *const u8,
    size: usize,
    name: *const c_char,
    module: *mut *mut Module,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        unsafe {
            put(module, "module", ptr::null_mut())?;
            let object = array(object, size, "the object")?;
            let name = text(name, "the module's name")?;
            let found = prefab_loader::load_bytes(object, name).map_err(|error| failed(&error))?;
            put(module, "module", Box::into_raw(Module::new(found)))
        }
    })
}
