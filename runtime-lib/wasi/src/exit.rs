//! How a call of WASI ends a program: at the program's own wish, or because a pointer is wrong.

use crate::memory::Outside;

/// The guest ended its program, by `proc_exit` or by raising a signal that ends programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program exited with code {code}")]
pub struct Exit {
    /// The exit code the guest gave; 128 and the signal's number for a signal.
    pub code: u32,
}

/// The guest passed a function a pointer to memory that it does not have. This ends the guest, as the
/// same access by its own code does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{module}.{function} was given {outside}")]
pub struct PointerError {
    /// The name under which the guest imports the function's snapshot.
    pub module: &'static str,
    /// The function.
    pub function: &'static str,
    /// The memory that the pointer was for.
    pub outside: Outside,
}
