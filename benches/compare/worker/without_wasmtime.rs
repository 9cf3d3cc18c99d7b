//! In place of `wasmtime.rs` where the driver is built without it: the feature `compare` alone.

use super::Job;
use anyhow::{Result, bail};
use std::path::Path;

const MISSING: &str = "built without wasmtime: `benches/run.sh` builds with the feature `peers`";

/// As what it stands for.
///
/// # Errors
/// Always.
pub fn precompile(_: &Path, _: &Path, _: usize, _: bool) -> Result<()> {
    bail!(MISSING)
}

pub fn job(_: &str, _: &Path, _: Option<u32>) -> Result<Job> {
    bail!(MISSING)
}
