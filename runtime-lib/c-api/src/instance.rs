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
use prefab_runtime::{Error as RuntimeError, Extern as RuntimeExtern, Func, Instance, ModuleKind};
use std::ffi::c_char;

/// What the instance exports by this name, which is a `kind` if `into` finds one in it.
fn find<T>(
    store: &mut Context<'_>,
    instance: Instance,
    name: &str,
    kind: &'static str,
    into: impl FnOnce(RuntimeExtern) -> Option<T>,
) -> Result<T, Failure> {
    let found = match instance.export(store, name) {
        Err(RuntimeError::NoExport { .. }) => None,
        found => into(found?),
    };
    let name = name.to_owned();
    Ok(found.ok_or(RuntimeError::NoExport { kind, name })?)
}

/// Runs `f` with what the instance exports.
///
/// # Safety
/// `store` is null or a store; `name` is null or a string; `out` is null or can be written to.
unsafe fn export<T: Into<R>, R>(
    store: *mut Store,
    instance: Handle,
    name: *const c_char,
    kind: &'static str,
    out: *mut R,
    into: impl FnOnce(RuntimeExtern) -> Option<T>,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let (mut store, name) = unsafe { (context(store)?, text(name, "the name")?) };
        let instance = Instance::try_from(instance)?;
        let found = find(&mut store, instance, name, kind, into)?;
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
    unsafe { export(store, instance, name, "item", item, Some) }
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
        let found = exported_func(&mut store, instance, name)?;
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
        export(
            store,
            instance,
            name,
            "memory",
            memory,
            RuntimeExtern::into_memory,
        )
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
        export(
            store,
            instance,
            name,
            "table",
            table,
            RuntimeExtern::into_table,
        )
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
        export(
            store,
            instance,
            name,
            "global",
            global,
            RuntimeExtern::into_global,
        )
    }
}

fn exported_func(store: &mut Context<'_>, instance: Instance, name: &str) -> Result<Func, Failure> {
    find(store, instance, name, "function", RuntimeExtern::into_func)
}

/// Runs a program to its end; the exit code. Reactors and libraries are ready as they are.
pub(crate) fn start(mut store: Context<'_>, instance: Instance) -> Result<i32, Failure> {
    match instance.module(&store)?.kind() {
        ModuleKind::Command => {}
        ModuleKind::Reactor | ModuleKind::Library => return Ok(0),
    }
    match instance.run_command(&mut store).map_err(Failure::from) {
        Ok(()) => Ok(0),
        Err(error) => error.exit_code().ok_or(error),
    }
}

/// Runs a program to its end.
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

/// Makes an instance what it was when it was made.
///
/// # Safety
/// `store` is null or a store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_instance_reset(store: *mut Store, instance: Handle) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let store = unsafe { context(store) }?;
        Ok(Instance::try_from(instance)?.reset(store)?)
    })
}
