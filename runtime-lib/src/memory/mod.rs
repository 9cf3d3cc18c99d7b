//! Memories.

mod data;
mod reservation;

pub(crate) use data::{MemoryData, Place};
pub(crate) use reservation::Reservation;

use crate::error::Error;
use crate::pages::PageSize;
use crate::store::{AsContext, AsContextMut, StoreId, StoreInner};
use crate::types::{MemoryType, PAGE_SIZE};

/// A memory of a store. Its size is a multiple of a page's, [`PAGE_SIZE`] bytes; it only ever grows.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Memory, MemoryType, Store};
///
/// let mut store = Store::new(());
/// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
/// memory.write(&mut store, 0x8000, b"hello")?;
/// let mut bytes = [0; 5];
/// memory.read(&store, 0x8000, &mut bytes)?;
/// assert_eq!(&bytes, b"hello");
/// // In place:
/// memory.data_mut(&mut store)[0x8000..0x8005].make_ascii_uppercase();
/// assert_eq!(memory.data(&store)[0x8000..].split_at(5).0, b"HELLO");
///
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// assert_eq!(memory.size_in_bytes(&store)?, 2 << 16);
/// assert!(memory.grow(&mut store, 1).is_err());
/// # Ok::<(), prefab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    pub(crate) store: StoreId,
    pub(crate) index: u32,
}

const OUTSIDE: Error = Error::OutOfBounds("the bytes do not lie inside the memory");

impl Memory {
    /// A new memory, of the type's least size.
    ///
    /// All modules can import it, for which 8 GiB of address space are reserved. Where there are
    /// not so many, only as much is reserved as the memory may grow to (without a maximum, 16 MiB
    /// more than its least size), and only modules of the memory plan `bounded` can import it.
    ///
    /// # Errors
    /// If the least size is more than 4 GiB, or address space or memory for it cannot be had.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Self, Error> {
        let mut store = store.as_context_mut();
        store.new_memory(ty, |inner| {
            let page = PageSize::of_system();
            let memory = match MemoryData::new(ty, Reservation::of_host(), Place::Own, page) {
                Err(Error::Reserve(_)) => {
                    let reservation = Reservation::of_host_where_scarce(ty);
                    MemoryData::new(ty, reservation, Place::Own, page)?
                }
                memory => memory?,
            };
            let index = inner.add_memory(memory);
            Ok(Self {
                store: inner.id(),
                index,
            })
        })
    }

    fn of<'a>(&self, store: &'a StoreInner) -> Result<&'a MemoryData, Error> {
        store.check(self.store, "memory")?;
        Ok(&store.memories[self.index as usize])
    }

    fn of_mut<'a>(&self, store: &'a mut StoreInner) -> Result<&'a mut MemoryData, Error> {
        store.check(self.store, "memory")?;
        Ok(&mut store.memories[self.index as usize])
    }

    /// The memory's type. Its least size is that of the moment.
    ///
    /// # Errors
    /// If the memory is another store's.
    pub fn ty(&self, store: impl AsContext) -> Result<MemoryType, Error> {
        Ok(self.of(store.as_context().inner())?.ty())
    }

    /// The size, in pages of [`PAGE_SIZE`].
    ///
    /// # Errors
    /// If the memory is another store's.
    pub fn size(&self, store: impl AsContext) -> Result<u64, Error> {
        Ok(self.size_in_bytes(store)? / PAGE_SIZE)
    }

    /// The size, in bytes.
    ///
    /// # Errors
    /// If the memory is another store's.
    pub fn size_in_bytes(&self, store: impl AsContext) -> Result<u64, Error> {
        Ok(self.of(store.as_context().inner())?.size_bytes())
    }

    /// Grows the memory by `delta` pages; its size before, in pages.
    ///
    /// # Errors
    /// If the memory is another store's, would be larger than its maximum or 4 GiB, or the system
    /// refuses.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64, Error> {
        let mut store = store.as_context_mut();
        store.inner().check(self.store, "memory")?;
        store.memory_grow(self.index, delta)
    }

    /// The memory's bytes.
    ///
    /// # Panics
    /// If the memory is another store's.
    #[track_caller]
    pub fn data<'a, C: AsContext>(&self, store: &'a C) -> &'a [u8]
    where
        C::Data: 'a,
    {
        match self.of(store.as_context().into_inner()) {
            Ok(memory) => memory.bytes(),
            Err(error) => panic!("{error}"),
        }
    }

    /// The memory's bytes.
    ///
    /// # Panics
    /// If the memory is another store's.
    #[track_caller]
    pub fn data_mut<'a, C: AsContextMut>(&self, store: &'a mut C) -> &'a mut [u8]
    where
        C::Data: 'a,
    {
        self.data_and_store_mut(store).0
    }

    /// The memory's bytes, and the host's data in the store.
    ///
    /// # Panics
    /// If the memory is another store's.
    #[track_caller]
    pub fn data_and_store_mut<'a, C: AsContextMut>(
        &self,
        store: &'a mut C,
    ) -> (&'a mut [u8], &'a mut C::Data) {
        let (inner, data) = store.as_context_mut().into_parts();
        match self.of_mut(inner) {
            Ok(memory) => (memory.bytes_mut(), data),
            Err(error) => panic!("{error}"),
        }
    }

    /// Copies bytes from `offset` on into `buffer`.
    ///
    /// # Errors
    /// If the memory is another store's, or the bytes do not lie inside it.
    pub fn read(
        &self,
        store: impl AsContext,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), Error> {
        let store = store.as_context();
        let bytes = self.of(store.inner())?.bytes();
        let end = offset.checked_add(buffer.len()).ok_or(OUTSIDE)?;
        buffer.copy_from_slice(bytes.get(offset..end).ok_or(OUTSIDE)?);
        Ok(())
    }

    /// Copies `buffer` to `offset`.
    ///
    /// # Errors
    /// If the memory is another store's, or the bytes would not lie inside it.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        offset: usize,
        buffer: &[u8],
    ) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let bytes = self.of_mut(store.inner_mut())?.bytes_mut();
        let end = offset.checked_add(buffer.len()).ok_or(OUTSIDE)?;
        bytes
            .get_mut(offset..end)
            .ok_or(OUTSIDE)?
            .copy_from_slice(buffer);
        Ok(())
    }
}

impl StoreInner {
    /// Gives a memory to the store; its index.
    pub(crate) fn add_memory(&mut self, memory: MemoryData) -> u32 {
        let index = crate::store::index_of(self.memories.len());
        self.exec_mut().add_memory(memory.addresses());
        self.memories.push(memory);
        index
    }
}
