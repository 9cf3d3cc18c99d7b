//! The workspace as it is built for other instruction sets: this one, by symbolic links, with
//! `tests/cross/compiler/` in the place of the compiler.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::environment::target_folder;

/// The files of the compiler, and where they come from.
const COMPILER: [(&str, &str); 6] = [
    ("Cargo.toml", "tests/cross/compiler/Cargo.toml"),
    ("src/lib.rs", "tests/cross/compiler/lib.rs"),
    ("src/options.rs", "compiler/src/options.rs"),
    ("src/error.rs", "compiler/src/error.rs"),
    ("src/features.rs", "compiler/src/features.rs"),
    ("src/files.rs", "compiler/src/files.rs"),
];

/// What only tests need that run nowhere but natively (`tests/fuzz/`).
const NEEDLESS: [&str; 3] = ["arbitrary", "wasm-smith", "wasmi"];

/// Makes the workspace; returns its folder.
pub fn make() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = target_folder().join("workspace");
    fs::create_dir_all(folder.join("compiler/src"))?;
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().context("a name that is no UTF-8")?;
        let is_built = entry.path().join("CACHEDIR.TAG").exists();
        if !is_built && !name.starts_with('.') && !name.starts_with("Cargo.") && name != "compiler"
        {
            link(&entry.path(), &folder.join(name))?;
        }
    }
    for (name, source) in COMPILER {
        link(&root.join(source), &folder.join("compiler").join(name))?;
    }
    // Cargo removes what this workspace does not need from its own copy.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let is_needless = |line: &str| {
        let name = line.split_once(".workspace = true").map(|(name, _)| name);
        name.is_some_and(|name| NEEDLESS.contains(&name))
    };
    let lines = manifest.lines().filter(|line| !is_needless(line));
    let manifest: String = lines.flat_map(|line| [line, "\n"]).collect();
    let path = folder.join("Cargo.toml");
    if fs::read_to_string(&path).ok() != Some(manifest.clone()) {
        fs::write(&path, manifest)?;
    }
    Ok(folder)
}

/// Makes `name` a link to `source`, unless it is one.
fn link(source: &Path, name: &Path) -> Result<()> {
    match fs::read_link(name) {
        Ok(found) if found == source => return Ok(()),
        Ok(_) => fs::remove_file(name)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).context(name.display().to_string()),
    }
    symlink(source, name).with_context(|| name.display().to_string())
}
