//! The System V psABI for AMD64.

/// `EM_X86_64`.
pub(super) const MACHINE: u16 = 62;
/// The psABI defines no flags.
pub(super) const FLAGS: u32 = 0;
/// Linux has pages of 4 KiB only.
pub(super) const PAGE_SIZE: u64 = 4 << 10;
