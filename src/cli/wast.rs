//! `prefab wast`: runs scripts of the official test suite's form.

use super::compile::{host_options, memory_plan, set_code, traps};
use super::error::{Failure, input_name};
use super::{input, output};
use clap::Args;
use prefab::{MemoryPlan, Traps};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs .wast scripts
#[derive(Debug, Args)]
pub(crate) struct WastArgs {
    /// The scripts; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The features of WebAssembly that modules may use: wasm1 or wasm2, then +NAME,-NAME
    #[arg(
        long,
        value_name = "SET",
        default_value = "wasm2",
        allow_hyphen_values = true
    )]
    wasm_features: String,
    /// How hard to optimise the modules of all scripts: 0, 1 or 2
    #[arg(short = 'O', value_name = "LEVEL", default_value = "2",
          value_parser = clap::value_parser!(u8).range(0..=2))]
    opt_level: u8,
    /// How accesses to memories are kept inside, as for `prefab compile`
    #[arg(long, value_name = "guarded|bounded", value_parser = memory_plan)]
    memory: Option<MemoryPlan>,
    /// How traps are found, as for `prefab compile` (explicit implies --memory bounded)
    #[arg(long, value_name = "signals|explicit", default_value = "signals", value_parser = traps)]
    traps: Traps,
}

impl WastArgs {
    /// Runs the scripts, and prints the directives that failed and the counts.
    ///
    /// # Errors
    /// If a file cannot be read or is no script, or the set of features is not one.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut options = host_options()?;
        options.wasm_features = prefab::wast::parse_features(&self.wasm_features)
            .map_err(|error| Failure::new(error.to_string()))?;
        set_code(&mut options, self.opt_level, self.memory, self.traps);
        let (mut passed, mut failed) = (0, 0);
        for file in &self.files {
            let outcome = run(file, &options)?;
            for failure in &outcome.failures {
                let line = failure.line;
                let file = input_name(file);
                output::print(&format!("{file}:{line}: {}\n", failure.message))?;
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
