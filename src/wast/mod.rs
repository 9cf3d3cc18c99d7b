//! Runs `.wast` scripts, the official test suite's form, through compiler, object, loader and store.

mod load;

pub use prefab_wast::{Definition, Failure, Outcome, Synonym, definitions, synonyms};

use crate::{CompileOptions, Module, UnknownWasmFeature, WasmFeatures};
use prefab_wast::{Modules, QuoteWat, Refusal};

/// The set of features that `text` describes; without `wasm1` or `wasm2` in front, it starts from version
/// 2.0 of the standard, which most scripts are for.
///
/// # Errors
/// If a name is not that of a feature.
pub fn parse_features(text: &str) -> Result<WasmFeatures, UnknownWasmFeature> {
    crate::parse_wasm_features(text, WasmFeatures::WASM2)
}

/// Runs the script `text`; modules are compiled with `options`. Where `print` is true, the print
/// functions of the module `spectest` print.
///
/// # Errors
/// If the text is no script.
pub fn run(text: &str, options: &CompileOptions, print: bool) -> Result<Outcome, Failure> {
    prefab_wast::run(text, &mut Compiled { options }, print)
}

/// Modules that are compiled and loaded.
struct Compiled<'a> {
    options: &'a CompileOptions,
}

impl Modules for Compiled<'_> {
    fn module(&mut self, module: &mut QuoteWat<'_>) -> Result<Module, Refusal> {
        let wasm = module
            .encode()
            .map_err(|error| Refusal::Text(error.message()))?;
        load::compile_and_load(&wasm, self.options)
    }

    fn compiles(&self) -> bool {
        true
    }
}
