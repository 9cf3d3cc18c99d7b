//! Cranelift, set up for a target.

use crate::FeatureSet;
use cranelift_codegen::CodegenError;
use cranelift_codegen::isa::{self, LookupError, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable, SetError};
use std::str::FromStr;
use target_lexicon::Triple;

pub use cranelift_codegen::settings::OptLevel;

/// How a target's features are called elsewhere.
pub(crate) struct Settings {
    /// The `object` crate's name of the instruction set.
    pub architecture: object::Architecture,
    /// Cranelift's settings per feature: `(feature, settings)`.
    pub features: &'static [(&'static str, &'static [&'static str])],
    /// Whether 32-bit arithmetic leaves zeros above its result, and Cranelift's back end relies on it.
    pub zeros_above: bool,
    /// Where Cranelift's `tail` convention is C's.
    pub tail: TailCalls,
}

/// How much of C's calling convention Cranelift's `tail` convention is, callee-saved registers
/// included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailCalls {
    /// Arguments, up to these numbers of integers and of numbers for floating point, and a result, are
    /// in the same registers: a function of the one convention can end with a jump to one of the other.
    LikeC {
        /// How many integers.
        integers: usize,
        /// How many `f32` and `f64`.
        floats: usize,
    },
    /// They are in other registers.
    Apart,
}

/// Why Cranelift could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum CodegenSetupError {
    /// Cranelift was built without the instruction set.
    #[error("Cranelift has no back end for {target}")]
    Lookup {
        /// The target.
        target: &'static str,
        /// What Cranelift said.
        source: LookupError,
    },
    /// Cranelift does not know a setting.
    #[error("Cranelift refuses the setting {name:?}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What Cranelift said.
        source: SetError,
    },
    /// Cranelift cannot compile with these settings.
    #[error("Cranelift refuses the settings for {target}")]
    Finish {
        /// The target.
        target: &'static str,
        /// What Cranelift said.
        source: Box<CodegenError>,
    },
}

/// Settings that hold for all code, whatever the target.
///
/// Frame pointers, because backtraces and traps walk them; probes, because the guard page is how
/// a stack overflow is found; no libcall can appear in a position that needs a relocation, because
/// the translator avoids the operations that would want one.
const SHARED: &[(&str, &str)] = &[
    ("regalloc_algorithm", "backtracking"),
    ("is_pic", "true"),
    ("tls_model", "none"),
    ("enable_llvm_abi_extensions", "false"),
    ("enable_multi_ret_implicit_sret", "true"),
    ("unwind_info", "true"),
    ("preserve_frame_pointers", "true"),
    ("enable_probestack", "true"),
    ("probestack_strategy", "inline"),
    ("probestack_size_log2", "12"),
];

/// Cranelift's back end for the target of `features`, set up to compile Prefab's code; `verifier`
/// lets Cranelift check its input at some cost.
///
/// # Errors
/// If Cranelift does not take the settings; that is an error of this crate's tables.
pub fn isa(
    features: &FeatureSet,
    opt_level: OptLevel,
    verifier: bool,
) -> Result<OwnedTargetIsa, CodegenSetupError> {
    let target = features.target();
    let mut shared = settings::builder();
    let opt_level = match opt_level {
        OptLevel::None => "none",
        OptLevel::Speed => "speed",
        OptLevel::SpeedAndSize => "speed_and_size",
    };
    let verifier = if verifier { "true" } else { "false" };
    let chosen = [("opt_level", opt_level), ("enable_verifier", verifier)];
    for (name, value) in SHARED.iter().chain(&chosen) {
        shared
            .set(name, value)
            .map_err(|source| CodegenSetupError::Setting { name, source })?;
    }
    let lookup = |source| CodegenSetupError::Lookup {
        target: target.triple(),
        source,
    };
    let triple = Triple::from_str(target.triple()).map_err(|_| lookup(LookupError::Unsupported))?;
    let mut builder = isa::lookup(triple).map_err(lookup)?;
    for (feature, names) in target.codegen.features {
        let value = if features.has(feature) {
            "true"
        } else {
            "false"
        };
        for name in *names {
            builder
                .set(name, value)
                .map_err(|source| CodegenSetupError::Setting { name, source })?;
        }
    }
    let finished = builder.finish(settings::Flags::new(shared));
    finished.map_err(|source| CodegenSetupError::Finish {
        target: target.triple(),
        source: Box::new(source),
    })
}

impl crate::Target {
    /// How much of C's calling convention Cranelift's `tail` convention is.
    #[must_use]
    pub const fn tail_calls(&self) -> TailCalls {
        self.codegen.tail
    }

    /// The `object` crate's name of the instruction set.
    #[must_use]
    pub const fn architecture(&self) -> object::Architecture {
        self.codegen.architecture
    }

    /// Whether extending the result of 32-bit arithmetic to 64 bits, by zeros, takes no instruction.
    #[must_use]
    pub const fn zeros_above(&self) -> bool {
        self.codegen.zeros_above
    }
}

#[cfg(test)]
mod tests {
    use super::{OptLevel, isa};
    use crate::{FeatureSet, Target};

    #[test]
    fn cranelift_takes_every_cpu_and_feature() {
        for target in Target::ALL.iter().copied() {
            let settings = target.codegen.features.iter();
            let named: Vec<_> = settings.map(|(feature, _)| *feature).collect();
            for feature in target.features().features {
                assert!(named.contains(&feature.name), "{target}: {}", feature.name);
                let plus = format!("+{}", feature.name);
                let set = FeatureSet::parse(target, None, Some(&plus)).unwrap();
                isa(&set, OptLevel::Speed, true).unwrap();
            }
            assert_eq!(named.len(), target.features().features.len());
            for cpu in target.features().cpus {
                let set = FeatureSet::parse(target, Some(cpu.name), None).unwrap();
                let isa = isa(&set, OptLevel::None, false).unwrap();
                assert_eq!(isa.triple().to_string(), target.triple());
                assert!(isa.flags().preserve_frame_pointers());
                assert!(isa.flags().enable_probestack());
            }
        }
    }
}
