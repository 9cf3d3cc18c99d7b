//! What runs the programs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A way to run a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Gcc,
    Clang,
    Wasm2c,
    Node,
    Wasmtime,
    PrefabO1,
    PrefabO2,
    /// For the processor that it runs on, as wasmtime and node compile.
    PrefabNative,
}

impl Engine {
    /// In the order of the report's columns.
    pub const ALL: [Self; 8] = [
        Self::Gcc,
        Self::Clang,
        Self::Wasm2c,
        Self::Node,
        Self::Wasmtime,
        Self::PrefabO1,
        Self::PrefabO2,
        Self::PrefabNative,
    ];

    /// What a reader calls it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Gcc => "native gcc",
            Self::Clang => "native clang",
            Self::Wasm2c => "wasm2c + gcc",
            Self::Node => "node",
            Self::Wasmtime => "wasmtime",
            Self::PrefabO1 => "Prefab -O1",
            Self::PrefabO2 => "Prefab -O2",
            Self::PrefabNative => "Prefab -O2 --cpu native",
        }
    }

    /// The file that it runs, of the program `name` in the folder of what was built.
    pub fn file(self, built: &Path, name: &str) -> PathBuf {
        let suffix = match self {
            Self::Gcc => "gcc.so",
            Self::Clang => "clang.so",
            Self::Wasm2c => "wasm2c.so",
            Self::Node => "wasm",
            Self::Wasmtime => "cwasm",
            Self::PrefabO1 => "O1.o",
            Self::PrefabO2 => "O2.o",
            Self::PrefabNative => "native.o",
        };
        built.join(format!("{name}.{suffix}"))
    }

    /// The process that runs `file` as often as it is asked to: see `worker/mod.rs`.
    ///
    /// # Errors
    /// If this program's own path is not known.
    pub fn worker(self, file: &Path) -> std::io::Result<Command> {
        match self {
            Self::Node => {
                let mut node = Command::new("node");
                let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("compare/worker.mjs");
                node.arg("--no-warnings").arg(script).arg(file);
                Ok(node)
            }
            Self::Wasmtime => worker("wasmtime", "run", file),
            Self::PrefabO1 | Self::PrefabO2 | Self::PrefabNative => worker("prefab", "run", file),
            Self::Gcc | Self::Clang | Self::Wasm2c => worker("native", "run", file),
        }
    }
}

/// The process in which an engine does one thing: see `worker/mod.rs`.
///
/// # Errors
/// If this program's own path is not known.
pub fn worker(engine: &str, what: &str, file: &Path) -> std::io::Result<Command> {
    let mut worker = Command::new(std::env::current_exe()?);
    worker.args(["worker", engine, what]).arg(file);
    Ok(worker)
}
