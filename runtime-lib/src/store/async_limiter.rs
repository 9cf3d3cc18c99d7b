//! Limiters that wait before they answer.
//!
//! # Safety
//!
//! As for other limiters: it is reached only while nothing else refers to the store's contents. While
//! it makes a fiber wait, whoever awaits has borrowed the store, and does not use it.
#![allow(
    unsafe_code,
    reason = "gets at the host's data, and suspends the fiber that asks"
)]

use super::growth::{Growth, Sizes};
use super::{Allowed, AsContextMut, Contents, Mode, ResourceLimiter, Shared, Store, StoreInner};
use crate::asynchronous::{Suspender, with_suspender};
use crate::error::Error;
use std::ptr::NonNull;

/// A [`ResourceLimiter`] that can wait before it says whether something may become larger: for
/// others to give something back, say.
///
/// It is asked by these methods where somebody awaits: in guests that were called by
/// [`call_async`](crate::TypedFunc::call_async), by
/// [`instantiate_async`](crate::Linker::instantiate_async), by
/// [`Memory::grow_async`](crate::Memory::grow_async) and the like. Everywhere else it is asked by
/// those of [`ResourceLimiter`], which answer at once; one that cannot returns
/// [`Error::AsyncNeeded`]. While it waits, nothing else happens in the store. If nobody awaits the
/// answer any more, the future is dropped and nothing becomes larger.
///
/// The futures are boxed, and `Send` in stores of the mode [`Shared`].
pub trait AsyncResourceLimiter<M: Mode = Shared>: ResourceLimiter {
    /// As [`memory_growing`](ResourceLimiter::memory_growing).
    ///
    /// # Errors
    /// An error ends the guest that wants to grow, and is what the host gets that does.
    fn memory_growing_async(
        &mut self,
        current: u64,
        desired: u64,
        maximum: Option<u64>,
    ) -> M::Future<'_, Result<bool, Error>>;

    /// As [`table_growing`](ResourceLimiter::table_growing).
    ///
    /// # Errors
    /// An error ends the guest that wants to grow, and is what the host gets that does.
    fn table_growing_async(
        &mut self,
        current: u64,
        desired: u64,
        maximum: Option<u64>,
    ) -> M::Future<'_, Result<bool, Error>>;
}

/// Has the limiter in the host's data answer, and the fiber wait for it.
///
/// # Safety
/// As for [`Suspender::wait`].
pub(super) type Wait<T> = Box<dyn Fn(&mut T, Growth, &Suspender) -> Result<bool, Error>>;

/// What the store's limiter says if it can wait, and if who asks can.
///
/// # Safety
/// `store` is the first part of a `Contents<T>`, and nothing refers to the contents.
pub(super) unsafe fn ask<T>(
    store: NonNull<StoreInner>,
    growth: Growth,
) -> Option<Result<bool, Error>> {
    let contents = store.cast::<Contents<T>>().as_ptr();
    // SAFETY: the caller says what the store is, and that nothing refers to it.
    let (exec, wait) = unsafe { ((*contents).inner.exec(), &(*contents).async_limiter) };
    let wait = wait.as_ref()?;
    let ask = |suspender: &Suspender| {
        // SAFETY: as above.
        wait(unsafe { &mut (*contents).data }, growth, suspender)
    };
    // SAFETY: the state is the store's, which waits for the answer.
    unsafe { with_suspender(exec, ask) }
}

impl<T, M: Mode> Store<T, M> {
    /// As [`limiter`](Self::limiter), for a limiter that can wait before it answers.
    pub fn limiter_async<F>(&mut self, limiter: F)
    where
        F: Fn(&mut T) -> &mut dyn AsyncResourceLimiter<M>,
        F: Clone + Allowed<M> + 'static,
    {
        let at_once = limiter.clone();
        let wait = move |data: &mut T, growth: Growth, suspender: &Suspender| {
            let limiter = limiter(data);
            let future = match growth {
                Growth::Memory(Sizes {
                    current,
                    desired,
                    maximum,
                }) => limiter.memory_growing_async(current, desired, maximum),
                Growth::Table(Sizes {
                    current,
                    desired,
                    maximum,
                }) => limiter.table_growing_async(current, desired, maximum),
            };
            // SAFETY: `ask` has cleared the state's fiber; from there on, and between the guest and
            // there, are frames of this crate's.
            unsafe { suspender.wait(future) }?
        };
        // SAFETY: the store is borrowed for everything.
        let contents = unsafe {
            &mut *self
                .as_context_mut()
                .inner_ptr()
                .cast::<Contents<T>>()
                .as_ptr()
        };
        contents.limiter = Some(Box::new(move |data| at_once(data)));
        contents.async_limiter = Some(Box::new(wait));
        contents.inner.is_limited = true;
    }
}
