//! Growth of memories and tables: allowed or denied, then done or failed.
//!
//! # Safety
//!
//! Nothing refers to a store while its limiter is asked, which gets at the host's data: the store
//! is borrowed here only between two questions.
#![allow(
    unsafe_code,
    reason = "the store is let go of while its limiter is asked"
)]

use super::StoreInner;
use super::limiter::{allows, ask};
use crate::error::Error;
use crate::module::Module;
use crate::module::types::{memory_type, table_type};
use crate::types::{MemoryType, PAGE_SIZE, TableType};
use prefab_abi::limits::TABLE_SIZE_LIMIT_ELEMENTS;
use std::io;
use std::ptr::NonNull;

/// Something that is to become larger.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Growth {
    /// A memory; sizes in bytes.
    Memory(Sizes),
    /// A table; sizes in elements.
    Table(Sizes),
}

/// From which size to which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(super) current: u64,
    pub(super) desired: u64,
    /// What the type says.
    pub(super) maximum: Option<u64>,
}

/// Why something does not become larger.
pub(crate) enum Denied {
    /// A guest sees −1.
    Refused(Error),
    /// A guest traps.
    Trap(Error),
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        Self::Trap(error)
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(error) | Denied::Trap(error) => error,
        }
    }
}

fn refused(what: &'static str) -> Error {
    Error::resource(
        what,
        io::Error::other("the store's limiter does not allow it"),
    )
}

impl Growth {
    /// That of a new memory, from nothing to its least size.
    fn of_memory(ty: MemoryType) -> Self {
        Self::Memory(Sizes {
            current: 0,
            desired: ty.min.saturating_mul(PAGE_SIZE),
            maximum: ty.max.map(|max| max.saturating_mul(PAGE_SIZE)),
        })
    }

    /// That of a new table, from nothing to its least size.
    const fn of_table(ty: TableType) -> Self {
        Self::Table(Sizes {
            current: 0,
            desired: ty.min,
            maximum: ty.max,
        })
    }

    const fn is_nothing(&self) -> bool {
        let (Self::Memory(sizes) | Self::Table(sizes)) = self;
        sizes.desired == sizes.current
    }

    /// Whether the store's bounds and its limiter allow it.
    ///
    /// # Safety
    /// Nothing refers to the store.
    unsafe fn allow(self, store: NonNull<StoreInner>) -> Result<(), Denied> {
        // SAFETY: the caller says that there is no other reference; this one ends here.
        let inner = unsafe { store.as_ref() };
        match self {
            Self::Memory(sizes) => inner.allow_memory(sizes.desired - sizes.current),
            Self::Table(sizes) => inner.allow_table(sizes.desired - sizes.current),
        }
        .map_err(Denied::Refused)?;
        // SAFETY: as above.
        unsafe { self.ask(store) }
    }

    /// Whether the store's limiter allows it.
    ///
    /// # Safety
    /// As [`allow`](Self::allow).
    unsafe fn ask(self, store: NonNull<StoreInner>) -> Result<(), Denied> {
        // SAFETY: as in `allow`.
        if !unsafe { store.as_ref() }.is_limited || self.is_nothing() {
            return Ok(());
        }
        // SAFETY: as above.
        match unsafe { allows(store, self) } {
            None | Some(Ok(true)) => Ok(()),
            Some(Ok(false)) => Err(Denied::Refused(match self {
                Self::Memory(_) => refused("have so much memory"),
                Self::Table(_) => refused("have so many elements"),
            })),
            Some(Err(error)) => Err(Denied::Trap(error)),
        }
    }

    /// Tells the limiter that what it allowed did not happen.
    ///
    /// # Safety
    /// As [`allow`](Self::allow).
    unsafe fn failed(self, store: NonNull<StoreInner>, error: &Error) {
        if self.is_nothing() {
            return;
        }
        // SAFETY: the caller says so.
        unsafe {
            ask(store, |limiter| match self {
                Self::Memory(sizes) => {
                    limiter.memory_grow_failed(sizes.current, sizes.desired, error);
                }
                Self::Table(sizes) => {
                    limiter.table_grow_failed(sizes.current, sizes.desired, error);
                }
            })
        };
    }

    /// Does it, if it is allowed.
    ///
    /// # Safety
    /// As [`allow`](Self::allow).
    unsafe fn perform<R>(
        self,
        store: NonNull<StoreInner>,
        grow: impl FnOnce(&mut StoreInner) -> Result<R, Error>,
    ) -> Result<R, Denied> {
        // SAFETY: the caller says so.
        unsafe { self.allow(store) }?;
        // SAFETY: the limiter has answered; the caller says that there is no other reference.
        let grown = grow(unsafe { &mut *store.as_ptr() });
        grown.map_err(|error| {
            // SAFETY: as above.
            unsafe { self.failed(store, &error) };
            Denied::Refused(error)
        })
    }
}

