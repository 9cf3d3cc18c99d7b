//! Entering a guest, and what to put back after.
//!
//! # Safety
//! Unsafe because the state is reached through a pointer: compiled code writes it while a guest
//! runs, so that no reference may live across.
#![allow(
    unsafe_code,
    reason = "the state is reached through a pointer that compiled code shares"
)]

use super::exec::{Exec, Pending};
use super::{Backtrace, Trap, thread};
use crate::fuel::Refill;
use prefab_abi::exec::{ExecState, Landing};
use prefab_abi::trap::TrapCode;
use prefab_targets::host;
use std::any::Any;
use std::error::Error;
use std::io;
use std::mem::{ManuallyDrop, MaybeUninit};
#[cfg(feature = "async")]
use std::ops::Range;
use std::ptr;
#[cfg(feature = "async")]
use std::ptr::NonNull;

/// Why a guest was stopped, or not even started.
pub(crate) enum Stopped {
    /// It trapped.
    Trap(Trap),
    /// A host function that it called returned an error.
    Host {
        /// The error.
        error: Box<dyn Error + Send + Sync>,
        /// The guest's frames.
        backtrace: Backtrace,
    },
    /// A host function that it called panicked: to be resumed.
    Panic(Box<dyn Any + Send>),
    /// The system refused what handling traps on this thread needs.
    System(io::Error),
}

/// What an activation found when it began, and puts back when it ends: the state of the one
/// outside it, which waits.
pub(super) struct Activation {
    exec: *mut Exec,
    saved: Saved,
    outer: *const Self,
    outer_current: *mut Exec,
}

/// What of the state is an activation's. What the store's guests have used up, and what they are
/// asked, is not.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Saved {
    stack_limit: u64,
    pub(super) landing: Landing,
    pub(super) exit_fp: u64,
    pub(super) exit_pc: u64,
}

impl Saved {
    pub(super) const fn of(state: &ExecState) -> Self {
        Self {
            stack_limit: state.stack_limit,
            landing: state.landing,
            exit_fp: state.exit_fp,
            exit_pc: state.exit_pc,
        }
    }

    const fn put_back(&self, state: &mut ExecState) {
        state.stack_limit = self.stack_limit;
        state.landing = self.landing;
        state.exit_fp = self.exit_fp;
        state.exit_pc = self.exit_pc;
    }
}

/// What every outermost activation has found: no guest that waits, and nothing to put back.
static OUTERMOST: Activation = Activation {
    exec: ptr::null_mut(),
    saved: Saved {
        stack_limit: 0,
        landing: Landing {
            pc: 0,
            sp: 0,
            fp: 0,
        },
        exit_fp: 0,
        exit_pc: 0,
    },
    outer: ptr::null(),
    outer_current: ptr::null_mut(),
};

// SAFETY: nothing of an activation changes while others can see it.
unsafe impl Sync for Activation {}

impl Activation {
    /// What the activation that waits has in the state while it runs.
    pub(super) const fn saved(&self) -> &Saved {
        &self.saved
    }

    /// The activation outside that one.
    pub(super) const fn outer(&self) -> *const Self {
        self.outer
    }

    /// Ends an outermost one: no guest runs.
    ///
    /// Not inlined: on a fiber, the thread may be another than when the activation began, and a
    /// compiler that saw both would take what the thread knows to be at the same address. For the
    /// same reason no function that runs on a fiber enters guests at two places.
    ///
    /// # Safety
    /// As [`end`](Self::end).
    #[inline(never)]
    unsafe fn end_outermost(exec: *mut Exec) {
        // SAFETY: as the caller says.
        unsafe { Self::end_outermost_here(exec) };
    }

    /// As [`end_outermost`](Self::end_outermost), for who knows that the thread is the same. Landing
    /// and exit mean nothing any more.
    ///
    /// # Safety
    /// As [`end`](Self::end).
    #[inline(always)]
    unsafe fn end_outermost_here(exec: *mut Exec) {
        // SAFETY: the caller says that it is valid and not referred to.
        unsafe { (*exec).activations = ptr::null() };
        thread::exchange_current(ptr::null_mut());
    }

