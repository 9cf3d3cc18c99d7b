//! Borrowed stores.
//!
//! # Safety
//!
//! As in the module above: a context stands for a borrow of the store (`&` or `&mut`, by its
//! lifetime), and makes references to the contents only while it is itself borrowed.
#![allow(
    unsafe_code,
    reason = "the store is shared with the compiled code that runs in it"
)]

use super::growth;
use super::{Contents, Mode, Shared, Store, StoreInner};
use crate::error::Error;
use crate::instance::{Imports, Initialize, Instance};
use crate::module::Module;
use crate::types::{MemoryType, TableType};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// A store, borrowed for reading.
pub struct StoreContext<'a, T, M: Mode = Shared> {
    contents: &'a Contents<T>,
    marker: PhantomData<M>,
}

/// A store, borrowed for everything.
pub struct StoreContextMut<'a, T, M: Mode = Shared> {
    contents: NonNull<Contents<T>>,
    marker: PhantomData<(&'a mut Contents<T>, M)>,
}

// SAFETY: as `&Store`: what can be reached through it is read alone, and is shared as `Store` is.
unsafe impl<T: Sync, M: Mode + Sync> Send for StoreContext<'_, T, M> {}
// SAFETY: as above.
unsafe impl<T: Sync, M: Mode + Sync> Sync for StoreContext<'_, T, M> {}
// SAFETY: as `&mut Store`: it is sent as `Store` is.
unsafe impl<T: Send, M: Mode + Send> Send for StoreContextMut<'_, T, M> {}
// SAFETY: as above, through a shared reference nothing can be changed.
unsafe impl<T: Sync, M: Mode + Sync> Sync for StoreContextMut<'_, T, M> {}

/// What a store can be read through.
pub trait AsContext {
    /// The host's data in the store.
    type Data;
    /// The store's mode.
    type Mode: Mode;

    /// The store.
    fn as_context(&self) -> StoreContext<'_, Self::Data, Self::Mode>;
}

/// What a store can be used through.
pub trait AsContextMut: AsContext {
    /// The store.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data, Self::Mode>;
}

impl<'a, T, M: Mode> StoreContext<'a, T, M> {
    /// The host's data.
    #[must_use]
    pub const fn data(&self) -> &'a T {
        &self.contents.data
    }

    pub(crate) const fn inner(&self) -> &StoreInner {
        &self.contents.inner
    }

    pub(crate) const fn into_inner(self) -> &'a StoreInner {
        &self.contents.inner
    }
}

impl<T, M: Mode> Clone for StoreContext<'_, T, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, M: Mode> Copy for StoreContext<'_, T, M> {}

impl<'a, T, M: Mode> StoreContextMut<'a, T, M> {
    /// The store that `inner` is the first part of.
    ///
    /// # Safety
    /// It is that of a store of this `T` and `M`, and nothing else uses the store during `'a`.
    pub(crate) const unsafe fn from_inner(inner: NonNull<StoreInner>) -> Self {
        Self {
            contents: inner.cast(),
            marker: PhantomData,
        }
    }

    /// The host's data.
    #[must_use]
    pub fn data(&self) -> &T {
        // SAFETY: the context borrows the store, and is borrowed itself.
        unsafe { &(*self.contents.as_ptr()).data }
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: the context borrows the store for everything, and is borrowed itself.
        unsafe { &mut (*self.contents.as_ptr()).data }
    }

    pub(crate) fn inner(&self) -> &StoreInner {
        // SAFETY: as in `data`.
        unsafe { &(*self.contents.as_ptr()).inner }
    }

    pub(crate) fn inner_mut(&mut self) -> &mut StoreInner {
        // SAFETY: as in `data_mut`.
        unsafe { &mut (*self.contents.as_ptr()).inner }
    }

    /// The contents themselves, for as long as the store is borrowed.
    pub(crate) fn into_parts(self) -> (&'a mut StoreInner, &'a mut T) {
        // SAFETY: the context borrows the store for everything during `'a` and is used up.
        let contents = unsafe { &mut *self.contents.as_ptr() };
        (&mut contents.inner, &mut contents.data)
    }

