//! A memory's reservation and size.
//!
//! ```text
//!  mapping
//!  │ fields or definition │ memory … │ no access … │ guard │
//!                         └─ size of reservation ──┘
//! ```
//!
//! # Safety
//!
//! The bytes up to the size that the definition says are accessible: `new` and `grow` make them
//! so before they say it, and compiled code never writes a memory's definition.
#![allow(
    unsafe_code,
    reason = "compiled code reads the definition and the bytes"
)]

use crate::address;
use crate::error::Error;
use crate::mapping::Mapping;
use crate::memory::Reservation;
use crate::module::Module;
use crate::pages::PageSize;
use crate::types::{MemoryType, PAGE_SIZE};
use prefab_abi::context::MemoryDefinition;
use prefab_abi::meta::ImageChunk;
use std::ops::Range;
use std::ptr::NonNull;

/// The greatest size of a memory, in pages: all that a 32-bit address reaches.
pub(crate) const MAX_PAGES: u64 = 1 << 16;

/// Where a memory and its definition lie.
pub(crate) enum Place {
    /// The memory in a mapping of its own, the definition in the page before it.
    Own,
    /// The memory in this mapping, where nothing is accessible yet, the definition in an instance's
    /// fields.
    Defined(Mapping, NonNull<MemoryDefinition>),
    /// Both in an instance's mapping, where nothing is accessible yet: the memory this far from
    /// its start (a multiple of the machine's page size), the definition
    /// [`ContextHeader::MEMORY`](prefab_abi::context::ContextHeader::MEMORY) before the memory.
    Instance(Mapping, usize),
}

/// A memory.
pub(crate) struct MemoryData {
    mapping: Mapping,
    /// Where in the mapping the memory starts, in bytes.
    offset: usize,
    definition: NonNull<MemoryDefinition>,
    /// The size that it begins with, in pages.
    min: u64,
    max: Option<u64>,
    reservation: Reservation,
    /// Where its module's image is mapped: offsets and sizes, in bytes.
    images: Vec<[u64; 2]>,
    /// Whether the host has neither written to it nor given it to others. Guests are not seen here.
    is_untouched: bool,
}

impl MemoryData {
    /// A memory of the type's least size, which is not more than `reservation` has; all zero. A mapping
    /// of its own is laid out in pages of this size.
    pub(crate) fn new(
        ty: MemoryType,
        reservation: Reservation,
        place: Place,
        page: PageSize,
    ) -> Result<Self, Error> {
        let limit = (MAX_PAGES * PAGE_SIZE).min(reservation.size_bytes);
        let size = ty.min.saturating_mul(PAGE_SIZE);
        if size > limit {
            return Err(Error::TooLarge {
                what: "memory",
                size,
                unit: "bytes",
                limit,
            });
        }
        let (mut mapping, offset, definition) = match place {
            Place::Own => {
                let mapping = reservation.map(page.bytes(), page)?;
                let definition = mapping.base().cast();
                (mapping, page.bytes(), definition)
            }
            Place::Defined(mapping, definition) => (mapping, 0, definition),
            Place::Instance(mapping, offset) => {
                let at = offset as isize + prefab_abi::context::ContextHeader::MEMORY as isize;
                // SAFETY: the instance's header lies right before the memory, in the mapping.
                let definition = unsafe { mapping.base().offset(at) };
                (mapping, offset, definition.cast())
            }
        };
        let size_bytes = ty.min * PAGE_SIZE;
        // Pages may be larger than WebAssembly's: the last one is accessible to its end.
        let end = mapping.page().round_up(offset + size_bytes as usize);
        mapping
            .make_accessible(0, end.unwrap_or(offset))
            .map_err(|error| Error::resource("make a memory", error))?;
        let mut memory = Self {
            mapping,
            offset,
            definition,
            min: ty.min,
            max: ty.max,
            reservation,
            images: Vec::new(),
            is_untouched: true,
        };
        memory.define(size_bytes);
        Ok(memory)
    }

    fn define(&mut self, size_bytes: u64) {
        let definition = MemoryDefinition {
            base: address::of(self.base().as_ptr()),
            size_bytes,
        };
        // SAFETY: the definition is part of an accessible mapping, this memory's or the
        // instance's, both the store's; no reference to it exists.
        unsafe { self.definition.write(definition) };
    }

    fn base(&self) -> NonNull<u8> {
        // SAFETY: the offset lies inside the mapping: `new` has made both.
        unsafe { self.mapping.base().add(self.offset) }
    }

    /// The address of the definition.
    pub(crate) fn definition(&self) -> u64 {
        address::of(self.definition.as_ptr())
    }

