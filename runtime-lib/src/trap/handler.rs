//! The signal handler: which faults are a guest's, and whose the others are.
//!
//! It takes no lock and no memory. A fault is the guest's only if the store that this thread runs
//! knows the code; all others go to the handler that was there before, with the signal mask that
//! it asked for, so that the host's own crashes end as they would have without us.
//!
//! # Safety
//! Unsafe for signal dispositions, and because the handler reads the state of the store that the
//! interrupted thread runs.
#![allow(unsafe_code, reason = "signal handling")]

use super::exec::{Exec, Pending};
use super::thread;
use libc::{c_int, c_void, siginfo_t, sigset_t, ucontext_t};
use prefab_abi::trap::TrapCode;
use prefab_targets::host::{self, FAULT_SIGNALS, Registers};
use std::io;
use std::mem;
use std::ptr;
use std::sync::OnceLock;

/// What was to happen on each signal before, in the order of [`FAULT_SIGNALS`].
static BEFORE: [OnceLock<libc::sigaction>; FAULT_SIGNALS.len()] =
    [const { OnceLock::new() }; FAULT_SIGNALS.len()];

/// Puts the handler in place for the process, once.
pub(super) fn install() -> io::Result<()> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        FAULT_SIGNALS
            .iter()
            .zip(&BEFORE)
            .try_for_each(|(signal, before)| install_one(*signal, before))
            .map_err(|error| error.raw_os_error().unwrap_or(libc::EINVAL))
    });
    installed.map_err(io::Error::from_raw_os_error)
}

fn install_one(signal: c_int, before: &OnceLock<libc::sigaction>) -> io::Result<()> {
    // What was there is known before ours can run.
    let old = disposition(signal, None)?;
    let _ = before.set(old);
    let handler: unsafe extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = handle;
    let mut ours = empty_action();
    ours.sa_sigaction = handler as usize;
    // Not deferred: a fault inside a handler must not be blocked, or the process would be killed
    // without a word; and a handler that is left by a landing must leave nothing blocked.
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    disposition(signal, Some(&ours))?;
    Ok(())
}

fn empty_action() -> libc::sigaction {
    // SAFETY: it is plain data, for which zeros are a value: the default, no flags, no mask.
    unsafe { mem::zeroed() }
}

/// What is to happen on `signal` until now; `new` from now on, if one is given.
fn disposition(signal: c_int, new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut old = empty_action();
    let new = new.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: both are alive or null; a handler in `new` is one that came from the system or the
    // function below, which has the signature that its flags say.
    if unsafe { libc::sigaction(signal, new, &raw mut old) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(old)
}

/// The handler.
///
/// # Safety
/// Only for the system to call.
unsafe extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the system's information is alive.
    let is_fault = signal == libc::SIGSEGV && unsafe { (*info).si_code } > 0;
    // SAFETY: such a signal has an address.
    if is_fault && thread::replace_page(unsafe { (*info).si_addr() } as u64) {
        return;
    }
    let exec = thread::current();
    if !exec.is_null() {
        // SAFETY: the system gives a signal's own context and information; the state is that of
        // the store that this thread runs, which `enter` was promised to be valid.
        let is_guest = unsafe { stop_guest(exec, signal, &*info, &mut *context.cast()) };
        if is_guest {
            return;
        }
    }
    // SAFETY: these are the arguments of a signal that the system has just delivered.
    unsafe { pass_on(signal, info, context) };
}

/// Sends the thread to the landing if the guest that it runs has trapped.
///
/// # Safety
/// `exec` is the state of the store that the thread runs.
unsafe fn stop_guest(
    exec: *mut Exec,
    signal: c_int,
    info: &siginfo_t,
    context: &mut ucontext_t,
) -> bool {
    let at = host::registers(context);
    // SAFETY: the list of modules changes only by being replaced, so that it is whole even if the
    // fault is the host's; and the rest is looked at only if the fault is compiled code's, which
    // runs when nothing holds a reference to the state.
    let Some(code) = trap_code(unsafe { &*exec }, at, signal, info) else {
        return false;
    };
    // SAFETY: compiled code was running, so nothing holds a reference to the state.
    let exec = unsafe { &mut *exec };
    let landing = exec.abi.landing;
    if landing.pc == 0 || !exec.is_running() {
        return false;
    }
    // Nothing is pending while a guest runs; should there be, it is not dropped here.
    mem::forget(exec.pending.replace(Pending::Trap(code)));
    // SAFETY: the frame pointer is compiled code's, and the activations are those of its store.
    unsafe {
        exec.pcs
            .capture_fault(at.pc, at.fp, &exec.abi, exec.activations)
    };
    let landing = Registers {
        pc: landing.pc,
        sp: landing.sp,
        fp: landing.fp,
    };
    host::set_registers(context, landing);
    true
}

