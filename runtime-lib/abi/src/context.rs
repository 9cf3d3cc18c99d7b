//! The memory around the context pointer.
//!
//! An instance is one mapping. Compiled code receives one pointer, the *context*, which points
//! at byte 0 of memory 0 and finds the instance's fields at negative offsets:
//!
//! ```text
//!  page-aligned                                              context
//!  │ imported functions │ … │ defined globals │ ContextHeader │ memory 0 … │ guard │
//! ```
//!
//! A module that imports memory 0 or has none has the same fields, with nothing behind them; it
//! reaches memory 0 through a pointer like any other imported memory.

use core::mem::offset_of;

/// The fields that every instance has, immediately below the context pointer.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ContextHeader {
    /// The store that owns the instance (the runtime's own structure).
    pub store: u64,
    /// The instance's index in its store.
    pub instance: u64,
    /// The module's static tables: where `.rodata.prefab.tables` is.
    pub static_tables: u64,
    /// Where the module's `.text` is.
    pub text: u64,
    /// The module's import table: one pointer per slot.
    pub import_table: u64,
    /// The store's [`ExecState`](crate::exec::ExecState).
    pub exec: u64,
    /// Memory 0, if the module defines it.
    pub memory: MemoryDefinition,
}

/// A memory as compiled code sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct MemoryDefinition {
    /// The address of byte 0. Never changes.
    pub base: u64,
    /// The current size, in bytes.
    pub size_bytes: u64,
}

impl MemoryDefinition {
    /// Offset of [`base`](Self::base), in bytes.
    pub const BASE: i32 = offset_of!(Self, base) as i32;
    /// Offset of [`size_bytes`](Self::size_bytes), in bytes.
    pub const SIZE_BYTES: i32 = offset_of!(Self, size_bytes) as i32;
}

/// A table as compiled code sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct TableDefinition {
    /// The address of element 0. Changes when the table grows.
    pub base: u64,
    /// The current size, in elements.
    pub size_elements: u64,
}

impl TableDefinition {
    /// Offset of [`base`](Self::base), in bytes.
    pub const BASE: i32 = offset_of!(Self, base) as i32;
    /// Offset of [`size_elements`](Self::size_elements), in bytes.
    pub const SIZE_ELEMENTS: i32 = offset_of!(Self, size_elements) as i32;
}

const HEADER_SIZE: i32 = size_of::<ContextHeader>() as i32;

const fn header(offset: usize) -> i32 {
    offset as i32 - HEADER_SIZE
}

impl ContextHeader {
    /// The size of the header, in bytes: it starts this far below the context pointer.
    pub const SIZE: u32 = HEADER_SIZE as u32;
    /// Offset of [`store`](Self::store) from the context pointer, in bytes.
    pub const STORE: i32 = header(offset_of!(Self, store));
    /// Offset of [`instance`](Self::instance) from the context pointer, in bytes.
    pub const INSTANCE: i32 = header(offset_of!(Self, instance));
    /// Offset of [`static_tables`](Self::static_tables) from the context pointer, in bytes.
    pub const STATIC_TABLES: i32 = header(offset_of!(Self, static_tables));
    /// Offset of [`text`](Self::text) from the context pointer, in bytes.
    pub const TEXT: i32 = header(offset_of!(Self, text));
    /// Offset of [`import_table`](Self::import_table) from the context pointer, in bytes.
    pub const IMPORT_TABLE: i32 = header(offset_of!(Self, import_table));
    /// Offset of [`exec`](Self::exec) from the context pointer, in bytes.
    pub const EXEC: i32 = header(offset_of!(Self, exec));
    /// Offset of [`memory`](Self::memory) from the context pointer, in bytes.
    pub const MEMORY: i32 = header(offset_of!(Self, memory));
}

/// How many of each thing a module has: all that the layout of its instances depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Imported functions.
    pub imported_funcs: u32,
    /// Imported tables.
    pub imported_tables: u32,
    /// Imported memories.
    pub imported_memories: u32,
    /// Imported globals.
    pub imported_globals: u32,
    /// Tables that the module defines.
    pub defined_tables: u32,
    /// Memories that the module defines.
    pub defined_memories: u32,
    /// Globals that the module defines.
    pub defined_globals: u32,
}

/// Where the fields of an instance lie, as offsets from the context pointer (all negative).
///
/// From the context downwards: the header, defined globals (16 bytes each), defined tables
/// ([`TableDefinition`]), defined memories other than memory 0 ([`MemoryDefinition`]), pointers to
/// imported globals, to imported tables ([`TableDefinition`]) and to imported memories
/// ([`MemoryDefinition`]), and imported functions ([`ImportedFunc`](crate::func::ImportedFunc)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextLayout {
    counts: Counts,
    defined_globals: i32,
    defined_tables: i32,
    defined_memories: i32,
    imported_globals: i32,
    imported_tables: i32,
    imported_memories: i32,
    imported_funcs: i32,
}

