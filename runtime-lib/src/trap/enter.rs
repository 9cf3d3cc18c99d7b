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
use super::{Frame, Trap, handler, thread};
use crate::fuel::Refill;
use prefab_abi::exec::{ExecState, Landing};
use prefab_abi::trap::TrapCode;
use prefab_targets::host;
use std::any::Any;
use std::cell::Cell;
use std::error::Error;
use std::io;
#[cfg(feature = "async")]
use std::ops::Range;
use std::ptr;

/// Why a guest was stopped, or not even started.
pub(crate) enum Stopped {
    /// It trapped.
    Trap(Trap),
    /// A host function that it called returned an error.
    Host {
        /// The error.
        error: Box<dyn Error + Send + Sync>,
        /// The guest's frames.
        backtrace: Box<[Frame]>,
    },
    /// A host function that it called panicked: to be resumed.
    Panic(Box<dyn Any + Send>),
    /// The system refused what handling traps on this thread needs.
    System(io::Error),
}

thread_local! {
    /// The state of the store whose guest this thread runs, for the signal handler. Initialised
    /// at compile time and without a destructor, so that reading it runs no code.
    static CURRENT: Cell<*mut Exec> = const { Cell::new(ptr::null_mut()) };
}

/// The state of the store whose guest this thread runs; null if it runs none.
pub(super) fn current() -> *mut Exec {
    CURRENT.get()
}

/// Makes `exec` the state of the store whose guest this thread runs; the one until now.
///
/// Not inlined: when an activation on a fiber ends, the thread may be another than when it began. A
/// compiler that saw both would take the variable to be at the same address.
#[inline(never)]
fn exchange_current(exec: *mut Exec) -> *mut Exec {
    CURRENT.replace(exec)
}

/// What an activation found when it began, and puts back when it ends: the state of the one
/// outside it, which waits.
pub(super) struct Activation {
    exec: *mut Exec,
    state: ExecState,
    outer: *const Self,
    outer_current: *mut Exec,
}

impl Activation {
    /// The state of the activation that waits.
    pub(super) const fn state(&self) -> &ExecState {
        &self.state
    }

    /// The activation outside that one.
    pub(super) const fn outer(&self) -> *const Self {
        self.outer
    }

    /// Makes `exec` the thread's current one, with no landing yet.
    ///
    /// # Safety
    /// `exec` is valid and nothing holds a reference to it, until this is dropped.
    unsafe fn begin(exec: *mut Exec) -> Self {
        // SAFETY: the caller says that it is valid and not referred to.
        let exec_now = unsafe { &mut *exec };
        let state = exec_now.abi;
        exec_now.abi.landing = Landing::default();
        exec_now.abi.exit_fp = 0;
        Self {
            exec,
            state,
            outer: exec_now.activations,
            outer_current: exchange_current(exec),
        }
    }
}

impl Drop for Activation {
    fn drop(&mut self) {
        // SAFETY: `begin` was promised that it is valid and not referred to.
        let exec = unsafe { &mut *self.exec };
        // What the store's guests have used up, and what they are asked, is not the activation's.
        exec.abi.stack_limit = self.state.stack_limit;
        exec.abi.landing = self.state.landing;
        exec.abi.exit_fp = self.state.exit_fp;
        exec.activations = self.outer;
        exchange_current(self.outer_current);
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
    pub(crate) fn exchange(&mut self) {
        self.current = exchange_current(self.current);
        self.stack = thread::exchange_stack(self.stack.take());
    }
}

/// What an activation is known by while it waits on a fiber that is suspended.
#[cfg(feature = "async")]
pub(crate) struct Suspended {
    stack_limit: u64,
    landing: Landing,
    exit_fp: u64,
    activations: *const Activation,
}

#[cfg(feature = "async")]
impl Suspended {
    /// The innermost activation.
    ///
    /// # Safety
    /// `exec` is valid and nothing holds a reference to it.
    pub(crate) unsafe fn of(exec: *mut Exec) -> Self {
        // SAFETY: the caller says so.
        let exec = unsafe { &*exec };
        Self {
            stack_limit: exec.abi.stack_limit,
            landing: exec.abi.landing,
            exit_fp: exec.abi.exit_fp,
            activations: exec.activations,
        }
    }

