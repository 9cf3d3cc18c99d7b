//! The other instruction sets: how the tests for them are built, and how programs of theirs run.

pub mod environment;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// An instruction set that is not this machine's.
pub struct Machine {
    /// Its name, as Prefab's targets have it.
    pub name: &'static str,
    pub triple: &'static str,
    /// What qemu calls a CPU that has what Prefab's default asks for and no more.
    pub plain_cpu: &'static str,
    built: OnceLock<Result<Vec<Executable>, String>>,
}

/// What qemu calls the CPU that has everything.
pub const MAX_CPU: &str = "max";

pub static MACHINES: [Machine; 2] = [
    Machine::new("aarch64", "aarch64-unknown-linux-gnu", "cortex-a53"),
    Machine::new("riscv64", "riscv64gc-unknown-linux-gnu", "sifive-u54"),
];

/// The packages whose tests are built for the other instruction sets: what runs where modules run.
/// What only the compiler does is the same everywhere.
pub const PACKAGES: [&str; 8] = [
    "prefab",
    "prefab-abi",
    "prefab-targets",
    "prefab-runtime",
    "prefab-loader",
    "prefab-wasi",
    "prefab-wast",
    "prefab_runtime_layer",
];

/// Of the root package's tests, those that are built for the other instruction sets.
pub const ROOT_TESTS: [&str; 4] = ["conformance", "embedding", "golden", "layered"];

/// A program that cargo has built.
#[derive(Clone, Debug)]
pub struct Executable {
    pub package: String,
    /// cargo's name of the library, binary or test.
    pub name: String,
    /// It holds tests.
    pub is_test: bool,
    pub path: PathBuf,
    /// Where cargo would run it.
    pub folder: PathBuf,
}

impl Machine {
    const fn new(name: &'static str, triple: &'static str, plain_cpu: &'static str) -> Self {
        Self {
            name,
            triple,
            plain_cpu,
            built: OnceLock::new(),
        }
    }

    /// Everything, built. All tests build the same things by the same command, so that each thing is
    /// built once.
    pub fn executables(&self) -> Result<&[Executable]> {
        let built = self
            .built
            .get_or_init(|| build(self.triple).map_err(|error| format!("{error:#}")));
        match built {
            Ok(executables) => Ok(executables),
            Err(error) => bail!("building for {}: {error}", self.triple),
        }
    }

    /// `prefab`, the program.
    pub fn prefab(&self) -> Result<&Path> {
        let executables = self.executables()?;
        let found = executables
            .iter()
            .find(|it| it.name == "prefab" && !it.is_test);
        Ok(&found.context("cargo has built prefab")?.path)
    }

    /// A command that runs `program` on one of qemu's CPUs.
    pub fn command(&self, cpu: &str, program: &Path) -> Result<Command> {
        let mut command = environment::command(self.triple, program)?;
        command.env("QEMU_CPU", cpu);
        Ok(command)
    }
}

pub fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// The names of the integration tests of a package, by what cargo says of the workspace.
pub fn integration_tests(package: &str) -> Result<Vec<String>> {
    let output = cargo()
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("packages")?;
    let package = packages.iter().find(|it| it["name"] == package);
    let targets = package.context("no such package")?["targets"].as_array();
    let tests = targets.context("targets")?.iter();
    let tests = tests.filter(|target| target["kind"][0] == "test");
    Ok(tests
        .filter_map(|target| Some(target["name"].as_str()?.to_owned()))
        .collect())
}

/// Has cargo build all of it, in one go.
fn build(triple: &str) -> Result<Vec<Executable>> {
    let mut command = cargo();
    environment::equip(&mut command)?
        .args([
            "test",
            "--no-run",
            "--message-format=json-render-diagnostics",
        ])
        .args(["--target", triple, "--lib", "--bins"])
        .stderr(Stdio::piped());
    for package in PACKAGES {
        command.args(["-p", package]);
        let tests = match package {
            "prefab" => ROOT_TESTS.map(str::to_owned).to_vec(),
            _ => integration_tests(package)?,
        };
        for test in tests {
            command.args(["--test", &test]);
        }
    }
    let output = command.output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!(
            "{command:?} failed, saying:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    Ok(messages
        .filter_map(|message| executable(&message))
        .collect())
}

/// The program that a message of cargo's tells of.
fn executable(message: &Value) -> Option<Executable> {
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    // path+file:///where/it/lies#name@version
    let package = message["package_id"].as_str()?.split('#').nth(1)?;
    Some(Executable {
        package: package.split('@').next()?.to_owned(),
        name: message["target"]["name"].as_str()?.to_owned(),
        is_test: message["profile"]["test"].as_bool()?,
        path: PathBuf::from(message["executable"].as_str()?),
        folder: folder.to_owned(),
    })
}
