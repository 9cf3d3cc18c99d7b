//! Native code: a library with a function `run`.
//!
//! # Safety
//! Unsafe because running machine code vouches for it: the comparison itself has built the library.
#![allow(unsafe_code, reason = "runs what the comparison has built")]

use super::Job;
use anyhow::{Result, bail};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

pub fn job(file: &Path) -> Result<Job> {
    let path = CString::new(file.as_os_str().as_bytes())?;
    // SAFETY: the path ends with a zero; the library is of our own programs, which have no constructors.
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
    if library.is_null() {
        bail!("{} is no library that can be loaded", file.display());
    }
    // SAFETY: the library was just opened and is never closed.
    let symbol = unsafe { libc::dlsym(library, c"run".as_ptr()) };
    if symbol.is_null() {
        bail!("{} has no `run`", file.display());
    }
    // SAFETY: bench.h declares `run` with this type in each program.
    let run =
        unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn(u32) -> u32>(symbol) };
    Ok(Box::new(move |n| Ok(run(n))))
}
