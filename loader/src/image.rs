//! A module in memory. What can be written cannot be run, and the other way round: an
//! [`ImageBuilder`] has its pointers writable and nothing executable, an [`Image`] has its code
//! executable and nothing writable.

use crate::check::Parts;
use crate::error::Problem;
use crate::map::{Code, ExecutableCode, Source};
use memmap2::{Mmap, MmapMut};
use prefab_abi::descriptor::{Descriptor, Part};
use prefab_abi::object::SECTION_DESCRIPTOR;

/// A module whose pointers are being filled in.
pub(crate) struct ImageBuilder {
    /// The code; `None` if there is none.
    text: Option<Code>,
    /// A copy of the descriptor with its import table.
    pointers: MmapMut,
}

/// A module that is ready to run.
pub(crate) struct Image {
    /// All of the file: what is only read stays where it is in it.
    _file: Mmap,
    _text: Option<ExecutableCode>,
    pointers: Mmap,
}

impl ImageBuilder {
    /// Maps the code, and copies the pointers.
    pub(crate) fn new(source: &Source, parts: &Parts<'_, '_>) -> Result<Self, Problem> {
        let text = parts.part(Part::Text).map(|section| {
            let offset = section.header.sh_offset;
            source.map_code(offset, section.bytes.len())
        });
        let bytes = parts.descriptor_section.bytes;
        let mut pointers = MmapMut::map_anon(bytes.len())
            .map_err(|source| Problem::io("get memory for the import table", source))?;
        pointers.copy_from_slice(bytes);
        Ok(Self {
            text: text.transpose()?,
            pointers,
        })
    }

    /// Where a part of the module is.
    pub(crate) fn address(&self, parts: &Parts<'_, '_>, part: Part) -> Option<u64> {
        match part {
            Part::Text => self.text.as_ref().map(Code::address),
            _ => parts
                .part(part)
                .map(|section| section.bytes.as_ptr() as u64),
        }
    }

    /// The descriptor with its import table.
    pub(crate) fn pointers(&mut self) -> &mut [u8] {
        &mut self.pointers
    }

    /// Ends writing and lets the code be run. `file` is the mapping that the module's parts lie in.
    pub(crate) fn publish(self, file: Mmap) -> Result<Image, Problem> {
        let pointers = self
            .pointers
            .make_read_only()
            .map_err(|source| Problem::io("protect the import table", source))?;
        let text = self.text.map(Code::into_executable);
        Ok(Image {
            _file: file,
            _text: text.transpose()?,
            pointers,
        })
    }
}

impl Image {
    /// The descriptor, its addresses relocated.
    pub(crate) fn descriptor(&self) -> Result<Descriptor, Problem> {
        Descriptor::from_bytes(&self.pointers).map_err(Problem::format(SECTION_DESCRIPTOR))
    }

    /// Where the import table is.
    pub(crate) fn import_table_address(&self) -> u64 {
        self.pointers.as_ptr() as u64 + Descriptor::slot_offset(0)
    }
}
