//! Features and CPUs, by the names of the ISA manual's extensions and profiles.

use crate::features::{Cpu, Feature, FeatureTable};

pub(super) static FEATURES: FeatureTable = FeatureTable {
    features: FEATURE_LIST,
    cpus: CPUS,
    required: &["m", "a", "f", "d"],
    vectors: Some("v"),
};

const fn feature(name: &'static str, implies: &'static [&'static str]) -> Feature {
    Feature { name, implies }
}

const fn cpu(name: &'static str, features: &'static [&'static str]) -> Cpu {
    Cpu { name, features }
}

const FEATURE_LIST: &[Feature] = &[
    feature("m", &[]),
    feature("a", &[]),
    feature("f", &[]),
    feature("d", &["f"]),
    feature("c", &[]),
    feature("v", &["d"]),
    feature("zba", &[]),
    feature("zbb", &[]),
    feature("zbc", &[]),
    feature("zbs", &[]),
    feature("zbkb", &[]),
    feature("zicond", &[]),
    feature("zfa", &["f"]),
    feature("zfhmin", &["f"]),
    feature("zfh", &["zfhmin"]),
    feature("zcb", &["c"]),
    feature("zvbb", &["v"]),
    feature("zvfh", &["v", "zfhmin"]),
];

const CPUS: &[Cpu] = &[
    cpu("rv64gc", &["m", "a", "d", "c"]),
    cpu("rv64gcv", &["m", "a", "d", "c", "v"]),
    cpu("rva20u64", &["m", "a", "d", "c"]),
    cpu(
        "rva22u64",
        &["m", "a", "d", "c", "zba", "zbb", "zbs", "zfhmin"],
    ),
    cpu(
        "rva23u64",
        &[
            "m", "a", "d", "c", "zba", "zbb", "zbs", "zfhmin", "v", "zvbb", "zicond", "zcb", "zfa",
        ],
    ),
    cpu("sifive-u54", &["m", "a", "d", "c"]),
    cpu("sifive-u74", &["m", "a", "d", "c", "zba", "zbb"]),
];
