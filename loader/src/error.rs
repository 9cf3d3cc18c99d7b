//! What can be wrong with an object.

use prefab_abi::bytes::FormatError;
use prefab_targets::reloc::RelocError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why an object could not be loaded.
#[derive(Debug)]
pub struct LoadError {
    file: PathBuf,
    problem: Box<Problem>,
}

impl LoadError {
    pub(crate) fn new(file: &Path, problem: Problem) -> Self {
        Self {
            file: file.to_path_buf(),
            problem: Box::new(problem),
        }
    }

    /// The file, or the name that was given for the bytes.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What is wrong with it.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.problem)
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problem.source()
    }
}

/// What is wrong with an object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The system refused something.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was to be done.
        what: &'static str,
        /// Why it was refused.
        source: io::Error,
    },
    /// It is no ELF file.
    #[error("not an ELF file: this is no object compiled by Prefab")]
    NotElf,
    /// The file ends too early, or its tables contradict each other.
    #[error("{field} is malformed: {problem}")]
    Malformed {
        /// The field or table.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A field has a value that cannot be loaded here.
    #[error("{field} is {found}, but {expected} is needed{}", way_out(.advice))]
    Field {
        /// The field.
        field: String,
        /// What stands there.
        found: String,
        /// What would have been right.
        expected: String,
        /// The way out, if there is one.
        advice: Option<&'static str>,
    },
    /// A section is missing.
    #[error("section {0} is missing: this is no object compiled by Prefab")]
    NoSection(&'static str),
    /// This machine or this runtime is not what the module was compiled for.
    #[error(transparent)]
    Unmet(#[from] prefab_runtime::Unmet),
    /// A relocation is of another kind than the module's, or lies outside its section.
    #[error("relocation {index} of {section}: {source}")]
    Relocation {
        /// The section.
        section: &'static str,
        /// Which of its relocations, counted from 0.
        index: usize,
        /// What is wrong with it.
        source: RelocError,
    },
    /// A relocation says something else than the module's metadata.
    #[error("relocation {index} of {section}: {problem}")]
    Pointer {
        /// The section.
        section: &'static str,
        /// Which of its relocations, counted from 0.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A pointer of the descriptor or the import table has no relocation.
    #[error("{section} has no relocation for {pointer}")]
    NoRelocation {
        /// The section.
        section: &'static str,
        /// The pointer.
        pointer: String,
    },
    /// The module needs a runtime function that this runtime does not have.
    #[error(
        "the module needs the runtime function {symbol}, which this runtime does not have: \
         load it with a newer Prefab or recompile it with `prefab compile` of this one"
    )]
    UnknownRuntimeFunction {
        /// The function's symbol.
        symbol: String,
    },
    /// The note, the descriptor or the metadata is malformed.
    #[error("{section}: {source}")]
    Format {
        /// The section.
        section: &'static str,
        /// What is wrong with it.
        source: FormatError,
    },
    /// The runtime refused the module.
    #[error("{0}")]
    Runtime(prefab_runtime::Error),
}

fn way_out(advice: &Option<&'static str>) -> String {
    advice.map_or_else(String::new, |advice| format!(": {advice}"))
}

impl Problem {
    pub(crate) fn io(what: &'static str, source: impl Into<io::Error>) -> Self {
        Self::Io {
            what,
            source: source.into(),
        }
    }

    pub(crate) fn malformed(field: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self::Malformed {
            field: field.into(),
            problem: problem.to_string(),
        }
    }

    pub(crate) fn field(
        field: impl Into<String>,
        found: impl fmt::Display,
        expected: impl fmt::Display,
        advice: Option<&'static str>,
    ) -> Self {
        Self::Field {
            field: field.into(),
            found: found.to_string(),
            expected: expected.to_string(),
            advice,
        }
    }

    pub(crate) fn format(section: &'static str) -> impl Fn(FormatError) -> Self {
        move |source| Self::Format { section, source }
    }
}