/// Refuses growth beyond `limit`, in the same unit as `growth`.
fn check(growth: &Sizes, limit: u64, what: &'static str, unit: &'static str) -> Result<(), Denied> {
    if growth.desired <= limit {
        return Ok(());
    }
    Err(Denied::Refused(Error::TooLarge {
        what,
        size: growth.desired,
        unit,
        limit,
    }))
}

/// Grows a memory by `delta` pages; its size before, in pages.
///
/// # Safety
/// Nothing refers to the store.
pub(crate) unsafe fn memory_grow(
    store: NonNull<StoreInner>,
    memory: u32,
    delta: u64,
) -> Result<u64, Denied> {
    // SAFETY: the caller says that there is no other reference; this one ends here.
    let data = &unsafe { store.as_ref() }.memories[memory as usize];
    let (current, maximum) = (data.size_bytes(), data.ty().max);
    let growth = Sizes {
        current,
        desired: current.saturating_add(delta.saturating_mul(PAGE_SIZE)),
        maximum: maximum.map(|max| max.saturating_mul(PAGE_SIZE)),
    };
    let room = data.reservation().size_bytes;
    let limit = growth.maximum.unwrap_or(room).min(room);
    check(&growth, limit, "memory", "bytes")?;
    let grow = |inner: &mut StoreInner| inner.memories[memory as usize].grow(delta);
    // SAFETY: the caller says so.
    unsafe { Growth::Memory(growth).perform(store, grow) }
}

/// Grows a table by `delta` elements, each the reference `bits`; its size before.
///
/// # Safety
/// Nothing refers to the store.
pub(crate) unsafe fn table_grow(
    store: NonNull<StoreInner>,
    table: u32,
    delta: u64,
    bits: u64,
) -> Result<u64, Denied> {
    // SAFETY: the caller says that there is no other reference; this one ends here.
    let ty = unsafe { store.as_ref() }.tables[table as usize].ty();
    let growth = Sizes {
        current: ty.min,
        desired: ty.min.saturating_add(delta),
        maximum: ty.max,
    };
    let limit = TABLE_SIZE_LIMIT_ELEMENTS.min(ty.max.unwrap_or(u64::MAX));
    check(&growth, limit, "table", "elements")?;
    let grow = |inner: &mut StoreInner| inner.table_grow(table, delta, bits);
    // SAFETY: the caller says so.
    unsafe { Growth::Table(growth).perform(store, grow) }
}

/// Makes a memory of this type, as `make` does.
///
/// # Safety
/// Nothing refers to the store.
pub(crate) unsafe fn new_memory<R>(
    store: NonNull<StoreInner>,
    ty: MemoryType,
    make: impl FnOnce(&mut StoreInner) -> Result<R, Error>,
) -> Result<R, Error> {
    // SAFETY: the caller says so.
    unsafe {
        allow_more(store, [0, 1, 0])?;
        Ok(Growth::of_memory(ty).perform(store, make)?)
    }
}

/// Makes a table of this type, as `make` does.
///
/// # Safety
/// Nothing refers to the store.
pub(crate) unsafe fn new_table<R>(
    store: NonNull<StoreInner>,
    ty: TableType,
    make: impl FnOnce(&mut StoreInner) -> Result<R, Error>,
) -> Result<R, Error> {
    // SAFETY: the caller says so.
    unsafe {
        allow_more(store, [0, 0, 1])?;
        Ok(Growth::of_table(ty).perform(store, make)?)
    }
}

/// Makes an instance of `module`, its memories and tables in their order, as `make` does.
///
/// # Safety
/// Nothing refers to the store.
pub(crate) unsafe fn new_instance<R>(
    store: NonNull<StoreInner>,
    module: &Module,
    make: impl FnOnce(&mut StoreInner) -> Result<R, Error>,
) -> Result<R, Error> {
    // SAFETY: the caller says that there is no other reference; this one ends here.
    let inner = unsafe { store.as_ref() };
    inner.allow_instance(module)?;
    let before = [inner.memories.len(), inner.tables.len()];
    let [memories, tables] = growths(inner, module)?;
    // SAFETY: the caller says so.
    unsafe { allow_more(store, [1, memories.len() as u64, tables.len() as u64]) }?;
    let all = || memories.iter().chain(&tables);
    for (done, growth) in all().enumerate() {
        // SAFETY: as above.
        if let Err(denied) = unsafe { growth.allow(store) } {
            let error = denied.into();
            // SAFETY: as above.
            all()
                .take(done)
                .for_each(|growth| unsafe { growth.failed(store, &error) });
            return Err(error);
        }
    }
    // SAFETY: the limiter has answered; the caller says that there is no other reference.
    let made = make(unsafe { &mut *store.as_ptr() });
    if let Err(error) = &made {
        // SAFETY: as above.
        let inner = unsafe { store.as_ref() };
        // What was made before it failed is there as long as the store.
        let made_memories = inner.memories.len() - before[0];
        let made_tables = inner.tables.len() - before[1];
        let (memories, tables) = (memories.iter().skip(made_memories), tables.iter());
        for growth in memories.chain(tables.skip(made_tables)) {
            // SAFETY: as above.
            unsafe { growth.failed(store, error) };
        }
    }
    made
}

