//! What Cargo tells a build script, and what a build script tells Cargo.
//!
//! <https://doc.rust-lang.org/cargo/reference/build-scripts.html>

use crate::error::BuildError;
use prefab_compiler::OptLevel;
use std::env;
use std::path::{Path, PathBuf};

/// An environment variable that Cargo sets.
pub fn var(name: &'static str) -> Result<String, BuildError> {
    env::var(name).map_err(|_| BuildError::NotInCargo(name))
}

/// Where a build script writes.
pub fn out_dir() -> Result<PathBuf, BuildError> {
    let path = env::var_os("OUT_DIR").ok_or(BuildError::NotInCargo("OUT_DIR"))?;
    Ok(PathBuf::from(path))
}

/// How hard to try, by the profile: as hard as `rustc` does.
pub fn opt_level() -> Result<OptLevel, BuildError> {
    Ok(match var("OPT_LEVEL")?.as_str() {
        "0" => OptLevel::O0,
        "1" => OptLevel::O1,
        _ => OptLevel::O2,
    })
}

/// What tells this package's modules from those of all others in a program.
pub fn package() -> Result<String, BuildError> {
    let (name, version) = (var("CARGO_PKG_NAME")?, var("CARGO_PKG_VERSION")?);
    Ok(format!("{name}_{version}"))
}

/// Has Cargo build again when the module's file changes, and link the archive.
pub fn print_directives(module: &Path, out_dir: &Path, library: &str) {
    println!("cargo::rerun-if-changed={}", module.display());
    println!("cargo::rustc-link-search=native={}", out_dir.display());
    println!("cargo::rustc-link-lib=static={library}");
}
