//! Instances: what they export, and running programs.
//!
//! # Safety
//!
//! Pointers are checked for null; what is not null is as `prefab.h` says.
#![allow(unsafe_code, reason = "functions for C")]

use crate::error::{Error, Kind};
use crate::ffi::{Failure, guard, put, text};
use crate::handle::{Extern, Handle};
use crate::signature;
use crate::store::{Context, Store, context};
use prefab_runtime::{Func, Instance, ModuleKind};
use std::ffi::c_char;

fn not_found(kind: &str, name: &str) -> Failure {
    Error::new(Kind::NotFound, format!("no {kind} is exported as {name:?}"))
}

/// Runs `f` with what the instance exports.
///
/// # Safety
/// `store` is null or a store; `name` is null or a string; `out` is null or can be written to.
unsafe fn export<T: Into<R>, R>(
    store: *mut Store,
    instance: Handle,
    name: *const c_char,
    kind: &str,
    out: *mut R,
    find: impl FnOnce(Instance, &mut Context<'_>, &str) -> Option<T>,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (mut store, name) = unsafe { (context(store)?, text(name, "the name")?) };
        let instance = Instance::try_from(instance)?;
        // A handle of another store exports nothing: that is worth an error of its own.
        instance.module(&store)?;
        let found = find(instance, &mut store, name).ok_or_else(|| not_found(kind, name))?;
        // SAFETY: the caller says so.
        unsafe { put(out, kind, found.into()) }
    })
}

/// What the instance exports by this name.
///
/// # Safety
/// `store` is null or a store; `name` is null or a string; `item` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_instance_export(
    store: *mut Store,
    instance: Handle,
    name: *const c_char,
    item: *mut Extern,
) -> *mut Error {
    // SAFETY: the caller says so.
    unsafe {
        export(store, instance, name, "item", item, |i, s, n| {
            i.get_export(s, n)
        })
    }
}

/// The function that it exports by this name, of this type if one is given.
///
/// # Safety
/// As [`prefab_instance_export`]; `signature` is null or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_instance_func(
    store: *mut Store,
    instance: Handle,
    name: *const c_char,
    signature: *const c_char,
    func: *mut Handle,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (mut store, name) = unsafe { (context(store)?, text(name, "the name")?) };
        let instance = Instance::try_from(instance)?;
        instance.module(&store)?;
        let found = instance.get_func(&mut store, name);
        let found = found.ok_or_else(|| not_found("function", name))?;
        if !signature.is_null() {
            // SAFETY: the caller says so.
            let expected = signature::parse(unsafe { text(signature, "the signature") }?)?;
            let ty = found.ty(&store)?;
            if ty != expected {
                let text = format!("the type of the function {name:?} is {ty}, not {expected}");
                return Err(Error::new(Kind::Type, text));
            }
        }
        // SAFETY: the caller says so.
        unsafe { put(func, "function", found.into()) }
    })
}

/// The memory that it exports by this name.
///
/// # Safety
/// As [`prefab_instance_export`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_instance_memory(
    store: *mut Store,
    instance: Handle,
    name: *const c_char,
    memory: *mut Handle,
) -> *mut Error {
    // SAFETY: the caller says so.
    unsafe {
        export(store, instance, name, "memory", memory, |i, s, n| {
            i.get_memory(s, n)
        })
    }
}

/// The table that it exports by this name.
///
/// # Safety
/// As [`prefab_instance_export`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_instance_table(
    store: *mut Store,
    instance: Handle,
    name: *const c_char,
    table: *mut Handle,
) -> *mut Error {
    // SAFETY: the caller says so.
    unsafe {
        export(store, instance, name, "table", table, |i, s, n| {
            i.get_table(s, n)
        })
    }
}

/// The global that it exports by this name.
///
/// # Safety
/// As [`prefab_instance_export`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_instance_global(
    store: *mut Store,
    instance: Handle,
    name: *const c_char,
    global: *mut Handle,
) -> *mut Error {
    // SAFETY: the caller says so.
    unsafe {
        export(store, instance, name, "global", global, |i, s, n| {
            i.get_global(s, n)
        })
    }
}

fn exported_func(store: &mut Context<'_>, instance: Instance, name: &str) -> Result<Func, Failure> {
    let func = instance.get_func(store, name);
    func.ok_or_else(|| not_found("function", name))
}

/// Runs a program to its end, or makes a reactor ready; the exit code. A library needs neither.
pub(crate) fn start(mut store: Context<'_>, instance: Instance) -> Result<i32, Failure> {
    let name = match instance.module(&store)?.kind() {
        ModuleKind::Command => "_start",
        ModuleKind::Reactor => "_initialize",
        ModuleKind::Library => return Ok(0),
    };
    let func = exported_func(&mut store, instance, name)?;
    match func.call(&mut store, &[], &mut []).map_err(Failure::from) {
        Ok(()) => Ok(0),
        Err(error) => error.exit_code().ok_or(error),
    }
}

/// Runs a program to its end, or makes a reactor ready.
///
/// # Safety
/// `store` is null or a store; `exit_code` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_instance_start(
    store: *mut Store,
    instance: Handle,
    exit_code: *mut i32,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let code = start(unsafe { context(store) }?, instance.try_into()?)?;
        if exit_code.is_null() {
            return Ok(());
        }
        // SAFETY: the caller says so.
        unsafe { put(exit_code, "exit_code", code) }
    })
}
