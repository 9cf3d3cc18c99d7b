//! WASI preview 1 for the Prefab runtime.
