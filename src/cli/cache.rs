//! Objects of modules that were compiled to be run, kept by their content.
//!
//! An entry's folder is named by the SHA-256 of the module, the options and the compiler's version; so an
//! entry is never out of date, only useless. Entries appear by renaming and are checked against
//! the hash in their note before they are used: a damaged one is compiled anew.

use super::files;
use super::inspect::artifact::Artifact;
use prefab::CompileOptions;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

/// Where an object is kept.
pub(super) struct Entry {
    path: PathBuf,
    module_sha256: [u8; 32],
}

impl Entry {
    /// The place for what `options` make of `wasm`; none if there is no directory for caches.
    pub(super) fn new(wasm: &[u8], options: &CompileOptions) -> Option<Self> {
        let mut key = Sha256::new();
        let features: Vec<&str> = options.features.names().collect();
        let module_sha256: [u8; 32] = Sha256::digest(wasm).into();
        key.update(module_sha256);
        for part in [
            prefab::COMPILER_VERSION,
            options.target().triple(),
            &features.join(","),
            &options.describe(),
            &format!("{:?}", options.wasm_features),
            &options.name,
        ] {
            key.update((part.len() as u64).to_le_bytes());
            key.update(part);
        }
        let mut name = String::new();
        for byte in key.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        // The module is named after its file: backtraces say so.
        let file = format!("{}.o", options.name);
        Some(Self {
            path: directory()?.join(name).join(file),
            module_sha256,
        })
    }

    /// The object's file, if it is there and whole.
    pub(super) fn find(&self) -> Option<PathBuf> {
        let bytes = fs::read(&self.path).ok()?;
        let artifact = Artifact::new(&bytes).ok()?;
        let whole = artifact.content_sha256() == Ok(artifact.note.content_sha256)
            && artifact.note.module_sha256 == self.module_sha256;
        whole.then(|| self.path.clone())
    }

    /// Keeps `object`; none if that is not possible, which is no failure: it is only slower.
    pub(super) fn keep(&self, object: &[u8]) -> Option<PathBuf> {
        fs::create_dir_all(self.path.parent()?).ok()?;
        files::write_atomically(&self.path, object).ok()?;
        Some(self.path.clone())
    }
}

/// `$XDG_CACHE_HOME/prefab` (XDG Base Directory Specification: only absolute paths count).
fn directory() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join("prefab"))
}
