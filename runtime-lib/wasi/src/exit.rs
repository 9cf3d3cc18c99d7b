//! The end of a program at its own wish.

/// The guest ended its program, by `proc_exit` or by raising a signal that ends programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program exited with code {code}")]
pub struct Exit {
    /// The exit code the guest gave; 128 and the signal's number for a signal.
    pub code: u32,
}
