//! The ELF and procedure call standards for the Arm 64-bit architecture (AAELF64, AAPCS64).

/// `EM_AARCH64`.
pub(super) const MACHINE: u16 = 183;
/// AAELF64 defines no flags.
pub(super) const FLAGS: u32 = 0;
/// Kernels are built for pages of 4, 16 or 64 KiB; what is aligned for the greatest runs on all.
pub(super) const PAGE_SIZE: u64 = 64 << 10;
