//! Features and CPUs, by the names of the GNU and LLVM tools.

use crate::features::{Cpu, Feature, FeatureTable};

pub(super) static FEATURES: FeatureTable = FeatureTable {
    features: FEATURE_LIST,
    cpus: CPUS,
    required: &[],
    vectors: None,
};

const fn feature(name: &'static str, implies: &'static [&'static str]) -> Feature {
    Feature { name, implies }
}

const fn cpu(name: &'static str, features: &'static [&'static str]) -> Cpu {
    Cpu { name, features }
}

const FEATURE_LIST: &[Feature] = &[
    feature("lse", &[]),
    feature("fp16", &[]),
    feature("dotprod", &[]),
    feature("i8mm", &[]),
];

const CPUS: &[Cpu] = &[
    cpu("armv8-a", &[]),
    cpu("armv8.1-a", &["lse"]),
    cpu("armv8.2-a", &["lse"]),
    cpu("armv8.4-a", &["lse", "dotprod"]),
    cpu("cortex-a53", &[]),
    cpu("cortex-a55", &["lse", "fp16", "dotprod"]),
    cpu("cortex-a57", &[]),
    cpu("cortex-a72", &[]),
    cpu("cortex-a76", &["lse", "fp16", "dotprod"]),
    cpu("neoverse-n1", &["lse", "fp16", "dotprod"]),
    cpu("neoverse-v1", &["lse", "fp16", "dotprod", "i8mm"]),
    cpu("neoverse-n2", &["lse", "fp16", "dotprod", "i8mm"]),
    cpu("apple-m1", &["lse", "fp16", "dotprod"]),
];
