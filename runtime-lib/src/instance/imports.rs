//! Whether what a module imports is there, and of the right type.

use super::{Extern, Instance};
use crate::error::{Error, ImportProblem, LinkError, MemoryPlanError};
use crate::func::HostFunc;
use crate::module::Module;
use crate::module::types::{import_extern_type, import_type};
use crate::store::StoreInner;
use crate::types::ExternType;
use prefab_abi::meta::ExternKind;
use std::sync::Arc;

/// What stands for an import.
#[derive(Clone)]
pub(crate) enum Provided {
    /// Something of the store's.
    Extern(Extern),
    /// A host function that no store has yet.
    Host(Arc<HostFunc>),
}

impl Provided {
    fn ty(&self, store: &StoreInner) -> Result<ExternType, Error> {
        match self {
            Self::Extern(found) => found.type_in(store),
            Self::Host(host) => Ok(ExternType::Func((**host.ty()).clone())),
        }
    }
}

/// A module's imports, each of the right type, by their kinds.
#[derive(Default)]
pub(crate) struct Imports {
    pub(super) funcs: Vec<Provided>,
    /// The store's indices.
    pub(super) tables: Vec<u32>,
    pub(super) memories: Vec<u32>,
    pub(super) globals: Vec<u32>,
}

impl Imports {
    /// The imports of `module`, each as `find` finds it by its module and name.
    ///
    /// # Errors
    /// One error that lists every import that is missing or of another type.
    pub(crate) fn resolve(
        store: &StoreInner,
        module: &Module,
        mut find: impl FnMut(u32, &str, &str) -> Option<Provided>,
    ) -> Result<Self, Error> {
        let meta = module.meta();
        let mut imports = Self::default();
        let mut problems = Vec::new();
        for (index, import) in (0..).zip(meta.imports()?.iter()) {
            let import = import?;
            let provided = find(index, meta.str(import.module)?, meta.str(import.name)?);
            // Interning has made comparing function types one comparison: no type is made.
            if import.kind == ExternKind::Func as u32
                && let Some(provided) = &provided
                && provided.type_id(store)? == Some(module.type_id(import.ty)?)
            {
                imports.funcs.push(provided.clone());
                continue;
            }
            let expected = import_extern_type(meta, &import)?;
            let found = provided.as_ref().map(|found| found.ty(store)).transpose()?;
            match provided {
                Some(provided) if found.as_ref().is_some_and(|ty| ty.matches(&expected)) => {
                    if let Provided::Extern(Extern::Memory(memory)) = &provided {
                        let reservation = store.memories[memory.index as usize].reservation();
                        if !reservation.suits(module.assumptions()) {
                            let import = import_type(meta, import)?;
                            return Err(MemoryPlanError::new(module.name(), import).into());
                        }
                    }
                    imports.push(provided);
                }
                _ => {
                    let import = import_type(meta, import)?;
                    problems.push(ImportProblem {
                        module: import.module,
                        name: import.name,
                        expected,
                        found,
                    });
                }
            }
        }
        if problems.is_empty() {
            Ok(imports)
        } else {
            Err(LinkError::new(module.name().to_owned(), problems).into())
        }
    }

    fn push(&mut self, provided: Provided) {
        match provided {
            Provided::Extern(Extern::Table(table)) => self.tables.push(table.index),
            Provided::Extern(Extern::Global(global)) => self.globals.push(global.index),
            Provided::Extern(Extern::Memory(memory)) => self.memories.push(memory.index),
            func => self.funcs.push(func),
        }
    }
}

impl Provided {
    /// The identity of the type, if it is a function of this store.
    fn type_id(&self, store: &StoreInner) -> Result<Option<u64>, Error> {
        match self {
            Self::Host(host) => Ok(Some(host.identity())),
            Self::Extern(Extern::Func(func)) => Ok(Some(store.func_of(*func)?.abi.type_id)),
            Self::Extern(_) => Ok(None),
        }
    }
}

impl Instance {
    pub(super) const fn new_handle(store: &StoreInner, index: u32) -> Self {
        Self {
            store: store.id(),
            index,
        }
    }
}
