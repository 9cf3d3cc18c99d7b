//! Modules that a linker made part of this program.
//!
//! # Safety
//!
//! Whoever names the descriptor vouches for it; what a linker has placed stays where it is and as
//! it is for as long as the program runs.
#![allow(unsafe_code, reason = "reads a descriptor where the linker placed it")]

use super::machine::check_note;
use super::{ImageSource, Module, ModuleParts, RuntimeFunctions, part_bytes};
use crate::address;
use crate::error::Error;
use prefab_abi::bytes::Reader;
use prefab_abi::descriptor::{Descriptor, Part, SIZE};
use prefab_abi::meta::{HEADER_SIZE, Meta};
use prefab_abi::note::Note;

impl Module {
    /// The module that a linker made part of this program, by the address of its descriptor: that
    /// of the symbol `prefab_module_<name>`. It gets the name `name`, for people.
    ///
    /// The types of its functions and those of all other modules of the process, linked or loaded,
    /// are told apart alike. It takes the same time whatever the module's size.
    ///
    /// # Errors
    /// If it was compiled for another machine or runtime ([`Error::Unmet`]), or what lies at the
    /// address is not a module's descriptor.
    ///
    /// # Safety
    /// `descriptor` is the address of the descriptor of an object that Prefab compiled, which a
    /// linker has linked into a program, or into a shared library that is never unloaded.
    pub unsafe fn from_linked(descriptor: *const u8, name: &str) -> Result<Self, Error> {
        // SAFETY: a descriptor has so many bytes, which nothing changes after relocation.
        let head = unsafe { std::slice::from_raw_parts(descriptor, SIZE as usize) };
        let slots = Reader(head).u32("descriptor slots", 12)?;
        let size = Descriptor::slot_offset(slots) as usize;
        // SAFETY: the import table, of so many pointers, follows the descriptor.
        let bytes = unsafe { std::slice::from_raw_parts(descriptor, size) };
        let descriptor = Descriptor::from_bytes(bytes)?;
        // SAFETY: the linker has relocated the descriptor, and what it points at lives as long as
        // the program.
        let part = |part| unsafe { part_bytes(&descriptor, part) };
        let note = Note::from_bytes(part(Part::Note))?;
        check_note(&note)?;
        let meta = Meta::new(part(Part::Meta))?;
        if meta.slots()?.len() != slots {
            let problem = "is not that of the metadata";
            return Err(Error::format("size of the import table", problem, 12));
        }
        let import_table = bytes[SIZE as usize..].as_ptr();
        let parts = ModuleParts {
            descriptor,
            meta_header: part(Part::Meta)[..HEADER_SIZE as usize].to_vec(),
            runtime_functions: RuntimeFunctions::Linked(address::of(import_table)),
            image: ImageSource::Memory,
            owner: Box::new(()),
            name: name.to_string(),
            assumptions: note.assumptions(),
        };
        // SAFETY: the linker has placed and relocated everything, for good; and the caller says who
        // compiled it.
        unsafe { Self::from_parts(parts) }
    }
}