/// The memories and tables that an instance of `module` starts with, for a store with a limiter.
fn growths(inner: &StoreInner, module: &Module) -> Result<[Vec<Growth>; 2], Error> {
    let (mut memories, mut tables) = (Vec::new(), Vec::new());
    if !inner.is_limited {
        return Ok([memories, tables]);
    }
    let meta = module.meta();
    for memory in meta.memories()?.iter() {
        let memory = memory?;
        let ty = memory_type(memory.flags, memory.min, memory.max)?;
        memories.push(Growth::of_memory(ty));
    }
    let mut statics = Vec::new();
    for table in meta.static_tables()?.iter() {
        statics.push(table?.table);
    }
    for (index, table) in (meta.counts().imported_tables..).zip(meta.tables()?.iter()) {
        let table = table?;
        let mut ty = table_type(table.element_type, table.flags, table.min, table.max)?;
        if statics.contains(&index) {
            ty.min = 0;
        }
        tables.push(Growth::of_table(ty));
    }
    Ok([memories, tables])
}

/// Whether the limiter allows so many more instances, memories and tables.
///
/// # Safety
/// Nothing refers to the store.
unsafe fn allow_more(store: NonNull<StoreInner>, more: [u64; 3]) -> Result<(), Error> {
    // SAFETY: the caller says that there is no other reference; this one ends here.
    let inner = unsafe { store.as_ref() };
    if !inner.is_limited {
        return Ok(());
    }
    let has = [
        inner.instances.len(),
        inner.memories.len(),
        inner.tables.len(),
    ];
    // SAFETY: as above.
    let limits = unsafe {
        ask(store, |limiter| {
            [limiter.instances(), limiter.memories(), limiter.tables()]
        })
    };
    let what = [
        "have another instance",
        "have another memory",
        "have another table",
    ];
    for (index, limit) in limits.into_iter().flatten().enumerate() {
        if more[index] > 0 && has[index] as u64 + more[index] > limit {
            return Err(refused(what[index]));
        }
    }
    Ok(())
}

/// Tells the limiter that a memory went back from `from` to `to` bytes, if it did.
///
/// # Safety
/// Nothing refers to the store.
pub(crate) unsafe fn memory_shrunk(store: NonNull<StoreInner>, from: u64, to: u64) {
    if from != to {
        // SAFETY: the caller says so.
        unsafe { ask(store, |limiter| limiter.memory_shrunk(from, to)) };
    }
}

/// Tells the limiter that a table went back from `from` to `to` elements, if it did.
///
/// # Safety
/// Nothing refers to the store.
pub(crate) unsafe fn table_shrunk(store: NonNull<StoreInner>, from: u64, to: u64) {
    if from != to {
        // SAFETY: the caller says so.
        unsafe { ask(store, |limiter| limiter.table_shrunk(from, to)) };
    }
}

/// Asks the limiter for all memories and tables that are there, as if they were made now.
///
/// # Errors
/// If it refuses one. Then it has none, and the store is of no use but to be dropped.
///
/// # Safety
/// Nothing refers to the store.
pub(super) unsafe fn take_over(store: NonNull<StoreInner>) -> Result<(), Error> {
    // SAFETY: the caller says that there is no other reference; this one ends here.
    let inner = unsafe { store.as_ref() };
    let memories = inner.memories.iter();
    let memories = memories.map(|memory| Growth::of_memory(memory.ty()));
    let tables = inner.tables.iter();
    let tables = tables.map(|table| Growth::of_table(table.ty()));
    let all: Vec<Growth> = memories.chain(tables).collect();
    for (done, growth) in all.iter().enumerate() {
        // SAFETY: as above.
        if let Err(denied) = unsafe { growth.ask(store) } {
            let error = denied.into();
            for growth in &all[..done] {
                // SAFETY: as above.
                unsafe { growth.failed(store, &error) };
            }
            // SAFETY: as above. What it did not allow is not given back.
            unsafe { &mut *store.as_ptr() }.is_limited = false;
            return Err(error);
        }
    }
    Ok(())
}

