//! Prefab beside its peers.

fn main() {}
