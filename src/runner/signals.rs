//! Signals that end a process where an error code would say more.
//!
//! # Safety
//! Unsafe for calling the C library: ignoring a signal installs no handler.
#![allow(unsafe_code, reason = "says to the system that a signal is ignored")]

/// Ignores `SIGXFSZ`: a write beyond the limit on the size of files (`ulimit -f`) fails with `EFBIG`, which
/// a command reports with the file's name, and a guest gets as an errno.
pub fn ignore_file_size_signal() {
    // SAFETY: ignoring a signal runs no code of ours. `SIGXFSZ` exists on every system that has it
    // in `libc`; a failure leaves the default, the end of the process.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}
