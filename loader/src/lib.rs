//! Maps the objects that Prefab compiles.
