//! Features that a refused module needs: all of them, each with the first place that uses it.
//!
//! The validator stops at the first error. So a refused module is validated again with everything that
//! `wasmparser` knows: if that gets further, features were the reason. Then each feature is left out
//! in turn: where validation fails without the feature, the module uses it.

use crate::error::CompileError;
use crate::features::feature_name;
use crate::options::Options;
use rayon::prelude::*;
use wasmparser::{Validator, WasmFeatures};

/// Names for features that have a common name other than `wasmparser`'s.
const NAMES: &[(WasmFeatures, &str)] = &[
    (
        WasmFeatures::LEGACY_EXCEPTIONS,
        "exceptions (legacy encoding)",
    ),
    (WasmFeatures::MEMORY64, "64-bit memories and tables"),
    (WasmFeatures::GC, "garbage collection"),
];

/// A feature that a module uses.
#[derive(Clone, Copy)]
struct Use {
    feature: WasmFeatures,
    offset: u64,
}

/// The error to report for `wasm`, which validation with `chosen` refused with `error`: names the
/// features that the module needs, if they are the reason.
pub(crate) fn explain(wasm: &[u8], chosen: WasmFeatures, error: CompileError) -> CompileError {
    let all: WasmFeatures = core_features().collect();
    let invalid_at = first_error(wasm, all);
    // The module is invalid whatever is turned on.
    if invalid_at.is_some_and(|invalid| error.offset().is_none_or(|offset| invalid <= offset)) {
        return error;
    }
    let candidates: Vec<_> = core_features()
        .filter(|feature| !chosen.contains(*feature))
        .collect();
    let uses = candidates.into_par_iter().filter_map(|feature| {
        let offset = first_error(wasm, all - feature)?;
        let used = invalid_at.is_none_or(|invalid| offset < invalid);
        used.then_some(Use { feature, offset })
    });
    let mut uses: Vec<_> = uses.collect();
    merge_exceptions(&mut uses);
    uses.sort_by_key(|found| found.offset);
    let (off, unsupported): (Vec<_>, Vec<_>) = uses
        .into_iter()
        .partition(|found| Options::known_wasm_features().contains(found.feature));
    let mut message = String::new();
    if !unsupported.is_empty() {
        message = format!("Prefab does not support: {}", list(&unsupported));
    }
    if !off.is_empty() {
        let separator = if message.is_empty() { "" } else { "; " };
        let pass: Vec<_> = off
            .iter()
            .map(|found| format!("+{}", feature_name(found.feature)))
            .collect();
        message += &format!(
            "{separator}the module needs features that are turned off: {}: `--wasm-features` with {} \
             turns them on",
            list(&off),
            pass.join(",")
        );
    }
    if message.is_empty() {
        return error;
    }
    CompileError::new(message).caused_by(error)
}

/// Every feature of modules; those of components are none.
fn core_features() -> impl Iterator<Item = WasmFeatures> {
    let all = WasmFeatures::all().iter_names();
    all.filter(|(name, _)| !name.starts_with("CM") && *name != "COMPONENT_MODEL")
        .map(|(_, feature)| feature)
}

/// Where validation with these features finds its first error.
fn first_error(wasm: &[u8], features: WasmFeatures) -> Option<u64> {
    let mut validator = Validator::new_with_features(features);
    let error = validator.validate_all(wasm).err()?;
    Some(error.offset())
}

/// Both encodings of exceptions declare their tags alike. In a module that uses the legacy encoding, the
/// tags are a part of that.
fn merge_exceptions(uses: &mut Vec<Use>) {
    let at = |feature| uses.iter().position(|found| found.feature == feature);
    if let (Some(tags), Some(legacy)) = (
        at(WasmFeatures::EXCEPTIONS),
        at(WasmFeatures::LEGACY_EXCEPTIONS),
    ) {
        uses[legacy].offset = uses[legacy].offset.min(uses[tags].offset);
        uses.remove(tags);
    }
}

fn list(uses: &[Use]) -> String {
    let items = uses.iter().map(|found| {
        let known = NAMES.iter().find(|(feature, _)| *feature == found.feature);
        let name = known.map_or_else(
            || feature_name(found.feature).replace('-', " "),
            |(_, name)| (*name).to_owned(),
        );
        format!("{name} (first at offset {:#x})", found.offset)
    });
    items.collect::<Vec<_>>().join(", ")
}
