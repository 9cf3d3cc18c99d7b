//! The contract between code compiled by Prefab and its runtime.
