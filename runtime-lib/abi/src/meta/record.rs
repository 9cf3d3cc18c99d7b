//! The records of the metadata's tables.

use crate::bytes::{FormatError, Reader, put_u32, put_u64};
use alloc::vec::Vec;

/// A record of fixed size.
pub trait Record: Sized {
    /// The size, in bytes.
    const SIZE: u32;

    /// Appends the record's bytes.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads the record at `offset`.
    ///
    /// # Errors
    /// If it does not lie inside `reader`.
    fn read(reader: Reader<'_>, offset: u64) -> Result<Self, FormatError>;
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:tt,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $ty,)*
            }

            impl Record for $name {
                const SIZE: u32 = 0 $(+ <$ty as Record>::SIZE)*;

                fn write(&self, out: &mut Vec<u8>) {
                    $(self.$field.write(out);)*
                }

                fn read(reader: Reader<'_>, offset: u64) -> Result<Self, FormatError> {
                    let mut at = offset;
                    $(
                        let $field = <$ty as Record>::read(reader, at)?;
                        at += u64::from(<$ty as Record>::SIZE);
                    )*
                    let _ = at;
                    Ok(Self { $($field),* })
                }
            }
        )*
    };
}

impl Record for u32 {
    const SIZE: u32 = 4;

    fn write(&self, out: &mut Vec<u8>) {
        put_u32(out, *self);
    }

    fn read(reader: Reader<'_>, offset: u64) -> Result<Self, FormatError> {
        reader.u32("meta record", offset)
    }
}

impl Record for u64 {
    const SIZE: u32 = 8;

    fn write(&self, out: &mut Vec<u8>) {
        put_u64(out, *self);
    }

    fn read(reader: Reader<'_>, offset: u64) -> Result<Self, FormatError> {
        reader.u64("meta record", offset)
    }
}

records! {
    /// Bytes in the table of bytes.
    Range {
        /// Where they start, in bytes from the start of the table.
        offset: u32,
        /// How many they are.
        len: u32,
    }

    /// A function type.
    Type {
        /// Its canonical bytes ([`FuncType`](crate::types::FuncType)).
        canonical: Range,
        /// The lowest index of an equal type.
        canonical_index: u32,
        /// The slot of the import table that holds its identity, or [`NONE`](super::NONE).
        slot: u32,
        /// Code offset of its native entry trampoline, or `NONE`.
        native_entry: u32,
        /// Code offset of its array entry trampoline, or `NONE`.
        array_entry: u32,
        /// Code offset of its native host adapter, or `NONE`.
        native_adapter: u32,
        /// Code offset of its array host adapter, or `NONE`.
        array_adapter: u32,
    }

    /// An import.
    Import {
        /// The name of the module that it is imported from.
        module: Range,
        /// Its name there.
        name: Range,
        /// An [`ExternKind`](super::ExternKind).
        kind: u32,
        /// Function: the type index. Table: the element type's byte. Global: the value type's byte.
        ty: u32,
        /// Global: whether it is mutable (0 or 1). Table, memory: flags; bit 0: 64-bit indices.
        flags: u32,
        /// Table: the least size, in elements. Memory: in pages.
        min: u64,
        /// As `min`, the greatest size, or [`NO_MAX`](super::NO_MAX).
        max: u64,
    }

    /// An export.
    Export {
        /// Its name.
        name: Range,
        /// An [`ExternKind`](super::ExternKind).
        kind: u32,
        /// Its index in the index space of the kind.
        index: u32,
    }

    /// A function that the module defines.
    DefinedFunc {
        /// Where its code starts, in bytes from the start of `.text`.
        code_offset: u32,
        /// The size of its code, in bytes.
        code_size: u32,
        /// Its type index.
        type_index: u32,
    }

    /// A table that the module defines.
    DefinedTable {
        /// The element type's byte.
        element_type: u32,
        /// Bit 0: 64-bit indices.
        flags: u32,
        /// The initial size, in elements.
        min: u64,
        /// The greatest size, in elements, or [`NO_MAX`](super::NO_MAX).
        max: u64,
        /// What the elements are at first: a constant expression, or empty for null.
        init: Range,
    }

    /// A memory that the module defines.
    DefinedMemory {
        /// The initial size, in pages.
        min: u64,
        /// The greatest size, in pages, or [`NO_MAX`](super::NO_MAX).
        max: u64,
        /// Bit 0: 64-bit addresses.
        flags: u32,
        /// The binary logarithm of the page size in bytes.
        page_size_log2: u32,
    }

    /// A global that the module defines.
    DefinedGlobal {
        /// The value type's byte.
        ty: u32,
        /// Whether it is mutable: 0 or 1.
        mutable: u32,
        /// Its initial value: a constant expression.
        init: Range,
    }

    /// An element segment.
    ElementSegment {
        /// A [`SegmentMode`](super::SegmentMode).
        mode: u32,
        /// Of an active segment: the table.
        table: u32,
        /// The element type's byte.
        element_type: u32,
        /// An [`ItemKind`](super::ItemKind).
        item_kind: u32,
        /// Of an active segment: where in the table, a constant expression.
        offset: Range,
        /// The items, as their kind says.
        items: Range,
        /// How many items there are.
        count: u32,
    }

    /// A data segment.
    DataSegment {
        /// A [`SegmentMode`](super::SegmentMode).
        mode: u32,
        /// Of an active segment: the memory.
        memory: u32,
        /// Of an active segment: where in the memory, a constant expression.
        offset: Range,
        /// Where its bytes start in `.rodata.prefab.data`.
        data_offset: u64,
        /// How many bytes it has.
        data_size: u64,
    }

    /// A part of a memory's initial contents that stands in the image, page-aligned on both sides.
    ImageChunk {
        /// The memory's index.
        memory: u32,
        /// 0.
        reserved: u32,
        /// Where in the memory, in bytes; a multiple of the page size.
        memory_offset: u64,
        /// Where in `.prefab.image`, in bytes; a multiple of the page size.
        image_offset: u64,
        /// Its size, in bytes; a multiple of the page size. Does not reach beyond the memory's
        /// initial size by a page or more.
        size: u64,
    }

    /// A slot of the import table.
    Slot {
        /// A [`SlotKind`](super::SlotKind).
        kind: u32,
        /// Which of the kind.
        index: u32,
    }

    /// A static table.
    StaticTable {
        /// The table's index.
        table: u32,
        /// The number of its elements.
        count: u32,
        /// Where its elements start in `.rodata.prefab.tables`, in bytes.
        offset: u64,
    }

    /// The name of a function.
    Name {
        /// The function's index.
        func: u32,
        /// Its name, UTF-8.
        name: Range,
    }
}
