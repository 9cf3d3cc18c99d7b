//! A cache in a directory: a file for each function.
//!
//! ```text
//! DIR/ab/cdef…   the entry of the key abcdef…, in hexadecimal
//! DIR/ab/.…tmp   a complete entry before it is renamed
//! ```
//!
//! Directories have the mode 0700 and files the mode 0600. A directory or an entry that others can
//! write to is not used.
//!
//! Any number of processes may use the directory at once: entries appear whole, and a lost one is
//! compiled again. Files of other names are left alone.

use super::{CacheKey, FunctionCache};
use crate::files::PrivateDir;
use std::fmt::Write as _;
use std::fs::{self, DirEntry, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Keeps entries in files, and deletes those that were not used for the longest time when all
/// together are too large.
#[derive(Debug)]
pub struct DirectoryCache {
    directory: PrivateDir,
    max_size_bytes: u64,
    /// How many entries were put since the directory was last tidied up.
    put: AtomicU64,
}

/// How long an entry is not marked as used again: marking costs a write.
const MARK_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// After this time nobody writes a temporary file any more.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);

/// The size of what an entry takes on a disk is a multiple of this, as a rule, in bytes.
const BLOCK_SIZE_BYTES: u64 = 4096;

impl DirectoryCache {
    /// How large a cache may be if nothing else is said, in bytes: some hundred thousand functions.
    pub const DEFAULT_SIZE_BYTES: u64 = 1 << 30;

    /// The cache in the directory `path`, which is made if need be. When a compilation has added
    /// something, the files together take no more than `max_size_bytes` on the disk.
    ///
    /// # Errors
    /// If there can be no such directory, or others can write to it: entries become code that runs.
    pub fn open(path: &Path, max_size_bytes: u64) -> io::Result<Self> {
        Ok(Self {
            directory: PrivateDir::open(path)?,
            max_size_bytes,
            put: AtomicU64::new(0),
        })
    }

    /// The name of an entry's file below the directory.
    fn file(key: &CacheKey) -> PathBuf {
        let mut name = String::with_capacity(2 * key.len());
        for byte in key {
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        Path::new(&name[..2]).join(&name[2..])
    }

    /// Deletes the entries that were not used for the longest time, until three quarters of what
    /// is allowed are left.
    fn tidy(&self) -> io::Result<()> {
        let now = SystemTime::now();
        let mut entries = Vec::new();
        let mut size = 0;
        for folder in fs::read_dir(self.directory.path())? {
            let folder = folder?;
            if !is_hex(&folder, 2) || !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let file = file?;
                let Ok(found) = file.metadata() else {
                    // Another process has deleted it.
                    continue;
                };
                if is_hex(&file, 62) && found.is_file() {
                    let used = found.modified()?;
                    let blocks = found.len().div_ceil(BLOCK_SIZE_BYTES);
                    size += blocks * BLOCK_SIZE_BYTES;
                    entries.push((used, blocks * BLOCK_SIZE_BYTES, file.path()));
                } else if is_abandoned(&file, &found, now) {
                    let _ = fs::remove_file(file.path());
                }
            }
        }
        if size <= self.max_size_bytes {
            return Ok(());
        }
        entries.sort_unstable();
        for (_, bytes, path) in entries {
            if size <= self.max_size_bytes / 4 * 3 {
                break;
            }
            if fs::remove_file(path).is_ok() {
                size -= bytes;
            }
        }
        Ok(())
    }
}

impl FunctionCache for DirectoryCache {
    fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let mut file = self.directory.file(&Self::file(key)).ok()?;
        let found = file.metadata().ok()?;
        let mut entry = Vec::with_capacity(usize::try_from(found.len()).ok()?);
        file.read_to_end(&mut entry).ok()?;
        let now = SystemTime::now();
        let used = found.modified().ok();
        let recent =
            used.is_some_and(|used| now.duration_since(used).unwrap_or_default() < MARK_INTERVAL);
        if !recent {
            // A cache that cannot be written to is still good to read from.
            let _ = file.set_modified(now);
        }
        Some(entry)
    }

    fn put(&self, key: &CacheKey, entry: Vec<u8>) {
        // What cannot be kept (the disk is full) is compiled again the next time.
        if self.directory.replace(&Self::file(key), &entry).is_ok() {
            self.put.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn finish(&self) {
        if self.put.swap(0, Ordering::Relaxed) > 0 {
            // Whatever keeps the directory from being tidied up now, the next time is soon.
            let _ = self.tidy();
        }
    }
}

fn is_hex(entry: &DirEntry, length: usize) -> bool {
    let name = entry.file_name();
    let name = name.as_encoded_bytes();
    let digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    name.len() == length && name.iter().all(digit)
}

fn is_abandoned(entry: &DirEntry, found: &Metadata, now: SystemTime) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    let age = found
        .modified()
        .map(|at| now.duration_since(at).unwrap_or_default());
    name.starts_with('.') && name.ends_with(".tmp") && age.is_ok_and(|age| age > ABANDONED_AFTER)
}
