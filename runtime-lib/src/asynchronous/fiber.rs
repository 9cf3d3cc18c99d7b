//! A fiber: resuming, suspending, cancelling.
//!
//! # Safety
//!
//! A fiber's stack belongs to its coroutine until that has returned: [`Fiber`] never drops one that
//! has not. What is waited for lies on the stack of the fiber that waits, and is used by the
//! code that resumes that fiber while it is suspended, and only then.
#![allow(unsafe_code, reason = "switches stacks")]

use super::stacks::{self, Stack};
use crate::error::Error;
use crate::trap::{Exec, Execution, Running};
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::any::Any;
use std::cell::Cell;
use std::future::poll_fn;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};
use std::thread;

/// What a fiber is told when it goes on.
enum Resume {
    /// What it waited for is ready.
    Ready,
    /// Nobody waits for it any more.
    Cancelled,
}

/// Something that a fiber waits for, as the code that resumes the fiber sees it.
trait Awaited {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// Drops it.
    fn cancel(&mut self) -> thread::Result<()>;
}

/// A future on the stack of the fiber that waits for it, and what came of it.
struct Slot<F: Future> {
    future: Option<F>,
    outcome: Option<thread::Result<F::Output>>,
}

impl<F: Future + Unpin> Awaited for Slot<F> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let poll = catch_unwind(AssertUnwindSafe(|| {
            let Some(future) = &mut self.future else {
                return Poll::Pending;
            };
            let poll = Pin::new(future).poll(context);
            if poll.is_ready() {
                // Here rather than on the fiber.
                self.future = None;
            }
            poll
        }));
        self.outcome = Some(match poll {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => {
                // Its first panic is the one that counts.
                let _ = self.cancel();
                Err(payload)
            }
        });
        Poll::Ready(())
    }

    fn cancel(&mut self) -> thread::Result<()> {
        catch_unwind(AssertUnwindSafe(|| self.future = None))
    }
}

type Waiting = NonNull<dyn Awaited>;

/// Why a guest is stopped whose future was dropped. Nobody is told.
#[derive(Debug, thiserror::Error)]
#[error("the future of the call was dropped")]
struct Cancelled;

/// What code on a fiber suspends it by.
pub(crate) struct Suspender {
    yielder: NonNull<Yielder<Resume, Waiting>>,
    is_cancelled: Cell<bool>,
}