    /// The addresses at which an access to the memory may fault.
    pub(crate) fn addresses(&self) -> Range<u64> {
        let base = address::of(self.base().as_ptr());
        base..base + self.reservation.len()
    }

    pub(crate) const fn reservation(&self) -> &Reservation {
        &self.reservation
    }

    /// The current size, in bytes.
    pub(crate) fn size_bytes(&self) -> u64 {
        // SAFETY: as in `define`.
        unsafe { (*self.definition.as_ptr()).size_bytes }
    }

    /// The type, with the current size for the least one.
    pub(crate) fn ty(&self) -> MemoryType {
        MemoryType::new(self.size_bytes() / PAGE_SIZE, self.max)
    }

    /// Grows by `delta` pages; the size before, in pages.
    pub(crate) fn grow(&mut self, delta: u64) -> Result<u64, Error> {
        let old = self.size_bytes() / PAGE_SIZE;
        let room = self.reservation.size_bytes / PAGE_SIZE;
        let max = self.max.unwrap_or(room).min(room);
        let new = old.checked_add(delta).filter(|new| *new <= max);
        let new = new.ok_or(Error::TooLarge {
            what: "memory",
            size: old.saturating_add(delta).saturating_mul(PAGE_SIZE),
            unit: "bytes",
            limit: max.saturating_mul(PAGE_SIZE),
        })?;
        self.is_untouched = false;
        let (from, to) = (old * PAGE_SIZE, new * PAGE_SIZE);
        // As in `new`, the last page was accessible to its end.
        let growth = self.mapping.page().growth(from as usize, to as usize);
        let (start, size) = growth.ok_or(Error::OutOfBounds("the memory cannot become larger"))?;
        self.mapping
            .make_accessible(self.offset + start, size)
            .map_err(|error| Error::resource("grow a memory", error))?;
        self.define(to);
        Ok(old)
    }

    /// Makes the memory what it was before it was used: of its least size, with what was mapped of
    /// its module's image, zero elsewhere. Its sizes before and after, in bytes.
    pub(crate) fn reset(&mut self) -> Result<[u64; 2], Error> {
        let failed = |error| Error::resource("reset a memory", error);
        let (from, to) = (self.size_bytes(), self.min * PAGE_SIZE);
        let page = self.mapping.page();
        let too_large = || failed(rustix::io::Errno::NOMEM);
        let accessible = page.round_up(from as usize).ok_or_else(too_large)?;
        if self.mapping.discard(self.offset, accessible).is_err() {
            // The pages are locked in memory, perhaps. The image is to be mapped again.
            self.images.clear();
            self.bytes_mut().fill(0);
        }
        // Nobody is to reach what lies behind the end.
        let (start, len) = page
            .growth(to as usize, from as usize)
            .ok_or_else(too_large)?;
        let at = self.offset + start;
        self.mapping.set_readable(at, len, false).map_err(failed)?;
        self.define(to);
        Ok([from, to])
    }

    /// Notes that others have the memory, too, and may write to it.
    pub(crate) const fn share(&mut self) {
        self.is_untouched = false;
    }

    /// Makes the memory what it was before it was used, for another instance in the same place, if a
    /// guest `has_run` that may have written to it or somebody else may have.
    pub(crate) fn renew(&mut self, has_run: bool) -> Result<(), Error> {
        if has_run || !self.is_untouched {
            self.reset()?;
            self.is_untouched = true;
        }
        Ok(())
    }

    /// The address of byte 0.
    pub(crate) fn address(&self) -> NonNull<u8> {
        self.base()
    }

    /// The memory's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: so many bytes are accessible, and while the store is borrowed no guest runs
        // that could change them or the size.
        unsafe { std::slice::from_raw_parts(self.base().as_ptr(), self.size_bytes() as usize) }
    }

    /// The memory's bytes.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let size = self.size_bytes() as usize;
        self.is_untouched = false;
        // SAFETY: as in `bytes`, and `&mut self` is the only reference to this memory.
        unsafe { std::slice::from_raw_parts_mut(self.base().as_ptr(), size) }
    }

    /// Makes a part of the memory what the module's image says, unless it is so from before a
    /// [reset](Self::reset). Only before the memory is used.
    pub(crate) fn map_image(&mut self, module: &Module, chunk: &ImageChunk) -> Result<(), Error> {
        let outside = || {
            let offset = chunk.memory_offset;
            Error::format("image chunk", "lies outside the memory", offset)
        };
        if self.images.contains(&[chunk.memory_offset, chunk.size]) {
            return Ok(());
        }
        let bytes = module.image().bytes(chunk.image_offset, chunk.size)?;
        let size = self.size_bytes();
        let end = chunk.memory_offset.checked_add(chunk.size);
        let end = end.filter(|end| *end <= size).ok_or_else(outside)?;
        let (file, start) = module.image().file()?;
        let from = start.checked_add(chunk.image_offset).ok_or_else(outside)?;
        let page = self.mapping.page();
        let aligned = [from, chunk.memory_offset, chunk.size]
            .into_iter()
            .all(|number| page.is_boundary(number));
        if aligned {
            let at = self.offset + chunk.memory_offset as usize;
            let mapped = self.mapping.map_file(at, bytes.len(), file, from);
            mapped.map_err(|error| Error::resource("map a memory's image", error))?;
            self.images.push([chunk.memory_offset, chunk.size]);
            return Ok(());
        }
        let range = chunk.memory_offset as usize..end as usize;
        self.bytes_mut()[range].copy_from_slice(bytes);
        Ok(())
    }
}

