//! Modules: compiled, and loaded from memory.
//!
//! # Safety
//!
//! Unsafe for loading: an object is machine code, which does what it likes. The only objects that
//! come here were made by the compiler a moment before, in this process.
#![allow(unsafe_code, reason = "loads what the compiler has just made")]

use crate::{Engine, types};
use anyhow::Result;
use prefab_runtime as prefab;
use std::collections::HashMap;
use std::sync::Arc;
use wasm_runtime_layer::backend::WasmModule;
use wasm_runtime_layer::{ExportType, ExternType, ImportType};

/// A compiled module. Clones are the same module.
#[derive(Clone, Debug)]
pub struct Module(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    module: prefab::Module,
    /// The layer borrows names from the module.
    imports: Vec<prefab::ImportType>,
    exports: Vec<prefab::ExportType>,
    /// Which of the exports has the name.
    by_name: HashMap<String, usize>,
}

impl Module {
    pub(crate) fn prefab(&self) -> &prefab::Module {
        &self.0.module
    }

    pub(crate) fn export_name(&self, index: usize) -> &str {
        &self.0.exports[index].name
    }

    pub(crate) fn export_index(&self, name: &str) -> Option<usize> {
        self.0.by_name.get(name).copied()
    }
}

impl WasmModule<Engine> for Module {
    fn new(engine: &Engine, bytes: &[u8]) -> Result<Self> {
        let options = engine.options();
        let object = prefab_compiler::compile(bytes, options, &|_done, _total| ())?;
        // SAFETY: the compiler made the object in the line above.
        let module = unsafe { prefab_loader::load_bytes(&object, &options.name)? };
        let exports: Vec<_> = module.exports().collect();
        let names = exports.iter().enumerate();
        let by_name = names.map(|(index, export)| (export.name.clone(), index));
        Ok(Self(Arc::new(Inner {
            imports: module.imports().collect(),
            by_name: by_name.collect(),
            exports,
            module,
        })))
    }

    fn exports(&self) -> Box<dyn '_ + Iterator<Item = ExportType<'_>>> {
        Box::new(self.0.exports.iter().map(|export| ExportType {
            name: &export.name,
            ty: types::extern_type(&export.ty),
        }))
    }

    fn get_export(&self, name: &str) -> Option<ExternType> {
        let export = &self.0.exports[self.export_index(name)?];
        Some(types::extern_type(&export.ty))
    }

    fn imports(&self) -> Box<dyn '_ + Iterator<Item = ImportType<'_>>> {
        Box::new(self.0.imports.iter().map(|import| ImportType {
            module: &import.module,
            name: &import.name,
            ty: types::extern_type(&import.ty),
        }))
    }
}
