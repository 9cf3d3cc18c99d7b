//! Instances.

mod allocate;
mod command;
mod data;
mod fields;
mod imports;
mod initialize;
mod instantiate;
mod reset;
mod segments;
mod spare;

pub(crate) use command::{Initialize, once};
pub(crate) use data::InstanceData;
pub(crate) use fields::from_context;
pub(crate) use imports::{Imports, Provided};
pub(crate) use instantiate::instantiate;
pub(crate) use spare::Spares;

use crate::error::Error;
use crate::func::{Func, TypedFunc, WasmParams, WasmResults};
use crate::global::Global;
use crate::memory::Memory;
use crate::module::Module;
use crate::store::{AsContext, AsContextMut, StoreId, StoreInner};
use crate::table::Table;
use crate::types::ExternType;
use prefab_abi::meta::{Export, ExternKind};

/// An instance of a store: a module with memories, tables and globals of its own, and with what it
/// imports. A [`Linker`](crate::Linker) makes it.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Error, Linker, Module, Store};
///
/// /// The sum that a module's `sum` finds in the numbers that its memory is given.
/// fn sum(linker: &Linker<()>, module: &Module, numbers: &[u8]) -> Result<u64, Error> {
///     let mut store = Store::new(());
///     let instance = linker.instantiate(&mut store, module)?;
///     if let Some(memory) = instance.get_memory(&mut store, "memory") {
///         memory.write(&mut store, 0, numbers)?;
///     }
///     let sum = instance.get_typed_func::<u32, u64>(&mut store, "sum")?;
///     sum.call(&mut store, numbers.len() as u32)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    pub(crate) store: StoreId,
    pub(crate) index: u32,
}

/// Something that can be imported and exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A global.
    Global(Global),
}

impl Extern {
    /// The function, if it is one.
    #[must_use]
    pub const fn into_func(self) -> Option<Func> {
        match self {
            Self::Func(func) => Some(func),
            _ => None,
        }
    }

    /// The table, if it is one.
    #[must_use]
    pub const fn into_table(self) -> Option<Table> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The memory, if it is one.
    #[must_use]
    pub const fn into_memory(self) -> Option<Memory> {
        match self {
            Self::Memory(memory) => Some(memory),
            _ => None,
        }
    }

    /// The global, if it is one.
    #[must_use]
    pub const fn into_global(self) -> Option<Global> {
        match self {
            Self::Global(global) => Some(global),
            _ => None,
        }
    }

    /// Its type. The least size of a table or memory is that of the moment.
    ///
    /// # Errors
    /// If it is another store's.
    pub fn ty(&self, store: impl AsContext) -> Result<ExternType, Error> {
        self.type_in(store.as_context().inner())
    }

    pub(crate) const fn store(&self) -> StoreId {
        match self {
            Self::Func(func) => func.store,
            Self::Table(table) => table.store,
            Self::Memory(memory) => memory.store,
            Self::Global(global) => global.store,
        }
    }

    pub(crate) fn type_in(&self, store: &StoreInner) -> Result<ExternType, Error> {
        store.check(self.store(), "import")?;
        Ok(match self {
            Self::Func(func) => ExternType::Func((**store.func_type(*func)?).clone()),
            Self::Table(table) => ExternType::Table(store.tables[table.index as usize].ty()),
            Self::Memory(memory) => ExternType::Memory(store.memories[memory.index as usize].ty()),
            Self::Global(global) => ExternType::Global(store.globals[global.index as usize].ty()),
        })
    }
}

macro_rules! from {
    ($($ty:ident)*) => {
        $(impl From<$ty> for Extern {
            fn from(value: $ty) -> Self {
                Self::$ty(value)
            }
        })*
    };
}

from!(Func Table Memory Global);

