//! Where and with what was measured.

use crate::tools::first_line;
use serde::{Deserialize, Serialize};
use std::fs;

/// A machine, and the versions of what runs on it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub processors: usize,
    pub versions: Vec<String>,
}

impl Machine {
    /// This one, with what `prefab compile` is told of its processor.
    pub fn here(cpu_options: &[&str]) -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let models = info
            .lines()
            .find_map(|line| line.strip_prefix("model name"));
        let model = models
            .unwrap_or_default()
            .trim_start_matches([' ', '\t', ':']);
        let tools = [
            ("gcc", first_line("gcc", &["-dumpfullversion"])),
            ("clang", first_line("clang", &["-dumpversion"])),
            ("wasm2c", first_line("wasm2c", &["--version"])),
            ("node", first_line("node", &["--version"])),
            ("wasmtime", Some("48.0.8".into())),
        ];
        let tools = tools.into_iter().map(|(name, version)| {
            let version = version.unwrap_or_else(|| "missing".into());
            format!("{name} {}", version.trim_start_matches('v'))
        });
        let prefab = format!("{} {}", prefab::COMPILER_VERSION, cpu_options.join(" "));
        let prefab = prefab.trim_end().to_owned();
        Self {
            processor: if model.is_empty() {
                std::env::consts::ARCH
            } else {
                model
            }
            .to_owned(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            versions: tools.chain([prefab]).collect(),
        }
    }

    /// In a line.
    pub fn line(&self) -> String {
        format!(
            "{}, {} processors; {}",
            self.processor,
            self.processors,
            self.versions.join(", ")
        )
    }
}
