//! Stand-ins for imports that nothing is defined for.

use crate::error::Error;
use crate::global::Global;
use crate::linker::Linker;
use crate::memory::Memory;
use crate::module::Module;
use crate::store::{AsContextMut, Mode};
use crate::table::Table;
use crate::types::ExternType;
use crate::value::Val;

/// A guest called a function that
/// [`Linker::define_unknown_imports_as_traps`] defined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the guest called the import {module:?} {name:?}, which is not defined")]
pub struct UnknownImport {
    /// The name of the module that the function is imported from.
    pub module: String,
    /// The name of the function there.
    pub name: String,
}

impl<T, M: Mode> Linker<T, M> {
    /// Defines each function that `module` imports and that is not defined here: calling the function
    /// ends the guest with the error [`UnknownImport`]. Other imports stay undefined.
    ///
    /// ```
    /// # extern crate prefab_runtime as prefab;
    /// use prefab::{Error, Instance, Linker, Module, Store, UnknownImport};
    ///
    /// /// An instance of a module of which the host needs only a part.
    /// fn part(store: &mut Store<()>, module: &Module) -> Result<Instance, Error> {
    ///     let mut linker = Linker::new();
    ///     linker.define_unknown_imports_as_traps(module)?;
    ///     linker.instantiate(store, module)
    /// }
    ///
    /// /// The import that the guest needed, if that is why it stopped.
    /// fn needed(error: &Error) -> Option<&str> {
    ///     let import: &UnknownImport = error.downcast_ref()?;
    ///     Some(&import.name)
    /// }
    /// ```
    ///
    /// # Errors
    /// If the module's metadata is malformed.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<&mut Self, Error> {
        for import in module.imports() {
            if let ExternType::Func(ty) = import.ty
                && !self.defines(&import.module, &import.name)
            {
                let unknown = UnknownImport {
                    module: import.module.clone(),
                    name: import.name.clone(),
                };
                let stop = move |_: crate::Caller<'_, T, M>, _: &[Val], _: &mut [Val]| {
                    Err(Error::host(unknown.clone()))
                };
                self.func_new_any_mode(&import.module, &import.name, ty, stop)?;
            }
        }
        Ok(self)
    }

    /// Defines each import of `module` that is not defined here, by a default of its type: a function
    /// returns zeros and nulls, a global is zero or null, a memory has its least size and holds zeros,
    /// a table has its least size and holds nulls. All but the functions belong to `store`.
    ///
    /// # Errors
    /// If the store's limits or the system refuse a memory or table.
    pub fn define_unknown_imports_as_default_values(
        &mut self,
        mut store: impl AsContextMut<Data = T, Mode = M>,
        module: &Module,
    ) -> Result<&mut Self, Error> {
        for import in module.imports() {
            let (from, name) = (&*import.module, &*import.name);
            if self.defines(from, name) {
                continue;
            }
            match import.ty {
                ExternType::Func(ty) => {
                    // The results are preset.
                    let nothing = |_: crate::Caller<'_, T, M>, _: &[Val], _: &mut [Val]| Ok(());
                    self.func_new_any_mode(from, name, ty, nothing)?;
                }
                ExternType::Global(ty) => {
                    let value = Val::default_for(ty.content);
                    self.define(from, name, Global::new(&mut store, ty, value)?)?;
                }
                ExternType::Memory(ty) => {
                    self.define(from, name, Memory::new(&mut store, ty)?)?;
                }
                ExternType::Table(ty) => {
                    let value = Val::default_for(ty.element);
                    self.define(from, name, Table::new(&mut store, ty, value)?)?;
                }
            }
        }
        Ok(self)
    }
}
