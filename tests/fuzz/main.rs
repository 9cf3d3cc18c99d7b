//! Fuzzing, as far as a test does it: the bodies, on a few hundred inputs.
//!
//! `shim/` hands the same bodies to a coverage-guided fuzzer. `PREFAB_FUZZ_SEEDS=1000..2000` runs
//! other inputs; a failure names its seed. `PREFAB_FUZZ_KEEP=FILE` keeps the last module that was run.

mod compiles;
mod differential;
mod generate;
mod oracle;
mod ours;
mod random;

use differential::Verdict;
use random::Random;
use std::ops::Range;

/// How many bytes a module is made of.
const INPUT_SIZE_BYTES: usize = 4096;

fn seeds() -> Range<u64> {
    let Ok(range) = std::env::var("PREFAB_FUZZ_SEEDS") else {
        return 0..200;
    };
    let (start, end) = range.split_once("..").expect("a range START..END");
    start.parse().expect("a seed")..end.parse().expect("a seed")
}

/// Runs a body on the inputs of all seeds, `step` seeds apart.
fn smoke(check: fn(&[u8]) -> Verdict, step: usize) {
    let (mut inputs, mut modules) = (0, 0);
    for seed in seeds().step_by(step) {
        let input = Random::new(seed).bytes(INPUT_SIZE_BYTES);
        let verdict = std::panic::catch_unwind(|| check(&input));
        let verdict = verdict.unwrap_or_else(|_| panic!("the input of seed {seed} failed"));
        inputs += 1;
        modules += u32::from(verdict == Verdict::Same);
    }
    assert!(
        modules * 2 >= inputs,
        "only {modules} of {inputs} inputs were modules to compare"
    );
}

#[test]
fn differential_smoke() {
    smoke(differential::check, 1);
}

#[test]
fn compiles_smoke() {
    smoke(compiles::check, 10);
}
