//! Prefab as a backend of [`wasm_runtime_layer`].