impl Suspender {
    /// Suspends the fiber until `future` is ready; its output.
    ///
    /// # Errors
    /// If nobody waits for the fiber any more: the guest must be stopped.
    ///
    /// # Panics
    /// If the future panics.
    ///
    /// # Safety
    /// The caller runs on the fiber that this is the suspender of. Between it and the fiber's first
    /// frame there are only frames of guests and of this crate. [`Exec::fiber`] has been cleared,
    /// and nothing holds a reference to the store.
    pub(crate) unsafe fn wait<F: Future + Unpin>(&self, future: F) -> Result<F::Output, Error> {
        let mut slot = Slot {
            future: Some(future),
            outcome: None,
        };
        if !self.is_cancelled.get() {
            let waiting: NonNull<dyn Awaited + '_> = NonNull::from(&mut slot);
            // SAFETY: only the lifetime changes: the pointer is used until this fiber is resumed,
            // and `slot` stays where it is meanwhile.
            let waiting =
                unsafe { std::mem::transmute::<NonNull<dyn Awaited + '_>, Waiting>(waiting) };
            // SAFETY: the yielder is that of the fiber that the caller runs on.
            let resume = unsafe { self.yielder.as_ref() }.suspend(waiting);
            self.is_cancelled.set(matches!(resume, Resume::Cancelled));
        }
        match slot.outcome {
            Some(Ok(output)) if !self.is_cancelled.get() => Ok(output),
            Some(Err(payload)) => resume_unwind(payload),
            _ => Err(Error::host(Cancelled)),
        }
    }
}

/// Runs `f` with what suspends the fiber that a guest runs on; `None` if it runs on none. While `f`
/// runs, [`Exec::fiber`] is cleared.
///
/// # Safety
/// `exec` is the state of a store whose guest, or whoever makes something in it, waits for the
/// caller; nothing refers to it.
pub(crate) unsafe fn with_suspender<R>(
    exec: *mut Exec,
    f: impl FnOnce(&Suspender) -> R,
) -> Option<R> {
    /// Says again what the fiber is, by whatever way `f` ends.
    struct Again(*mut Exec, NonNull<Suspender>);
    impl Drop for Again {
        fn drop(&mut self) {
            // SAFETY: the state lives as long as the store, which waits.
            unsafe { (*self.0).fiber = Some(self.1) };
        }
    }
    // SAFETY: the caller says that nothing refers to the state.
    let fiber = unsafe { (*exec).fiber.take() }?;
    let _again = Again(exec, fiber);
    // SAFETY: it is set only while its fiber runs, on whose stack the suspender lies below.
    Some(f(unsafe { fiber.as_ref() }))
}

/// Lets others run, if the guest whose fuel slice is used up runs on a fiber.
///
/// # Errors
/// If nobody waits for the guest any more: it must be stopped.
///
/// # Safety
/// As for [`with_suspender`]; the guest waits for a runtime function, which the caller is.
pub(crate) unsafe fn yield_now(exec: *mut Exec) -> Result<(), Error> {
    let mut is_first = true;
    let others = poll_fn(move |context: &mut Context<'_>| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    });
    // SAFETY: the caller says so; between the guest and this there is only this crate.
    let waited = unsafe { with_suspender(exec, |suspender| suspender.wait(others)) };
    waited.unwrap_or(Ok(()))
}

/// A fiber that has been started and has not returned.
pub(super) struct Fiber<R> {
    coroutine: ManuallyDrop<Coroutine<Resume, Waiting, R, Stack>>,
    exec: NonNull<Exec>,
    /// What the thread is to know while the fiber runs.
    running: Running,
    /// The part of the store's state that is the fiber's, while its awaiter does other things; the
    /// awaiter's part while the fiber is [polled](Self::poll).
    execution: Execution,
    /// What it waits for; there is nothing unless it is suspended.
    waiting: Option<Waiting>,
}

impl<R> Fiber<R> {
    /// A fiber that will run `f` for the store whose state is `exec`.
    ///
    /// # Safety
    /// What `f` refers to, and the store, live until the fiber is dropped, or for ever if it is
    /// not.
    pub(super) unsafe fn new(
        exec: NonNull<Exec>,
        stack_size_bytes: usize,
        f: impl FnOnce() -> R,
    ) -> Result<Self, Error> {
        let stack = stacks::take(stack_size_bytes)?;
        let running = Running::on(stack.usable());
        let body = move |yielder: &Yielder<Resume, Waiting>, _first: Resume| {
            let suspender = Suspender {
                yielder: NonNull::from(yielder),
                is_cancelled: Cell::new(false),
            };
            // SAFETY: the state lives as long as the store, which whoever made the fiber has
            // borrowed. When the fiber has ended, `inside` puts back the awaiter's.
            unsafe { (*exec.as_ptr()).fiber = Some(NonNull::from(&suspender)) };
            f()
        };
        // SAFETY: the caller says that what `f` refers to lives long enough.
        let coroutine = unsafe { Coroutine::with_stack_unchecked(stack, body) };
        // SAFETY: the store is borrowed for everything, and nothing refers to its state.
        let execution = unsafe {
            (*exec.as_ptr()).fibers += 1;
            Execution::of(exec.as_ptr())
        };
        Ok(Self {
            coroutine: ManuallyDrop::new(coroutine),
            exec,
            running,
            execution,
            waiting: None,
        })
    }

    /// Polls what the fiber waits for and runs it whenever that is ready, until it has returned.
    ///
    /// # Errors
    /// If this thread cannot be prepared for guests.
    ///
    /// # Panics
    /// If what runs on the fiber panics.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<R, Error>> {
        self.inside(|fiber| fiber.go_on(context))
    }

    /// Runs `f` with the store's execution where the fiber left it. Afterwards, by whatever way `f`
    /// ends, the store's execution is where the awaiter left it.
    fn inside<O>(&mut self, f: impl FnOnce(&mut Self) -> O) -> O {
        struct Leave<'a, R>(&'a mut Fiber<R>);
        impl<R> Drop for Leave<'_, R> {
            fn drop(&mut self) {
                self.0.exchange();
            }
        }
        self.exchange();
        let leave = Leave(self);
        f(&mut *leave.0)
    }

    fn exchange(&mut self) {
        // SAFETY: the state lives as long as the store, which whoever made the fiber has borrowed
        // for everything. The fiber's activations are on its stack; the awaiter's are below whoever
        // polls.
        unsafe { self.execution.exchange(self.exec.as_ptr()) };
    }

    fn go_on(&mut self, context: &mut Context<'_>) -> Poll<Result<R, Error>> {
        loop {
            if let Some(mut waiting) = self.waiting {
                // SAFETY: it lies on the fiber's stack, and the fiber is suspended.
                if unsafe { waiting.as_mut() }.poll(context).is_pending() {
                    return Poll::Pending;
                }
            }
            // SAFETY: the state lives as long as the store, which outlives the fiber.
            if let Err(error) = unsafe { Exec::prepare_thread(self.exec.as_ptr()) } {
                return Poll::Ready(Err(Error::resource("handle traps on this thread", error)));
            }
            if let CoroutineResult::Return(result) = self.resume(Resume::Ready) {
                return Poll::Ready(Ok(result));
            }
        }
    }

    fn resume(&mut self, resume: Resume) -> CoroutineResult<Waiting, R> {
        struct Back<'a>(&'a mut Running);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.exchange();
            }
        }
        self.waiting = None;
        self.running.exchange();
        let result = {
            let _back = Back(&mut self.running);
            self.coroutine.resume(resume)
        };
        if let CoroutineResult::Yield(waiting) = result {
            self.waiting = Some(waiting);
        }
        result
    }

    /// Makes the fiber return, if it has not; what panicked meanwhile.
    fn cancel(&mut self) -> Option<Box<dyn Any + Send>> {
        if !self.coroutine.started() {
            // Drops what it would have run.
            self.coroutine.force_unwind();
        }
        if self.coroutine.done() {
            return None;
        }
        self.inside(Self::cancel_inside)
    }

    fn cancel_inside(&mut self) -> Option<Box<dyn Any + Send>> {
        let mut panic = None;
        while !self.coroutine.done() {
            let cancelled = match &mut self.waiting {
                // SAFETY: it lies on the fiber's stack, and the fiber is suspended.
                Some(waiting) => unsafe { waiting.as_mut() }.cancel(),
                None => Ok(()),
            };
            let resumed = catch_unwind(AssertUnwindSafe(|| drop(self.resume(Resume::Cancelled))));
            panic = panic.or(cancelled.err()).or(resumed.err());
        }
        panic
    }
}

impl<R> Drop for Fiber<R> {
    /// Cancels what has not returned, and puts the stack back.
    ///
    /// # Panics
    /// If what was cancelled panics, unless the thread does already.
    fn drop(&mut self) {
        let panic = self.cancel();
        // SAFETY: the state lives as long as the store, which whoever made the fiber has borrowed.
        unsafe { (*self.exec.as_ptr()).fibers -= 1 };
        // SAFETY: it is not used again.
        let coroutine = unsafe { ManuallyDrop::take(&mut self.coroutine) };
        stacks::put_back(coroutine.into_stack());
        if let Some(payload) = panic
            && !thread::panicking()
        {
            resume_unwind(payload);
        }
    }
}
