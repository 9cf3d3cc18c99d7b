//! The other instruction sets: how the tests for them are built, and how programs of theirs run. The
//! programs have no compiler: they ask this process to compile (`service.rs`).

pub mod environment;
mod service;
mod workspace;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// An instruction set that is not this machine's.
pub struct Machine {
    /// Its name, as Prefab's targets have it.
    pub name: &'static str,
    pub triple: &'static str,
    /// What qemu calls a CPU that has what Prefab's default asks for and no more.
    pub plain_cpu: &'static str,
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
        }
    }

    /// What cargo has built for the machine. All tests build the same things by the same command, and
    /// that for all machines at once, so that each thing is built once.
    fn artifacts(&self) -> Result<impl Iterator<Item = &'static Value>> {
        static BUILT: LazyLock<Result<Vec<Value>, String>> =
            LazyLock::new(|| build().map_err(|error| format!("{error:#}")));
        let part = format!("/{}/", self.triple);
        match &*BUILT {
            Ok(artifacts) => Ok(artifacts.iter().filter(move |artifact| {
                let files = artifact["filenames"].as_array().into_iter().flatten();
                files
                    .filter_map(Value::as_str)
                    .any(|file| file.contains(&part))
            })),
            Err(error) => bail!("building for other instruction sets: {error}"),
        }
    }

    /// The programs.
    pub fn executables(&self) -> Result<Vec<Executable>> {
        Ok(self.artifacts()?.filter_map(executable).collect())
    }

    /// The static library of this name.
    pub fn static_library(&self, name: &str) -> Result<PathBuf> {
        let files = self
            .artifacts()?
            .filter(|artifact| artifact["target"]["name"] == name)
            .filter_map(|artifact| artifact["filenames"].as_array())
            .flatten();
        let mut files = files.filter_map(Value::as_str);
        let found = files.find(|file| file.ends_with(".a"));
        Ok(found.context("cargo has built the library")?.into())
    }

    /// `prefab`, the program.
    pub fn prefab(&self) -> Result<PathBuf> {
        let mut executables = self.executables()?.into_iter();
        let found = executables.find(|it| it.name == "prefab" && !it.is_test);
        Ok(found.context("cargo has built prefab")?.path)
    }

    /// Builds `prefab` with its own compiler, which nothing else needs.
    pub fn build_compiler(&self) -> Result<PathBuf> {
        let folder = environment::target_folder().join("with-compiler");
        let mut command = cargo();
        environment::equip(&mut command)?
            .args(["build", "--bin", "prefab", "--target", self.triple])
            .env("CARGO_TARGET_DIR", &folder);
        let output = command.output().context("cannot start cargo")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{command:?} failed, saying:\n{said}"
        );
        Ok(folder.join(self.triple).join("debug/prefab"))
    }

    /// A command that runs `program` on one of qemu's CPUs.
    pub fn command(&self, cpu: &str, program: &Path) -> Result<Command> {
        let mut command = environment::command(self.triple, program)?;
        command
            .env("QEMU_CPU", cpu)
            .env(service::VARIABLE, service::address()?.to_string());
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

/// Has cargo build all of it, in one go; returns what it says of each thing that it built.
fn build() -> Result<Vec<Value>> {
    let mut command = cargo();
    command.current_dir(workspace::make()?);
    environment::equip(&mut command)?
        .args([
            "test",
            "--no-run",
            "--offline",
            "--message-format=json-render-diagnostics",
        ])
        .args(["--lib", "--bins"])
        .stderr(Stdio::piped());
    for machine in &MACHINES {
        command.args(["--target", machine.triple]);
    }
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
    Ok(lines
        .filter_map(|line| serde_json::from_slice(line).ok())
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
