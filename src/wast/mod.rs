//! Runs `.wast` scripts, the official test suite's form, through compiler, object, loader and store.

mod features;
mod load;

pub use features::{FeatureError, parse as parse_features};
pub use prefab_wast::{Definition, Failure, Outcome, Synonym, definitions, synonyms};

use crate::{CompileOptions, Module};
use prefab_wast::{Modules, QuoteWat, Refusal};

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
