//! The other instruction sets: what builds programs for them, and how they run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};

/// An instruction set that is not this machine's.
pub struct Machine {
    pub triple: &'static str,
    /// What qemu calls a CPU that has what Prefab's default asks for and no more.
    pub plain_cpu: &'static str,
}

pub static MACHINES: [Machine; 2] = [
    Machine::new("aarch64-unknown-linux-gnu", "cortex-a53"),
    Machine::new("riscv64gc-unknown-linux-gnu", "sifive-u54"),
];

impl Machine {
    const fn new(triple: &'static str, plain_cpu: &'static str) -> Self {
        Self { triple, plain_cpu }
    }

    /// A command that runs `program` on one of qemu's CPUs. Programs that start others of their
    /// own instruction set find in `PREFAB_RUNNER` how.
    pub fn command(&self, cpu: &str, program: &Path) -> Result<Command> {
        let runner = environment()?
            .get(&format!("{}_RUNNER", self.variable()))
            .with_context(|| format!("the environment has no runner for {}", self.triple))?;
        let mut words = runner.split_whitespace();
        let mut command = Command::new(words.next().context("the runner is empty")?);
        command.args(words).arg(program);
        command.env("QEMU_CPU", cpu).env("PREFAB_RUNNER", runner);
        // It names libraries of this machine.
        command.env_remove("LD_LIBRARY_PATH");
        Ok(command)
    }

    pub fn variable(&self) -> String {
        let upper = self.triple.to_uppercase().replace('-', "_");
        format!("CARGO_TARGET_{upper}")
    }
}

/// What `tests/cross/setup.sh` has written down: compilers, linkers and runners.
pub fn environment() -> Result<&'static BTreeMap<String, String>> {
    static ENVIRONMENT: LazyLock<Result<BTreeMap<String, String>, String>> =
        LazyLock::new(|| read_environment().map_err(|error| format!("{error:#}")));
    match &*ENVIRONMENT {
        Ok(environment) => Ok(environment),
        Err(error) => bail!("{error}"),
    }
}

fn read_environment() -> Result<BTreeMap<String, String>> {
    let folder = match std::env::var_os("PREFAB_CROSS_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => match std::env::var_os("XDG_CACHE_HOME") {
            Some(cache) => PathBuf::from(cache),
            None => std::env::home_dir().context("no home")?.join(".cache"),
        }
        .join("prefab-cross"),
    };
    let file = folder.join("env.sh");
    ensure!(
        file.exists(),
        "{} is not there: run tests/setup.sh, which makes it",
        file.display()
    );
    let output = Command::new("sh")
        .args(["-c", ". \"$1\" && env -0", "sh"])
        .arg(&file)
        .output()?;
    ensure!(output.status.success(), "{} does not run", file.display());
    let text = String::from_utf8(output.stdout).context("the environment is text")?;
    let ours = |name: &str| {
        let prefixes = ["CARGO_TARGET_", "CC_", "AR_"];
        prefixes.iter().any(|prefix| name.starts_with(prefix))
            || matches!(name, "RUSTC" | "RUSTDOC")
    };
    let pairs = text.split('\0').filter_map(|line| line.split_once('='));
    let pairs = pairs.filter(|(name, _)| {
        ours(name) && !matches!(*name, "CARGO_TARGET_DIR" | "CARGO_TARGET_TMPDIR")
    });
    Ok(pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// Where cargo builds for the other instruction sets: apart, as the compiler may be another.
pub fn target_folder() -> PathBuf {
    match std::env::var_os("PREFAB_CROSS_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let own = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
            own.expect("tmp lies in the target folder")
                .join("cross-build")
        }
    }
}

pub fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}
