//! The official test suite in programs: the modules of each script are compiled, and a linker makes
//! them part of a program that runs the script with them, without loader and compiler.
//!
//! Scripts go into programs by batches, which differ in how they are linked. Each program runs twice:
//! with its own modules alone, and with every other module loaded instead, so that both kinds meet in
//! one process, and types are first seen by one and then by the other.
//!
//! `docs/conformance.md` tells which assertions cannot hold, as for `tests/conformance.rs`.

#[path = "linked/batch.rs"]
mod batch;
#[path = "cross/mod.rs"]
#[allow(dead_code, reason = "tests/targets.rs uses the rest")]
mod cross;
#[path = "linked/machine.rs"]
mod machine;
#[path = "linked/program.rs"]
mod program;
#[path = "suite/mod.rs"]
#[allow(dead_code, reason = "tests/conformance.rs uses the rest")]
mod suite;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Trial};
use prefab::wast::Outcome;

use batch::Script;
use machine::Machine;
use program::{LINKINGS, Linking};
use suite::{Document, FOLDERS, compare};

/// What happened on a machine.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    scripts: usize,
    modules: usize,
    passed: usize,
    superseded: usize,
    passed_over: usize,
    program_bytes: u64,
    compiling: Duration,
    linking: Duration,
    running: Duration,
}

type AllCounts = Arc<Mutex<BTreeMap<&'static str, Counts>>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut document = Document::read();
    let scripts = scripts(&document);
    let counts = AllCounts::default();
    let mut trials = Vec::new();
    for machine in Machine::all() {
        for (index, linking) in LINKINGS.iter().enumerate() {
            let batch = scripts.iter().skip(index).step_by(LINKINGS.len());
            trials.push(trial(machine, batch.cloned().collect(), linking, &counts));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    let counts = counts.lock().expect("no test panics with it");
    for (target, counts) in &*counts {
        counts.print(target);
    }
    let whole = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list;
    if whole && !conclusion.has_failed() {
        let problem = document.table(HEAD, &table(&counts));
        if let Some(problem) = problem {
            eprintln!("docs/conformance.md: {problem}");
            return ExitCode::FAILURE;
        }
    }
    conclusion.exit_code()
}

/// What the document's table starts with.
const HEAD: &str = "| linked for |";

/// The document's table.
fn table(counts: &BTreeMap<&'static str, Counts>) -> String {
    let mut table =
        format!("{HEAD} scripts | modules | directives that hold | superseded | passed over |\n");
    table += "| --- | --- | --- | --- | --- | --- |\n";
    for (target, it) in counts {
        table += &format!(
            "| `{target}` | {} | {} | {} | {} | {} |\n",
            it.scripts, it.modules, it.passed, it.superseded, it.passed_over
        );
    }
    table
}

/// All scripts of the suite.
fn scripts(document: &Document) -> Vec<Script> {
    let mut scripts = Vec::new();
    for (source, features) in FOLDERS {
        for file in source.files() {
            let path = format!("{}/{}", file.parent(), file.name());
            let superseded = document.superseded(&path);
            scripts.push(Script {
                path,
                text: file.raw(),
                features,
                superseded,
            });
        }
    }
    scripts
}

fn trial(
    machine: Machine,
    scripts: Vec<Script>,
    linking: &'static Linking,
    counts: &AllCounts,
) -> Trial {
    let counts = Arc::clone(counts);
    let target = machine.target.name();
    let name = format!("{target} {linking}");
    Trial::test(name, move || {
        let found = batch(machine, &scripts, linking).map_err(|error| format!("{error:#}"))?;
        let mut counts = counts.lock().expect("no test panics with it");
        counts.entry(target).or_default().add(&found);
        Ok(())
    })
}

/// Compiles, links and runs.
fn batch(machine: Machine, scripts: &[Script], linking: &Linking) -> Result<Counts> {
    let folder = folder(&format!("{} {linking}", machine.target.name()))?;
    let start = Instant::now();
    let modules = batch::write(scripts, machine.target, &folder)?;
    let compiling = start.elapsed();
    let library = machine.library()?;
    let start = Instant::now();
    let program = program::link(machine.cc(&folder)?, linking, &library, &folder)?;
    let mut counts = Counts {
        scripts: scripts.len(),
        modules,
        program_bytes: fs::metadata(&program)?.len(),
        compiling,
        linking: start.elapsed(),
        ..Counts::default()
    };
    let start = Instant::now();
    let paths: Vec<&str> = scripts.iter().map(|script| script.path.as_str()).collect();
    for how in [None, Some("mixed")] {
        let mut command = machine.command(&program)?;
        command.arg(&folder).args(how);
        let outcomes = program::run(command, &paths)?;
        let total = judge(scripts, &outcomes).context(how.unwrap_or("all linked"))?;
        counts.passed = total.passed;
        counts.superseded = total.superseded;
        counts.passed_over = total.passed_over;
    }
    counts.running = start.elapsed();
    // It stays where something fails.
    fs::remove_dir_all(&folder)?;
    Ok(counts)
}

/// Fails if a directive did not do what it should, or did and cannot.
fn judge(scripts: &[Script], outcomes: &[Outcome]) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut failed = String::new();
    for (script, outcome) in scripts.iter().zip(outcomes) {
        let mut superseded = script.superseded.clone();
        superseded.retain(|line| !outcome.passed_over.contains(line));
        if let Err(error) = compare(&outcome.failures, &superseded) {
            failed += &format!("{}:\n{}", script.path, error.message().unwrap_or_default());
        }
        counts.passed += outcome.passed;
        counts.superseded += outcome.failures.len();
        counts.passed_over += outcome.passed_over.len();
    }
    ensure!(failed.is_empty(), "{failed}");
    Ok(counts)
}

/// An empty folder.
fn folder(name: &str) -> Result<PathBuf> {
    let name = format!("linked {name}").replace(' ', "-");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.scripts += other.scripts;
        self.modules += other.modules;
        self.passed += other.passed;
        self.superseded += other.superseded;
        self.passed_over += other.passed_over;
        self.program_bytes += other.program_bytes;
        self.compiling += other.compiling;
        self.linking += other.linking;
        self.running += other.running;
    }

    /// What passed, and what it took. Threads' times are added up.
    fn print(&self, target: &str) {
        println!(
            "{target}: {} scripts, {} passed, 0 failed; programs of {} KiB in all; \
             {} s of compiling, {} s of linking, {} s of running",
            self.scripts,
            self.passed,
            self.program_bytes / 1024,
            self.compiling.as_secs(),
            self.linking.as_secs(),
            self.running.as_secs()
        );
    }
}
