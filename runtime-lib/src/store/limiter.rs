//! Limiters: what decides whether something in a store may become larger.
//!
//! # Safety
//!
//! A limiter may be part of the host's data and may borrow from it. It is reached through the
//! [`Vtable`] of its store's `T`, only while nothing else refers to the store's contents, and
//! never outlives the question that it is asked.
#![allow(
    unsafe_code,
    reason = "gets at the host's data from the part of a store that does not know its type"
)]

use super::growth::{Growth, Sizes};
use super::{Allowed, AsContextMut, Contents, Mode, Store, StoreInner};
use crate::error::Error;
use std::ptr::NonNull;

/// What decides whether memories and tables may become larger: when they are made, when the host
/// grows them, and when a guest does.
///
/// A limiter is never asked for more than a memory's or table's own maximum, nor when a memory grows
/// by nothing, which always succeeds. What it has allowed
/// then happens, or it is told that it [failed](Self::memory_grow_failed): a limiter that counts
/// stays right. What a store holds when it is dropped or loses its data is
/// [given back](Self::memory_shrunk).
///
/// A guest that is refused sees −1; a guest whose limiter returns an error traps with it.
pub trait ResourceLimiter {
    /// Whether a memory may grow from `current` to `desired` bytes. A new memory grows from 0. Its
    /// type says `maximum`, in bytes.
    ///
    /// # Errors
    /// An error ends the guest that wants to grow, and is what the host gets that does.
    fn memory_growing(
        &mut self,
        current: u64,
        desired: u64,
        maximum: Option<u64>,
    ) -> Result<bool, Error>;

    /// The memory that was just allowed to grow could not, from `current` to `desired` bytes, and
    /// has its old size.
    fn memory_grow_failed(&mut self, current: u64, desired: u64, error: &Error) {
        let _ = (current, desired, error);
    }

    /// A memory has gone back from `from` to `to` bytes: by a reset, or to 0 with its store.
    fn memory_shrunk(&mut self, from: u64, to: u64) {
        let _ = (from, to);
    }

    /// Whether a table may grow from `current` to `desired` elements. A new table grows from 0;
    /// tables that nothing ever changes do not count. Its type says `maximum`, in elements.
    ///
    /// # Errors
    /// An error ends the guest that wants to grow, and is what the host gets that does.
    fn table_growing(
        &mut self,
        current: u64,
        desired: u64,
        maximum: Option<u64>,
    ) -> Result<bool, Error>;

    /// The table that was just allowed to grow could not, from `current` to `desired` elements,
    /// and has its old size.
    fn table_grow_failed(&mut self, current: u64, desired: u64, error: &Error) {
        let _ = (current, desired, error);
    }

    /// A table has gone back from `from` to `to` elements: by a reset, or to 0 with its store.
    fn table_shrunk(&mut self, from: u64, to: u64) {
        let _ = (from, to);
    }

    /// How many instances the store may have.
    fn instances(&self) -> u64 {
        u64::MAX
    }

    /// How many memories the store may have.
    fn memories(&self) -> u64 {
        u64::MAX
    }

    /// How many tables the store may have, those included that nothing ever changes.
    fn tables(&self) -> u64 {
        u64::MAX
    }
}

/// Finds the limiter in the host's data.
pub(super) type Accessor<T> = Box<dyn FnMut(&mut T) -> &mut dyn ResourceLimiter>;

/// What is to be done with a limiter.
type Ask<'a> = &'a mut dyn FnMut(&mut dyn ResourceLimiter);

/// What the part of a store that does not know the host's data calls the other part by.
pub(super) struct Vtable {
    /// Calls back with the limiter, if the store has one.
    ///
    /// # Safety
    /// The store is of the vtable's type, and nothing refers to its contents.
    with_limiter: unsafe fn(NonNull<StoreInner>, Ask<'_>),
    /// What the limiter says, if it can be waited for.
    ///
    /// # Safety
    /// As above.
    #[cfg(feature = "async")]
    wait_for_limiter: unsafe fn(NonNull<StoreInner>, Growth) -> Option<Result<bool, Error>>,
}

impl Vtable {
    /// That of stores with data of this type.
    pub(super) const fn of<T>() -> &'static Self {
        const {
            &Self {
                with_limiter: with_limiter::<T>,
                #[cfg(feature = "async")]
                wait_for_limiter: super::async_limiter::ask::<T>,
            }
        }
    }
}

