//! Features and CPUs, by the names of the psABI's levels and of LLVM.

use crate::features::{Cpu, Feature, FeatureTable};

pub(super) static FEATURES: FeatureTable = FeatureTable {
    features: FEATURE_LIST,
    cpus: CPUS,
    // Rounding and half of the vector operations have no instruction before SSE4.1.
    required: &["sse3", "ssse3", "sse4.1"],
    vectors: None,
};

const fn feature(name: &'static str, implies: &'static [&'static str]) -> Feature {
    Feature { name, implies }
}

const fn cpu(name: &'static str, features: &'static [&'static str]) -> Cpu {
    Cpu { name, features }
}

const FEATURE_LIST: &[Feature] = &[
    feature("sse3", &[]),
    feature("ssse3", &["sse3"]),
    feature("sse4.1", &["ssse3"]),
    feature("sse4.2", &["sse4.1"]),
    feature("popcnt", &[]),
    feature("avx", &["sse4.2"]),
    feature("avx2", &["avx"]),
    feature("fma", &["avx"]),
    feature("bmi1", &[]),
    feature("bmi2", &[]),
    feature("lzcnt", &[]),
    feature("avxvnni", &["avx2"]),
    feature("avx512f", &["avx2", "fma"]),
    feature("avx512vl", &["avx512f"]),
    feature("avx512dq", &["avx512f"]),
    feature("avx512bitalg", &["avx512f"]),
    feature("avx512vbmi", &["avx512f"]),
    feature("avx512vnni", &["avx512f"]),
];

const V2: &[&str] = &["sse4.2", "popcnt"];
const V3: &[&str] = &["avx2", "fma", "bmi1", "bmi2", "lzcnt", "popcnt"];
const V4: &[&str] = &["avx512vl", "avx512dq", "bmi1", "bmi2", "lzcnt", "popcnt"];
const ICE_LAKE: &[&str] = &[
    "avx512vl",
    "avx512dq",
    "avx512bitalg",
    "avx512vbmi",
    "avx512vnni",
    "bmi1",
    "bmi2",
    "lzcnt",
    "popcnt",
];

// AVX is not in the default: scalar code is faster in SSE encodings, and objects travel.
const CPUS: &[Cpu] = &[
    cpu("x86-64-v2", V2),
    cpu("x86-64-v3", V3),
    cpu("x86-64-v4", V4),
    cpu("nehalem", V2),
    cpu("sandybridge", &["avx", "popcnt"]),
    cpu("haswell", V3),
    cpu("skylake", V3),
    cpu("skylake-avx512", V4),
    cpu("icelake-server", ICE_LAKE),
    cpu("sapphirerapids", ICE_LAKE),
    cpu("znver1", V3),
    cpu("znver2", V3),
    cpu("znver3", V3),
    cpu("znver4", ICE_LAKE),
];
