//! Prefab.
