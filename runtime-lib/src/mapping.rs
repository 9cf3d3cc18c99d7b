//! Reservations of address space.
//!
//! # Safety
//!
//! A [`Mapping`] is the only owner of its addresses: it maps fresh ones, changes only what lies
//! inside them, and unmaps them when dropped. It never becomes executable.
#![allow(unsafe_code, reason = "mmap, mprotect and munmap")]

use crate::pages::PageSize;
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};
use std::ffi::c_void;
use std::ptr::NonNull;

/// Addresses that nothing else maps. At first none of them can be accessed.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: NonNull<u8>,
    len: usize,
    page: PageSize,
}

// SAFETY: a mapping belongs to the process, not to a thread, and `Mapping` hands out addresses
// only; who accesses them answers for that.
unsafe impl Send for Mapping {}
// SAFETY: as above; changing a mapping takes `&mut`.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Reserves `len` bytes, whole pages of the size `page`, none of which can be accessed.
    pub(crate) fn reserve(len: usize, page: PageSize) -> Result<Self, Errno> {
        if len == 0 {
            return Ok(Self::new(NonNull::dangling(), len, page));
        }
        if !page.is_boundary(len as u64) {
            return Err(Errno::INVAL);
        }
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // What an interpreter maps can be accessed at once: it has no pages.
        let (access, flags) = if cfg!(miri) {
            (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        } else {
            (ProtFlags::empty(), flags)
        };
        // SAFETY: a fresh mapping, at an address that the kernel picks, touches nothing mapped.
        let base = unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), len, access, flags)? };
        let base = NonNull::new(base.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self::new(base, len, page))
    }

    const fn new(base: NonNull<u8>, len: usize, page: PageSize) -> Self {
        Self { base, len, page }
    }

    /// The first address.
    pub(crate) const fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The size of the pages that it is laid out in.
    pub(crate) const fn page(&self) -> PageSize {
        self.page
    }

    /// The address `offset` bytes behind the first one, if the whole range is part of the mapping
    /// and consists of whole pages.
    fn range(&self, offset: usize, len: usize) -> Result<*mut c_void, Errno> {
        let end = offset.checked_add(len).ok_or(Errno::INVAL)?;
        let is_pages = self.page.is_boundary(offset as u64) && self.page.is_boundary(len as u64);
        if end > self.len || !is_pages {
            return Err(Errno::INVAL);
        }
        Ok(self.base.as_ptr().wrapping_add(offset).cast())
    }

    /// Makes a part (page-aligned on both sides) readable and writable; what was not accessible
    /// before is zero.
    pub(crate) fn make_accessible(&mut self, offset: usize, len: usize) -> Result<(), Errno> {
        let at = self.range(offset, len)?;
        if len == 0 || cfg!(miri) {
            return Ok(());
        }
        let flags = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: `range` has checked that these addresses are the mapping's own, and more access
        // breaks no reference.
        unsafe { rustix::mm::mprotect(at, len, flags) }
    }

    /// Makes a part (page-aligned on both sides) readable and nothing else, or not accessible.
    pub(crate) fn set_readable(
        &mut self,
        offset: usize,
        len: usize,
        is_readable: bool,
    ) -> Result<(), Errno> {
        let at = self.range(offset, len)?;
        if len == 0 || cfg!(miri) {
            return Ok(());
        }
        let flags = match is_readable {
            true => MprotectFlags::READ,
            false => MprotectFlags::empty(),
        };
        // SAFETY: `range` has checked that these addresses are the mapping's own, and the mapping
        // itself hands out no reference to what is there.
        unsafe { rustix::mm::mprotect(at, len, flags) }
    }

    /// Forgets what was written to a part (page-aligned on both sides): where a file is mapped, it
    /// is what the file says, elsewhere zero. Takes time for the pages that were touched.
    ///
    /// # Errors
    /// If the system refuses, as it does where the pages are locked in memory.
    pub(crate) fn discard(&mut self, offset: usize, len: usize) -> Result<(), Errno> {
        let at = self.range(offset, len)?;
        if len == 0 {
            return Ok(());
        }
        if cfg!(miri) {
            return Err(Errno::NOSYS);
        }
        // SAFETY: as in `set_readable`; all parts are private mappings, for which this is
        // what it does (madvise(2)).
        unsafe { rustix::mm::madvise(at, len, Advice::LinuxDontNeed) }
    }

    /// Replaces a part (page-aligned on both sides) by a private, writable mapping of `file` from
    /// `file_offset` (page-aligned).
    pub(crate) fn map_file(
        &mut self,
        offset: usize,
        len: usize,
        file: BorrowedFd<'_>,
        file_offset: u64,
    ) -> Result<(), Errno> {
        let at = self.range(offset, len)?;
        if len == 0 {
            return Ok(());
        }
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: `range` has checked that the addresses that are replaced are the mapping's own;
        // no reference into them is held: those into a memory live only as long as its store is
        // borrowed, which `&mut self` is a part of.
        unsafe { rustix::mm::mmap(at, len, access, flags, file, file_offset)? };
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.len == 0 {
            return;
        }
        // SAFETY: the addresses are the mapping's own, and whoever was given one (handles,
        // compiled code) lives no longer than the store that drops it. Unmapping a whole
        // mapping does not fail.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::Mapping;
    use crate::pages::PageSize;
    use std::os::fd::AsFd;

    #[test]
    fn a_private_view_of_a_file_is_the_mappings_own() {
        for page in PageSize::all() {
            let size = page.bytes();
            let file = rustix::fs::memfd_create("test", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
            rustix::io::pwrite(&file, &vec![7; size], 0).unwrap();
            let mut mappings = [
                Mapping::reserve(4 * size, page).unwrap(),
                Mapping::reserve(4 * size, page).unwrap(),
            ];
            for mapping in &mut mappings {
                mapping.make_accessible(0, 2 * size).unwrap();
                mapping.map_file(size, size, file.as_fd(), 0).unwrap();
            }
            // SAFETY: the second page of the first mapping has just been made accessible.
            unsafe { mappings[0].base().add(size).write(1) };
            // SAFETY: as above, of the second mapping.
            let (zero, seven) = unsafe {
                (
                    mappings[1].base().read(),
                    mappings[1].base().add(size).read(),
                )
            };
            assert_eq!((zero, seven), (0, 7));
            let mapping = &mut mappings[0];
            assert!(mapping.make_accessible(size, 4 * size).is_err());
            assert!(mapping.map_file(4 * size, size, file.as_fd(), 0).is_err());
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "maps a file, which Miri does not")]
    fn what_was_written_is_forgotten() {
        for page in PageSize::all() {
            let size = page.bytes();
            let file = rustix::fs::memfd_create("test", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
            rustix::io::pwrite(&file, &vec![7; size], 0).unwrap();
            let mut mapping = Mapping::reserve(3 * size, page).unwrap();
            mapping.make_accessible(0, size).unwrap();
            mapping.map_file(size, size, file.as_fd(), 0).unwrap();
            let ends = |mapping: &Mapping| {
                [0, size - 1, size, 2 * size - 1].map(|at| {
                    // SAFETY: the first two pages of the mapping are accessible.
                    unsafe { mapping.base().add(at).read() }
                })
            };
            let write = |mapping: &mut Mapping| {
                for at in [0, size - 1, size, 2 * size - 1] {
                    // SAFETY: as above.
                    unsafe { mapping.base().add(at).write(9) };
                }
            };
            write(&mut mapping);
            mapping.discard(0, 2 * size).unwrap();
            assert_eq!(ends(&mapping), [0, 0, 7, 7]);
            write(&mut mapping);
            mapping.discard(0, 2 * size).unwrap();
            mapping.set_readable(0, 2 * size, false).unwrap();
            mapping.make_accessible(0, 2 * size).unwrap();
            assert_eq!(ends(&mapping), [0, 0, 7, 7]);
            assert!(mapping.discard(0, 4 * size).is_err());
        }
    }

    #[test]
    fn parts_of_pages_are_refused() {
        for page in PageSize::all() {
            let size = page.bytes();
            assert!(Mapping::reserve(size / 2, page).is_err());
            let mut mapping = Mapping::reserve(2 * size, page).unwrap();
            assert!(mapping.make_accessible(size / 2, size).is_err());
            assert!(mapping.make_accessible(0, size / 2).is_err());
            assert!(mapping.make_accessible(size, size).is_ok());
        }
    }
}
