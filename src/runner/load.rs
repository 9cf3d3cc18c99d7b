//! Loading objects that the user trusts.
//!
//! # Safety
//! Unsafe for loading: an object is machine code, which does what it likes, with the rights of
//! this process. Whoever says `prefab run FILE.o` trusts the file as they trust any program that
//! they start. Objects of the cache were compiled by this user's `prefab`: they lie in a directory that no
//! other user can write to, and the descriptor through which they were checked against the hash in
//! their note is the one that is mapped.
#![allow(unsafe_code, reason = "loads machine code that the user asked to run")]

use super::error::{Failure, STANDARD};
use crate::Module;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

/// The object in the file `path`, or in standard input if the path is `-`.
///
/// # Errors
/// If it is none, or cannot be loaded on this machine.
pub fn file(path: &Path) -> Result<Module, Failure> {
    let file = open(path).map_err(|error| Failure::io(path, "cannot be opened", &error))?;
    opened(path, file)
}

/// Opens the file `path`, or standard input if the path is `-`.
///
/// # Errors
/// If the system refuses.
pub fn open(path: &Path) -> io::Result<File> {
    if path == Path::new(STANDARD) {
        let stdin = io::stdin().as_fd().try_clone_to_owned()?;
        return Ok(stdin.into());
    }
    File::open(path)
}

/// Whether `path` says nothing about the module in the file: standard input, or a descriptor, as a shell
/// passes it for `<(…)`.
pub fn is_anonymous(path: &Path) -> bool {
    path == Path::new(STANDARD) || path.starts_with("/dev") || path.starts_with("/proc")
}

/// The name of the module in the file `path`.
pub fn module_name(path: &Path) -> String {
    if is_anonymous(path) {
        return "module".to_owned();
    }
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The object in an open file, which is that of the path `path` or of the cache.
///
/// # Errors
/// As [`file`].
pub fn opened(path: &Path, file: File) -> Result<Module, Failure> {
    let name = module_name(path);
    // SAFETY: the user asked to run the file, or it is of the cache (see the head of this file).
    let module = unsafe { crate::load_opened(file, &name) };
    module.map_err(|error| Failure::of(path, error.problem().to_string()))
}

/// The object `object`, which was read from the file `path` or just compiled from it.
///
/// # Errors
/// As [`file`].
pub fn bytes(path: &Path, object: &[u8]) -> Result<Module, Failure> {
    let name = module_name(path);
    // SAFETY: the user asked to run it, or the compiler made it in this process; nobody else had it since.
    let module = unsafe { crate::load_bytes(object, &name) };
    module.map_err(|error| Failure::of(path, error.problem().to_string()))
}
