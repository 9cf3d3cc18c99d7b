//! Files that appear whole or not at all.

use super::error::Failure;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes `bytes` to `path`: first to a temporary name beside it, which is then renamed, so that
/// nobody ever sees half a file.
///
/// # Errors
/// If that is not possible; nothing is left behind then.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_atomically(path, bytes).map_err(|error| Failure::io(path, "cannot be written", &error))
}

/// As [`write`], with the system's error.
///
/// # Errors
/// As [`write`].
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What stands there and is no file, such as /dev/null, is written to, not replaced.
    let other = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    if other {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    if path.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let temporary = temporary(path)?;
    let result = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// A name beside `path` that no other process uses.
pub(crate) fn temporary(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    Ok(path.with_file_name(hidden))
}
