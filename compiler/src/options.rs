//! What a user chooses. Nothing here depends on a code generator: `tests/cross/compiler/` has this file, too.

use crate::Cache;
use prefab_abi::note::{MemoryPlan, Traps};
use prefab_targets::{FeatureSet, Target};
use std::fmt::Write;
use wasmparser::WasmFeatures;

/// How hard the compiler tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OptLevel {
    /// Not at all: quick compilation.
    O0,
    /// Cranelift's optimisations, and that pass of ours which is one walk over the instructions.
    O1,
    /// Everything there is: Cranelift's, and passes of our own.
    O2,
}

/// How a module is compiled.
#[derive(Clone, Debug)]
pub struct Options {
    /// The CPU features that code may use, and with them the target.
    pub features: FeatureSet,
    /// How hard the compiler tries.
    pub opt_level: OptLevel,
    /// How many threads compile; as many as there are processors if `None`.
    pub jobs: Option<usize>,
    /// The parts of WebAssembly that a module may use.
    pub wasm_features: WasmFeatures,
    /// How memories are reserved and accesses to them checked.
    pub memory_plan: MemoryPlan,
    /// With [`MemoryPlan::Bounded`], how far a memory may grow that declares no lesser maximum, in
    /// bytes. If `None`, a memory may grow to its declared maximum, and one that declares none by
    /// 16 MiB, or as far as the largest other memory of the module.
    pub max_memory_bytes: Option<u64>,
    /// How the code finds that it has to trap. [`Traps::Explicit`] needs [`MemoryPlan::Bounded`].
    pub traps: Traps,
    /// Whether the host can stop the code while it runs: it looks for that in each loop, and in
    /// each function that calls others.
    pub is_interruptible: bool,
    /// Whether the code counts the instructions that it executes, and stops when it has executed as
    /// many as the host has said.
    pub uses_fuel: bool,
    /// The module's name: what its descriptor's symbol ends with, as an identifier.
    pub name: String,
    /// Whether vectors are compiled to scalar code also where the target has instructions for
    /// them, which is slower: it is what tests compare with. Where it has none, they always are.
    pub scalar_vectors: bool,
    /// Whether Cranelift checks its input: on where debug assertions are.
    pub verifier: bool,
    /// Where compiled functions are kept for the next time. The object is the same with and without.
    pub cache: Option<Cache>,
}

impl Options {
    /// The defaults for a target: its baseline CPU, `-O2`, a module named `module`.
    #[must_use]
    pub fn new(target: &'static Target) -> Self {
        Self {
            features: FeatureSet::baseline(target),
            opt_level: OptLevel::O2,
            jobs: None,
            wasm_features: Self::default_wasm_features(),
            memory_plan: MemoryPlan::Guarded,
            max_memory_bytes: None,
            traps: Traps::Signals,
            is_interruptible: false,
            uses_fuel: false,
            name: "module".to_string(),
            scalar_vectors: false,
            verifier: cfg!(debug_assertions),
            cache: None,
        }
    }

    /// WebAssembly 2.0, with multiple memories, extended constant expressions and tail calls.
    #[must_use]
    pub const fn default_wasm_features() -> WasmFeatures {
        Self::known_wasm_features()
    }

    /// Every feature of WebAssembly that the compiler supports: the default features are all of them.
    #[must_use]
    pub const fn known_wasm_features() -> WasmFeatures {
        WasmFeatures::WASM2
            .union(WasmFeatures::MULTI_MEMORY)
            .union(WasmFeatures::EXTENDED_CONST)
            .union(WasmFeatures::TAIL_CALL)
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> &'static Target {
        self.features.target()
    }

    /// The choices that the code depends on, as a command line would say those that it can make.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut out = format!("-{:?}", self.opt_level);
        if self.scalar_vectors {
            out += " scalar-vectors";
        }
        // Writing to a string cannot fail.
        if self.memory_plan != MemoryPlan::Guarded {
            let _ = write!(out, " --memory {}", self.memory_plan.name());
        }
        if let Some(max) = self.max_memory_bytes {
            let _ = write!(out, " --max-memory {max}");
        }
        if self.traps != Traps::Signals {
            let _ = write!(out, " --traps {}", self.traps.name());
        }
        if self.is_interruptible {
            out += " --interruptible";
        }
        if self.uses_fuel {
            out += " --fuel";
        }
        out
    }
}
