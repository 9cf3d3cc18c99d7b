//! A module whose code is mapped.
//!
//! # Safety
//!
//! [`Module::from_parts`] is told the truth about addresses; everything read through them lives as
//! long as the module's owner, which the module keeps.
#![allow(
    unsafe_code,
    reason = "reads a module's parts at the descriptor's addresses"
)]

mod image;
mod linked;
mod machine;
mod prepared;
#[cfg(test)]
mod tests;
pub(crate) mod types;

pub use machine::{Unmet, check_note};
pub use types::{ExportType, ImportType};

use crate::address;
use crate::error::Error;
use crate::instance::Spares;
use crate::trap::Code;
use crate::types::ExternType;
use image::Image;
use prefab_abi::builtin::Builtin;
use prefab_abi::code_map::CodeMap;
use prefab_abi::descriptor::{Descriptor, Part};
use prefab_abi::meta::{Meta, ModuleKind, NONE, Type};
use prefab_abi::note::{Assumptions, Traps};
use prefab_abi::types::FuncType;
use prepared::Prepared;
use std::any::Any;
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A compiled module, mapped and ready to be instantiated. Clones are the same module, and any number
/// of stores and threads share it.
///
/// It comes out of an object, by the loader's `load_file` or `load_bytes`; or out of the program
/// itself, by [`from_linked`](Self::from_linked).
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Module, ModuleKind};
///
/// /// What a module is for, and what it asks of its host.
/// fn describe(module: &Module) -> String {
///     let kind = match module.kind() {
///         ModuleKind::Command => "a program",
///         ModuleKind::Reactor => "a library with state",
///         _ => "a library",
///     };
///     let imports = module.imports().map(|it| format!("\n{}.{}: {}", it.module, it.name, it.ty));
///     format!("{} is {kind}{}", module.name(), imports.collect::<String>())
/// }
/// ```
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    /// Never used twice in a process.
    number: u64,
    descriptor: Descriptor,
    /// Borrows from what `owner` keeps.
    meta: Meta<'static>,
    image: Image,
    runtime_functions: RuntimeFunctions,
    prepared: OnceLock<Prepared>,
    name: Arc<str>,
    assumptions: Assumptions,
    _owner: Box<dyn Any + Send + Sync>,
}

/// Where the initial contents of memories can be mapped from.
#[derive(Clone, Debug)]
pub enum ImageSource {
    /// From a file.
    File {
        /// The file.
        file: Arc<File>,
        /// Where the image starts in it, in bytes.
        offset: u64,
    },
    /// Only from the address that the descriptor names.
    Memory,
}

/// Where the addresses of the runtime functions come from that a module calls.
#[derive(Clone, Copy, Debug)]
pub enum RuntimeFunctions {
    /// From the runtime.
    Named(fn(Builtin) -> u64),
    /// From an import table that a linker has filled in, which is at this address.
    Linked(u64),
}

/// What a module is made of.
pub struct ModuleParts {
    /// The descriptor, its addresses relocated.
    pub descriptor: Descriptor,
    /// The first bytes of the metadata, at least its header: to look at a copy costs less than to touch
    /// a page of the object that nobody has touched yet.
    pub meta_header: Vec<u8>,
    /// Where the addresses of runtime functions come from.
    pub runtime_functions: RuntimeFunctions,
    /// Where the image can be mapped from.
    pub image: ImageSource,
    /// Keeps everything that the descriptor points at where it is.
    pub owner: Box<dyn Any + Send + Sync>,
    /// The module's name, for people.
    pub name: String,
    /// What the code takes for granted.
    pub assumptions: Assumptions,
}

/// No module needs a greater guard: 32-bit offsets reach no further.
const MAX_GUARD_SIZE_BYTES: u64 = 1 << 33;

