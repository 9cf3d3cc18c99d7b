//! Modules whose imports have been found.

use crate::error::Error;
use crate::instance::{Imports, Initialize, Instance, Provided};
use crate::linker::{Invariant, Linker};
use crate::module::Module;
use crate::store::{AsContextMut, Mode, Shared};
use std::fmt;
use std::marker::PhantomData;

/// A module with what a linker has for its imports: to make many instances of it, each in a store of its
/// own, without looking for the imports again. What is defined in the linker later does not change it.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Error, Instance, InstancePre, Linker, Module, Store};
///
/// fn pre(module: &Module) -> Result<InstancePre<u32>, Error> {
///     let mut linker = Linker::new();
///     linker.func_wrap("host", "double", |number: i32| number.wrapping_mul(2))?;
///     linker.instantiate_pre(module)
/// }
///
/// fn answer(pre: &InstancePre<u32>, request: u32) -> Result<(Store<u32>, Instance), Error> {
///     let mut store = Store::new(request);
///     let instance = pre.instantiate(&mut store)?;
///     Ok((store, instance))
/// }
/// ```
pub struct InstancePre<T, M: Mode = Shared> {
    module: Module,
    found: Found,
    /// As in the linker.
    marker: PhantomData<(Invariant<T>, M)>,
}

#[derive(Clone)]
enum Found {
    /// Host functions alone, of the right types: for any store.
    ForAll(Imports),
    /// Also what is a store's, in the order of the imports.
    Each(Box<[Provided]>),
}

impl<T, M: Mode> Clone for InstancePre<T, M> {
    fn clone(&self) -> Self {
        Self {
            module: self.module.clone(),
            found: self.found.clone(),
            marker: PhantomData,
        }
    }
}

impl<T, M: Mode> InstancePre<T, M> {
    pub(crate) fn new(linker: &Linker<T, M>, module: &Module) -> Result<Self, Error> {
        let mut all = Vec::new();
        let imports = Imports::resolve(None, module, |_, module, name| {
            let found = linker.find(module, name);
            all.extend(found.clone());
            found
        })?;
        let is_hosts = all.iter().all(|found| matches!(found, Provided::Host(_)));
        Ok(Self {
            module: module.clone(),
            found: match is_hosts {
                true => Found::ForAll(imports),
                false => Found::Each(all.into()),
            },
            marker: PhantomData,
        })
    }

    /// The module.
    #[must_use]
    pub const fn module(&self) -> &Module {
        &self.module
    }

    /// An instance of the module, as [`Linker::instantiate`] makes one.
    ///
    /// # Errors
    /// If what is a store's is of another type than the import or another store's, the module is
    /// malformed or too large for the machine, or the instance's initialisation, start function or
    /// `_initialize` traps.
    ///
    /// # Panics
    /// If a host function that the start function or `_initialize` calls panics.
    pub fn instantiate(
        &self,
        mut store: impl AsContextMut<Data = T, Mode = M>,
    ) -> Result<Instance, Error> {
        let mut store = store.as_context_mut();
        let imports = match &self.found {
            Found::ForAll(imports) => imports.clone(),
            Found::Each(found) => {
                let find = |index: u32, _: &str, _: &str| found.get(index as usize).cloned();
                Imports::resolve(Some(store.inner()), &self.module, find)?
            }
        };
        store.instantiate(&self.module, imports, Initialize::Now)
    }
}

impl<T, M: Mode> fmt::Debug for InstancePre<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstancePre")
            .field("module", &self.module)
            .finish_non_exhaustive()
    }
}
