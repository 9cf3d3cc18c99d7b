//! Instances.

use crate::{Engine, Module, error, value};
use anyhow::Result;
use prefab_runtime as prefab;
use std::sync::Arc;
use wasm_runtime_layer::backend::{AsContext, AsContextMut, Export, Extern, Imports, WasmInstance};

/// An instance of a store.
#[derive(Clone, Debug)]
pub struct Instance {
    module: Module,
    /// In the module's order. The layer asks for them where nothing can be changed, but a store has
    /// no handle to a function before somebody asks for it.
    exports: Arc<[prefab::Extern]>,
}

impl WasmInstance<Engine> for Instance {
    fn new(
        mut store: impl AsContextMut<Engine>,
        module: &Module,
        imports: &Imports<Engine>,
    ) -> Result<Self> {
        let mut store = store.as_context_mut();
        let exports = instantiate(&mut store, module, imports).map_err(error::to_layer)?;
        let module = module.clone();
        Ok(Self { module, exports })
    }

    fn exports(&self, _: impl AsContext<Engine>) -> Box<dyn Iterator<Item = Export<Engine>>> {
        let Self { module, exports } = self.clone();
        Box::new((0..exports.len()).map(move |index| Export {
            name: module.export_name(index).to_owned(),
            value: value::extern_to_layer(exports[index]),
        }))
    }

    fn get_export(&self, _: impl AsContext<Engine>, name: &str) -> Option<Extern<Engine>> {
        let index = self.module.export_index(name)?;
        Some(value::extern_to_layer(self.exports[index]))
    }
}

fn instantiate(
    mut store: impl prefab::AsContextMut<Mode = prefab::Shared>,
    module: &Module,
    imports: &Imports<Engine>,
) -> Result<Arc<[prefab::Extern]>, prefab::Error> {
    let mut linker = prefab::Linker::new();
    for (module, name, item) in imports.iter() {
        linker.define(module, name, value::extern_from_layer(item))?;
    }
    let instance = linker.instantiate(&mut store, module.prefab())?;
    let exports = instance.exports(&mut store)?.into_iter();
    Ok(exports.map(|(_, item)| item).collect())
}
