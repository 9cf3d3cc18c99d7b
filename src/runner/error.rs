//! What a command says when something goes wrong.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why a command failed: one line, `file: error: message`.
#[derive(Debug)]
pub struct Failure {
    path: Option<PathBuf>,
    message: String,
}

impl Failure {
    /// A failure that is about no file.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            path: None,
            message: message.into(),
        }
    }

    /// A failure that is about the file `path`.
    pub fn of(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: Some(path.to_path_buf()),
            message: message.into(),
        }
    }

    /// What went wrong with the file `path`, in the system's words without their number.
    pub fn io(path: &Path, what: &str, error: &std::io::Error) -> Self {
        Self::of(path, format!("{what}: {}", reason(error)))
    }

    /// What went wrong when the output `path` was written.
    pub fn output(path: &Path, error: &std::io::Error) -> Self {
        Self::of_output(path, format!("cannot be written: {}", reason(error)))
    }

    /// A failure that is about the output `path`; `-` is standard output.
    pub fn of_output(path: &Path, message: impl Into<String>) -> Self {
        match path == Path::new(STANDARD) {
            true => Self::of(Path::new("<stdout>"), message),
            false => Self::of(path, message),
        }
    }
}

/// The path that stands for standard input and standard output.
pub const STANDARD: &str = "-";

/// The name of an input file in messages.
pub fn input_name(path: &Path) -> std::path::Display<'_> {
    match path == Path::new(STANDARD) {
        true => Path::new("<stdin>").display(),
        false => path.display(),
    }
}

/// The system's words for an error, without `(os error 2)`.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}: error: {}", input_name(path), self.message),
            None => write!(f, "prefab: error: {}", self.message),
        }
    }
}
