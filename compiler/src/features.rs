//! Sets of WebAssembly features, by name.

use crate::options::Options;
use wasmparser::WasmFeatures;

/// A name that is not that of a feature which the compiler supports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWasmFeature {
    /// The name.
    pub name: String,
}

impl std::fmt::Display for UnknownWasmFeature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = Options::known_wasm_features().iter();
        let names: Vec<_> = known.map(feature_name).collect();
        write!(
            f,
            "unknown WebAssembly feature {:?}: a set is wasm1 or wasm2, then +NAME or -NAME, separated \
             by commas, as in wasm2,+tail-call; the names are {}",
            self.name,
            names.join(", ")
        )
    }
}

impl std::error::Error for UnknownWasmFeature {}

/// The name of a feature, as [`parse_wasm_features`] takes it.
pub(crate) fn feature_name(feature: WasmFeatures) -> String {
    let mut names = WasmFeatures::all().iter_names();
    let found = names.find(|(_, known)| *known == feature);
    let name = found.map_or("", |(name, _)| name);
    name.to_ascii_lowercase().replace('_', "-")
}

fn feature(name: &str) -> Option<WasmFeatures> {
    let name = match name {
        "nontrapping-float-to-int" => "saturating-float-to-int",
        name => name,
    };
    let name = name.to_ascii_uppercase().replace('-', "_");
    let known = Options::known_wasm_features();
    WasmFeatures::from_name(&name).filter(|feature| known.contains(*feature))
}

/// The set that `text` describes: `wasm1`, `wasm2` or nothing, which is `base`; then `+name` or
/// `-name`, separated by commas.
///
/// # Errors
/// If a name is not that of a feature, or the compiler does not support the feature.
pub fn parse_wasm_features(
    text: &str,
    base: WasmFeatures,
) -> Result<WasmFeatures, UnknownWasmFeature> {
    let mut set = base;
    for (index, item) in text.split(',').map(str::trim).enumerate() {
        let unknown = || UnknownWasmFeature {
            name: item.to_string(),
        };
        match (item.split_at_checked(1), item) {
            (None, _) => {}
            (Some(("+", name)), _) => set |= feature(name).ok_or_else(unknown)?,
            (Some(("-", name)), _) => set -= feature(name).ok_or_else(unknown)?,
            (_, "wasm1") if index == 0 => set = WasmFeatures::WASM1,
            (_, "wasm2") if index == 0 => set = WasmFeatures::WASM2,
            _ => return Err(unknown()),
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::{feature, feature_name, parse_wasm_features};
    use wasmparser::WasmFeatures;

    #[test]
    fn sets() {
        let base = WasmFeatures::WASM2 | WasmFeatures::TAIL_CALL;
        assert_eq!(parse_wasm_features("", base), Ok(base));
        assert_eq!(
            parse_wasm_features("-simd", base),
            Ok(base - WasmFeatures::SIMD)
        );
        assert_eq!(parse_wasm_features("wasm1", base), Ok(WasmFeatures::WASM1));
        assert_eq!(
            parse_wasm_features("wasm2,+multi-memory,-simd", base),
            Ok((WasmFeatures::WASM2 | WasmFeatures::MULTI_MEMORY) - WasmFeatures::SIMD)
        );
        for bad in ["simd", "+gc", "+nonsense", "+simd,wasm1", "wasm9"] {
            let error = parse_wasm_features(bad, base).unwrap_err();
            assert!(error.to_string().contains("multi-memory, "), "{error}");
        }
    }

    #[test]
    fn names() {
        for name in ["multi-memory", "simd", "reference-types", "bulk-memory"] {
            assert_eq!(feature(name).map(feature_name).as_deref(), Some(name));
        }
    }
}
