//! This machine, if it is one of these.
//!
//! # Safety
//! Unsafe for assembly that reads or replaces the registers that say where a thread is.
#![allow(unsafe_code, reason = "the stack pointer is reached by assembly")]

use crate::host::Registers;
use core::arch::asm;
use libc::{REG_RBP, REG_RIP, REG_RSP, ucontext_t};

pub(crate) use super::TARGET;

pub(crate) fn registers(context: &ucontext_t) -> Registers {
    let registers = &context.uc_mcontext.gregs;
    Registers {
        pc: registers[REG_RIP as usize] as u64,
        sp: registers[REG_RSP as usize] as u64,
        fp: registers[REG_RBP as usize] as u64,
    }
}

pub(crate) fn set_registers(context: &mut ucontext_t, to: Registers) {
    let registers = &mut context.uc_mcontext.gregs;
    registers[REG_RIP as usize] = to.pc as i64;
    registers[REG_RSP as usize] = to.sp as i64;
    registers[REG_RBP as usize] = to.fp as i64;
}

/// # Safety
/// As [`crate::host::raise`].
pub(crate) unsafe fn raise(to: Registers) -> ! {
    // SAFETY: the caller promises code at `pc` that expects these stack and frame pointers.
    unsafe {
        asm!(
            "mov rsp, rsi",
            "mov rbp, rdx",
            "jmp rdi",
            in("rdi") to.pc,
            in("rsi") to.sp,
            in("rdx") to.fp,
            options(noreturn),
        )
    }
}

#[inline(always)]
pub(crate) fn stack_pointer() -> u64 {
    let sp;
    // SAFETY: reads a register and nothing else.
    unsafe { asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

/// Instruction caches are coherent.
pub(crate) fn sync_instructions(_start: *const u8, _len: usize) {}

pub(crate) fn detect(feature: &str) -> bool {
    match feature {
        "sse3" => is_x86_feature_detected!("sse3"),
        "ssse3" => is_x86_feature_detected!("ssse3"),
        "sse4.1" => is_x86_feature_detected!("sse4.1"),
        "sse4.2" => is_x86_feature_detected!("sse4.2"),
        "popcnt" => is_x86_feature_detected!("popcnt"),
        "avx" => is_x86_feature_detected!("avx"),
        "avx2" => is_x86_feature_detected!("avx2"),
        "fma" => is_x86_feature_detected!("fma"),
        "bmi1" => is_x86_feature_detected!("bmi1"),
        "bmi2" => is_x86_feature_detected!("bmi2"),
        "lzcnt" => is_x86_feature_detected!("lzcnt"),
        "avxvnni" => is_x86_feature_detected!("avxvnni"),
        "avx512f" => is_x86_feature_detected!("avx512f"),
        "avx512vl" => is_x86_feature_detected!("avx512vl"),
        "avx512dq" => is_x86_feature_detected!("avx512dq"),
        "avx512bitalg" => is_x86_feature_detected!("avx512bitalg"),
        "avx512vbmi" => is_x86_feature_detected!("avx512vbmi"),
        "avx512vnni" => is_x86_feature_detected!("avx512vnni"),
        _ => false,
    }
}
