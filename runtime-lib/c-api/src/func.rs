//! Functions: their types, and calling them.
//!
//! # Safety
//!
//! Pointers are checked for null; what is not null is as `prefab.h` says. Compiled code is called
//! with as many values as the function's type says, of its types.
#![allow(unsafe_code, reason = "functions for C")]

use crate::error::{Error, Kind};
use crate::ffi::{Failure, array, array_mut, guard, put};
use crate::handle::Handle;
use crate::store::{Context, Store, context};
use crate::value::Value;
use prefab_runtime::{Func, RawValue};
use std::ffi::c_char;

/// As many values are passed without an allocation.
const FEW: usize = 16;

/// The types of the function's parameters and results.
///
/// # Safety
/// `store` is null or a store; `types` is null or has room for `capacity` of them; the others are
/// null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_func_type(
    store: *mut Store,
    func: Handle,
    types: *mut u8,
    capacity: usize,
    param_count: *mut usize,
    result_count: *mut usize,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let store = unsafe { context(store) }?;
        let ty = Func::try_from(func)?.ty(&store)?;
        // SAFETY: the caller says so.
        let types = unsafe { array_mut(types, capacity, "types")? };
        let all = ty.params().iter().chain(ty.results());
        for (place, ty) in types.iter_mut().zip(all) {
            *place = ty.to_byte();
        }
        // SAFETY: the caller says so.
        unsafe {
            put(param_count, "param_count", ty.params().len())?;
            put(result_count, "result_count", ty.results().len())
        }
    })
}

fn call(
    mut store: Context<'_>,
    func: Func,
    args: &[Value],
    results: &mut [Value],
) -> Result<(), Failure> {
    let ty = func.ty(&store)?;
    if args.len() != ty.params().len() || results.len() != ty.results().len() {
        let (args, results) = (args.len(), results.len());
        let text = format!(
            "the function's type is {ty}, but it was called with {args} arguments for {results} results"
        );
        return Err(Error::new(Kind::Type, text));
    }
    let len = args.len().max(results.len());
    let (mut few, mut many) = ([[0_u64; 2]; FEW], Vec::<RawValue>::new());
    let values = few.get_mut(..len).unwrap_or_else(|| {
        many.resize(len, [0; 2]);
        &mut many
    });
    for ((value, arg), ty) in values.iter_mut().zip(args).zip(ty.params()) {
        *value = arg.to_raw(*ty, &store)?;
    }
    // SAFETY: there are as many values as the type says, and references have been checked.
    unsafe { func.call_unchecked(&mut store, values) }?;
    for ((result, value), ty) in results.iter_mut().zip(values).zip(ty.results()) {
        // SAFETY: the function, of this store, has returned it.
        *result = unsafe { Value::from_raw(*value, *ty, &store) };
    }
    Ok(())
}

/// Calls a function.
///
/// # Safety
/// `store` is null or a store; `args` and `results` are null or have as many values as is said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_func_call(
    store: *mut Store,
    func: Handle,
    args: *const Value,
    arg_count: usize,
    results: *mut Value,
    result_count: usize,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so. The arguments are read before results are written.
        unsafe {
            let args = array(args, arg_count, "the arguments")?.to_vec();
            let results = array_mut(results, result_count, "the results")?;
            call(context(store)?, func.try_into()?, &args, results)
        }
    })
}

/// Calls a function whose type the caller has looked at.
///
/// # Safety
/// `store` is null or a store. `values` has `count` values, which is the number of the function's
/// parameters, or of its results if they are more, and holds its arguments; its type has no
/// references.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_func_call_unchecked(
    store: *mut Store,
    func: Handle,
    values: *mut Value,
    count: usize,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        unsafe {
            let values = array_mut(values.cast::<RawValue>(), count, "the values")?;
            Func::try_from(func)?.call_unchecked(context(store)?, values)?;
        }
        Ok(())
    })
}

/// Calls a function that an instance exports.
///
/// # Safety
/// As [`prefab_func_call`]; `name` is null or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_instance_call(
    store: *mut Store,
    instance: Handle,
    name: *const c_char,
    args: *const Value,
    arg_count: usize,
    results: *mut Value,
    result_count: usize,
) -> *mut Error {
    let mut func = Handle::NULL;
    // SAFETY: the caller says so.
    unsafe {
        let error = crate::instance::prefab_instance_func(
            store,
            instance,
            name,
            std::ptr::null(),
            &raw mut func,
        );
        if !error.is_null() {
            return error;
        }
        prefab_func_call(store, func, args, arg_count, results, result_count)
    }
}
