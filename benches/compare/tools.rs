//! Running other programs.

use anyhow::{Context as _, Result, bail};
use std::process::{Command, Stdio};

/// Runs a program that has to succeed; returns what it printed.
///
/// # Errors
/// If it cannot be started or fails; with what it said.
pub fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output().with_context(|| {
        format!("starting {command:?} (benches/run.sh installs what is missing)")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?}: {}\n{said}", output.status);
    }
    Ok(output.stdout)
}

/// The first line that a program prints; nothing if there is no such program.
pub fn first_line(program: &str, args: &[&str]) -> Option<String> {
    let text = output(Command::new(program).args(args)).ok()?;
    let text = String::from_utf8_lossy(&text);
    Some(text.lines().next()?.trim().to_owned())
}
