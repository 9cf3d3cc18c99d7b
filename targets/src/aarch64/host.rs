//! This machine, if it is one of these.
//!
//! # Safety
//! Unsafe for assembly that reads or replaces the registers that say where a thread is, and that
//! maintains caches; and for a system call that has no other interface.
#![allow(
    unsafe_code,
    reason = "the stack pointer and the caches are reached by assembly"
)]

use crate::host::Registers;
use core::arch::asm;
use libc::{c_int, c_long, ucontext_t};
use std::arch::is_aarch64_feature_detected;
use std::sync::LazyLock;

pub(crate) use super::TARGET;

/// x29 (AAPCS64).
const FRAME_POINTER: usize = 29;

/// `PSTATE.BTYPE`: how the instruction at `pc` was reached (Arm ARM, "Process state, PSTATE").
const BRANCH_TYPE: u64 = 0b11 << 10;

/// The commands of `membarrier` (Linux, include/uapi/linux/membarrier.h).
const SYNC_CORE: c_int = 1 << 5;
const REGISTER_SYNC_CORE: c_int = 1 << 6;

pub(crate) fn registers(context: &ucontext_t) -> Registers {
    let registers = &context.uc_mcontext;
    Registers {
        pc: registers.pc,
        sp: registers.sp,
        fp: registers.regs[FRAME_POINTER],
    }
}

pub(crate) fn set_registers(context: &mut ucontext_t, to: Registers) {
    let registers = &mut context.uc_mcontext;
    registers.pc = to.pc;
    registers.sp = to.sp;
    registers.regs[FRAME_POINTER] = to.fp;
    // The new place is not reached by the branch that led to the old one.
    registers.pstate &= !BRANCH_TYPE;
}

/// # Safety
/// As [`crate::host::raise`].
pub(crate) unsafe fn raise(to: Registers) -> ! {
    // SAFETY: the caller promises code at `pc` that expects these stack and frame pointers.
    // `x16` is the register through which a jump may reach any landing (BTI).
    unsafe {
        asm!(
            "mov sp, x1",
            "mov x29, x2",
            "br x16",
            in("x16") to.pc,
            in("x1") to.sp,
            in("x2") to.fp,
            options(noreturn),
        )
    }
}

#[inline(always)]
pub(crate) fn stack_pointer() -> u64 {
    let sp;
    // SAFETY: reads a register and nothing else.
    unsafe { asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

/// Cleans data and invalidates instruction cache lines to the point of unification (Arm ARM,
/// "Synchronization and coherency issues between data and instruction accesses").
pub(crate) fn sync_instructions(start: *const u8, len: usize) {
    let (start, end) = (start as u64, start as u64 + len as u64);
    let cache_type: u64;
    // SAFETY: reads a register that Linux lets programs read.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) cache_type, options(nomem, nostack)) };
    let line = |shift: u32| 4u64 << ((cache_type >> shift) & 15);
    let (data_line, instruction_line) = (line(16), line(0));
    let (data_coherent, instructions_coherent) =
        (cache_type & (1 << 28) != 0, cache_type & (1 << 29) != 0);
    if !data_coherent {
        for address in (start & !(data_line - 1)..end).step_by(data_line as usize) {
            // SAFETY: cleaning a line of mapped memory changes nothing that a program can see.
            unsafe { asm!("dc cvau, {}", in(reg) address, options(nostack)) };
        }
    }
    // SAFETY: a barrier.
    unsafe { asm!("dsb ish", options(nostack)) };
    if !instructions_coherent {
        for address in (start & !(instruction_line - 1)..end).step_by(instruction_line as usize) {
            // SAFETY: as above.
            unsafe { asm!("ic ivau, {}", in(reg) address, options(nostack)) };
        }
    }
    // SAFETY: barriers.
    unsafe { asm!("dsb ish", "isb", options(nostack)) };
    sync_other_threads();
}

/// Has the process's other threads drop what they have fetched already: `isb` is for this thread
/// alone. A kernel that cannot do it (before 4.16) does it when it next interrupts them.
fn sync_other_threads() {
    fn membarrier(command: c_int) -> c_long {
        let (flags, cpu): (c_int, c_int) = (0, 0);
        // SAFETY: the call reads and writes no memory of the program.
        unsafe { libc::syscall(libc::SYS_membarrier, command, flags, cpu) }
    }
    static REGISTERED: LazyLock<bool> = LazyLock::new(|| membarrier(REGISTER_SYNC_CORE) == 0);
    if *REGISTERED {
        membarrier(SYNC_CORE);
    }
}

pub(crate) fn detect(feature: &str) -> bool {
    match feature {
        "lse" => is_aarch64_feature_detected!("lse"),
        "fp16" => is_aarch64_feature_detected!("fp16"),
        "dotprod" => is_aarch64_feature_detected!("dotprod"),
        "i8mm" => is_aarch64_feature_detected!("i8mm"),
        _ => false,
    }
}
