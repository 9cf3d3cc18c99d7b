//! Input files: what they are, and one clear line where they are not what they should be.

use super::error::Failure;
use super::load;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What a file is, by how it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A WebAssembly module in the binary format.
    Module,
    /// An ELF file.
    Elf,
    /// None of them; perhaps text.
    Other,
}

/// An input that has been opened. It is opened once: a pipe can be read only once, and another file
/// can get the name meanwhile.
pub(crate) struct Input {
    path: PathBuf,
    file: File,
}

impl Input {
    /// Opens the file `path`, or standard input if the path is `-`.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let file = load::open(path);
        let file = file.map_err(|error| Failure::io(path, "cannot be read", &error))?;
        let path = path.to_owned();
        Ok(Self { path, file })
    }

    /// The file's contents, up to their end.
    ///
    /// # Errors
    /// If they cannot be read, or the file is empty.
    pub(crate) fn bytes(mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        self.file
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::io(&self.path, "cannot be read", &error))?;
        if bytes.is_empty() {
            return Err(Failure::of(&self.path, "the file is empty"));
        }
        Ok(bytes)
    }

    /// Whether this is a regular file: one that can be opened and read again.
    pub(crate) fn is_regular(&self) -> bool {
        self.file.metadata().is_ok_and(|found| found.is_file())
    }

    /// Whether this is a regular file that starts as ELF files do. Reads nothing from a pipe.
    pub(crate) fn is_elf_file(&self) -> bool {
        let mut start = [0; 4];
        self.is_regular() && self.file.read_exact_at(&mut start, 0).is_ok() && start == *ELF
    }

    /// The open file.
    pub(crate) fn into_file(self) -> File {
        self.file
    }
}

/// The contents of the file `path`, or of standard input if the path is `-`.
///
/// # Errors
/// If they cannot be read, or the path is that of a directory, or the file is empty.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    Input::open(path)?.bytes()
}

/// The start of an ELF file.
const ELF: &[u8; 4] = b"\x7fELF";

/// What `bytes`, a file's, are.
///
/// # Errors
/// If they are WebAssembly, but no module that Prefab knows.
pub(crate) fn kind(path: &Path, bytes: &[u8]) -> Result<Kind, Failure> {
    if bytes.starts_with(ELF) {
        return Ok(Kind::Elf);
    }
    if !bytes.starts_with(b"\0asm") {
        return Ok(Kind::Other);
    }
    match bytes.get(4..8) {
        Some([1, 0, 0, 0]) => Ok(Kind::Module),
        Some([_, _, 1, 0]) => Err(Failure::of(
            path,
            "this is a WebAssembly component; Prefab compiles modules",
        )),
        Some([a, b, c, d]) => {
            let version = u32::from_le_bytes([*a, *b, *c, *d]);
            let message = format!("unknown WebAssembly version {version:#x} (at offset 0x4)");
            Err(Failure::of(path, message))
        }
        _ => Err(Failure::of(path, "the file ends inside its header")),
    }
}

/// The module in a file, which has the text or the binary format, in the binary format.
///
/// # Errors
/// If the file cannot be read or has neither.
#[cfg(feature = "compile")]
pub(crate) fn module(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    match kind(path, &bytes)? {
        Kind::Module => Ok(bytes),
        Kind::Elf => Err(Failure::of(
            path,
            "this is an ELF file, not a WebAssembly module",
        )),
        Kind::Other => text(path, &bytes),
    }
}

#[cfg(feature = "compile")]
fn text(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    use wast::parser::{self, ParseBuffer};
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if matches!(first, Some(b'(' | b';')) => text,
        _ => {
            let message = "not a WebAssembly module, in neither the binary nor the text format";
            return Err(Failure::of(path, message));
        }
    };
    let fail = |error: wast::Error| {
        let (line, column) = error.span().linecol_in(text);
        let message = error.message();
        let place = format!("at line {}, column {}", line + 1, column + 1);
        Failure::of(path, format!("{message} ({place})"))
    };
    let buffer = ParseBuffer::new(text).map_err(fail)?;
    match parser::parse::<wast::Wat<'_>>(&buffer).map_err(fail)? {
        wast::Wat::Component(_) => Err(Failure::of(
            path,
            "this is a WebAssembly component; Prefab compiles modules",
        )),
        mut module => module.encode().map_err(fail),
    }
}
