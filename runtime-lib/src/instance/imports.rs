//! Whether what a module imports is there, and of the right type.

use super::data::ImportedSource;
use super::{Extern, Instance};
use crate::error::{Error, ImportProblem, LinkError, MemoryPlanError};
use crate::func::{FuncKind, HostFunc};
use crate::module::Module;
use crate::module::types::{import_extern_type, import_type};
use crate::store::StoreInner;
use crate::types::ExternType;
use prefab_abi::meta::{ExternKind, Import};
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
    /// The type; what is a store's needs that store.
    fn ty(&self, store: Option<&StoreInner>) -> Result<ExternType, Error> {
        match (self, store) {
            (Self::Extern(found), Some(store)) => found.type_in(store),
            (Self::Extern(_), None) => Err(Error::WrongStore("import")),
            (Self::Host(host), _) => Ok(ExternType::Func((**host.ty()).clone())),
        }
    }
}

/// A module's imports, each of the right type, by their kinds.
#[derive(Clone)]
pub(crate) struct Imports {
    pub(super) funcs: Arc<[ImportedSource]>,
    /// How many of the functions need a binding.
    pub(super) bindings: usize,
    /// The store's indices.
    pub(super) tables: Vec<u32>,
    pub(super) memories: Vec<u32>,
    pub(super) globals: Vec<u32>,
}

/// Imports as they are found.
#[derive(Default)]
struct Finding {
    funcs: Vec<ImportedSource>,
    bindings: usize,
    tables: Vec<u32>,
    memories: Vec<u32>,
    globals: Vec<u32>,
}

impl Imports {
    /// The imports of `module`, each as `find` finds it by its index, module and name. Without a
    /// store there are those alone that no store has; others are only asked for.
    ///
    /// # Errors
    /// One error that lists every import that is missing or of another type.
    pub(crate) fn resolve(
        store: Option<&StoreInner>,
        module: &Module,
        mut find: impl FnMut(u32, &str, &str) -> Option<Provided>,
    ) -> Result<Self, Error> {
        let meta = module.meta();
        let mut finding = Finding::default();
        let mut problems = Vec::new();
        for (index, import) in (0..).zip(meta.imports()?.iter()) {
            let import = import?;
            let provided = find(index, meta.str(import.module)?, meta.str(import.name)?);
            if store.is_none() && matches!(provided, Some(Provided::Extern(_))) {
                continue;
            }
            // Comparing the identities of function types is one comparison: no type is made.
            let type_id = provided.as_ref().map(|found| found.type_id(store));
            let is_alike = import.kind == ExternKind::Func as u32
                && type_id.transpose()?.flatten() == Some(module.type_id(import.ty)?);
            if is_alike {
                finding.push(store, module, &import, provided)?;
                continue;
            }
            let expected = import_extern_type(meta, &import)?;
            let found = provided.as_ref().map(|found| found.ty(store)).transpose()?;
            if !found.as_ref().is_some_and(|ty| ty.matches(&expected)) {
                let import = import_type(meta, import)?;
                problems.push(ImportProblem {
                    module: import.module,
                    name: import.name,
                    expected,
                    found,
                });
                continue;
            }
            if let (Some(store), Some(Provided::Extern(Extern::Memory(memory)))) =
                (store, &provided)
            {
                let reservation = store.memories[memory.index as usize].reservation();
                if !reservation.suits(module.assumptions()) {
                    let import = import_type(meta, import)?;
                    return Err(MemoryPlanError::new(module.name(), import).into());
                }
            }
            finding.push(store, module, &import, provided)?;
        }
        if !problems.is_empty() {
            return Err(LinkError::new(module.name().to_owned(), problems).into());
        }
        Ok(Self {
            funcs: finding.funcs.into(),
            bindings: finding.bindings,
            tables: finding.tables,
            memories: finding.memories,
            globals: finding.globals,
        })
    }
}

impl Finding {
    /// Adds what stands for `import`, which is of its type.
    fn push(
        &mut self,
        store: Option<&StoreInner>,
        module: &Module,
        import: &Import,
        provided: Option<Provided>,
    ) -> Result<(), Error> {
        let host = match (provided, store) {
            (Some(Provided::Host(host)), _) => host,
            (Some(Provided::Extern(Extern::Func(func))), Some(store)) => {
                match &store.func_of(func)?.kind {
                    FuncKind::Host { host, .. } => Arc::clone(host),
                    FuncKind::Guest { .. } | FuncKind::Once { .. } => {
                        self.funcs.push(ImportedSource::Func(func.index));
                        return Ok(());
                    }
                }
            }
            (Some(Provided::Extern(Extern::Table(table))), _) => {
                self.tables.push(table.index);
                return Ok(());
            }
            (Some(Provided::Extern(Extern::Global(global))), _) => {
                self.globals.push(global.index);
                return Ok(());
            }
            (Some(Provided::Extern(Extern::Memory(memory))), _) => {
                self.memories.push(memory.index);
                return Ok(());
            }
            (Some(Provided::Extern(Extern::Func(_))) | None, _) => return Ok(()),
        };
        let ty = module.meta().types()?.get(import.ty)?;
        let native = module.native_address(ty.native_adapter)?;
        let adapted = host.adapted(native, module.code_address(ty.array_adapter)?);
        self.funcs.push(ImportedSource::Host {
            host,
            binding: self.bindings,
            adapted,
        });
        self.bindings += 1;
        Ok(())
    }
}

impl Provided {
    /// The identity of the type, if it is a host function or a function of this store.
    fn type_id(&self, store: Option<&StoreInner>) -> Result<Option<u64>, Error> {
        match (self, store) {
            (Self::Host(host), _) => Ok(Some(host.identity())),
            (Self::Extern(Extern::Func(func)), Some(store)) => {
                Ok(Some(store.func_of(*func)?.abi.type_id))
            }
            (Self::Extern(_), _) => Ok(None),
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
