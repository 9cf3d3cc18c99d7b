//! The fuzz body: a valid module compiles for every target, to the same bytes however many threads
//! compile it.

use crate::differential::Verdict;
use crate::generate::{self, Generated};
use prefab_compiler::{OptLevel, Options, compile};
use prefab_targets::{FeatureSet, Target};

/// The first CPU of a target that has vector instructions.
fn with_vectors(target: &'static Target) -> FeatureSet {
    let cpus = target.features().cpus.iter();
    let sets = cpus.filter_map(|cpu| FeatureSet::parse(target, Some(cpu.name), None).ok());
    sets.into_iter()
        .find(FeatureSet::has_vectors)
        .expect("a target has CPUs with vectors")
}

/// Compiles the module that `input` stands for.
///
/// # Panics
/// If it does not compile, or not always to the same bytes.
pub fn check(input: &[u8]) -> Verdict {
    let Some(generated) = generate::module(input) else {
        return Verdict::Skipped;
    };
    let Generated {
        wasm,
        plain,
        scalar,
        controlled,
        ..
    } = generated;
    for target in Target::ALL.iter().copied() {
        let mut options = Options::new(target);
        if !scalar {
            options.features = with_vectors(target);
        }
        options.scalar_vectors = scalar;
        (options.is_interruptible, options.uses_fuel) = (controlled, controlled);
        if plain {
            options.opt_level = OptLevel::O0;
        }
        let mut object = |jobs| {
            options.jobs = Some(jobs);
            compile(&wasm, &options, &|_, _| ()).unwrap_or_else(|error| panic!("{target}: {error}"))
        };
        assert!(
            object(1) == object(2),
            "{target}: one thread or two make a difference"
        );
    }
    Verdict::Same
}