/// Why the guest trapped, if the signal says that it did.
fn trap_code(exec: &Exec, at: Registers, signal: c_int, info: &siginfo_t) -> Option<TrapCode> {
    // What another process or thread sent is no fault.
    if info.si_code <= 0 {
        return None;
    }
    let module = exec.module_at(at.pc)?;
    let offset = u32::try_from(at.pc - module.text().start).ok()?;
    let site = module.code_map().and_then(|map| map.trap(offset));
    if signal != libc::SIGSEGV && signal != libc::SIGBUS {
        return site;
    }
    // SAFETY: for these signals, when they come from the system, there is an address.
    let address = unsafe { info.si_addr() } as u64;
    match site {
        // A memory whose file was cut short (SIGBUS) has nothing there either.
        Some(TrapCode::MemoryOutOfBounds) => exec
            .is_in_memory(address)
            .then_some(TrapCode::MemoryOutOfBounds),
        Some(TrapCode::Interrupted) => exec.is_poll(address).then_some(TrapCode::Interrupted),
        // Loads through a null pointer stand for the checks of these.
        Some(code) => (address < NULL_PAGE_BYTES).then_some(code),
        None => is_stack_overflow(address, at.sp).then_some(TrapCode::StackOverflow),
    }
}

/// The least page size: no more than this is never mapped at address 0.
const NULL_PAGE_BYTES: u64 = 4 << 10;

/// Linux leaves this much free below a stack that grows (`stack_guard_gap`), and a thread's guard
/// is rarely larger.
const STACK_GUARD_BYTES: u64 = 1 << 20;

/// A page, whatever its size.
const STACK_EDGE_BYTES: u64 = 64 << 10;

/// Whether code that ran with the stack pointer `sp` touched what lies behind the end of its
/// stack: of the thread's stack as it is known to be, or, because a stack may end before (at
/// another mapping, or at a limit) or not be the thread's, very close to the stack pointer.
fn is_stack_overflow(address: u64, sp: u64) -> bool {
    let is_near = |place: u64| {
        (place.saturating_sub(STACK_GUARD_BYTES)..place.saturating_add(STACK_EDGE_BYTES))
            .contains(&address)
    };
    thread::known_stack().is_some_and(|stack| is_near(stack.start)) || is_near(sp)
}

/// Does what would have been done without our handler.
///
/// # Safety
/// The arguments are those of a signal that the system has just delivered to this thread.
unsafe fn pass_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let index = FAULT_SIGNALS.iter().position(|ours| *ours == signal);
    let before = index.and_then(|index| BEFORE[index].get());
    // SAFETY: the system's information is alive.
    let was_sent = unsafe { (*info).si_code } <= 0;
    let Some(before) = before else {
        return be_default(signal, was_sent);
    };
    match before.sa_sigaction {
        libc::SIG_DFL => be_default(signal, was_sent),
        // The system does not let a fault be ignored: the instruction would fault for ever.
        libc::SIG_IGN if was_sent => {}
        libc::SIG_IGN => be_default(signal, was_sent),
        handler => {
            if before.sa_flags & libc::SA_RESETHAND != 0 {
                let _ = disposition(signal, Some(&empty_action()));
            }
            let mask = block(signal, before);
            if before.sa_flags & libc::SA_SIGINFO != 0 {
                // SAFETY: the flag says that this is the handler's signature; it comes from the
                // system, to which somebody gave it for just this.
                let handler: unsafe extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
                    unsafe { mem::transmute(handler) };
                // SAFETY: called as the system would have.
                unsafe { handler(signal, info, context) };
            } else {
                // SAFETY: as above, without the flag.
                let handler: unsafe extern "C" fn(c_int) = unsafe { mem::transmute(handler) };
                // SAFETY: called as the system would have.
                unsafe { handler(signal) };
            }
            unblock(&mask);
        }
    }
}

/// Lets the default happen: the instruction faults again when the handler returns, with all
/// registers as they were; what was sent is sent again.
fn be_default(signal: c_int, was_sent: bool) {
    let _ = disposition(signal, Some(&empty_action()));
    if was_sent {
        // SAFETY: sends a signal to this thread.
        unsafe { libc::raise(signal) };
    }
}

/// Blocks what the system would have blocked for this handler; returns the mask until now.
fn block(signal: c_int, action: &libc::sigaction) -> sigset_t {
    let mut mask = action.sa_mask;
    // SAFETY: sets of signals are plain data, for which zeros are a value.
    let mut old: sigset_t = unsafe { mem::zeroed() };
    // SAFETY: the sets are alive.
    unsafe {
        if action.sa_flags & libc::SA_NODEFER == 0 {
            libc::sigaddset(&raw mut mask, signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const mask, &raw mut old);
    }
    old
}

fn unblock(old: &sigset_t) {
    // SAFETY: the set is alive.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, old, ptr::null_mut()) };
}
