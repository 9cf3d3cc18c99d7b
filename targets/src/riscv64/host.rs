//! This machine, if it is one of these.
//!
//! # Safety
//! Unsafe for assembly that reads or replaces the registers that say where a thread is, and for
//! system calls that have no other interface.
#![allow(
    unsafe_code,
    reason = "the stack pointer is reached by assembly, the caches and features by system calls"
)]

use crate::host::Registers;
use core::arch::asm;
use libc::{REG_PC, REG_S0, REG_SP, c_long, ucontext_t};

pub(crate) use super::TARGET;

/// `riscv_hwprobe`, `riscv_flush_icache` (Linux, arch/riscv/include/uapi/asm/unistd.h).
const SYS_HWPROBE: c_long = 258;
const SYS_FLUSH_ICACHE: c_long = 259;

/// `RISCV_HWPROBE_KEY_IMA_EXT_0` (Linux, Documentation/arch/riscv/hwprobe.rst).
const KEY_IMA_EXT_0: i64 = 4;

pub(crate) fn registers(context: &ucontext_t) -> Registers {
    let registers = &context.uc_mcontext.__gregs;
    Registers {
        pc: registers[REG_PC] as u64,
        sp: registers[REG_SP] as u64,
        fp: registers[REG_S0] as u64,
    }
}

pub(crate) fn set_registers(context: &mut ucontext_t, to: Registers) {
    let registers = &mut context.uc_mcontext.__gregs;
    registers[REG_PC] = to.pc as _;
    registers[REG_SP] = to.sp as _;
    registers[REG_S0] = to.fp as _;
}

/// # Safety
/// As [`crate::host::raise`].
pub(crate) unsafe fn raise(to: Registers) -> ! {
    // SAFETY: the caller promises code at `pc` that expects these stack and frame pointers.
    unsafe {
        asm!(
            "mv sp, a1",
            "mv s0, a2",
            "jr a0",
            in("a0") to.pc,
            in("a1") to.sp,
            in("a2") to.fp,
            options(noreturn),
        )
    }
}

#[inline(always)]
pub(crate) fn stack_pointer() -> u64 {
    let sp;
    // SAFETY: reads a register and nothing else.
    unsafe { asm!("mv {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

/// All harts that the process may run on have to fetch anew: only the kernel can do that.
pub(crate) fn sync_instructions(start: *const u8, len: usize) {
    let all_threads = 0usize;
    // SAFETY: the call reads and writes no memory of the program. It cannot fail with these flags.
    unsafe {
        libc::syscall(
            SYS_FLUSH_ICACHE,
            start,
            start.wrapping_add(len),
            all_threads,
        )
    };
}

/// The key-value pair of `riscv_hwprobe`.
#[repr(C)]
struct Probe {
    key: i64,
    value: u64,
}

/// The extensions that the kernel tells of; on kernels before 6.4 that have no such call, those
/// of the `AT_HWCAP` letters that the same bits would say.
fn extensions() -> u64 {
    let mut probe = Probe {
        key: KEY_IMA_EXT_0,
        value: 0,
    };
    // SAFETY: the one pair that the call fills is alive; no CPU set is given: all CPUs.
    let result = unsafe {
        libc::syscall(
            SYS_HWPROBE,
            &raw mut probe,
            1usize,
            0usize,
            core::ptr::null::<u8>(),
            0u32,
        )
    };
    if result == 0 && probe.key == KEY_IMA_EXT_0 {
        return probe.value;
    }
    // SAFETY: reads the program's auxiliary vector.
    let letters = unsafe { libc::getauxval(libc::AT_HWCAP) };
    let has = |letter: u8| u64::from(letters & (1 << (letter - b'a')) != 0);
    // V among the letters may be a version before 1.0: it is not taken from here.
    has(b'f') & has(b'd') | has(b'c') << 1
}

pub(crate) fn detect(feature: &str) -> bool {
    let bit = match feature {
        // A Linux program runs on nothing less.
        "m" | "a" => return true,
        "f" | "d" => 0,
        "c" => 1,
        "v" => 2,
        "zba" => 3,
        "zbb" => 4,
        "zbs" => 5,
        "zbc" => 7,
        "zbkb" => 8,
        "zvbb" => 17,
        "zfh" => 27,
        "zfhmin" => 28,
        "zvfh" => 30,
        "zfa" => 32,
        "zicond" => 35,
        "zcb" => 44,
        _ => return false,
    };
    extensions() & (1 << bit) != 0
}