    /// Looks closer, and begins at `at` if nothing speaks against it.
    ///
    /// # Safety
    /// As [`start`](Self::start).
    #[inline(never)]
    unsafe fn begin(at: *mut Self, exec: *mut Exec) -> Result<(), Stopped> {
        // SAFETY: the caller says that it is valid and not referred to.
        let state = unsafe { &mut *exec };
        let limit = thread::prepare(state.needs_signals)
            .and_then(|()| thread::stack_limit(state.host_reserve_bytes));
        let limit = limit.map_err(Stopped::System)?;
        let refused = if host::stack_pointer() < limit {
            TrapCode::StackOverflow
        } else if state.is_interrupted() {
            TrapCode::Interrupted
        } else {
            // SAFETY: the caller says so.
            unsafe { Self::start(at, exec, limit) };
            return Ok(());
        };
        // SAFETY: the guests that wait called the host where the state says.
        unsafe { state.note(refused) };
        Err(state.stopped())
    }

    /// Makes `exec` the thread's current one, with no landing yet.
    ///
    /// # Safety
    /// `exec` is valid and nothing holds a reference to it until [`end`](Self::end); there is room
    /// at `at` until then, which nothing else uses.
    #[inline(always)]
    unsafe fn start(at: *mut Self, exec: *mut Exec, stack_limit: u64) {
        let outer_current = thread::exchange_current(exec);
        // SAFETY: the caller says that it is valid and not referred to.
        let state = unsafe { &mut *exec };
        let activation = Self {
            exec,
            saved: Saved::of(&state.abi),
            outer: state.activations,
            outer_current,
        };
        state.abi.stack_limit = stack_limit;
        state.abi.landing.pc = 0;
        state.activations = at;
        // SAFETY: the caller says that there is room.
        unsafe { at.write(activation) };
    }

    /// Puts back what was found. Not inlined, as [`end_outermost`](Self::end_outermost) is not.
    ///
    /// # Safety
    /// The activation at `at` has begun, and all that began after it have ended.
    #[inline(never)]
    unsafe fn end(at: *const Self) {
        // SAFETY: the caller says that it is there; `start` was promised that the state is valid
        // and not referred to.
        let (activation, exec) = unsafe { (&*at, &mut *(*at).exec) };
        activation.saved.put_back(&mut exec.abi);
        exec.activations = activation.outer;
        thread::exchange_current(activation.outer_current);
    }
}

/// An activation outside of which no guest waits. It ends when this is dropped.
pub(crate) struct Outermost(*mut Exec);

impl Outermost {
    /// Begins, if all is as usual. There is nothing to save.
    ///
    /// # Safety
    /// As [`Exec::enter`], until this is dropped.
    #[inline(always)]
    pub(crate) unsafe fn begin(exec: *mut Exec) -> Option<Self> {
        // SAFETY: the caller says that it is valid and not referred to.
        let state = unsafe { &mut *exec };
        let outer = state.activations.addr() | thread::current().addr();
        if outer != 0 || state.interrupt.is_some() {
            return None;
        }
        let stack_limit = thread::limit_below(state.needs_signals, state.host_reserve_bytes)?;
        // It seldom changes, and what is not written need not be written back.
        if state.abi.stack_limit != stack_limit {
            state.abi.stack_limit = stack_limit;
        }
        state.activations = &OUTERMOST;
        thread::exchange_current(exec);
        Some(Self(exec))
    }

    /// Whether the guest whose trampoline has returned `status` has simply returned, and dropping
    /// this is all that is left to do. Otherwise [`end`](Self::end) tells more.
    #[inline(always)]
    pub(crate) fn is_usual_end(&self, status: u64) -> bool {
        // SAFETY: the caller of `begin` said that it is valid; the guest has ended.
        status == 0 && unsafe { (*self.0).abi.fuel } >= 0
    }

