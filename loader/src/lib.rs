//! Maps the objects that Prefab compiles, without a linker.
//!
//! ```text
//! file ─ parse ─► ELF structures ─ check ─► parts ─ map ─► the file in memory
//!   ─ resolve ─► relocations agree ─ publish ─► code can be run ─► Module
//! ```
//!
//! The file is mapped in one piece and never written; its code is run and its metadata read where they
//! lie. What that costs does not depend on the size of the module: apart from the beginning and
//! the end of the file, only what has one entry for each slot of the import table is looked at.
//!
//! Whatever the bytes of a file are, parsing them gives an error or a module and reads nothing
//! outside them. What the *code* in a file does, nobody checks: see [`load_file`].
//!
//! # Safety
//! Unsafe because whoever loads a file vouches for the code in it, and because the runtime is
//! told where the module's parts are: in mappings that the module owns.
#![allow(unsafe_code, reason = "compiled code is trusted")]

mod check;
mod error;
mod map;
mod parse;
mod resolve;

pub use error::{LoadError, Problem};

use map::Source;
use parse::Object;
use prefab_abi::descriptor::Part;
use prefab_runtime::{ImageSource, Module, ModuleParts, RuntimeFunctions};
use std::fs::File;
use std::path::Path;

/// Loads the object at `path`. The module is named after the file. A regular file is mapped; the
/// contents of a pipe are read to their end and kept in memory.
///
/// # Errors
/// If the file cannot be read, is no object that Prefab compiled, or needs a machine or a runtime
/// other than these.
///
/// # Safety
/// The file holds what `prefab compile` wrote, and does not change as long as the module or
/// anything instantiated from it lives. The code is run as it is: whoever can write to the file
/// can do whatever the process can.
pub unsafe fn load_file(path: impl AsRef<Path>) -> Result<Module, LoadError> {
    let path = path.as_ref();
    let name = path.file_stem().unwrap_or(path.as_os_str());
    let opened = File::open(path).map_err(|source| Problem::io("open the file", source));
    opened
        // SAFETY: the caller's promise.
        .and_then(|file| unsafe { load_source(file, &name.to_string_lossy()) })
        .map_err(|problem| LoadError::new(path, problem))
}

/// Loads the object in an open file. The module gets the name `name`. The file's name plays no part: the
/// bytes that a program has read through this descriptor are the bytes that are loaded.
///
/// # Errors
/// As [`load_file`].
///
/// # Safety
/// As [`load_file`].
pub unsafe fn load_opened(file: File, name: &str) -> Result<Module, LoadError> {
    // SAFETY: the caller's promise.
    unsafe { load_source(file, name) }.map_err(|problem| LoadError::new(Path::new(name), problem))
}

/// # Safety
/// As [`load_file`].
unsafe fn load_source(file: File, name: &str) -> Result<Module, Problem> {
    // SAFETY: the caller's promise.
    let source = unsafe { Source::opened(file) }?;
    // SAFETY: the caller's promise.
    unsafe { load(source, name) }
}

/// Loads the object that `bytes` are, from a copy in memory. The module gets the name `name`.
///
/// # Errors
/// As [`load_file`].
///
/// # Safety
/// The bytes are what `prefab compile` wrote. The code is run as it is.
pub unsafe fn load_bytes(bytes: &[u8], name: &str) -> Result<Module, LoadError> {
    // SAFETY: the caller's promise.
    Source::in_memory(bytes)
        .and_then(|source| unsafe { load(source, name) })
        .map_err(|problem| LoadError::new(Path::new(name), problem))
}

/// # Safety
/// The source holds what `prefab compile` wrote.
unsafe fn load(source: Source, name: &str) -> Result<Module, Problem> {
    let mut object = Object::new(&source)?;
    check::header(object.header())?;
    object.read_sections()?;
    let parts = check::object(&object)?;
    let file = source.map(parts.start())?;
    let meta = check::meta(&object, &parts, &file)?;
    resolve::check(&object, &parts, &meta.slots)?;
    let range = |part| parts.part(part).map(|section| section.range());
    let image = file.publish(range(Part::Text))?;
    let place = |part| range(part).and_then(|range| image.address(range));
    let descriptor = parts.descriptor.located(|part| place(part).unwrap_or(0));
    let (contents, assumptions) = (range(Part::Image), parts.note.assumptions());
    let meta_header = meta.header.into_owned();
    let parts = ModuleParts {
        descriptor,
        meta_header,
        runtime_functions: RuntimeFunctions::Named(prefab_runtime::builtin_address),
        image: match contents {
            None => ImageSource::Memory,
            Some(range) => ImageSource::File {
                file: source.into_file(),
                offset: range.start,
            },
        },
        owner: Box::new(image),
        name: name.to_string(),
        assumptions,
    };
    // SAFETY: the addresses are those of the mapping that the owner keeps, whose contents nobody
    // changes; and the caller says who compiled it.
    unsafe { Module::from_parts(parts) }.map_err(Problem::Runtime)
}
