//! What a program's standard streams can be.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

/// Where a program's standard input comes from.
#[derive(Debug, Default)]
pub enum InputStream {
    /// The host's own standard input.
    Inherit,
    /// Nothing: at its end from the beginning.
    #[default]
    Null,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file, a pipe, or anything else that is open.
    File(File),
}

/// Where a program's standard output or standard error goes. Nothing is buffered on the way.
#[derive(Debug, Default)]
pub enum OutputStream {
    /// The host's own stream of the same number.
    Inherit,
    /// Nowhere.
    #[default]
    Null,
    /// Into memory.
    Capture(OutputCapture),
    /// Into a file, a pipe, or anything else that is open.
    File(File),
}

/// Output collected in memory. Clones share one buffer: keep one, give the other to the program.
#[derive(Clone, Debug, Default)]
pub struct OutputCapture {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl OutputCapture {
    /// An empty one.
    pub fn new() -> OutputCapture {
        OutputCapture::default()
    }

    /// What was written until now.
    pub fn contents(&self) -> Vec<u8> {
        self.with(|bytes| bytes.clone())
    }

    /// What was written since the last call of this.
    pub fn take(&self) -> Vec<u8> {
        self.with(std::mem::take)
    }

    pub(crate) fn with<R>(&self, access: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        // A panic of another holder leaves whole bytes behind: there is nothing to protect from.
        access(&mut self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