impl Instance {
    /// An instance of `module` with these imports, in the order in which the module has them; its
    /// start function has run. A reactor is not ready yet: [`initialize`](Self::initialize) makes it so.
    ///
    /// # Errors
    /// If an import is missing, of another type or another store's, the module is malformed or
    /// too large for the machine, or the instance's initialisation or start function traps.
    pub fn new(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Self, Error> {
        let mut store = store.as_context_mut();
        let inner = store.inner_mut();
        for import in imports {
            inner.check(import.store(), "import")?;
        }
        let find = |index: u32, _: &str, _: &str| {
            let import = imports.get(index as usize).copied();
            import.map(Provided::Extern)
        };
        let imports = Imports::resolve(Some(inner), module, find)?;
        store.instantiate(module, imports, Initialize::Later)
    }

    /// The module that it is an instance of.
    ///
    /// # Errors
    /// If the instance is another store's.
    pub fn module(&self, store: impl AsContext) -> Result<Module, Error> {
        let store = store.as_context();
        store.inner().check(self.store, "instance")?;
        let data = &store.inner().instances[self.index as usize];
        Ok(data.module().clone())
    }

    /// What the instance exports by this name.
    ///
    /// # Errors
    /// [`Error::NoExport`] if nothing, [`Error::NotInitialized`] if the instance is a reactor whose
    /// `_initialize` has not run, or whose start function or `_initialize` has failed; if it is
    /// another store's.
    pub fn export(&self, mut store: impl AsContextMut, name: &str) -> Result<Extern, Error> {
        let mut store = store.as_context_mut();
        let found = self.find(store.inner_mut(), name)?;
        found.ok_or_else(|| Error::NoExport {
            kind: "item",
            name: name.to_owned(),
        })
    }

    /// What the instance exports by this name; `None` where [`export`](Self::export) is an error.
    pub fn get_export(&self, mut store: impl AsContextMut, name: &str) -> Option<Extern> {
        let mut store = store.as_context_mut();
        self.find(store.inner_mut(), name).ok()?
    }

    /// Everything that the instance exports, with its name, in the module's order.
    ///
    /// # Errors
    /// If the instance is another store's or not initialised ([`Error::NotInitialized`]), or the
    /// module is malformed.
    pub fn exports(&self, mut store: impl AsContextMut) -> Result<Vec<(String, Extern)>, Error> {
        let mut store = store.as_context_mut();
        let inner = store.inner_mut();
        inner.check(self.store, "instance")?;
        inner.expect_ready(self.index)?;
        let module = inner.instances[self.index as usize].module().clone();
        let meta = module.meta();
        let exports = meta.exports()?;
        exports
            .iter()
            .map(|export| {
                let export = export?;
                let name = meta.str(export.name)?.to_owned();
                Ok((name, self.exported(inner, export)?))
            })
            .collect()
    }

    fn find(&self, store: &mut StoreInner, name: &str) -> Result<Option<Extern>, Error> {
        store.check(self.store, "instance")?;
        if !store.is_waiting_for(self.index, name) {
            store.expect_ready(self.index)?;
        }
        self.find_early(store, name)
    }

    /// What the instance exports by this name, even if it is not initialised: for its own functions,
    /// which may run then. It is of this store.
    pub(crate) fn find_early(
        &self,
        store: &mut StoreInner,
        name: &str,
    ) -> Result<Option<Extern>, Error> {
        let module = store.instances[self.index as usize].module().clone();
        match module.meta().export(name)? {
            Some(export) => Ok(Some(self.exported(store, export)?)),
            None => Ok(None),
        }
    }

    fn exported(&self, inner: &mut StoreInner, export: Export) -> Result<Extern, Error> {
        let store = self.store;
        Ok(match ExternKind::from_number(export.kind) {
            Some(ExternKind::Func) => Extern::Func(Func {
                store,
                index: inner.func_of_instance(self.index, export.index)?,
            }),
            Some(ExternKind::Table) => Extern::Table(Table {
                store,
                index: inner.table_of(self.index, export.index)?,
            }),
            Some(ExternKind::Memory) => {
                let index = inner.memory_of(self.index, export.index)?;
                inner.memories[index as usize].share();
                Extern::Memory(Memory { store, index })
            }
            Some(ExternKind::Global) => Extern::Global(Global {
                store,
                index: inner.global_of(self.index, export.index)?,
            }),
            None => return Err(Error::format("export kind", "is not known", 0)),
        })
    }

    /// The function that the instance exports by this name; `None` where [`export`](Self::export) is an
    /// error or something else.
    pub fn get_func(&self, store: impl AsContextMut, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The function of this index in the module's index space, exported or not, imported or defined:
    /// for tools that compare functions. Equal functions have equal handles.
    ///
    /// # Errors
    /// If the instance is another store's or not initialised ([`Error::NotInitialized`]), or the
    /// module has no function of this index.
    pub fn func_at(&self, mut store: impl AsContextMut, index: u32) -> Result<Func, Error> {
        let mut store = store.as_context_mut();
        let inner = store.inner_mut();
        inner.check(self.store, "instance")?;
        inner.expect_ready(self.index)?;
        // Fails where the index is out of range.
        inner.instances[self.index as usize]
            .module()
            .func_type(index)?;
        Ok(Func {
            store: self.store,
            index: inner.func_of_instance(self.index, index)?,
        })
    }

    /// The table that the instance exports by this name; `None` where [`export`](Self::export) is an
    /// error or something else.
    pub fn get_table(&self, store: impl AsContextMut, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The memory that the instance exports by this name; `None` where [`export`](Self::export) is an
    /// error or something else.
    pub fn get_memory(&self, store: impl AsContextMut, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The global that the instance exports by this name; `None` where [`export`](Self::export) is an
    /// error or something else.
    pub fn get_global(&self, store: impl AsContextMut, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The function that the instance exports by this name, to be called with host types.
    ///
    /// # Errors
    /// If the instance is another store's or not initialised ([`Error::NotInitialized`]), or no
    /// function of these types is exported so.
    pub fn get_typed_func<P: WasmParams, R: WasmResults>(
        &self,
        mut store: impl AsContextMut,
        name: &str,
    ) -> Result<TypedFunc<P, R>, Error> {
        let mut store = store.as_context_mut();
        let found = self.find(store.inner_mut(), name)?;
        let func = found
            .and_then(Extern::into_func)
            .ok_or_else(|| Error::NoExport {
                kind: "function",
                name: name.to_owned(),
            })?;
        func.typed(&store)
    }
}
