//! Objects of modules that were compiled to be run, kept by their content.
//!
//! An entry is named by the SHA-256 of the module, the options and the compiler's version; so an
//! entry is never out of date, only useless. Entries appear by renaming and are checked against
//! the hash in their note before they are used: a damaged one is compiled anew. The directory and
//! its files belong to this user alone.

use super::inspect::artifact::Artifact;
use prefab::CompileOptions;
use prefab_compiler::files::PrivateDir;
use sha2::{Digest, Sha256};
use std::env;
use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// Where an object is kept.
pub(super) struct Entry {
    directory: PrivateDir,
    /// Below the directory.
    path: PathBuf,
    module_sha256: [u8; 32],
}

impl Entry {
    /// The place for the object that `options` give of `wasm`; none if there is no directory for caches.
    ///
    /// # Errors
    /// If others can write to the directory: the message says so, and what to do.
    pub(super) fn new(wasm: &[u8], options: &CompileOptions) -> io::Result<Option<Self>> {
        let Some(path) = directory() else {
            return Ok(None);
        };
        let directory = match PrivateDir::open(&path) {
            Ok(directory) => directory,
            // The system's own refusals have a number.
            Err(error) if error.raw_os_error().is_none() => return Err(error),
            Err(_) => return Ok(None),
        };
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
        Ok(Some(Self {
            directory,
            path: PathBuf::from(name).with_extension("o"),
            module_sha256,
        }))
    }

    /// The object's file, if it is there and whole. The descriptor is the one that was read and checked.
    pub(super) fn find(&self) -> Option<File> {
        let mut file = self.directory.file(&self.path).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let artifact = Artifact::new(&bytes).ok()?;
        let whole = artifact.content_sha256() == Ok(artifact.note.content_sha256)
            && artifact.note.module_sha256 == self.module_sha256;
        whole.then_some(file)
    }

    /// Keeps `object`, unless that is not possible, which is no failure: the next run is only slower.
    pub(super) fn keep(&self, object: &[u8]) {
        let _ = self.directory.replace(&self.path, object);
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
