//! Reading metadata, in place and without trust.

use super::{
    COUNTS_OFFSET, DataSegment, DefinedFunc, DefinedGlobal, DefinedMemory, DefinedTable,
    ElementSegment, Export, ImageChunk, Import, KIND_OFFSET, MAGIC, ModuleKind, NONE, Name, Range,
    Record, START_OFFSET, Section, Slot, StaticTable, TABLES_OFFSET, Type,
};
use crate::bytes::{FormatError, Reader};
use crate::context::{ContextLayout, Counts};
use crate::types::FuncType;
use core::marker::PhantomData;

/// A module's metadata.
///
/// Every access is checked: whatever the bytes are, there is an error and no panic.
#[derive(Clone, Copy, Debug)]
pub struct Meta<'a> {
    reader: Reader<'a>,
    /// Where each table starts, in bytes, and how many records it has.
    tables: [(u32, u32); Section::ALL.len()],
    layout: ContextLayout,
    start: Option<u32>,
    kind: ModuleKind,
}

/// The records of one table.
#[derive(Clone, Copy, Debug)]
pub struct Records<'a, R> {
    reader: Reader<'a>,
    section: Section,
    len: u32,
    record: PhantomData<R>,
}

impl<'a, R: Record> Records<'a, R> {
    /// The records of a table of which these are the bytes.
    #[must_use]
    pub const fn of(section: Section, bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader(bytes),
            section,
            len: (bytes.len() / R::SIZE as usize) as u32,
            record: PhantomData,
        }
    }

    /// The number of records.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The `index`-th record.
    ///
    /// # Errors
    /// If there are not so many.
    pub fn get(&self, index: u32) -> Result<R, FormatError> {
        let problem = "has an index that is too large";
        let too_large = FormatError::new(self.section.name(), problem, u64::from(index));
        if index >= self.len {
            return Err(too_large);
        }
        R::read(self.reader, u64::from(index) * u64::from(R::SIZE)).map_err(|_| too_large)
    }

    /// Every record.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Result<R, FormatError>> + use<'_, 'a, R> {
        (0..self.len).map(|index| self.get(index))
    }
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $section:ident of $record:ty;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// If the table does not lie inside its section.
            pub fn $name(&self) -> Result<Records<'a, $record>, FormatError> {
                self.records(Section::$section)
            }
        )*
    };
}

impl<'a> Meta<'a> {
    /// The metadata that `bytes`, the whole section, are. Looks at the header alone.
    ///
    /// # Errors
    /// If the header is malformed or a table does not lie inside the section.
    pub fn new(bytes: &'a [u8]) -> Result<Self, FormatError> {
        Self::with_header(bytes, bytes)
    }

