//! All that Prefab knows of instruction sets.