    /// Makes it the innermost one again. It is already if everything that ran meanwhile has ended;
    /// but a future can be leaked, and its activations with it.
    ///
    /// # Safety
    /// As for [`of`](Self::of), of the same `exec`, whose activation has not ended.
    pub(crate) unsafe fn put_back(self, exec: *mut Exec) {
        // SAFETY: the caller says so.
        let exec = unsafe { &mut *exec };
        exec.abi.stack_limit = self.stack_limit;
        exec.abi.landing = self.landing;
        exec.abi.exit_fp = self.exit_fp;
        exec.activations = self.activations;
    }
}

/// Prepares the process and this thread for a guest, for signals if it needs them.
fn prepare(needs_signals: bool) -> io::Result<()> {
    if needs_signals {
        handler::install()?;
        thread::prepare_for_signals()?;
    }
    Ok(())
}

impl Exec {
    /// Prepares this thread to go on with a guest that another may have entered.
    ///
    /// # Safety
    /// `exec` is valid.
    #[cfg(feature = "async")]
    pub(crate) unsafe fn prepare_thread(exec: *const Self) -> io::Result<()> {
        // SAFETY: the caller says that it is valid.
        prepare(unsafe { (*exec).needs_signals })
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
    pub(crate) unsafe fn enter(exec: *mut Self, f: impl FnOnce() -> u32) -> Result<(), Stopped> {
        // SAFETY: the caller says that it is valid; modules are added while no guest runs.
        let needs_signals = unsafe { (*exec).needs_signals };
        let stack_limit = prepare(needs_signals).and_then(|()| thread::stack_limit());
        let stack_limit = stack_limit.map_err(Stopped::System)?;
        // SAFETY: the caller says that it is valid and not referred to.
        let activation = unsafe { Activation::begin(exec) };
        // SAFETY: as above; the activation stays where it is until it is dropped below.
        unsafe {
            (*exec).activations = &raw const activation;
            (*exec).abi.stack_limit = stack_limit;
        }
        // SAFETY: as above; the reference ends at once.
        let is_interrupted = unsafe { (*exec).is_interrupted() };
        let stopped = if host::stack_pointer() < stack_limit {
            // SAFETY: as above.
            unsafe { Self::note_without_frames(exec, TrapCode::StackOverflow) };
            1
        } else if is_interrupted {
            // SAFETY: as above.
            unsafe { Self::note_without_frames(exec, TrapCode::Interrupted) };
            1
        } else {
            match f() {
                // SAFETY: as above: the guest has ended.
                0 => unsafe { Self::settle(exec) },
                stopped => stopped,
            }
        };
        drop(activation);
        if stopped == 0 {
            return Ok(());
        }
        // SAFETY: as above: the guest has ended.
        Err(unsafe { &mut *exec }.stopped())
    }

    /// What `enter`'s function should have returned, of a guest that has returned: that it was
    /// stopped, if it has used more fuel than it had since it last looked.
    unsafe fn settle(exec: *mut Self) -> u32 {
        // SAFETY: the caller, `enter`, was promised that it is valid and not referred to.
        let state = unsafe { &mut *exec };
        if state.abi.fuel >= 0 || state.refill() != Refill::Empty {
            return 0;
        }
        // Its frames are gone.
        state.abi.exit_fp = 0;
        // SAFETY: as above.
        unsafe { Self::note_without_frames(exec, TrapCode::OutOfFuel) };
        1
    }

    /// Notes why the guest is not entered at all, or has ended.
    unsafe fn note_without_frames(exec: *mut Self, code: TrapCode) {
        // SAFETY: the caller, `enter`, was promised that it is valid and not referred to.
        let exec = unsafe { &mut *exec };
        exec.pending = Some(Pending::Trap(code));
        // SAFETY: the activations are the waiting ones: this one has no frames.
        unsafe { exec.pcs.capture_exit(&exec.abi, exec.activations) };
    }

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
