//! Input files: what they are, and one clear line where they are not what they should be.

use super::error::Failure;
use std::path::Path;

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

/// The bytes of a file.
///
/// # Errors
/// If it cannot be read, or is a directory, or has no bytes.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error| Failure::io(path, "cannot be read", &error);
    let bytes = std::fs::read(path).map_err(unreadable)?;
    if bytes.is_empty() {
        return Err(Failure::of(path, "the file is empty"));
    }
    Ok(bytes)
}

/// What `bytes`, a file's, are.
///
/// # Errors
/// If they are WebAssembly, but no module that Prefab knows.
pub(crate) fn kind(path: &Path, bytes: &[u8]) -> Result<Kind, Failure> {
    if bytes.starts_with(b"\x7fELF") {
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
