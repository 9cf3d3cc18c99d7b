//! Whether this machine and this runtime are what a module was compiled for, by its note.

use prefab_abi::ABI_REVISION;
use prefab_abi::note::Note;
use prefab_targets::{FeatureError, FeatureSet, Target, host};
use std::fmt;
use std::sync::OnceLock;

const RECOMPILE: &str = "recompile the module with `prefab compile` of this Prefab";
const RECOMPILE_FOR: &str = "recompile it with `prefab compile --target` for this machine";

/// Something that a module needs and does not find.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unmet {
    /// A field of the note asks for something else than what is here.
    #[error("{field} is {found}, but {expected} is needed: {advice}")]
    Field {
        /// The field.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What would have been right.
        expected: String,
        /// The way out.
        advice: &'static str,
    },
    /// The code uses a CPU feature that this Prefab has no name for.
    #[error(
        "the code uses a CPU feature that this Prefab does not know ({0}): \
         load the object with a newer Prefab, or recompile it"
    )]
    UnknownCpuFeature(FeatureError),
    /// The code uses what the CPU does not have.
    #[error(
        "the code uses CPU features that this machine does not have ({missing}): \
         recompile with `prefab compile` and other `--cpu` or `--features`"
    )]
    CpuFeatures {
        /// The features.
        missing: String,
    },
}

impl Unmet {
    fn field(
        field: &'static str,
        found: impl fmt::Display,
        expected: impl fmt::Display,
        advice: &'static str,
    ) -> Self {
        Self::Field {
            field,
            found: found.to_string(),
            expected: expected.to_string(),
            advice,
        }
    }
}

/// Checks that the code of a module with this note can run here.
///
/// # Errors
/// The first of its needs that is not met.
pub fn check_note(note: &Note) -> Result<(), Unmet> {
    if note.abi_revision != ABI_REVISION {
        let advice = if note.abi_revision > ABI_REVISION {
            "load it with a newer Prefab, or recompile it with `prefab compile` of this one"
        } else {
            RECOMPILE
        };
        let found = note.abi_revision;
        return Err(Unmet::field("ABI revision", found, ABI_REVISION, advice));
    }
    let target = host::target();
    if note.target != target.triple() {
        let expected = target.triple();
        return Err(Unmet::field(
            "target",
            &note.target,
            expected,
            RECOMPILE_FOR,
        ));
    }
    cpu_features(target, note)?;
    let page_size = rustix::param::page_size() as u64;
    if !note.page_size.is_multiple_of(page_size) || note.page_size == 0 {
        return Err(Unmet::field(
            "page size of the layout",
            note.page_size,
            format_args!("a multiple of this system's, {page_size},"),
            RECOMPILE_FOR,
        ));
    }
    Ok(())
}

fn cpu_features(target: &'static Target, note: &Note) -> Result<(), Unmet> {
    static HOST: OnceLock<FeatureSet> = OnceLock::new();
    let names = note.cpu_features.iter().map(String::as_str);
    let needed = FeatureSet::from_names(target, names).map_err(Unmet::UnknownCpuFeature)?;
    let missing = needed.without(HOST.get_or_init(host::features));
    if missing.is_empty() {
        Ok(())
    } else {
        let missing = missing.to_string();
        Err(Unmet::CpuFeatures { missing })
    }
}
