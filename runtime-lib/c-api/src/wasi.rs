//! WASI: what programs see of the world, `prefab_wasi_config_t`.
//!
//! # Safety
//!
//! Configurations are boxes that C owns until it gives them to a store.
#![allow(unsafe_code, reason = "functions for C")]

use crate::error::{Error, Kind};
use crate::ffi::{self, Failure, array, bytes, guard, guard_or, reference_mut, text};
use crate::linker::{Linker, write};
use crate::store::{Store, context};
use prefab_wasi::{InputStream, OutputStream, WasiCtxBuilder};
use std::ffi::{OsStr, c_char, c_int};
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::ptr;

/// What a program is given of the world.
#[derive(Debug, Default)]
pub struct WasiConfig(WasiCtxBuilder);

pub(crate) fn failed(error: &prefab_wasi::BuildError) -> Failure {
    Error::new(Kind::Argument, error.to_string())
}

/// Nothing: no arguments, no environment, no files, streams that lead nowhere.
#[unsafe(no_mangle)]
pub extern "C" fn prefab_wasi_config_new() -> *mut WasiConfig {
    guard_or(ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees a configuration that no store was given.
///
/// # Safety
/// `config` is null, or a configuration that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_wasi_config_free(config: *mut WasiConfig) {
    // SAFETY: the caller says so.
    unsafe { ffi::free(config) };
}

/// Changes a configuration.
///
/// # Safety
/// `config` is null, or a configuration that nobody else uses.
unsafe fn change(
    config: *mut WasiConfig,
    f: impl FnOnce(&mut WasiCtxBuilder) -> Result<(), Failure>,
) -> *mut Error {
    // SAFETY: the caller says so.
    guard(|| f(&mut unsafe { reference_mut(config, "the configuration") }?.0))
}

/// Adds one argument.
///
/// # Safety
/// `config` is null or a configuration; `arg` is null or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_wasi_config_arg(
    config: *mut WasiConfig,
    arg: *const c_char,
) -> *mut Error {
    // SAFETY: the caller says so.
    unsafe {
        change(config, |builder| {
            builder.arg(bytes(arg, "the argument")?);
            Ok(())
        })
    }
}

/// Sets an environment variable.
///
/// # Safety
/// `config` is null or a configuration; the strings are null or strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_wasi_config_env(
    config: *mut WasiConfig,
    name: *const c_char,
    value: *const c_char,
) -> *mut Error {
    // SAFETY: the caller says so.
    unsafe {
        change(config, |builder| {
            builder.env(bytes(name, "the name")?, bytes(value, "the value")?);
            Ok(())
        })
    }
}

/// Gives the program a directory.
///
/// # Safety
/// `config` is null or a configuration; the strings are null or strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_wasi_config_preopen_dir(
    config: *mut WasiConfig,
    host_path: *const c_char,
    guest_path: *const c_char,
) -> *mut Error {
    // SAFETY: the caller says so.
    unsafe {
        change(config, |builder| {
            let host = OsStr::from_bytes(bytes(host_path, "the directory's path")?);
            let guest = text(guest_path, "the directory's name")?;
            builder
                .preopened_dir(host, guest)
                .map_err(|error| failed(&error))?;
            Ok(())
        })
    }
}

/// Uses this program's own three standard streams.
///
/// # Safety
/// `config` is null or a configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_wasi_config_inherit_stdio(config: *mut WasiConfig) -> *mut Error {
    // SAFETY: the caller says so.
    unsafe {
        change(config, |builder| {
            builder.inherit_stdio();
            Ok(())
        })
    }
}

/// Sets what standard input reads: a copy of these bytes.
///
/// # Safety
/// `config` is null or a configuration; `input` is null or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_wasi_config_stdin_bytes(
    config: *mut WasiConfig,
    input: *const u8,
    size: usize,
) -> *mut Error {
    // SAFETY: the caller says so.
    unsafe {
        change(config, |builder| {
            let input = array(input, size, "the input")?.to_vec();
            builder.stdin(InputStream::Bytes(input));
            Ok(())
        })
    }
}

/// Makes one of the standard streams (0, 1, 2) a copy of an open file descriptor.
///
/// # Safety
/// `config` is null or a configuration; `fd` is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_wasi_config_stream_fd(
    config: *mut WasiConfig,
    stream: c_int,
    fd: c_int,
) -> *mut Error {
    let set = |builder: &mut WasiCtxBuilder| {
        if fd < 0 {
            return Err(Error::new(
                Kind::Argument,
                "the file descriptor is negative",
            ));
        }
        // SAFETY: the caller says that it is open.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        let file = fd.try_clone_to_owned();
        let file = file.map_err(|error| {
            Error::new(
                Kind::Resource,
                format!("cannot copy the file descriptor: {error}"),
            )
        })?;
        match stream {
            0 => builder.stdin(InputStream::File(File::from(file))),
            1 => builder.stdout(OutputStream::File(File::from(file))),
            2 => builder.stderr(OutputStream::File(File::from(file))),
            _ => {
                let text = format!("there is no standard stream {stream}");
                return Err(Error::new(Kind::Argument, text));
            }
        };
        Ok(())
    };
    // SAFETY: the caller says so.
    unsafe { change(config, set) }
}

/// Gives the store's programs what the configuration says. Frees the configuration.
///
/// # Safety
/// `store` is null or a store; `config` is null, or a configuration that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_store_set_wasi(
    store: *mut Store,
    config: *mut WasiConfig,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so; what is wrong is found before it is taken.
        let mut config = unsafe {
            reference_mut(config, "the configuration")?;
            Box::from_raw(config)
        };
        // SAFETY: the caller says so.
        let mut store = unsafe { context(store) }?;
        let wasi = config.0.build().map_err(|error| failed(&error))?;
        store.data_mut().set_wasi(wasi);
        Ok(())
    })
}

/// Defines WASI's functions.
///
/// # Safety
/// `linker` is null or a linker.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_linker_wasi(linker: *mut Linker) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        let mut linker = unsafe { write(linker) }?;
        Ok(prefab_wasi::add_to_linker(&mut linker, |data| data.wasi())?)
    })
}