    /// As [`new`](Self::new), where `header` is a copy of the first [`HEADER_SIZE`](super::HEADER_SIZE)
    /// bytes: `bytes` are not looked at before something is read that stands there.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_header(header: &[u8], bytes: &'a [u8]) -> Result<Self, FormatError> {
        let reader = Reader(header);
        if reader.bytes("meta header", 0, super::HEADER_SIZE)?[..8] != MAGIC {
            return Err(FormatError::new("meta magic", "is not that of metadata", 0));
        }
        let count = |index: u64| reader.u32("meta counts", COUNTS_OFFSET + 4 * index);
        let counts = Counts {
            imported_funcs: count(0)?,
            imported_tables: count(1)?,
            imported_memories: count(2)?,
            imported_globals: count(3)?,
            defined_tables: count(4)?,
            defined_memories: count(5)?,
            defined_globals: count(6)?,
        };
        let layout = ContextLayout::new(counts).ok_or(FormatError::new(
            "meta counts",
            "are too large",
            COUNTS_OFFSET,
        ))?;
        let start = reader.u32("meta start", START_OFFSET)?;
        let kind = match reader.u32("meta kind", KIND_OFFSET)? {
            1 => ModuleKind::Command,
            2 => ModuleKind::Reactor,
            3 => ModuleKind::Library,
            _ => return Err(FormatError::new("meta kind", "is not known", KIND_OFFSET)),
        };
        let mut tables = [(0, 0); Section::ALL.len()];
        for section in Section::ALL {
            let at = TABLES_OFFSET + 8 * section as u64;
            let offset = reader.u32(section.name(), at)?;
            let count = reader.u32(section.name(), at + 4)?;
            let size = u64::from(count) * u64::from(section.record_size());
            if u64::from(offset) + size > bytes.len() as u64 {
                let problem = "lies outside its section";
                return Err(FormatError::new(section.name(), problem, at));
            }
            tables[section as usize] = (offset, count);
        }
        let meta = Self {
            reader: Reader(bytes),
            tables,
            layout,
            start: (start != NONE).then_some(start),
            kind,
        };
        let (imports, funcs) = (meta.imports()?.len(), counts.imported_funcs);
        let imported = [
            counts.imported_tables,
            counts.imported_memories,
            counts.imported_globals,
        ]
        .iter()
        .try_fold(funcs, |sum, count| sum.checked_add(*count));
        let agrees = imported == Some(imports)
            && meta.tables()?.len() == counts.defined_tables
            && meta.memories()?.len() == counts.defined_memories
            && meta.globals()?.len() == counts.defined_globals;
        if !agrees {
            return Err(FormatError::new(
                "meta counts",
                "do not fit the tables",
                COUNTS_OFFSET,
            ));
        }
        Ok(meta)
    }

    /// Where a table is, in bytes from the start of the metadata.
    #[must_use]
    pub const fn place(&self, section: Section) -> core::ops::Range<u64> {
        let (offset, count) = self.tables[section as usize];
        let size = count as u64 * section.record_size() as u64;
        offset as u64..offset as u64 + size
    }

    fn table(&self, section: Section) -> Result<(Reader<'a>, u32), FormatError> {
        let place = self.place(section);
        let size = place.end - place.start;
        let bytes = self.reader.bytes(section.name(), place.start, size)?;
        Ok((Reader(bytes), self.tables[section as usize].1))
    }

    fn records<R: Record>(&self, section: Section) -> Result<Records<'a, R>, FormatError> {
        let (reader, len) = self.table(section)?;
        Ok(Records {
            reader,
            section,
            len,
            record: PhantomData,
        })
    }

    /// How the fields of an instance lie.
    #[must_use]
    pub const fn layout(&self) -> &ContextLayout {
        &self.layout
    }

    /// How many of each thing the module has.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.layout.counts()
    }

    /// The index of the start function.
    #[must_use]
    pub const fn start(&self) -> Option<u32> {
        self.start
    }

    /// What the module is for.
    #[must_use]
    pub const fn kind(&self) -> ModuleKind {
        self.kind
    }

    tables! {
        /// The module's types.
        types: Types of Type;
        /// Its imports, in its order.
        imports: Imports of Import;
        /// Its exports, in its order.
        exports: Exports of Export;
        /// The indices of its exports, in the order of their names.
        exports_by_name: ExportsByName of u32;
        /// The functions it defines.
        funcs: Funcs of DefinedFunc;
        /// The tables it defines.
        tables: Tables of DefinedTable;
        /// The memories it defines.
        memories: Memories of DefinedMemory;
        /// The globals it defines.
        globals: Globals of DefinedGlobal;
        /// Its element segments.
        elements: Elements of ElementSegment;
        /// Its data segments.
        data_segments: DataSegments of DataSegment;
        /// The chunks of its image.
        image: Image of ImageChunk;
        /// The slots of its import table.
        slots: Slots of Slot;
        /// Its static tables.
        static_tables: StaticTables of StaticTable;
        /// The names of its functions.
        func_names: FuncNames of Name;
    }

    /// The bytes of `range`.
    ///
    /// # Errors
    /// If they do not lie inside the table of bytes.
    pub fn bytes(&self, range: Range) -> Result<&'a [u8], FormatError> {
        let (reader, _) = self.table(Section::Bytes)?;
        reader.bytes(
            Section::Bytes.name(),
            u64::from(range.offset),
            u64::from(range.len),
        )
    }

    /// The bytes of `range`, a string.
    ///
    /// # Errors
    /// If they do not lie inside the table of bytes, or are not UTF-8.
    pub fn str(&self, range: Range) -> Result<&'a str, FormatError> {
        core::str::from_utf8(self.bytes(range)?)
            .map_err(|_| FormatError::new("meta string", "is not UTF-8", u64::from(range.offset)))
    }

    /// The type of index `index`.
    ///
    /// # Errors
    /// If there is none, or its bytes are no type's.
    pub fn func_type(&self, index: u32) -> Result<FuncType, FormatError> {
        FuncType::from_canonical_bytes(self.bytes(self.types()?.get(index)?.canonical)?)
    }

    /// The export of this name.
    ///
    /// # Errors
    /// If the tables are malformed.
    pub fn export(&self, name: &str) -> Result<Option<Export>, FormatError> {
        let exports = self.exports()?;
        let order = self.exports_by_name()?;
        let (mut low, mut high) = (0, order.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let export = exports.get(order.get(middle)?)?;
            match self.bytes(export.name)?.cmp(name.as_bytes()) {
                core::cmp::Ordering::Equal => return Ok(Some(export)),
                core::cmp::Ordering::Less => low = middle + 1,
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// The name of the function of this index, by the module's name section.
    #[must_use]
    pub fn func_name(&self, func: u32) -> Option<&'a str> {
        let names = self.func_names().ok()?;
        let (mut low, mut high) = (0, names.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let name = names.get(middle).ok()?;
            match name.func.cmp(&func) {
                core::cmp::Ordering::Equal => return self.str(name.name).ok(),
                core::cmp::Ordering::Less => low = middle + 1,
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The index, among the functions that the module defines, of the one whose code contains
    /// `code_offset`.
    #[must_use]
    pub fn func_at(&self, code_offset: u32) -> Option<u32> {
        let funcs = self.funcs().ok()?;
        let (mut low, mut high) = (0, funcs.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let func = funcs.get(middle).ok()?;
            if code_offset < func.code_offset {
                high = middle;
            } else if code_offset - func.code_offset < func.code_size {
                return Some(middle);
            } else {
                low = middle + 1;
            }
        }
        None
    }
}
