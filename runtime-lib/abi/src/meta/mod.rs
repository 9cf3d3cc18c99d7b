//! Module metadata: types, imports, exports, segments, and everything else that instantiation and
//! inspection read.
//!
//! `.rodata.prefab.meta` is a header and tables of records of fixed size, read in place: opening it
//! looks at the header alone, whatever the module's size.
//!
//! ```text
//!  0  magic       8 bytes  "prefmeta"
//!  8  counts      u32 × 7  as in context::Counts, in its order
//! 36  start       u32      index of the start function, or NONE
//! 40  kind        u32      ModuleKind
//! 44  0           u32
//! 48  tables      {offset: u32, count: u32} per table, in the order of Section::ALL
//! …   the tables' records
//! ```
//!
//! Strings, canonical types, constant expressions and lists are [`Range`]s of the table of bytes;
//! a constant expression is that of the module (WebAssembly 2.0, §5.4.9), with its `end`.

mod reader;
mod record;
mod writer;

pub use reader::{Meta, Records};
pub use record::{
    DataSegment, DefinedFunc, DefinedGlobal, DefinedMemory, DefinedTable, ElementSegment, Export,
    ImageChunk, Import, Name, Range, Record, Slot, StaticTable, Type,
};
pub use writer::MetaWriter;

/// What the metadata starts with.
pub const MAGIC: [u8; 8] = *b"prefmeta";

/// In place of an index or an offset: there is none.
pub const NONE: u32 = u32::MAX;

/// The tables of the metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Section {
    /// Bytes that [`Range`]s refer to.
    Bytes,
    /// [`Type`] per type index.
    Types,
    /// [`Import`], in the module's order.
    Imports,
    /// [`Export`], in the module's order.
    Exports,
    /// Indices of exports (u32), sorted by the exports' names.
    ExportsByName,
    /// [`DefinedFunc`] per function that the module defines, in the order of their code.
    Funcs,
    /// [`DefinedTable`] per table that the module defines.
    Tables,
    /// [`DefinedMemory`] per memory that the module defines.
    Memories,
    /// [`DefinedGlobal`] per global that the module defines.
    Globals,
    /// [`ElementSegment`] per element segment.
    Elements,
    /// [`DataSegment`] per data segment.
    DataSegments,
    /// [`ImageChunk`], ascending.
    Image,
    /// [`Slot`] per slot of the import table.
    Slots,
    /// [`StaticTable`] per static table.
    StaticTables,
    /// [`Name`] per named function, sorted by function index.
    FuncNames,
}

impl Section {
    /// Every table, in the order in which the header has them.
    pub const ALL: [Self; 15] = [
        Self::Bytes,
        Self::Types,
        Self::Imports,
        Self::Exports,
        Self::ExportsByName,
        Self::Funcs,
        Self::Tables,
        Self::Memories,
        Self::Globals,
        Self::Elements,
        Self::DataSegments,
        Self::Image,
        Self::Slots,
        Self::StaticTables,
        Self::FuncNames,
    ];

    /// The table's name, in errors and listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "meta bytes",
            Self::Types => "meta types",
            Self::Imports => "meta imports",
            Self::Exports => "meta exports",
            Self::ExportsByName => "meta exports by name",
            Self::Funcs => "meta functions",
            Self::Tables => "meta tables",
            Self::Memories => "meta memories",
            Self::Globals => "meta globals",
            Self::Elements => "meta element segments",
            Self::DataSegments => "meta data segments",
            Self::Image => "meta image",
            Self::Slots => "meta slots",
            Self::StaticTables => "meta static tables",
            Self::FuncNames => "meta function names",
        }
    }

    /// The size of one record, in bytes.
    #[must_use]
    pub const fn record_size(self) -> u32 {
        match self {
            Self::Bytes => 1,
            Self::ExportsByName => 4,
            Self::Types => Type::SIZE,
            Self::Imports => Import::SIZE,
            Self::Exports => Export::SIZE,
            Self::Funcs => DefinedFunc::SIZE,
            Self::Tables => DefinedTable::SIZE,
            Self::Memories => DefinedMemory::SIZE,
            Self::Globals => DefinedGlobal::SIZE,
            Self::Elements => ElementSegment::SIZE,
            Self::DataSegments => DataSegment::SIZE,
            Self::Image => ImageChunk::SIZE,
            Self::Slots => Slot::SIZE,
            Self::StaticTables => StaticTable::SIZE,
            Self::FuncNames => Name::SIZE,
        }
    }
}

const COUNTS_OFFSET: u64 = 8;
const START_OFFSET: u64 = 36;
const KIND_OFFSET: u64 = 40;
const TABLES_OFFSET: u64 = 48;
/// The size of the header, in bytes.
pub const HEADER_SIZE: u64 = TABLES_OFFSET + 8 * Section::ALL.len() as u64;

/// What a module is for, by its exports (WASI application ABI).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ModuleKind {
    /// Exports `_start`: to be run once.
    Command = 1,
    /// Exports `_initialize`: to be initialised once, then called.
    Reactor = 2,
    /// Neither.
    Library = 3,
}

/// The kind of an import or export (WebAssembly 2.0, §5.5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum ExternKind {
    /// A function.
    Func = 0,
    /// A table.
    Table = 1,
    /// A memory.
    Memory = 2,
    /// A global.
    Global = 3,
}

impl ExternKind {
    /// The kind that `number` stands for, if it stands for one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Func),
            1 => Some(Self::Table),
            2 => Some(Self::Memory),
            3 => Some(Self::Global),
            _ => None,
        }
    }
}

/// How a segment is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SegmentMode {
    /// Copied at instantiation, then dropped.
    Active = 0,
    /// Copied by instructions.
    Passive = 1,
    /// Only declares functions that `ref.func` names; or, for data, stands in the image already.
    /// Either way dropped from the start.
    Dropped = 2,
}

impl SegmentMode {
    /// The mode that `number` stands for, if it stands for one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Active),
            1 => Some(Self::Passive),
            2 => Some(Self::Dropped),
            _ => None,
        }
    }
}

/// How an element segment lists its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ItemKind {
    /// Function indices: u32 each.
    Funcs = 0,
    /// Constant expressions: a [`Range`] each.
    Exprs = 1,
}

impl ItemKind {
    /// The kind that `number` stands for, if it stands for one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Funcs),
            1 => Some(Self::Exprs),
            _ => None,
        }
    }
}

/// What a slot of the import table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SlotKind {
    /// The address of the runtime function of this number ([`Builtin`](crate::builtin::Builtin)).
    Builtin = 0,
    /// The identity of the type of this index.
    Type = 1,
}

impl SlotKind {
    /// The kind that `number` stands for, if it stands for one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Builtin),
            1 => Some(Self::Type),
            _ => None,
        }
    }
}

/// No maximum, in a record's `max`.
pub const NO_MAX: u64 = u64::MAX;

#[cfg(test)]
mod tests;
