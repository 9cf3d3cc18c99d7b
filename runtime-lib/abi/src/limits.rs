//! Limits that the compiler and the runtime share.

/// The size of the largest table, in elements: what embeddings on the Web allow (WebAssembly
/// JavaScript Interface, "Implementation-defined limits").
pub const TABLE_SIZE_LIMIT_ELEMENTS: u64 = 10_000_000;
