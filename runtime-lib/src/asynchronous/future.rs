//! The future that runs something of a store's on a fiber.
//!
//! # Safety
//!
//! [`OnFiber`] is `Send` by what it has on its stack, which the module above says.
#![allow(unsafe_code, reason = "a suspended fiber may be sent")]

use super::fiber::Fiber;
use super::stacks::MIN_SIZE_BYTES;
use crate::error::Error;
use crate::store::{Mode, StoreContextMut};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs `f` on a fiber when it is polled, and whenever what `f` waits for is ready.
pub(super) struct OnFiber<'a, T, M: Mode, F, R> {
    state: State<F, R>,
    store: StoreContextMut<'a, T, M>,
}

#[allow(
    clippy::large_enum_variant,
    reason = "nearly every call has a fiber, and a box would be an allocation for each"
)]
enum State<F, R> {
    /// It has not been polled.
    New(F),
    Started(Fiber<Result<R, Error>>),
    Done,
}

// SAFETY: the fiber's stack has frames of guests; of this crate, which hold the store, `F` and
// what makes an `R`; and a future that the mode `Shared` asked to be `Send`. `StoreContextMut` is
// not `Send` in another mode.
unsafe impl<'a, T, M: Mode, F, R> Send for OnFiber<'a, T, M, F, R>
where
    StoreContextMut<'a, T, M>: Send,
    F: Send,
    R: Send,
{
}

impl<T, M: Mode, F, R> Unpin for OnFiber<'_, T, M, F, R> {}

impl<'a, T, M: Mode, F, R> OnFiber<'a, T, M, F, R>
where
    F: FnOnce(StoreContextMut<'_, T, M>) -> Result<R, Error>,
{
    pub(super) const fn new(store: StoreContextMut<'a, T, M>, f: F) -> Self {
        Self {
            state: State::New(f),
            store,
        }
    }

    fn start(&self, f: F) -> Result<Fiber<Result<R, Error>>, Error> {
        let inner = self.store.inner_ptr();
        let exec = self.store.inner().exec_address();
        // SAFETY: the store is borrowed for everything, and nothing refers to its state.
        let reserve_bytes = unsafe { (*exec.as_ptr()).host_reserve_bytes } as usize;
        let size_bytes = match self.store.inner().async_stack_size_bytes {
            size_bytes if reserve_bytes == 0 => size_bytes,
            size_bytes => size_bytes.max(reserve_bytes.saturating_add(MIN_SIZE_BYTES)),
        };
        let run = move || {
            // SAFETY: the future borrows the store for everything until it is dropped, and with it
            // the fiber.
            f(unsafe { StoreContextMut::from_inner(inner) })
        };
        // SAFETY: what `f` refers to lives as long as the future, which drops the fiber.
        unsafe { Fiber::new(exec, size_bytes, run) }
    }
}

impl<T, M: Mode, F, R> Future for OnFiber<'_, T, M, F, R>
where
    F: FnOnce(StoreContextMut<'_, T, M>) -> Result<R, Error>,
{
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // It stays so if something panics.
        let mut fiber = match std::mem::replace(&mut self.state, State::Done) {
            State::New(f) => self.start(f)?,
            State::Started(fiber) => fiber,
            State::Done => panic!("a call was polled after it had returned"),
        };
        let poll = fiber.poll(context);
        if poll.is_pending() {
            self.state = State::Started(fiber);
        }
        poll.map(Result::flatten)
    }
}

impl<T, M: Mode, F, R> Drop for OnFiber<'_, T, M, F, R> {
    /// While the store is still borrowed, and what `F` refers to is there.
    fn drop(&mut self) {
        self.state = State::Done;
    }
}
