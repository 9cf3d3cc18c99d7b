//! Standard output.

use super::error::Failure;
use std::io::{self, ErrorKind, Write};

/// Prints `text`. A reader that went away (`prefab inspect x.o | head`) is no failure.
///
/// # Errors
/// If standard output cannot be written to for another reason.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a line to standard error. There is nobody to tell if that fails.
pub fn print_error(line: &dyn std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