    /// Makes an instance of `module`.
    pub(crate) fn instantiate(
        &mut self,
        module: &Module,
        imports: Imports,
        initialize: Initialize,
    ) -> Result<Instance, Error> {
        // SAFETY: the context borrows the store for everything, and is borrowed itself.
        unsafe { crate::instance::instantiate(self.inner_ptr(), module, imports, initialize) }
    }

    /// Makes a memory of this type, as `make` does, if the store may have it.
    pub(crate) fn new_memory<R>(
        &mut self,
        ty: MemoryType,
        make: impl FnOnce(&mut StoreInner) -> Result<R, Error>,
    ) -> Result<R, Error> {
        // SAFETY: as in `instantiate`.
        unsafe { growth::new_memory(self.inner_ptr(), ty, make) }
    }

    /// Makes a table of this type, as `make` does, if the store may have it.
    pub(crate) fn new_table<R>(
        &mut self,
        ty: TableType,
        make: impl FnOnce(&mut StoreInner) -> Result<R, Error>,
    ) -> Result<R, Error> {
        // SAFETY: as in `instantiate`.
        unsafe { growth::new_table(self.inner_ptr(), ty, make) }
    }

    /// Grows a memory by `delta` pages; its size before, in pages.
    pub(crate) fn memory_grow(&mut self, memory: u32, delta: u64) -> Result<u64, Error> {
        // SAFETY: as in `instantiate`.
        Ok(unsafe { growth::memory_grow(self.inner_ptr(), memory, delta) }?)
    }

    /// Grows a table by `delta` elements, each the reference `bits`; its size before.
    pub(crate) fn table_grow(&mut self, table: u32, delta: u64, bits: u64) -> Result<u64, Error> {
        // SAFETY: as in `instantiate`.
        Ok(unsafe { growth::table_grow(self.inner_ptr(), table, delta, bits) }?)
    }

    /// The address of the part that does not depend on `T`.
    pub(crate) const fn inner_ptr(&self) -> NonNull<StoreInner> {
        self.contents.cast()
    }
}

impl<T, M: Mode> AsContext for Store<T, M> {
    type Data = T;
    type Mode = M;

    fn as_context(&self) -> StoreContext<'_, T, M> {
        StoreContext {
            // SAFETY: the contents live as long as the store, which is borrowed: nobody changes
            // them meanwhile.
            contents: unsafe { self.contents.as_ref() },
            marker: PhantomData,
        }
    }
}

impl<T, M: Mode> AsContextMut for Store<T, M> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T, M> {
        StoreContextMut {
            contents: self.contents,
            marker: PhantomData,
        }
    }
}

impl<T, M: Mode> AsContext for StoreContext<'_, T, M> {
    type Data = T;
    type Mode = M;

    fn as_context(&self) -> StoreContext<'_, T, M> {
        *self
    }
}

impl<T, M: Mode> AsContext for StoreContextMut<'_, T, M> {
    type Data = T;
    type Mode = M;

    fn as_context(&self) -> StoreContext<'_, T, M> {
        StoreContext {
            // SAFETY: the context borrows the store for everything, and is borrowed itself.
            contents: unsafe { self.contents.as_ref() },
            marker: PhantomData,
        }
    }
}

impl<T, M: Mode> AsContextMut for StoreContextMut<'_, T, M> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T, M> {
        StoreContextMut {
            contents: self.contents,
            marker: PhantomData,
        }
    }
}

impl<C: AsContext> AsContext for &C {
    type Data = C::Data;
    type Mode = C::Mode;

    fn as_context(&self) -> StoreContext<'_, C::Data, C::Mode> {
        C::as_context(self)
    }
}

impl<C: AsContext> AsContext for &mut C {
    type Data = C::Data;
    type Mode = C::Mode;

    fn as_context(&self) -> StoreContext<'_, C::Data, C::Mode> {
        C::as_context(self)
    }
}

impl<C: AsContextMut> AsContextMut for &mut C {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data, C::Mode> {
        C::as_context_mut(self)
    }
}
