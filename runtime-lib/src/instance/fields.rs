//! The fields of an instance, below its context pointer.
//!
//! # Safety
//!
//! The fields are as the module's [`ContextLayout`] says, in a mapping that the store owns and
//! that is large enough for them; compiled code reads and writes them too.
#![allow(unsafe_code, reason = "the fields are shared with compiled code")]

use crate::address;
use crate::error::Error;
use crate::global::{Cell, read_cell, write_cell};
use crate::mapping::Mapping;
use crate::memory::{MemoryData, Place, Reservation};
use crate::module::Module;
use crate::pages::PageSize;
use crate::store::StoreInner;
use crate::types::MemoryType;
use crate::value::RawVal;
use prefab_abi::context::{ContextHeader, ContextLayout, MemoryDefinition, TableDefinition};
use prefab_abi::func::ImportedFunc;
use prefab_abi::types::ValType;
use std::ptr::NonNull;

/// The fields of one instance. A copy is the same fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    context: NonNull<u8>,
    layout: ContextLayout,
}

/// What an instance's mapping becomes.
pub(crate) enum Backing {
    /// Only fields.
    Fields(Mapping),
    /// Fields and memory 0.
    Memory(MemoryData),
}

/// The size of the fields, in bytes: whole pages.
fn size_in_pages(layout: &ContextLayout, page: PageSize) -> Result<usize, Error> {
    let size = page.round_up(layout.size() as usize);
    size.ok_or_else(|| Error::resource("make an instance", rustix::io::Errno::NOMEM))
}

impl Fields {
    /// Maps the fields of an instance of `module`, all zero, and memory 0 of this type behind them.
    pub(crate) fn map(
        module: &Module,
        memory: Option<MemoryType>,
    ) -> Result<(Self, Backing), Error> {
        let refused = |error| Error::resource("make an instance", error);
        let layout = *module.meta().layout();
        let page = PageSize::of_system();
        let size = size_in_pages(&layout, page)?;
        let memory = memory.map(|ty| (ty, Reservation::of_module(module.assumptions(), ty)));
        let mut mapping = match &memory {
            Some((_, reservation)) => reservation.map(size, page)?,
            None => Mapping::reserve(size, page).map_err(refused)?,
        };
        // SAFETY: the fields' size is at most that of the mapping.
        let context = unsafe { mapping.base().add(size) };
        let backing = match memory {
            Some((ty, reservation)) => {
                let place = Place::Instance(mapping, size);
                Backing::Memory(MemoryData::new(ty, reservation, place, page)?)
            }
            None => {
                mapping.make_accessible(0, size).map_err(refused)?;
                Backing::Fields(mapping)
            }
        };
        Ok((Self { context, layout }, backing))
    }

    /// The fields of an instance of `module` in the place of another one's. They are not zero.
    pub(crate) fn again(module: &Module, backing: &Backing) -> Result<Self, Error> {
        let layout = *module.meta().layout();
        let context = match backing {
            Backing::Memory(memory) => memory.address(),
            Backing::Fields(mapping) => {
                let size = size_in_pages(&layout, PageSize::of_system())?;
                // SAFETY: `map` has made the mapping of this size, for the same module.
                unsafe { mapping.base().add(size) }
            }
        };
        Ok(Self { context, layout })
    }

    /// The context pointer.
    pub(crate) fn context(&self) -> u64 {
        address::of(self.context.as_ptr())
    }

    fn at<F>(&self, offset: i32) -> NonNull<F> {
        // SAFETY: offsets are the layout's, whose fields lie inside the mapping.
        unsafe { self.context.offset(offset as isize) }.cast()
    }