impl Module {
    /// The module made of `parts`. Takes the same time whatever the module's size.
    ///
    /// # Errors
    /// If the metadata is malformed, or the guard is larger than any module's.
    ///
    /// # Safety
    /// The descriptor's addresses and sizes are those of the module's parts, which Prefab compiled
    /// for this machine; an import table that a linker has filled in is complete; and all of it
    /// stays in place and unchanged for as long as `owner` lives, whoever moves it. `meta_header` is
    /// what the metadata starts with.
    pub unsafe fn from_parts(parts: ModuleParts) -> Result<Self, Error> {
        // SAFETY: the caller says that the part is there, unchanged, as long as `owner` lives,
        // which the module keeps: no slice leaves it with a longer life.
        let bytes = |part| unsafe { part_bytes(&parts.descriptor, part) };
        let meta = Meta::with_header(&parts.meta_header, bytes(Part::Meta))?;
        if parts.assumptions.guard_size_bytes > MAX_GUARD_SIZE_BYTES {
            return Err(Error::format("guard size", "is too large", 0));
        }
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Ok(Self(Arc::new(Inner {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            image: Image::new(parts.image, bytes(Part::Image)),
            meta,
            descriptor: parts.descriptor,
            runtime_functions: parts.runtime_functions,
            prepared: OnceLock::new(),
            name: parts.name.into(),
            assumptions: parts.assumptions,
            _owner: parts.owner,
        })))
    }

    /// The module's name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What the module is for.
    #[must_use]
    pub fn kind(&self) -> ModuleKind {
        self.0.meta.kind()
    }

    /// What the module imports, in its order. Ends early if its metadata is malformed.
    pub fn imports(&self) -> impl Iterator<Item = ImportType> + '_ {
        let imports = self.meta().imports().ok();
        imports
            .into_iter()
            .flat_map(|imports| (0..imports.len()).map(move |index| (imports, index)))
            .map_while(|(imports, index)| {
                types::import_type(self.meta(), imports.get(index).ok()?).ok()
            })
    }

    /// What the module exports, in its order. Ends early if its metadata is malformed.
    pub fn exports(&self) -> impl Iterator<Item = ExportType> + '_ {
        let exports = self.meta().exports().ok();
        exports
            .into_iter()
            .flat_map(|exports| (0..exports.len()).map(move |index| (exports, index)))
            .map_while(|(exports, index)| {
                types::export_type(self.meta(), exports.get(index).ok()?).ok()
            })
    }

    /// The type of the export of this name.
    #[must_use]
    pub fn export(&self, name: &str) -> Option<ExternType> {
        let export = self.meta().export(name).ok()??;
        types::export_type(self.meta(), export)
            .ok()
            .map(|export| export.ty)
    }

    /// A number that no other module of the process ever has.
    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }

    /// The metadata, read in place.
    pub(crate) fn meta(&self) -> &Meta<'_> {
        &self.0.meta
    }

    pub(crate) fn image(&self) -> &Image {
        &self.0.image
    }

    /// What the code takes for granted.
    pub(crate) fn assumptions(&self) -> &Assumptions {
        &self.0.assumptions
    }

    /// The bytes of the data segments that are not part of the image.
    pub(crate) fn data(&self) -> &[u8] {
        // SAFETY: `from_parts` was promised that the part lives as long as the owner, which lives
        // at least as long as `self`, from which the result borrows.
        unsafe { part_bytes(&self.0.descriptor, Part::Data) }
    }

    /// What all instances of the module share.
    ///
    /// # Errors
    /// If the module is malformed.
    pub(crate) fn prepared(&self) -> Result<&Prepared, Error> {
        if let Some(prepared) = self.0.prepared.get() {
            return Ok(prepared);
        }
        let address_of = |slot: u32, builtin| match self.0.runtime_functions {
            RuntimeFunctions::Named(address_of) => address_of(builtin),
            RuntimeFunctions::Linked(table) => {
                let table = address::pointer::<u64>(table);
                // SAFETY: `from_parts` was promised that the table is complete, and `from_linked` has
                // compared its size with the metadata's.
                unsafe { table.add(slot as usize).read() }
            }
        };
        self.0.read_code_map()?;
        let prepared = Prepared::new(self.meta(), address_of)?;
        // Another thread's is as good.
        Ok(self.0.prepared.get_or_init(|| prepared))
    }

    /// The address of the module's `.text`.
    pub(crate) fn text_address(&self) -> u64 {
        self.0.descriptor.part(Part::Text).address
    }

    /// The address of the module's static tables; 0 if it has none.
    pub(crate) fn static_tables_address(&self) -> u64 {
        self.0.descriptor.part(Part::StaticTables).address
    }

    /// The address of the code at `code_offset`.
    pub(crate) fn code_address(&self, code_offset: u32) -> Result<u64, Error> {
        let text = self.0.descriptor.part(Part::Text);
        if u64::from(code_offset) >= text.size_bytes {
            let offset = u64::from(code_offset);
            return Err(Error::format(
                "code offset",
                "lies outside the text",
                offset,
            ));
        }
        Ok(text.address + u64::from(code_offset))
    }

    /// The address of a type's native trampoline or adapter, if the module has one of this runtime's
    /// convention.
    pub(crate) fn native_address(&self, code_offset: u32) -> Result<Option<u64>, Error> {
        if code_offset == NONE || !self.assumptions().has_direct_calls {
            return Ok(None);
        }
        self.code_address(code_offset).map(Some)
    }

    /// The address of the module's import table.
    pub(crate) fn import_table_address(&self) -> Result<u64, Error> {
        Ok(address::of(self.prepared()?.import_table.as_ptr()))
    }

    /// The type of the function of this index, as the metadata has it.
    pub(crate) fn type_of(&self, func: u32) -> Result<Type, Error> {
        let index = types::func_type_index(self.meta(), func)?;
        Ok(self.meta().types()?.get(index)?)
    }

    /// The type of the function of this index.
    pub(crate) fn func_type(&self, func: u32) -> Result<FuncType, Error> {
        let index = types::func_type_index(self.meta(), func)?;
        Ok(self.meta().func_type(index)?)
    }

    /// The identity of the type of index `index`.
    pub(crate) fn type_id(&self, index: u32) -> Result<u64, Error> {
        let ty = self.meta().types()?.get(index)?;
        Ok(crate::interner::intern_type(
            self.meta().bytes(ty.canonical)?,
        ))
    }

    /// What trap handling knows of the module.
    pub(crate) fn code(&self) -> Arc<dyn Code> {
        Arc::clone(&self.0) as Arc<dyn Code>
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // No spare of its instances is needed any more. There is none if it never had an instance.
        if self.prepared.get().is_some() {
            Spares::shared().forget(self.number);
        }
    }
}