/// Tells the limiter that all memories and tables are about to go.
///
/// # Safety
/// Nothing refers to the store.
pub(super) unsafe fn give_back(store: NonNull<StoreInner>) {
    // SAFETY: the caller says that there is no other reference; this one ends here.
    let inner = unsafe { store.as_ref() };
    if !inner.is_limited {
        return;
    }
    let memories: Vec<u64> = inner
        .memories
        .iter()
        .map(|memory| memory.size_bytes())
        .collect();
    let tables: Vec<u64> = inner.tables.iter().map(|table| table.len()).collect();
    for size in memories {
        // SAFETY: as above.
        unsafe { memory_shrunk(store, size, 0) };
    }
    for size in tables {
        // SAFETY: as above.
        unsafe { table_shrunk(store, size, 0) };
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Error, Memory, MemoryType, ResourceLimiter, Store, Table, TableType, Val, ValType,
    };
    use rustix::mm::{MapFlags, ProtFlags};
    use std::fs::File;

    /// Counts what there is, and what it was asked and told.
    #[derive(Default)]
    struct Counts {
        bytes: u64,
        elements: u64,
        failed: Vec<String>,
    }

    impl ResourceLimiter for Counts {
        fn memory_growing(&mut self, from: u64, to: u64, _: Option<u64>) -> Result<bool, Error> {
            self.bytes += to - from;
            Ok(true)
        }

        fn memory_grow_failed(&mut self, from: u64, to: u64, error: &Error) {
            self.bytes -= to - from;
            self.failed.push(error.to_string());
        }

        fn memory_shrunk(&mut self, from: u64, to: u64) {
            self.bytes -= from - to;
        }

        fn table_growing(&mut self, from: u64, to: u64, _: Option<u64>) -> Result<bool, Error> {
            self.elements += to - from;
            Ok(true)
        }

        fn table_grow_failed(&mut self, from: u64, to: u64, error: &Error) {
            self.elements -= to - from;
            self.failed.push(error.to_string());
        }

        fn table_shrunk(&mut self, from: u64, to: u64) {
            self.elements -= from - to;
        }
    }

    #[test]
    fn what_was_allowed_and_failed_is_taken_back() {
        let mut counts = Counts::default();
        let mut store = Store::new(&mut counts);
        store.limiter(|counts| *counts);
        let ty = MemoryType::new(1, None);
        let memory = Memory::new(&mut store, ty).unwrap();
        assert_eq!(store.data().bytes, 1 << 16);
        // Behind the second page a part that can never be written to.
        let base = memory.data_mut(&mut store).as_mut_ptr();
        let at = base.wrapping_add(2 << 16).cast();
        let file = File::open("/proc/self/exe").unwrap();
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        // SAFETY: a part of the memory's own reservation that nobody can access yet.
        let mapped = unsafe { rustix::mm::mmap(at, 1 << 16, ProtFlags::empty(), flags, &file, 0) };
        assert_eq!(mapped.unwrap(), at);
        assert_eq!(memory.grow(&mut store, 1).unwrap(), 1);
        assert!(memory.grow(&mut store, 1).is_err());
        assert_eq!(memory.size(&store).unwrap(), 2);
        assert_eq!(store.data().bytes, 2 << 16);
        assert_eq!(store.data().failed.len(), 1);
        // What the type forbids is not asked for.
        assert!(memory.grow(&mut store, u64::MAX).is_err());
        assert_eq!(store.data().failed.len(), 1);
        drop(store);
        assert_eq!(counts.bytes, 0);
    }

    #[test]
    fn what_a_store_held_is_given_back() {
        let mut counts = Counts::default();
        for _ in 0..2 {
            let mut store = Store::new(&mut counts);
            store.limiter(|counts| *counts);
            let ty = TableType::new(ValType::ExternRef, 3, Some(10));
            let null = Val::ExternRef(None);
            let table = Table::new(&mut store, ty, null).unwrap();
            assert_eq!(table.grow(&mut store, 4, null).unwrap(), 3);
            assert!(table.grow(&mut store, 4, null).is_err());
            assert_eq!(store.data().elements, 7);
            // Too large for any table: allowed, but never made.
            let ty = TableType::new(ValType::ExternRef, 1 << 40, None);
            assert!(Table::new(&mut store, ty, null).is_err());
            assert_eq!(store.data().elements, 7);
            let counts = store.into_data();
            assert_eq!(counts.elements, 0);
        }
        assert_eq!(counts.failed.len(), 2);
    }
}
