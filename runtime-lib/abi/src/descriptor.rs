//! The symbol `prefab_module_<name>`: where a module's parts lie in memory.
//!
//! The descriptor starts `.data.rel.ro.prefab`; the import table follows. Every pointer in both is
//! a 64-bit absolute relocation, and there are no others in the object that a linker must apply
//! for the module to run.
//!
//! ```text
//!   0  magic          8 bytes  "\0prefab\x01"
//!   8  abi revision   u32
//!  12  slots          u32      pointers in the import table
//!  16  text           pointer, u64 size in bytes
//!  32  meta           pointer, u64 size in bytes
//!  48  traps          pointer, u64 size in bytes: of size 0 where there is a code map
//!  64  code map       pointer, u64 size in bytes: or the address map
//!  80  static tables  pointer, u64 size in bytes
//!  96  data           pointer, u64 size in bytes
//! 112  image          pointer, u64 size in bytes
//! 128  note           pointer, u64 size in bytes
//! 144  import table   pointers
//! ```
//!
//! A pointer to a part of size 0 is 0 and has no relocation.

use crate::bytes::{FormatError, Reader, put_u32, put_u64};
use alloc::vec::Vec;

/// What a descriptor starts with.
pub const MAGIC: [u8; 8] = *b"\0prefab\x01";

/// The size of the descriptor without the import table, in bytes.
pub const SIZE: u64 = 16 + 16 * PARTS as u64;

const PARTS: usize = Part::ALL.len();

/// A part of a module that the descriptor points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Part {
    /// `.text`
    Text,
    /// `.rodata.prefab.meta`
    Meta,
    /// `.rodata.prefab.traps`
    Traps,
    /// `.rodata.prefab.addrmap`
    AddressMap,
    /// `.rodata.prefab.tables`
    StaticTables,
    /// `.rodata.prefab.data`
    Data,
    /// `.prefab.image`
    Image,
    /// `.note.prefab`
    Note,
}

impl Part {
    /// Every part, in the order in which the descriptor has them.
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Meta,
        Self::Traps,
        Self::AddressMap,
        Self::StaticTables,
        Self::Data,
        Self::Image,
        Self::Note,
    ];

    /// The section that the part is in an object.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Text => crate::object::SECTION_TEXT,
            Self::Meta => crate::object::SECTION_META,
            Self::Traps => crate::object::SECTION_TRAPS,
            Self::AddressMap => crate::object::SECTION_ADDRESS_MAP,
            Self::StaticTables => crate::object::SECTION_STATIC_TABLES,
            Self::Data => crate::object::SECTION_DATA,
            Self::Image => crate::object::SECTION_IMAGE,
            Self::Note => crate::object::SECTION_NOTE,
        }
    }

    /// Whether the note's hash of the contents covers the part: all but the note itself.
    #[must_use]
    pub const fn is_hashed(self) -> bool {
        !matches!(self, Self::Note)
    }

    /// Where in the descriptor the pointer to the part is, in bytes.
    #[must_use]
    pub const fn pointer_offset(self) -> u64 {
        16 + 16 * self as u64
    }
}

/// A part's place in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Its address; 0 before relocation.
    pub address: u64,
    /// Its size, in bytes.
    pub size_bytes: u64,
}

/// A module descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The revision of the contract that the module was compiled for.
    pub abi_revision: u32,
    /// The number of pointers in the import table.
    pub slots: u32,
    parts: [Span; PARTS],
}

impl Descriptor {
    /// A descriptor of this revision, of parts of these sizes (in bytes, in the order of
    /// [`Part::ALL`]), with `slots` pointers behind it.
    #[must_use]
    pub fn new(sizes: [u64; PARTS], slots: u32) -> Self {
        Self {
            abi_revision: crate::ABI_REVISION,
            slots,
            parts: sizes.map(|size_bytes| Span {
                address: 0,
                size_bytes,
            }),
        }
    }

    /// Where `part` lies.
    #[must_use]
    pub const fn part(&self, part: Part) -> Span {
        self.parts[part as usize]
    }

    /// The same descriptor in memory, where `place` says of each part that is not empty where it is.
    #[must_use]
    pub fn located(mut self, place: impl Fn(Part) -> u64) -> Self {
        for part in Part::ALL {
            let span = &mut self.parts[part as usize];
            span.address = match span.size_bytes {
                0 => 0,
                _ => place(part),
            };
        }
        self
    }

    /// Where in the section the import table's `slot` is, in bytes.
    #[must_use]
    pub const fn slot_offset(slot: u32) -> u64 {
        SIZE + 8 * slot as u64
    }

    /// The descriptor's bytes, and those of the import table: all pointers as they are now.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&MAGIC);
        put_u32(&mut out, self.abi_revision);
        put_u32(&mut out, self.slots);
        for span in self.parts {
            put_u64(&mut out, span.address);
            put_u64(&mut out, span.size_bytes);
        }
        out.resize(out.len() + 8 * self.slots as usize, 0);
        out
    }

    /// Reads the descriptor that `bytes`, the whole section, start with.
    ///
    /// # Errors
    /// If the magic or the revision is another, or the import table does not fit into `bytes`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let reader = Reader(bytes);
        if reader.bytes("descriptor", 0, SIZE)?[..8] != MAGIC {
            return Err(FormatError::new(
                "descriptor magic",
                "is not a Prefab descriptor's",
                0,
            ));
        }
        let abi_revision = reader.u32("descriptor ABI revision", 8)?;
        if abi_revision != crate::ABI_REVISION {
            return Err(FormatError::new(
                "descriptor ABI revision",
                "is not this runtime's",
                8,
            ));
        }
        let slots = reader.u32("descriptor slots", 12)?;
        reader.bytes("import table", SIZE, 8 * u64::from(slots))?;
        let mut parts = [Span::default(); PARTS];
        for part in Part::ALL {
            let offset = part.pointer_offset();
            parts[part as usize] = Span {
                address: reader.u64(part.section(), offset)?,
                size_bytes: reader.u64(part.section(), offset + 8)?,
            };
        }
        Ok(Self {
            abi_revision,
            slots,
            parts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Descriptor, Part, SIZE};

    #[test]
    fn round_trip() {
        let descriptor = Descriptor::new([1, 2, 3, 4, 5, 6, 7, 8], 9);
        let bytes = descriptor.to_bytes();
        assert_eq!(bytes.len() as u64, Descriptor::slot_offset(9));
        assert_eq!(Descriptor::from_bytes(&bytes), Ok(descriptor));
        assert_eq!(Part::Note.pointer_offset() + 16, SIZE);
        for len in 0..bytes.len() {
            assert!(Descriptor::from_bytes(&bytes[..len]).is_err(), "{len}");
        }
    }
}
