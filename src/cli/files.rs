//! Output files: regular files appear whole or not at all, everything else is written to as it is.

use super::error::{Failure, STANDARD};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// The mode of output files, which the umask reduces.
const MODE: u32 = 0o666;

/// How many symbolic links are followed, as in Linux.
const MAX_LINKS: usize = 40;

/// What a terminal would be asked to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A header.
    Text,
    /// An object or a program: terminals are refused.
    Binary,
}

/// Writes `bytes` to `path`, or to standard output if the path is `-`. A regular file is replaced: other
/// processes see the old file or the new one. Pipes, devices and open descriptors (`/dev/stdout`)
/// are written to.
///
/// # Errors
/// If the output cannot be written, or it is a terminal and the content is not text. No temporary file is
/// left then.
pub(crate) fn write(path: &Path, bytes: &[u8], content: Content) -> Result<(), Failure> {
    let written = match in_place(path)? {
        Some(file) if content == Content::Binary && file.is_terminal() => {
            let message = "this is a terminal, and the output is not text: name a file or a pipe";
            return Err(Failure::of_output(path, message));
        }
        Some(mut file) => file.write_all(bytes),
        None if path.is_dir() => Err(ErrorKind::IsADirectory.into()),
        None => prefab_compiler::files::replace(path, bytes, MODE),
    };
    written.map_err(|error| Failure::output(path, &error))
}

/// Whether `path` is written to as it is, instead of being replaced by a new file.
pub(crate) fn is_in_place(path: &Path) -> bool {
    is_descriptor(path) || is_special(path)
}

fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// The output `path`, opened, if it is not to be replaced.
fn in_place(path: &Path) -> Result<Option<File>, Failure> {
    let opened = if is_stdout(path) {
        let stdout = io::stdout().as_fd().try_clone_to_owned();
        stdout.map(File::from)
    } else if is_descriptor(path) {
        // Appends: the other holders of the descriptor may have written before.
        OpenOptions::new().append(true).open(path)
    } else if is_special(path) {
        OpenOptions::new().write(true).open(path)
    } else {
        return Ok(None);
    };
    let opened = opened.map_err(|error| Failure::output(path, &error))?;
    Ok(Some(opened))
}

/// Whether `path` is this process's standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path == Path::new(STANDARD) || descriptor(path) == Some(own_stdout())
}

fn own_stdout() -> PathBuf {
    PathBuf::from(format!("/proc/{}/fd/1", std::process::id()))
}

/// Whether `path` stands for an open file of a process, such as `/dev/stdout` and `/dev/fd/63`.
fn is_descriptor(path: &Path) -> bool {
    path == Path::new(STANDARD) || descriptor(path).is_some()
}

/// The link below `/proc` that `path` leads to, if it does.
fn descriptor(path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let target = fs::read_link(&path).ok()?;
        let folder = fs::canonicalize(path.parent()?).ok()?;
        if folder.starts_with("/proc") {
            return Some(folder.join(path.file_name()?));
        }
        path = folder.join(target);
    }
    None
}
