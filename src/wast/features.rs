//! Sets of WebAssembly features, by name.

use wasmparser::WasmFeatures;

/// A name that is no feature's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureError {
    /// The name.
    pub name: String,
}

impl std::fmt::Display for FeatureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "unknown WebAssembly feature {:?}: a set is wasm1 or wasm2 (which is the default), \
             then +NAME or -NAME, separated by commas, as in wasm2,+tail-call",
            self.name
        )
    }
}

impl std::error::Error for FeatureError {}

/// What the compiler knows of: version 2.0 of the standard, and three proposals that follow it.
const KNOWN: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::TAIL_CALL);

fn feature(name: &str) -> Option<WasmFeatures> {
    let name = match name {
        "nontrapping-float-to-int" => "saturating-float-to-int",
        name => name,
    };
    let name = name.to_ascii_uppercase().replace('-', "_");
    WasmFeatures::from_name(&name).filter(|feature| KNOWN.contains(*feature))
}

/// The set that `text` describes: `wasm1`, `wasm2` or nothing, then `+name` or `-name`, separated
/// by commas.
///
/// # Errors
/// If a name is not known, or the compiler does not know the feature.
pub fn parse(text: &str) -> Result<WasmFeatures, FeatureError> {
    let mut set = WasmFeatures::WASM2;
    for (index, item) in text.split(',').map(str::trim).enumerate() {
        let unknown = || FeatureError {
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
    use super::parse;
    use wasmparser::WasmFeatures;

    #[test]
    fn sets() {
        assert_eq!(parse(""), Ok(WasmFeatures::WASM2));
        assert_eq!(parse("wasm1"), Ok(WasmFeatures::WASM1));
        assert_eq!(
            parse("wasm2,+multi-memory,-simd"),
            Ok((WasmFeatures::WASM2 | WasmFeatures::MULTI_MEMORY) - WasmFeatures::SIMD)
        );
        for bad in ["simd", "+gc", "+nonsense", "+simd,wasm1", "wasm9"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