    /// Fills in the header, except for memory 0.
    pub(crate) fn set_header(
        &self,
        module: &Module,
        store: NonNull<StoreInner>,
        exec: u64,
        index: u32,
    ) -> Result<(), Error> {
        for (offset, value) in [
            (ContextHeader::STORE, address::of(store.as_ptr())),
            (ContextHeader::INSTANCE, index.into()),
            (ContextHeader::STATIC_TABLES, module.static_tables_address()),
            (ContextHeader::TEXT, module.text_address()),
            (ContextHeader::IMPORT_TABLE, module.import_table_address()?),
            (ContextHeader::EXEC, exec),
        ] {
            // SAFETY: a field of the header, which no guest uses yet.
            unsafe { self.at::<u64>(offset).write(value) };
        }
        Ok(())
    }

    /// The cell of the `index`-th defined global.
    pub(crate) fn defined_global(&self, index: u32) -> NonNull<Cell> {
        self.at(self.layout.defined_global(index))
    }

    /// The value of the `index`-th defined global.
    pub(crate) fn global(&self, index: u32, ty: ValType) -> RawVal {
        // SAFETY: a field of the instance; whoever has the fields has the store, and no guest runs.
        unsafe { read_cell(self.defined_global(index), ty) }
    }

    /// Makes this the value of the `index`-th defined global.
    pub(crate) fn set_global(&self, index: u32, bits: u128) {
        // SAFETY: as above.
        unsafe { write_cell(self.defined_global(index), bits) };
    }

    /// Makes these the values of the defined globals, from the first one on.
    pub(crate) fn set_globals(&self, bits: &[u128]) {
        let mut cell = self.defined_global(0);
        for bits in bits {
            // SAFETY: as above: there are as many as the module's metadata has globals, which is
            // what the layout was made for.
            unsafe {
                write_cell(cell, *bits);
                cell = cell.add(1);
            }
        }
    }

    /// The definition of the `index`-th defined table.
    pub(crate) fn defined_table(&self, index: u32) -> NonNull<TableDefinition> {
        self.at(self.layout.defined_table(index))
    }

    /// The definition of the `index`-th defined memory.
    pub(crate) fn defined_memory(&self, index: u32) -> NonNull<MemoryDefinition> {
        self.at(self.layout.defined_memory(index))
    }

    /// Says where the `index`-th imported global is.
    pub(crate) fn set_imported_global(&self, index: u32, address: u64) {
        // SAFETY: a field of the instance, which no guest uses yet.
        unsafe { self.at(self.layout.imported_global(index)).write(address) };
    }

    /// Says where the definition of the `index`-th imported table is.
    pub(crate) fn set_imported_table(&self, index: u32, address: u64) {
        // SAFETY: as above.
        unsafe { self.at(self.layout.imported_table(index)).write(address) };
    }

    /// Says where the definition of the `index`-th imported memory is.
    pub(crate) fn set_imported_memory(&self, index: u32, address: u64) {
        // SAFETY: as above.
        unsafe { self.at(self.layout.imported_memory(index)).write(address) };
    }

    /// Says what the `index`-th imported function is.
    pub(crate) fn set_imported_func(&self, index: u32, func: ImportedFunc) {
        // SAFETY: as above.
        unsafe { self.at(self.layout.imported_func(index)).write(func) };
    }
}

/// The store and the index in it of the instance whose context this is.
///
/// This is the one place where an address becomes a store: runtime functions and host bindings
/// go through it.
///
/// # Safety
/// `context` is the context of an instance, whose store is still there.
pub(crate) unsafe fn from_context(context: NonNull<u8>) -> (NonNull<StoreInner>, u32) {
    // SAFETY: an instance's header lies right below its context, and `set_header` has filled in
    // these fields; nothing changes them after.
    let (store, index) = unsafe {
        (
            context
                .offset(ContextHeader::STORE as isize)
                .cast::<u64>()
                .read(),
            context
                .offset(ContextHeader::INSTANCE as isize)
                .cast::<u64>()
                .read(),
        )
    };
    let store = address::pointer(store);
    // SAFETY: `set_header` wrote the address of a store.
    (unsafe { NonNull::new_unchecked(store) }, index as u32)
}