impl ContextLayout {
    /// The layout for a module with so many of each thing; `None` if the fields would not fit
    /// into a quarter of the address range of a 32-bit offset.
    #[must_use]
    pub fn new(counts: Counts) -> Option<Self> {
        const LIMIT: i64 = 1 << 29;
        let mut end = i64::from(-HEADER_SIZE);
        let mut below = |count: u32, size: i64| {
            end = (end - i64::from(count) * size) & !15;
            (end > -LIMIT).then_some(end as i32)
        };
        let own_memory = u32::from(counts.imported_memories == 0 && counts.defined_memories > 0);
        Some(Self {
            counts,
            defined_globals: below(counts.defined_globals, 16)?,
            defined_tables: below(counts.defined_tables, 16)?,
            defined_memories: below(counts.defined_memories - own_memory, 16)?,
            imported_globals: below(counts.imported_globals, 8)?,
            imported_tables: below(counts.imported_tables, 8)?,
            imported_memories: below(counts.imported_memories, 8)?,
            imported_funcs: below(counts.imported_funcs, 16)?,
        })
    }

    /// The counts it was made from.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether memory 0 lies at the context pointer: the module defines it.
    #[must_use]
    pub const fn owns_memory_0(&self) -> bool {
        self.counts.imported_memories == 0 && self.counts.defined_memories > 0
    }

    /// The size of all fields, in bytes: the lowest one starts this far below the context.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.imported_funcs.unsigned_abs()
    }

    /// The value of the `index`-th defined global (16 bytes; narrower values at its start).
    #[must_use]
    pub const fn defined_global(&self, index: u32) -> i32 {
        self.defined_globals + index as i32 * 16
    }

    /// The [`TableDefinition`] of the `index`-th defined table.
    #[must_use]
    pub const fn defined_table(&self, index: u32) -> i32 {
        self.defined_tables + index as i32 * 16
    }

    /// The [`MemoryDefinition`] of the `index`-th defined memory.
    #[must_use]
    pub const fn defined_memory(&self, index: u32) -> i32 {
        if !self.owns_memory_0() {
            self.defined_memories + index as i32 * 16
        } else if index == 0 {
            ContextHeader::MEMORY
        } else {
            self.defined_memories + (index as i32 - 1) * 16
        }
    }

    /// The pointer to the value of the `index`-th imported global.
    #[must_use]
    pub const fn imported_global(&self, index: u32) -> i32 {
        self.imported_globals + index as i32 * 8
    }

    /// The pointer to the [`TableDefinition`] of the `index`-th imported table.
    #[must_use]
    pub const fn imported_table(&self, index: u32) -> i32 {
        self.imported_tables + index as i32 * 8
    }

    /// The pointer to the [`MemoryDefinition`] of the `index`-th imported memory.
    #[must_use]
    pub const fn imported_memory(&self, index: u32) -> i32 {
        self.imported_memories + index as i32 * 8
    }

    /// The [`ImportedFunc`](crate::func::ImportedFunc) of the `index`-th imported function.
    #[must_use]
    pub const fn imported_func(&self, index: u32) -> i32 {
        self.imported_funcs + index as i32 * 16
    }
}

#[cfg(test)]
mod tests {
    use super::{ContextHeader, ContextLayout, Counts};

    #[test]
    fn fields_do_not_overlap() {
        let counts = Counts {
            imported_funcs: 3,
            imported_tables: 1,
            imported_memories: 0,
            imported_globals: 3,
            defined_tables: 2,
            defined_memories: 3,
            defined_globals: 5,
        };
        let layout = ContextLayout::new(counts).unwrap();
        let mut fields = alloc::vec![];
        fields.extend((0..5).map(|i| (layout.defined_global(i), 16)));
        fields.extend((0..2).map(|i| (layout.defined_table(i), 16)));
        fields.extend((1..3).map(|i| (layout.defined_memory(i), 16)));
        fields.extend((0..3).map(|i| (layout.imported_global(i), 8)));
        fields.push((layout.imported_table(0), 8));
        fields.extend((0..3).map(|i| (layout.imported_func(i), 16)));
        fields.sort_unstable();
        assert_eq!(fields[0].0, -(layout.size() as i32));
        for pair in fields.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?}");
        }
        let (last, size) = fields[fields.len() - 1];
        assert!(last + size <= -(ContextHeader::SIZE as i32));
        assert_eq!(layout.defined_memory(0), ContextHeader::MEMORY);
    }

    #[test]
    fn too_many_fields_are_refused() {
        let counts = Counts {
            imported_funcs: u32::MAX,
            ..Counts::default()
        };
        assert_eq!(ContextLayout::new(counts), None);
    }
}