/// [`Vtable::with_limiter`] for data of this type.
///
/// # Safety
/// `store` is the first part of a `Contents<T>`, and nothing refers to the contents.
unsafe fn with_limiter<T>(store: NonNull<StoreInner>, ask: Ask<'_>) {
    let contents = store.cast::<Contents<T>>().as_ptr();
    // SAFETY: the caller says what the store is, and that this is the only reference.
    let (limiter, data) = unsafe { (&mut (*contents).limiter, &mut (*contents).data) };
    if let Some(accessor) = limiter {
        ask(accessor(data));
    }
}

/// What `ask` has the store's limiter say; `None` if it has none.
///
/// # Safety
/// Nothing refers to the contents of the store.
pub(super) unsafe fn ask<R>(
    store: NonNull<StoreInner>,
    ask: impl FnOnce(&mut dyn ResourceLimiter) -> R,
) -> Option<R> {
    let (mut ask, mut answer) = (Some(ask), None);
    // SAFETY: the vtable does not change; the caller says that nothing else is borrowed.
    let vtable = unsafe { (*store.as_ptr()).vtable };
    // SAFETY: the store was made with the vtable of its data's type; as above.
    unsafe {
        (vtable.with_limiter)(store, &mut |limiter| {
            answer = ask.take().map(|ask| ask(limiter));
        });
    }
    answer
}

/// Whether the store's limiter allows it; `None` if it has none.
///
/// # Safety
/// Nothing refers to the contents of the store.
pub(super) unsafe fn allows(
    store: NonNull<StoreInner>,
    growth: Growth,
) -> Option<Result<bool, Error>> {
    #[cfg(feature = "async")]
    {
        // SAFETY: as in `ask`.
        let vtable = unsafe { (*store.as_ptr()).vtable };
        // SAFETY: as in `ask`.
        let answer = unsafe { (vtable.wait_for_limiter)(store, growth) };
        if answer.is_some() {
            return answer;
        }
    }
    let at_once = |limiter: &mut dyn ResourceLimiter| match growth {
        Growth::Memory(Sizes {
            current,
            desired,
            maximum,
        }) => limiter.memory_growing(current, desired, maximum),
        Growth::Table(Sizes {
            current,
            desired,
            maximum,
        }) => limiter.table_growing(current, desired, maximum),
    };
    // SAFETY: the caller says so.
    unsafe { ask(store, at_once) }
}

impl<T, M: Mode> Store<T, M> {
    /// From now on `limiter` decides what may become larger in this store. It finds the limiter in
    /// the host's data, of which it may be a part. What is there already stays, and the limiter is
    /// not told of it.
    ///
    /// ```
    /// # extern crate prefab_runtime as prefab;
    /// use prefab::{Error, Memory, MemoryType, ResourceLimiter, Store};
    ///
    /// /// So many bytes of memory, for everybody who borrows them.
    /// struct Budget(u64);
    ///
    /// impl ResourceLimiter for Budget {
    ///     fn memory_growing(&mut self, current: u64, desired: u64, _: Option<u64>) -> Result<bool, Error> {
    ///         let more = desired - current;
    ///         let has_more = more <= self.0;
    ///         self.0 -= if has_more { more } else { 0 };
    ///         Ok(has_more)
    ///     }
    ///     fn memory_grow_failed(&mut self, current: u64, desired: u64, _: &Error) {
    ///         self.0 += desired - current;
    ///     }
    ///     fn memory_shrunk(&mut self, from: u64, to: u64) {
    ///         self.0 += from - to;
    ///     }
    ///     fn table_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
    ///         Ok(true)
    ///     }
    /// }
    ///
    /// let mut budget = Budget(3 << 16);
    /// let mut store: Store<&mut Budget> = Store::new(&mut budget);
    /// store.limiter(|budget| *budget);
    /// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
    /// assert_eq!(memory.grow(&mut store, 2)?, 1);
    /// assert!(memory.grow(&mut store, 1).is_err());
    /// assert_eq!(store.data().0, 0);
    /// drop(store);
    /// assert_eq!(budget.0, 3 << 16);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn limiter<F>(&mut self, limiter: F)
    where
        F: FnMut(&mut T) -> &mut dyn ResourceLimiter,
        F: Allowed<M> + 'static,
    {
        let limiter: Accessor<T> = Box::new(limiter);
        // SAFETY: the store is borrowed for everything.
        let contents = unsafe { &mut *self.contents.as_ptr() };
        contents.limiter = Some(limiter);
        #[cfg(feature = "async")]
        {
            contents.async_limiter = None;
        }
        contents.inner.is_limited = true;
    }

    /// Tells the limiter that everything it allowed is given back.
    pub(super) fn give_back(&mut self) {
        let store = self.as_context_mut().inner_ptr();
        // SAFETY: the store is borrowed for everything, and is about to lose its contents.
        unsafe { super::growth::give_back(store) };
    }
}
