//! The machine that this program runs on: signal contexts, landing, caches, detection.
//!
//! The instruction set is chosen once, here.
//!
//! | function | what it does |
//! | --- | --- |
//! | [`registers`], [`set_registers`] | program counter, stack and frame pointer in a signal's context |
//! | [`raise`] | goes on at another place of the same thread, with another stack |
//! | [`stack_pointer`] | where the caller's stack is |
//! | [`sync_instructions`] | makes instruction fetches see what was stored |
//! | [`features`] | what the CPU can do |
//!
//! # Safety
//! This file is unsafe for the calls into the instruction set's folder, whose functions say what
//! they ask.
#![allow(
    unsafe_code,
    reason = "signal contexts and registers have no safe interface"
)]

#[cfg(target_arch = "aarch64")]
use crate::aarch64::host as isa;
#[cfg(target_arch = "riscv64")]
use crate::riscv64::host as isa;
#[cfg(target_arch = "x86_64")]
use crate::x86_64::host as isa;

use crate::{FeatureSet, Target};
use libc::{c_int, ucontext_t};

/// The signals by which a fault or a trap instruction of compiled code shows.
pub const FAULT_SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

/// The registers that say where a thread is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// The program counter.
    pub pc: u64,
    /// The stack pointer.
    pub sp: u64,
    /// The frame pointer. In compiled code it points at the caller's frame pointer, with the
    /// return address a word above.
    pub fp: u64,
}

/// Where the thread was when the signal came.
#[must_use]
pub fn registers(context: &ucontext_t) -> Registers {
    isa::registers(context)
}

/// Makes the thread go on there when the handler returns. Every other register keeps what it had.
pub fn set_registers(context: &mut ucontext_t, registers: Registers) {
    isa::set_registers(context, registers);
}

/// Goes on at `registers`. Nothing on the stack in between is unwound or dropped.
///
/// # Safety
/// There must be code at `registers.pc` that expects to be reached like this, with these stack and
/// frame pointers, both of a frame of this very thread that is still there; and nobody may rely on
/// the frames below it any more.
pub unsafe fn raise(registers: Registers) -> ! {
    // SAFETY: the caller keeps the same contract.
    unsafe { isa::raise(registers) }
}

/// The stack pointer, about here.
#[must_use]
#[inline(always)]
pub fn stack_pointer() -> u64 {
    if cfg!(miri) {
        // An interpreter has no registers.
        return u64::MAX;
    }
    isa::stack_pointer()
}

/// Makes all threads' instruction fetches see what was stored to `[start, start + len)`. To be
/// called before the pages become executable.
pub fn sync_instructions(start: *const u8, len: usize) {
    isa::sync_instructions(start, len);
}

/// The target of this machine.
#[must_use]
pub fn target() -> &'static Target {
    &isa::TARGET
}

/// The features that the CPU has and the system lets programs use.
#[must_use]
pub fn features() -> FeatureSet {
    let target = target();
    let all = target.features().features.iter();
    let found = all
        .map(|feature| feature.name)
        .filter(|name| isa::detect(name));
    // Every name comes out of the target's own table.
    FeatureSet::from_names(target, found).unwrap_or(FeatureSet::empty(target))
}

#[cfg(test)]
mod tests {
    use super::{Registers, features, stack_pointer, target};
    use crate::Target;

    #[test]
    fn the_host_is_a_target() {
        assert_eq!(Some(target()), Target::host());
        for name in target().features().required {
            assert!(features().has(name), "{name}");
        }
    }

    #[test]
    fn the_stack_pointer_is_near() {
        let here = 0u8;
        let address = (&raw const here) as u64;
        assert!(stack_pointer().abs_diff(address) < 1 << 20);
    }

    #[test]
    fn contexts_take_registers() {
        // SAFETY: a signal context is plain data, for which zeros are a value.
        let mut context: libc::ucontext_t = unsafe { std::mem::zeroed() };
        let registers = Registers {
            pc: 1,
            sp: 2,
            fp: 3,
        };
        super::set_registers(&mut context, registers);
        assert_eq!(super::registers(&context), registers);
    }
}
