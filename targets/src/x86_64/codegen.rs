//! The features' names in Cranelift.

use crate::codegen::{Settings, TailCalls};

pub(super) static SETTINGS: Settings = Settings {
    architecture: object::Architecture::X86_64,
    features: &[
        ("sse3", &["has_sse3"]),
        ("ssse3", &["has_ssse3"]),
        ("sse4.1", &["has_sse41"]),
        ("sse4.2", &["has_sse42"]),
        ("popcnt", &["has_popcnt"]),
        ("avx", &["has_avx"]),
        ("avx2", &["has_avx2"]),
        ("fma", &["has_fma"]),
        ("bmi1", &["has_bmi1"]),
        ("bmi2", &["has_bmi2"]),
        ("lzcnt", &["has_lzcnt"]),
        ("avxvnni", &["has_avx_vnni"]),
        ("avx512f", &["has_avx512f"]),
        ("avx512vl", &["has_avx512vl"]),
        ("avx512dq", &["has_avx512dq"]),
        ("avx512bitalg", &["has_avx512bitalg"]),
        ("avx512vbmi", &["has_avx512vbmi"]),
        ("avx512vnni", &["has_avx512vnni"]),
    ],
    zeros_above: true,
    // System V psABI for x86-64, §3.2.3.
    tail: TailCalls::LikeC {
        integers: 6,
        floats: 8,
    },
};
