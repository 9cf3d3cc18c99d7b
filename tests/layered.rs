//! The official test suite through `wasm_runtime_layer`, with Prefab behind it: what a script does, it
//! does by the layer's API alone.
//!
//! Each script is a test, run once, with the engine's defaults. What it asserts has to hold as in
//! `tests/conformance.rs`, and as much of it: the counts are the same.

#[path = "layered/runtime.rs"]
mod runtime;
#[path = "suite/mod.rs"]
mod suite;
#[path = "suite/trials.rs"]
mod trials;

use prefab::targets::host;
use prefab::{CompileOptions, wast};
use runtime::Layered;

fn main() {
    trials::run(
        |file, features, superseded| {
            let mut options = CompileOptions::new(host::target());
            // As many scripts as there are processors run at once.
            options.jobs = Some(1);
            options.wasm_features = wast::parse_features(features)?;
            let mut runtime = Layered::new(options)?;
            let outcome = prefab_wast::run_in(file.raw(), &mut runtime)
                .map_err(|failure| format!("line {}: {}", failure.line, failure.message))?;
            suite::compare(&outcome.failures, superseded)?;
            Ok(outcome)
        },
        None,
    );
}