impl Inner {
    fn read_code_map(&self) -> Result<CodeMap<'_>, Error> {
        // SAFETY: `from_parts` was promised that the parts live as long as the owner, which lives
        // at least as long as `self`, from which the result borrows.
        let bytes = |part| unsafe { part_bytes(&self.descriptor, part) };
        Ok(CodeMap::new(bytes(Part::Traps), bytes(Part::AddressMap))?)
    }
}

impl Code for Inner {
    fn text(&self) -> Range<u64> {
        let text = self.descriptor.part(Part::Text);
        text.address..text.address + text.size_bytes
    }

    fn code_map(&self) -> Option<CodeMap<'_>> {
        self.read_code_map().ok()
    }

    fn meta(&self) -> &Meta<'_> {
        &self.meta
    }

    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn needs_signals(&self) -> bool {
        self.assumptions.traps == Traps::Signals
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Module").field(&self.0.name).finish()
    }
}

/// The bytes of a part.
///
/// # Safety
/// They are there and do not change during `'a`.
unsafe fn part_bytes<'a>(descriptor: &Descriptor, part: Part) -> &'a [u8] {
    let span = descriptor.part(part);
    if span.size_bytes == 0 {
        return &[];
    }
    let start = address::pointer(span.address);
    // SAFETY: the caller says so.
    unsafe { std::slice::from_raw_parts(start, span.size_bytes as usize) }
}
