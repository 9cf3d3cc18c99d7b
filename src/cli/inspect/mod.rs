//! `prefab inspect`: what an object is, for people and for programs, and whether its parts agree.

pub(crate) mod artifact;
mod code;
mod disasm;
mod print;
mod report;
mod verify;

use super::error::{Failure, input_name};
use super::{input, output};
use artifact::Artifact;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Shows what an object contains and needs.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The object; - is standard input
    #[arg(value_name = "FILE.o")]
    file: PathBuf,
    /// Print JSON, for programs
    #[arg(long, conflicts_with_all = ["disasm", "verify"])]
    json: bool,
    /// Print the instructions of a function: a name, or an index
    #[arg(long, value_name = "FUNC", conflicts_with = "verify")]
    disasm: Option<String>,
    /// Check the object's form, independently of the compiler and the loader; does not make an
    /// untrusted object safe
    ///
    /// It checks that sections, metadata, relocations and hashes agree with each other, that jumps
    /// and calls go to the starts of instructions and functions, and that the unwind tables follow the
    /// code. It does not check what the instructions compute: an object whose accesses leave
    /// its memory can pass. An object is machine code and can do whatever the process that loads
    /// it can, so a passing object from an untrusted source is not thereby safe: compile untrusted
    /// modules yourself.
    #[arg(long)]
    verify: bool,
}

impl InspectArgs {
    /// Does it.
    ///
    /// # Errors
    /// If the file is no object of Prefab's, or the check finds something.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let fail = |message: String| Failure::of(&self.file, message);
        let bytes = input::read(&self.file)?;
        let artifact = Artifact::new(&bytes).map_err(fail)?;
        if self.verify {
            return self.verify(&artifact);
        }
        let text = if let Some(func) = &self.disasm {
            disasm::disasm(&artifact, func).map_err(fail)?
        } else {
            let report = report::Report::new(&artifact, bytes.len()).map_err(fail)?;
            if self.json {
                let json = serde_json::to_string_pretty(&report);
                json.map_err(|error| fail(error.to_string()))? + "\n"
            } else {
                print::print(&self.file, &report)
            }
        };
        output::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }

    fn verify(&self, artifact: &Artifact<'_>) -> Result<ExitCode, Failure> {
        let findings = verify::verify(artifact);
        let file = input_name(&self.file);
        if findings.problems.is_empty() {
            output::print(&format!("{file}: ok: {}\n", findings.checked))?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut text = String::new();
        for problem in &findings.problems {
            text += &format!("{file}: error: {problem}\n");
        }
        output::print_error(&text.trim_end());
        Ok(ExitCode::FAILURE)
    }
}