    /// Ends as dropping this does.
    ///
    /// # Safety
    /// The thread is that on which it has begun, for all that a compiler sees: the guest has not been
    /// called by an asynchronous call, which may have gone on on another.
    #[inline(always)]
    pub(crate) unsafe fn end_on_same_thread(self) {
        let exec = ManuallyDrop::new(self).0;
        // SAFETY: made once the activation has begun; the caller says the rest.
        unsafe { Activation::end_outermost_here(exec) };
    }

    /// Ends after the guest's trampoline has returned `status`.
    ///
    /// # Errors
    /// Why the guest was stopped, if it was.
    pub(crate) fn end(self, status: u64) -> Result<(), Stopped> {
        // SAFETY: as above; it is the innermost one.
        unsafe { Exec::end_with_care(self.0, status, self) }
    }
}

impl Drop for Outermost {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: made once the activation has begun.
        unsafe { Activation::end_outermost(self.0) };
    }
}

/// Ends an activation, by whatever way.
struct Inner(*const Activation);

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: made once the activation has begun.
        unsafe { Activation::end(self.0) };
    }
}

/// What a thread knows of what it runs: the guest, and the stack.
#[cfg(feature = "async")]
pub(crate) struct Running {
    current: *mut Exec,
    stack: Option<Range<u64>>,
}

#[cfg(feature = "async")]
impl Running {
    /// No guest yet, on a stack with these bounds.
    pub(crate) const fn on(stack: Range<u64>) -> Self {
        Self {
            current: ptr::null_mut(),
            stack: Some(stack),
        }
    }

    /// Tells the thread this, and takes what it knew: before the thread goes on on another stack,
    /// and after it has come back.
    #[inline(never)]
    pub(crate) fn exchange(&mut self) {
        self.current = thread::exchange_current(self.current);
        self.stack = thread::exchange_stack(self.stack.take());
    }
}

/// The part of a store's state that belongs to its innermost activation: what a nested call changes
/// while it runs.
///
/// Whoever switches between the stacks of two activations [exchanges](Self::exchange) it. A host
/// function that has called guests, and suspended or leaked them, so finds the state as it was.
#[derive(Clone, Copy)]
pub(crate) struct Execution {
    saved: Saved,
    activations: *const Activation,
    #[cfg(feature = "async")]
    fiber: Option<NonNull<crate::asynchronous::Suspender>>,
}

impl Execution {
    /// The store's.
    ///
    /// # Safety
    /// `exec` is valid and nothing holds a mutable reference to it.
    pub(crate) unsafe fn of(exec: *const Exec) -> Self {
        // SAFETY: the caller says so.
        let exec = unsafe { &*exec };
        Self {
            saved: Saved::of(&exec.abi),
            activations: exec.activations,
            #[cfg(feature = "async")]
            fiber: exec.fiber,
        }
    }

    /// Makes this the store's, and takes the store's.
    ///
    /// # Safety
    /// `exec` is valid, nothing holds a reference to it, and the activations of both have not ended.
    #[cfg(feature = "async")]
    pub(crate) unsafe fn exchange(&mut self, exec: *mut Exec) {
        // SAFETY: the caller says so.
        let before = unsafe { Self::of(exec) };
        // SAFETY: as above.
        let exec = unsafe { &mut *exec };
        self.saved.put_back(&mut exec.abi);
        exec.activations = self.activations;
        exec.fiber = self.fiber;
        *self = before;
    }

    /// Whether a guest that called the host with `self` as its state can go on with `now`. Without a
    /// guest, landing and exit mean nothing.
    pub(crate) fn is_kept_by(&self, now: &Self) -> bool {
        #[cfg(feature = "async")]
        if self.fiber != now.fiber {
            return false;
        }
        self.activations == now.activations
            && (self.activations.is_null() || self.saved == now.saved)
    }
}

impl Exec {
    /// Prepares this thread to go on with a guest that another may have entered.
    ///
    /// # Safety
    /// `exec` is valid.
    #[cfg(feature = "async")]
    pub(crate) unsafe fn prepare_thread(exec: *const Self) -> io::Result<()> {
        // SAFETY: the caller says that it is valid.
        thread::prepare(unsafe { (*exec).needs_signals })
    }

