//! Maps the objects that Prefab compiles, without a linker.
//!
//! ```text
//! file ─ parse ─► ELF structures ─ check ─► parts ─ map ─► code where it lies in the file
//!   ─ resolve ─► pointers filled in ─ publish ─► Module
//! ```
//!
//! The code is mapped from the file and never written, the metadata is read in place, and the only
//! thing that is copied is the module's descriptor with its import table. What that costs depends
//! on the number of slots in the table, not on the size of the module.
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
mod image;
mod map;
mod parse;
mod resolve;

pub use error::{LoadError, Problem};

use image::ImageBuilder;
use map::Source;
use parse::Object;
use prefab_abi::descriptor::Part;
use prefab_runtime::{ImageSource, Module, ModuleParts};
use std::path::Path;

/// Loads the object at `path`. The module is named after the file.
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
    // SAFETY: the caller's promise.
    let source = unsafe { Source::open(path) };
    // SAFETY: the caller's promise.
    source
        .and_then(|source| unsafe { load(source, &name.to_string_lossy()) })
        .map_err(|problem| LoadError::new(path, problem))
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
    let file = source.map()?;
    let header = parse::header(&file)?;
    check::header(&header)?;
    let (builder, assumptions, image_offset) = {
        let object = Object::new(&file, &header)?;
        let parts = check::object(&object)?;
        let mut builder = ImageBuilder::new(&source, &parts)?;
        resolve::resolve(&object, &parts, &mut builder)?;
        let image = parts.part(Part::Image);
        (
            builder,
            parts.note.assumptions(),
            image.map(|section| section.header.sh_offset),
        )
    };
    let image = builder.publish(file)?;
    let parts = ModuleParts {
        descriptor: image.descriptor()?,
        import_table_address: image.import_table_address(),
        image: match image_offset {
            None => ImageSource::Memory,
            Some(offset) => ImageSource::File {
                file: source.into_file(),
                offset,
            },
        },
        owner: Box::new(image),
        name: name.to_string(),
        assumptions,
    };
    // SAFETY: the addresses are those of the mappings that the owner keeps, whose contents nobody
    // changes; every pointer has been filled in; and the caller says who compiled it.
    unsafe { Module::from_parts(parts) }.map_err(Problem::Runtime)
}
