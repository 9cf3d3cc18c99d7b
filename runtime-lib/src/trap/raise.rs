//! The runtime functions `trap` and `raise`.
//!
//! # Safety
//! Unsafe because compiled code calls these with a pointer to its store's state, and because
//! going on at a landing skips the frames in between: those of compiled code and of the shims of host
//! functions, which have nothing to drop, and of [`prefab_rt_raise`].
#![allow(unsafe_code, reason = "called by compiled code, and leaves it")]

use super::exec::{Exec, Pending};
use prefab_abi::exec::ExecState;
use prefab_abi::trap::TrapCode;
use prefab_targets::host;

/// The runtime function [`Trap`](prefab_abi::builtin::Builtin::Trap).
///
/// # Safety
/// Only for compiled code: `exec` is the state of the store whose guest calls.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn prefab_rt_trap(exec: *mut ExecState, code: u32) {
    let code = u8::try_from(code).ok().and_then(TrapCode::from_number);
    // SAFETY: the state is the first field of an `Exec`, whose guest is here, so that nothing
    // holds a reference to it.
    let exec = unsafe { &mut *exec.cast::<Exec>() };
    exec.set_pending(Pending::Trap(code.unwrap_or(TrapCode::Unreachable)));
}

/// The runtime function [`Raise`](prefab_abi::builtin::Builtin::Raise).
///
/// # Safety
/// Only for compiled code: `exec` is the state of the store whose guest calls, and the stub or
/// adapter that calls has noted `exit_fp`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn prefab_rt_raise(exec: *mut ExecState) -> ! {
    // SAFETY: the caller says so.
    unsafe { raise(exec) }
}

/// Goes on at the landing of a store's innermost activation.
///
/// # Safety
/// `exec` is the state of the store, whose guest has called through a stub or adapter that has noted
/// where. Between that and this there are only frames with nothing to drop.
#[cold]
#[inline(never)]
pub(crate) unsafe fn raise(exec: *mut ExecState) -> ! {
    let (landing, is_running) = {
        // SAFETY: as in `prefab_rt_trap`.
        let exec = unsafe { &mut *exec.cast::<Exec>() };
        // SAFETY: the guest called the host, and its state says from where.
        unsafe { exec.pcs.capture_exit(&exec.abi, exec.activations) };
        (exec.abi.landing, exec.is_running())
    };
    if landing.pc == 0 || !is_running {
        // No trampoline has been entered, so no compiled code can have called this.
        std::process::abort();
    }
    // SAFETY: the landing is that of the entry trampoline through which the guest was entered,
    // which waits for its call to return; the frames below have nothing to drop, the caller says.
    unsafe {
        host::raise(host::Registers {
            pc: landing.pc,
            sp: landing.sp,
            fp: landing.fp,
        })
    }
}
