//! Files, and mapping them. What is mapped is never writable: a [`Mapped`] file can be read, an
//! [`Image`] has its code executable, too.
//!
//! # Safety
//! Unsafe because what is mapped must not change: a [`Source`] is made only of a file for which
//! somebody has promised that, or of one in memory that is sealed. And because pages become
//! executable, which only [`Mapped::publish`] does, for its own.
#![allow(
    unsafe_code,
    reason = "a mapped file may change under its mapping; pages become executable"
)]

use crate::error::Problem;
use rustix::buffer::spare_capacity;
use rustix::fs::{FileType, MemfdFlags, SealFlags, fcntl_add_seals, fstat, memfd_create};
use rustix::io::{Errno, pread};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mprotect, munmap};
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::{Deref, Range};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file that does not change.
pub(crate) struct Source {
    file: Arc<File>,
    size_bytes: u64,
}

impl Source {
    /// An open file. A regular file is mapped itself. The contents of a pipe or of a device are
    /// read to their end, and a copy in memory is mapped.
    ///
    /// # Safety
    /// A regular file does not change as long as something of it is mapped.
    pub(crate) unsafe fn opened(mut file: File) -> Result<Self, Problem> {
        let stat = fstat(&file).map_err(|source| Problem::io("look at the file", source))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(Self {
                file: Arc::new(file),
                size_bytes: stat.st_size as u64,
            }),
            FileType::Directory => {
                let expected = "a regular file or a pipe";
                Err(Problem::field("file", "a directory", expected, None))
            }
            _ => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)
                    .map_err(|source| Problem::io("read the file", source))?;
                Self::in_memory(&bytes)
            }
        }
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
        Ok(Self {
            file: Arc::new(file),
            size_bytes: bytes.len() as u64,
        })
    }

    /// The size of the file, in bytes.
    pub(crate) const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// A copy of `size` bytes of the file. For small things at many places that costs less than
    /// touching them in a mapping: a system call is cheaper than a page fault.
    pub(crate) fn read(&self, offset: u64, size: usize) -> Result<Vec<u8>, Problem> {
        let failed = |source: io::Error| Problem::io("read the file", source);
        let mut bytes = Vec::with_capacity(size);
        while bytes.len() < size {
            let at = offset + bytes.len() as u64;
            match pread(&*self.file, spare_capacity(&mut bytes), at) {
                Ok(0) => return Err(failed(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(failed(error.into())),
            }
        }
        bytes.truncate(size);
        Ok(bytes)
    }

    /// The file from `start` on, which starts a page, to be read.
    pub(crate) fn map(&self, start: u64) -> Result<Mapped, Problem> {
        let size = self.size_bytes.checked_sub(start);
        let failed = |error| Problem::io("map the file", io::Error::from(error));
        let size = size.and_then(|size| usize::try_from(size).ok());
        let size = size.ok_or_else(|| failed(Errno::NOMEM))?.max(1);
        let place = ptr::without_provenance_mut(place_for_code(size));
        let flags = MapFlags::PRIVATE;
        // SAFETY: the place is only wished for: the system takes another if something is there. The
        // file does not change.
        let base = unsafe { mmap(place, size, ProtFlags::READ, flags, &*self.file, start) };
        let base = NonNull::new(base.map_err(failed)?.cast());
        let base = base.ok_or_else(|| failed(Errno::NOMEM))?;
        let map = Map { base, size };
        Ok(Mapped { map, start })
    }

    /// The file itself.
    pub(crate) fn into_file(self) -> Arc<File> {
        self.file
    }
}

/// A place for `size` bytes near the code of this program, if nothing is there: processors predict
/// calls less well if the addresses they go to and come from differ in more than their low bits (Zen 4:
/// 37 bits, 0.4 ns), and systems put files as far as possible from programs.
fn place_for_code(size: usize) -> usize {
    /// What programs and their heaps, which grow upwards, keep.
    const DISTANCE: usize = 256 << 20;
    /// How far from there one after the other is put.
    const REACH: usize = 16 << 30;
    /// A multiple of every page size.
    const ALIGNMENT: usize = 64 << 10;
    static USED: AtomicUsize = AtomicUsize::new(0);
    let size = size.next_multiple_of(ALIGNMENT);
    let used = USED.fetch_add(size, Ordering::Relaxed) % REACH;
    let here = (place_for_code as *const ()).addr() & !(ALIGNMENT - 1);
    let below = here.checked_sub(size + used + DISTANCE);
    below.unwrap_or(here + REACH + used)
}

/// A mapping of a file, to be read.
struct Map {
    base: NonNull<u8>,
    size: usize,
}

// SAFETY: nobody writes to it.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: so many bytes are mapped there, which nobody changes, until this is dropped.
        unsafe { slice::from_raw_parts(self.base.as_ptr(), self.size) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: it is this value's own, and nothing of it is used any more. It cannot fail.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.size) };
    }
}

/// A file that can be read, and of which nothing can be written or run.
pub(crate) struct Mapped {
    map: Map,
    /// Where in the file the mapping starts, in bytes.
    start: u64,
}

/// A file whose code can be run, and of which nothing can be written.
pub(crate) struct Image(Mapped);

impl Mapped {
    /// What is at this place of the file, which lies inside the mapping.
    pub(crate) fn bytes(&self, range: Range<u64>) -> Option<&[u8]> {
        let at = |offset: u64| usize::try_from(offset.checked_sub(self.start)?).ok();
        self.map.get(at(range.start)?..at(range.end)?)
    }

    /// Lets the code at this place of the file, which starts a page, be run. Its pages come from the
    /// file, so no cache holds anything else for them, and all processes share them.
    pub(crate) fn publish(self, code: Option<Range<u64>>) -> Result<Image, Problem> {
        if let Some(code) = code.and_then(|range| self.bytes(range)) {
            let flags = MprotectFlags::READ | MprotectFlags::EXEC;
            let start = code.as_ptr().cast_mut().cast();
            // SAFETY: a part of the mapping, which is this value's own and stays readable; nobody
            // writes to it.
            unsafe { mprotect(start, code.len(), flags) }
                .map_err(|source| Problem::io("make the code executable", source))?;
        }
        Ok(Image(self))
    }
}

impl Image {
    /// Where this place of the file is in memory.
    pub(crate) fn address(&self, range: Range<u64>) -> Option<u64> {
        self.0.bytes(range).map(|bytes| bytes.as_ptr() as u64)
    }
}
