//! What a store may hold at most.

use super::StoreInner;
use crate::error::Error;
use crate::module::Module;
use crate::types::PAGE_SIZE;
use std::io;

/// What everything in a store may come to, taken together. Without a bound it is what the system
/// has.
///
/// A guest that wants more is told so as WebAssembly does: `memory.grow` and `table.grow` return
/// −1. A host gets [`Error::Resource`].
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Limits, Memory, MemoryType, Store};
///
/// let mut limits = Limits::NONE;
/// limits.memory_bytes = 1 << 20;
/// let mut store = Store::new(());
/// store.set_limits(limits);
/// let memory = Memory::new(&mut store, MemoryType::new(10, None))?;
/// assert!(Memory::new(&mut store, MemoryType::new(7, None)).is_err());
/// assert_eq!(memory.grow(&mut store, 6)?, 10);
/// # Ok::<(), prefab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The sizes of all memories, in bytes.
    pub memory_bytes: u64,
    /// The sizes of all tables, in elements. Tables that nothing ever changes do not count: they
    /// are part of their module.
    pub table_elements: u64,
    /// The number of instances.
    pub instances: u64,
}

impl Limits {
    /// No bound.
    pub const NONE: Self = Self {
        memory_bytes: u64::MAX,
        table_elements: u64::MAX,
        instances: u64::MAX,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::NONE
    }
}

fn refuse(what: &'static str, limit: u64, unit: &str) -> Error {
    let text = format!("the store may have {limit} {unit} at most");
    Error::resource(what, io::Error::other(text))
}

impl StoreInner {
    pub(super) const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether memories may become larger by so many bytes.
    pub(crate) fn allow_memory(&self, more_bytes: u64) -> Result<(), Error> {
        let limit = self.limits.memory_bytes;
        if limit == u64::MAX || more_bytes == 0 {
            return Ok(());
        }
        let sizes = self.memories.iter().map(|memory| memory.size_bytes());
        let sum = sizes.fold(more_bytes, u64::saturating_add);
        if sum <= limit {
            return Ok(());
        }
        Err(refuse("have so much memory", limit, "bytes of memory"))
    }

    /// Whether tables may become larger by so many elements.
    pub(crate) fn allow_table(&self, more_elements: u64) -> Result<(), Error> {
        let limit = self.limits.table_elements;
        if limit == u64::MAX || more_elements == 0 {
            return Ok(());
        }
        let lens = self.tables.iter().map(|table| table.len());
        let sum = lens.fold(more_elements, u64::saturating_add);
        if sum <= limit {
            return Ok(());
        }
        Err(refuse("have so many elements", limit, "table elements"))
    }

    /// Whether there may be an instance of `module`, with the memories and tables it starts with.
    pub(crate) fn allow_instance(&self, module: &Module) -> Result<(), Error> {
        if self.limits == Limits::NONE {
            return Ok(());
        }
        let limit = self.limits.instances;
        if self.instances.len() as u64 >= limit {
            return Err(refuse("instantiate a module", limit, "instances"));
        }
        let meta = module.meta();
        let mut bytes = 0_u64;
        for memory in meta.memories()?.iter() {
            bytes = bytes.saturating_add(memory?.min.saturating_mul(PAGE_SIZE));
        }
        self.allow_memory(bytes)?;
        let mut elements = 0_u64;
        let mut statics = Vec::new();
        for table in meta.static_tables()?.iter() {
            statics.push(table?.table);
        }
        for (index, table) in (meta.counts().imported_tables..).zip(meta.tables()?.iter()) {
            if !statics.contains(&index) {
                elements = elements.saturating_add(table?.min);
            }
        }
        self.allow_table(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use crate::{Memory, MemoryType, Store, Table, TableType, Val, ValType};

    #[test]
    fn memories_and_tables_share_what_the_store_may_have() {
        let mut store = Store::new(());
        store.set_limits(Limits {
            memory_bytes: 3 << 16,
            table_elements: 5,
            ..Limits::NONE
        });
        let ty = MemoryType::new(1, None);
        let one = Memory::new(&mut store, ty).unwrap();
        let two = Memory::new(&mut store, ty).unwrap();
        assert_eq!(one.grow(&mut store, 1).unwrap(), 1);
        let refused = two.grow(&mut store, 1).unwrap_err().to_string();
        assert_eq!(
            refused,
            "cannot have so much memory: the store may have 196608 bytes of memory at most"
        );
        assert!(two.grow(&mut store, u64::MAX).is_err());
        assert!(Memory::new(&mut store, ty).is_err());
        assert_eq!(two.grow(&mut store, 0).unwrap(), 1);

        let ty = TableType::new(ValType::FuncRef, 3, None);
        let null = Val::FuncRef(None);
        let table = Table::new(&mut store, ty, null).unwrap();
        assert_eq!(table.grow(&mut store, 2, null).unwrap(), 3);
        assert!(table.grow(&mut store, 1, null).is_err());
        assert!(Table::new(&mut store, ty, null).is_err());
        store.set_limits(Limits::NONE);
        assert!(table.grow(&mut store, 1, null).is_ok());
    }
}
