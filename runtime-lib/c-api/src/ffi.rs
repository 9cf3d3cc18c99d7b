//! The border between C and Rust.
//!
//! # Safety
//!
//! What C passes is a valid pointer or null, as `prefab.h` says of each parameter; null is found
//! here and gives an error. References made of pointers live no longer than the call.
#![allow(unsafe_code, reason = "takes pointers from C")]

use crate::error::{Error, Kind};
use std::any::Any;
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{ptr, slice};

/// Why a call fails.
pub(crate) type Failure = Box<Error>;

/// Runs `f` for a function of the API that returns an error or null.
pub(crate) fn guard(f: impl FnOnce() -> Result<(), Failure>) -> *mut Error {
    let outcome = catch_unwind(AssertUnwindSafe(f));
    match outcome.unwrap_or_else(|payload| Err(panicked(&*payload))) {
        Ok(()) => ptr::null_mut(),
        Err(error) => Box::into_raw(error),
    }
}

/// Runs `f` for a function of the API that returns no error: `otherwise` if it panics.
pub(crate) fn guard_or<R>(otherwise: R, f: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or(otherwise)
}

fn panicked(payload: &(dyn Any + Send)) -> Failure {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("for a reason that is no text");
    Error::new(Kind::Panic, format!("the runtime panicked: {text}"))
}

fn null(what: &str) -> Failure {
    Error::new(Kind::Argument, format!("{what} is NULL"))
}

/// What a pointer of C's points at.
///
/// # Safety
/// It is null, or valid and not changed during `'a`.
pub(crate) unsafe fn reference<'a, T>(pointer: *const T, what: &str) -> Result<&'a T, Failure> {
    // SAFETY: the caller says so.
    unsafe { pointer.as_ref() }.ok_or_else(|| null(what))
}

/// As [`reference`], to change it.
///
/// # Safety
/// It is null, or valid and not used by anybody else during `'a`.
#[cfg(feature = "wasi")]
pub(crate) unsafe fn reference_mut<'a, T>(
    pointer: *mut T,
    what: &str,
) -> Result<&'a mut T, Failure> {
    // SAFETY: the caller says so.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(what))
}

/// Puts a result where C wants it.
///
/// # Safety
/// The pointer is null, or can be written to.
pub(crate) unsafe fn put<T>(pointer: *mut T, what: &str, value: T) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(null(what));
    }
    // SAFETY: the caller says so. Nothing that is dropped is ever there.
    unsafe { pointer.write(value) };
    Ok(())
}

/// An array of C's; null is an empty one if it has no length.
///
/// # Safety
/// The pointer is null, or that of so many values that do not change during `'a`.
pub(crate) unsafe fn array<'a, T>(
    pointer: *const T,
    len: usize,
    what: &str,
) -> Result<&'a [T], Failure> {
    match (pointer.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(null(what)),
        // SAFETY: the caller says so.
        (false, _) => Ok(unsafe { slice::from_raw_parts(pointer, len) }),
    }
}

/// As [`array`], to change it.
///
/// # Safety
/// As [`array`], and nobody else uses the values during `'a`.
pub(crate) unsafe fn array_mut<'a, T>(
    pointer: *mut T,
    len: usize,
    what: &str,
) -> Result<&'a mut [T], Failure> {
    match (pointer.is_null(), len) {
        (_, 0) => Ok(&mut []),
        (true, _) => Err(null(what)),
        // SAFETY: the caller says so.
        (false, _) => Ok(unsafe { slice::from_raw_parts_mut(pointer, len) }),
    }
}

/// A string of C's.
///
/// # Safety
/// The pointer is null, or that of a string that ends in NUL and does not change during `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, what: &str) -> Result<&'a str, Failure> {
    // SAFETY: the caller says so.
    let bytes = unsafe { bytes(pointer, what) }?;
    str::from_utf8(bytes).map_err(|_| Error::new(Kind::Argument, format!("{what} is not UTF-8")))
}

/// As [`text`], of any bytes.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn bytes<'a>(pointer: *const c_char, what: &str) -> Result<&'a [u8], Failure> {
    if pointer.is_null() {
        return Err(null(what));
    }
    // SAFETY: the caller says so.
    Ok(unsafe { CStr::from_ptr(pointer) }.to_bytes())
}

/// Drops what `Box::into_raw` gave to C; null is nothing.
///
/// # Safety
/// The pointer is null or such a one, and is not used again.
pub(crate) unsafe fn free<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: the caller says so.
        guard_or((), || drop(unsafe { Box::from_raw(pointer) }));
    }
}
