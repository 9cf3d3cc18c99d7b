//! Values that compiled code points at, too.
//!
//! # Safety
//!
//! The value lies in an allocation of its own, which is freed with its owner. Unlike a `Box`,
//! moving the owner says nothing of who else points at the value: pointers that were given away
//! stay valid. References are made from it as from any raw pointer, by who knows that nobody
//! changes it meanwhile.
#![allow(unsafe_code, reason = "owns what compiled code points at")]

use std::ops::Deref;
use std::ptr::NonNull;

/// The owner of a value that others may point at.
#[derive(Debug)]
pub(crate) struct Aliased<T: ?Sized>(NonNull<T>);

impl<T: ?Sized> Aliased<T> {
    pub(crate) fn new(value: Box<T>) -> Self {
        Self(NonNull::from(Box::leak(value)))
    }

    /// The pointer from which all others come.
    pub(crate) const fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// As [`as_ptr`](Self::as_ptr).
    pub(crate) const fn as_non_null(&self) -> NonNull<T> {
        self.0
    }

    /// The value, to be changed.
    ///
    /// # Safety
    /// Compiled code does not run meanwhile, and no other reference to the value is there.
    pub(crate) unsafe fn get_mut(&mut self) -> &mut T {
        // SAFETY: the caller says so; `new` made the value.
        unsafe { self.0.as_mut() }
    }
}

impl<T: ?Sized> Deref for Aliased<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `new` made the value, which lives as long as this. Whoever has a reference to
        // the owner has borrowed the store that it is part of: no compiled code runs that could
        // change the value.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized> Drop for Aliased<T> {
    fn drop(&mut self) {
        // SAFETY: `new` leaked this box, and it is taken once; no compiled code runs that could
        // use it, since the store that it is part of is dropped or borrowed for everything.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

// SAFETY: it owns the value as a `Box` does, and is part of a store, which is sent as a whole.
unsafe impl<T: ?Sized + Send> Send for Aliased<T> {}
// SAFETY: as a `Box`.
unsafe impl<T: ?Sized + Sync> Sync for Aliased<T> {}
