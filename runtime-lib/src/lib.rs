//! The runtime of modules compiled by Prefab: stores, instances, memories, tables, traps, host functions.

#[allow(
    dead_code,
    unused_imports,
    reason = "the store, which enters guests, is not there yet"
)]
mod trap;

pub use trap::{Frame, Trap};