// SAFETY: a memory is part of a store, which is sent as a whole.
unsafe impl Send for MemoryData {}

#[cfg(test)]
mod tests {
    use super::{MemoryData, Place};
    use crate::memory::Reservation;
    use crate::pages::PageSize;
    use crate::types::{MemoryType, PAGE_SIZE};

    #[test]
    fn grows_in_place_up_to_its_maximum() {
        for page in PageSize::all() {
            let ty = MemoryType::new(1, Some(3));
            let mut memory = MemoryData::new(ty, Reservation::of_host(), Place::Own, page).unwrap();
            memory.bytes_mut()[PAGE_SIZE as usize - 1] = 9;
            let base = memory.bytes().as_ptr();
            assert_eq!(memory.grow(2).unwrap(), 1);
            assert!(memory.grow(1).is_err());
            assert!(memory.grow(u64::MAX).is_err());
            assert_eq!(memory.bytes().as_ptr(), base);
            assert_eq!(memory.bytes().len() as u64, 3 * PAGE_SIZE);
            assert_eq!(memory.bytes()[PAGE_SIZE as usize - 1], 9);
            memory.bytes_mut()[3 * PAGE_SIZE as usize - 1] = 1;
            assert_eq!(memory.ty(), MemoryType::new(3, Some(3)));
            assert!(memory.addresses().contains(&(base.addr() as u64)));
        }
    }

    #[test]
    fn grows_no_further_than_its_reservation() {
        for page in PageSize::all() {
            let ty = MemoryType::new(1, None);
            let reservation = Reservation {
                size_bytes: 2 * PAGE_SIZE,
                guard_size_bytes: 0,
            };
            let mut memory = MemoryData::new(ty, reservation, Place::Own, page).unwrap();
            assert_eq!(memory.grow(1).unwrap(), 1);
            assert!(memory.grow(1).is_err());
            assert_eq!(memory.ty(), MemoryType::new(2, None));
            memory.bytes_mut()[2 * PAGE_SIZE as usize - 1] = 1;
            let larger = MemoryType::new(3, None);
            assert!(MemoryData::new(larger, reservation, Place::Own, page).is_err());
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "locks pages, which Miri does not")]
    fn a_reset_leaves_zeros_and_the_least_size() {
        for (page, is_locked) in PageSize::all().flat_map(|page| [(page, false), (page, true)]) {
            let ty = MemoryType::new(1, Some(3));
            let mut memory = MemoryData::new(ty, Reservation::of_host(), Place::Own, page).unwrap();
            memory.grow(1).unwrap();
            memory.bytes_mut().fill(7);
            let first = memory.bytes_mut().as_mut_ptr();
            if is_locked {
                // SAFETY: the page is the memory's own.
                unsafe { rustix::mm::mlock(first.cast(), 4096) }.unwrap();
            }
            assert_eq!(memory.reset().unwrap(), [2 * PAGE_SIZE, PAGE_SIZE]);
            assert_eq!(memory.ty(), MemoryType::new(1, Some(3)));
            assert!(memory.bytes().iter().all(|byte| *byte == 0));
            // What was behind the end is gone, too.
            memory.grow(2).unwrap();
            assert!(memory.bytes().iter().all(|byte| *byte == 0));
            memory.bytes_mut().fill(7);
            assert_eq!(memory.reset().unwrap(), [3 * PAGE_SIZE, PAGE_SIZE]);
            assert_eq!(memory.reset().unwrap(), [PAGE_SIZE; 2]);
            assert!(memory.bytes().iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn a_memory_may_be_empty() {
        for page in PageSize::all() {
            for max in [None, Some(0)] {
                let ty = MemoryType::new(0, max);
                let reservation = Reservation::of_host_where_scarce(ty);
                let memory = MemoryData::new(ty, reservation, Place::Own, page).unwrap();
                assert!(memory.bytes().is_empty());
            }
        }
    }
}
