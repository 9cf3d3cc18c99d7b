//! An independent check of an object's form: a second, simpler program that looks at the compiler's output.
//!
//! It does not prove what the instructions compute: an access that leaves its memory is not found.
//!
//! It shares the formats' readers with the runtime, and nothing with the compiler or the loader.

mod code;
mod descriptor;
mod maps;
mod meta;
mod note;
mod relocs;
mod sections;
mod unwind;

use super::artifact::Artifact;
use std::fmt;

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The section that it is in.
    pub section: String,
    /// Where in the section, in bytes.
    pub offset: Option<u64>,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.section, self.message)?;
        match self.offset {
            Some(offset) => write!(f, " (at offset {offset:#x})"),
            None => Ok(()),
        }
    }
}

/// Collects problems.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub problems: Vec<Problem>,
    /// What was looked at.
    pub checked: Checked,
}

/// How many things were looked at.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub functions: usize,
    pub instructions: usize,
    pub relocations: usize,
    pub trap_sites: usize,
    pub addresses: usize,
    pub unwind_entries: usize,
    /// Instructions of known size that the disassembler has no name for.
    pub unnamed: usize,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} functions, {} instructions, {} relocations, {} trap sites, {} addresses, \
             {} unwind entries",
            self.functions,
            self.instructions,
            self.relocations,
            self.trap_sites,
            self.addresses,
            self.unwind_entries
        )?;
        match self.unnamed {
            0 => Ok(()),
            count => write!(
                f,
                " ({count} instructions that the disassembler does not know)"
            ),
        }
    }
}

impl Findings {
    /// Notes a problem in `section`.
    fn problem(
        &mut self,
        section: &str,
        offset: impl Into<Option<u64>>,
        message: impl Into<String>,
    ) {
        self.problems.push(Problem {
            section: section.to_string(),
            offset: offset.into(),
            message: message.into(),
        });
    }
}

/// Checks everything.
pub(super) fn verify(artifact: &Artifact<'_>) -> Findings {
    let mut findings = Findings::default();
    sections::check(artifact, &mut findings);
    relocs::check(artifact, &mut findings);
    note::check(artifact, &mut findings);
    descriptor::check(artifact, &mut findings);
    meta::check(artifact, &mut findings);
    let places = code::check(artifact, &mut findings);
    maps::check(artifact, &places, &mut findings);
    unwind::check(artifact, &mut findings);
    findings
}