    /// Runs `f`, which enters a guest through an entry trampoline and returns what that returned.
    ///
    /// # Errors
    /// Why the guest was stopped, if `f` did not return 0.
    ///
    /// # Safety
    /// `exec` is the state of the store that the guest belongs to, and nothing holds a reference
    /// to it or to anything else that the guest reaches. `f` enters no guest of another store, and
    /// has nothing to drop when the guest is stopped.
    #[inline]
    pub(crate) unsafe fn enter(exec: *mut Self, f: impl FnOnce() -> u64) -> Result<(), Stopped> {
        // SAFETY: as the caller says.
        unsafe {
            match Outermost::begin(exec) {
                Some(activation) => {
                    let status = f();
                    if activation.is_usual_end(status) {
                        return Ok(());
                    }
                    activation.end(status)
                }
                None => Self::enter_with_care(exec, f),
            }
        }
    }

    /// As [`enter`](Self::enter), for what is not as usual: another guest waits, or this
    /// one may be interrupted; or the thread is new.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    ///
    /// # Safety
    /// As [`enter`](Self::enter).
    #[inline(never)]
    unsafe fn enter_with_care(exec: *mut Self, f: impl FnOnce() -> u64) -> Result<(), Stopped> {
        let mut room = MaybeUninit::uninit();
        // SAFETY: the caller says that it is valid and not referred to; the room stays where it is
        // until the activation has ended below.
        unsafe { Activation::begin(room.as_mut_ptr(), exec) }?;
        let activation = Inner(room.as_ptr());
        let status = f();
        // SAFETY: as above: the guest has ended.
        unsafe { Self::end_with_care(exec, status, activation) }
    }

    /// Ends an activation whose trampoline has returned `status`.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    ///
    /// # Safety
    /// As [`enter`](Self::enter); the activation is the innermost, and its guest has ended.
    unsafe fn end_with_care<A>(exec: *mut Self, status: u64, activation: A) -> Result<(), Stopped> {
        // SAFETY: the caller says that it is valid and not referred to.
        let status = unsafe { (*exec).settle(status) };
        drop(activation);
        if status == 0 {
            return Ok(());
        }
        // SAFETY: as above.
        Err(unsafe { (*exec).stopped() })
    }

    /// What a guest's trampoline should have returned that has returned `status`: that the guest
    /// was stopped, if it has used more fuel than there was.
    fn settle(&mut self, status: u64) -> u64 {
        if status != 0 || self.abi.fuel >= 0 || self.refill() != Refill::Empty {
            return status;
        }
        // Its frames are gone.
        self.abi.exit_fp = 0;
        // SAFETY: the others are those of the guests that wait.
        unsafe { self.note(TrapCode::OutOfFuel) };
        1
    }

    /// Notes why a guest is not entered at all, or has ended.
    ///
    /// # Safety
    /// The guests that wait called the host where the state says.
    unsafe fn note(&mut self, code: TrapCode) {
        self.pending = Some(Pending::Trap(code));
        // SAFETY: the caller says so.
        unsafe { self.pcs.capture_exit(&self.abi, self.activations) };
    }

    #[cold]
    fn stopped(&mut self) -> Stopped {
        self.was_stopped = true;
        let backtrace = self.pcs.frames(self);
        match self.pending.take() {
            Some(Pending::Trap(code)) => {
                if code == TrapCode::Interrupted {
                    self.interrupted();
                }
                Stopped::Trap(Trap::new(code, backtrace))
            }
            Some(Pending::Error(error)) => Stopped::Host { error, backtrace },
            Some(Pending::Panic(payload)) => Stopped::Panic(payload),
            // Every way to the landing notes something first; a guest that was stopped without
            // a reason has still stopped.
            None => Stopped::Trap(Trap::new(TrapCode::Unreachable, backtrace)),
        }
    }
}
