//! Where the sources lie that packages bring.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
}

/// The folder and version of each package that `benches/sources` names. Obtains them by cargo, which does so
/// once.
///
/// # Errors
/// If cargo can obtain them neither from its cache nor from the registry.
pub fn sources(benches: &Path) -> Result<BTreeMap<String, (PathBuf, String)>> {
    let manifest = benches.join("sources/Cargo.toml");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--manifest-path",
    ]);
    let text = crate::tools::output(cargo.arg(manifest))?;
    let metadata: Metadata =
        serde_json::from_slice(&text).context("what cargo says of packages")?;
    let found = metadata.packages.into_iter().map(|it| {
        let folder = it
            .manifest_path
            .parent()
            .expect("a manifest is in a folder");
        (it.name, (folder.to_owned(), it.version))
    });
    Ok(found.collect())
}
