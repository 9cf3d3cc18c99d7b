//! The RISC-V psABI, LP64D.

/// `EM_RISCV`.
pub(super) const MACHINE: u16 = 243;

const RVC: u32 = 0x1;
const FLOAT_ABI_DOUBLE: u32 = 0x4;

/// Code may be compressed; doubles are passed in registers.
pub(super) const FLAGS: u32 = RVC | FLOAT_ABI_DOUBLE;
/// Linux has pages of 4 KiB only.
pub(super) const PAGE_SIZE: u64 = 4 << 10;
