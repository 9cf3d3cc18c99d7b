//! The features' names in Cranelift.

use crate::codegen::{Settings, TailCalls};

pub(super) static SETTINGS: Settings = Settings {
    architecture: object::Architecture::Aarch64,
    features: &[
        ("lse", &["has_lse"]),
        ("fp16", &["has_fp16"]),
        ("dotprod", &["has_dotprod"]),
        ("i8mm", &["has_i8mm"]),
    ],
    zeros_above: false,
    // The `tail` convention keeps the first two registers for other things.
    tail: TailCalls::Apart,
};
