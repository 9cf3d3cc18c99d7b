//! Files, and mapping them.
//!
//! # Safety
//! Unsafe because what is mapped must not change: a [`Source`] is made only of a file for which
//! somebody has promised that, or of one in memory that is sealed. And because pages become
//! executable, which only [`Code`] does, for its own.
#![allow(
    unsafe_code,
    reason = "a mapped file may change under its mapping; pages become executable"
)]

use crate::error::Problem;
use memmap2::{Mmap, MmapOptions};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::mm::{MprotectFlags, mprotect};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// A file that does not change.
pub(crate) struct Source(Arc<File>);

impl Source {
    /// The file at `path`.
    ///
    /// # Safety
    /// The file does not change as long as something of it is mapped.
    pub(crate) unsafe fn open(path: &Path) -> Result<Self, Problem> {
        let file = File::open(path).map_err(|source| Problem::io("open the file", source))?;
        let metadata = file
            .metadata()
            .map_err(|source| Problem::io("look at the file", source))?;
        if metadata.is_file() {
            return Ok(Self(Arc::new(file)));
        }
        Err(Problem::field(
            "file",
            "something else",
            "a regular file",
            None,
        ))
    }

    /// A file in memory with these bytes.
    pub(crate) fn in_memory(bytes: &[u8]) -> Result<Self, Problem> {
        let failed = |source| Problem::io("make a file in memory", source);
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = memfd_create("prefab", flags).map_err(|error| failed(error.into()))?;
        let mut file = File::from(file);
        file.write_all(bytes).map_err(failed)?;
        // Future writes are sealed rather than all writes: kernels before 6.7 let no file be
        // mapped shared that is sealed against all, not even to read it. Nobody has mapped it yet.
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE | SealFlags::SEAL;
        fcntl_add_seals(&file, seals).map_err(|error| failed(error.into()))?;
        Ok(Self(Arc::new(file)))
    }

    /// All of the file, to be read.
    pub(crate) fn map(&self) -> Result<Mmap, Problem> {
        let size = self.0.metadata().map(|metadata| metadata.len());
        if size.map_err(|source| Problem::io("look at the file", source))? == 0 {
            return Err(Problem::NotElf);
        }
        // SAFETY: the file does not change.
        unsafe { Mmap::map(&*self.0) }.map_err(|source| Problem::io("map the file", source))
    }

    /// Code of the file, as it lies there: nothing is copied, and all processes that map the file
    /// share its pages.
    pub(crate) fn map_code(&self, offset: u64, len: usize) -> Result<Code, Problem> {
        let mut options = MmapOptions::new();
        options.offset(offset).len(len);
        // SAFETY: the file does not change.
        unsafe { options.map_copy_read_only(&*self.0) }
            .map(Code)
            .map_err(|source| Problem::io("map the code", source))
    }

    /// The file itself.
    pub(crate) fn into_file(self) -> Arc<File> {
        self.0
    }
}

/// Code that can be read, and not yet run.
pub(crate) struct Code(Mmap);

/// Code that can be run, and not written.
pub(crate) struct ExecutableCode {
    _map: Mmap,
}

impl Code {
    /// Where it is. It begins a page.
    pub(crate) fn address(&self) -> u64 {
        self.0.as_ptr() as u64
    }

    /// Lets it be run. Its pages come from the file, so no cache holds anything else for them.
    pub(crate) fn into_executable(self) -> Result<ExecutableCode, Problem> {
        let flags = MprotectFlags::READ | MprotectFlags::EXEC;
        let start = self.0.as_ptr().cast_mut().cast();
        // SAFETY: the mapping is this value's own and stays readable; nobody writes to it.
        unsafe { mprotect(start, self.0.len(), flags) }
            .map_err(|source| Problem::io("make the code executable", source))?;
        Ok(ExecutableCode { _map: self.0 })
    }
}
