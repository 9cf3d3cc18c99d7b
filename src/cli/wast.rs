//! `prefab wast`: runs scripts of the official test suite's form.

use super::compile::host_options;
use super::error::Failure;
use super::{input, output};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs .wast scripts
#[derive(Debug, Args)]
pub(crate) struct WastArgs {
    /// The scripts
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The features of WebAssembly that modules may use: wasm1 or wasm2, then +NAME or -NAME
    #[arg(
        long,
        value_name = "SET",
        default_value = "wasm2",
        allow_hyphen_values = true
    )]
    features: String,
}

impl WastArgs {
    /// Does it.
    ///
    /// # Errors
    /// If a file cannot be read or is no script, or the set of features is not one.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut options = host_options()?;
        options.wasm_features = prefab::wast::parse_features(&self.features)
            .map_err(|error| Failure::new(error.to_string()))?;
        let (mut passed, mut failed) = (0, 0);
        for file in &self.files {
            let outcome = run(file, &options)?;
            for failure in &outcome.failures {
                let line = failure.line;
                output::print(&format!("{}:{line}: {}\n", file.display(), failure.message))?;
            }
            passed += outcome.passed;
            failed += outcome.failures.len();
        }
        output::print(&format!("{passed} passed, {failed} failed\n"))?;
        Ok(ExitCode::from(u8::from(failed > 0)))
    }
}

fn run(file: &Path, options: &prefab::CompileOptions) -> Result<prefab::wast::Outcome, Failure> {
    let text = String::from_utf8(input::read(file)?)
        .map_err(|_| Failure::of(file, "not a script: not UTF-8"))?;
    prefab::wast::run(&text, options, true)
        .map_err(|error| Failure::of(file, format!("{} (at line {})", error.message, error.line)))
}
