//! What the compiler makes of a user's choices.

use crate::codegen::vectors::Vectors;
use crate::error::CompileError;
use crate::optimize::Passes;
use crate::options::{OptLevel, Options};
use cranelift_codegen::isa::OwnedTargetIsa;
use prefab_abi::note::{MEMORY_SIZE_LIMIT_BYTES, MemoryPlan, Traps};
use prefab_targets::codegen;

impl Options {
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
            OptLevel::O0 => Passes::None,
            OptLevel::O1 => Passes::Cheap,
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
