//! The features' names in Cranelift.

use crate::codegen::{Settings, TailCalls};

pub(super) static SETTINGS: Settings = Settings {
    architecture: object::Architecture::Riscv64,
    features: &[
        ("m", &["has_m"]),
        ("a", &["has_a"]),
        ("f", &["has_f"]),
        ("d", &["has_d"]),
        ("c", &["has_zca", "has_zcd"]),
        // The application processors' V has registers of 128 bits at least (RVV 1.0, §18.3).
        ("v", &["has_v", "has_zvl32b", "has_zvl64b", "has_zvl128b"]),
        ("zba", &["has_zba"]),
        ("zbb", &["has_zbb"]),
        ("zbc", &["has_zbc"]),
        ("zbs", &["has_zbs"]),
        ("zbkb", &["has_zbkb"]),
        ("zicond", &["has_zicond"]),
        ("zfa", &["has_zfa"]),
        ("zfhmin", &["has_zfhmin"]),
        ("zfh", &["has_zfh"]),
        ("zcb", &["has_zcb"]),
        ("zvbb", &["has_zvbb"]),
        ("zvfh", &["has_zvfh"]),
    ],
    zeros_above: false,
    // RISC-V psABI, "Integer Calling Convention" and "Hardware Floating-point Calling Convention".
    tail: TailCalls::LikeC {
        integers: 8,
        floats: 8,
    },
};
