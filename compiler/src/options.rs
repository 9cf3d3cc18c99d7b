//! What a user chooses.

use crate::codegen::cache::Cache;
use crate::codegen::vectors::Vectors;
use crate::error::CompileError;
use crate::optimize::Passes;
use cranelift_codegen::isa::OwnedTargetIsa;
use prefab_abi::note::{MEMORY_SIZE_LIMIT_BYTES, MemoryPlan, Traps};
use prefab_targets::{FeatureSet, Target, codegen};
use std::fmt::Write;
use wasmparser::WasmFeatures;

/// How hard the compiler tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OptLevel {
    /// Not at all: quick compilation.
    O0,
    /// Cranelift's optimisations.
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

    /// Whether the choices of memory plan and traps fit each other.
    pub(crate) fn check(&self) -> Result<(), CompileError> {
        let problem = match (self.memory_plan, self.traps, self.max_memory_bytes) {
            (MemoryPlan::Guarded, Traps::Explicit, _) => {
                "explicit traps need accesses to memories to be checked: `--traps explicit` goes \
                 with `--memory bounded`"
            }
            (MemoryPlan::Guarded, _, Some(_)) => {
                "what is reserved for a guarded memory is always 4 GiB: `--max-memory` goes with \
                 `--memory bounded`"
            }
            (_, _, Some(max)) if max > MEMORY_SIZE_LIMIT_BYTES => {
                "a memory cannot be larger than 4 GiB: `--max-memory` is too large"
            }
            _ => return Ok(()),
        };
        Err(CompileError::new(problem))
    }

    /// How code holds vectors.
    pub(crate) fn vectors(&self) -> Vectors {
        if self.scalar_vectors || !self.features.has_vectors() {
            Vectors::Halves
        } else {
            Vectors::Whole
        }
    }

    pub(crate) fn passes(&self) -> Passes {
        match self.opt_level {
            OptLevel::O0 | OptLevel::O1 => Passes::None,
            OptLevel::O2 => Passes::All {
                widen: self.target().zeros_above(),
            },
        }
    }

    pub(crate) fn isa(&self) -> Result<OwnedTargetIsa, CompileError> {
        let opt_level = match self.opt_level {
            OptLevel::O0 => codegen::OptLevel::None,
            OptLevel::O1 | OptLevel::O2 => codegen::OptLevel::Speed,
        };
        codegen::isa(&self.features, opt_level, self.verifier)
            .map_err(|error| CompileError::new(error.to_string()))
    }
}
