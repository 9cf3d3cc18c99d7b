//! What programs are linked with, and how they run: this machine's tools, and those for the other
//! instruction sets, which tests/setup.sh installs.

#[path = "../cross/environment.rs"]
mod environment;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};

/// An instruction set with its C compiler and its way to run programs.
pub struct Machine {
    pub name: &'static str,
    pub triple: &'static str,
    runtime: OnceLock<Result<PathBuf, String>>,
}

/// This machine's, and the others.
pub static MACHINES: [Machine; 3] = [
    Machine::new("x86_64", "x86_64-unknown-linux-gnu"),
    Machine::new("aarch64", "aarch64-unknown-linux-gnu"),
    Machine::new("riscv64", "riscv64gc-unknown-linux-gnu"),
];

impl Machine {
    const fn new(name: &'static str, triple: &'static str) -> Self {
        Self {
            name,
            triple,
            runtime: OnceLock::new(),
        }
    }

    pub fn is_host(&self) -> bool {
        self.name == std::env::consts::ARCH
    }

    /// GNU's C compiler.
    pub fn gcc(&self) -> String {
        match self.is_host() {
            true => "gcc".to_owned(),
            false => format!("{}-linux-gnu-gcc", self.name),
        }
    }

    /// Whether the C library can be linked into programs that are static and PIE: Debian 12's for
    /// riscv64 has not the file that they start with.
    pub fn has_static_pie(&self) -> Result<bool> {
        let found = run(Command::new(self.gcc()).arg("-print-file-name=rcrt1.o"))?;
        // gcc prints the name alone where it finds no file.
        Ok(Path::new(found.trim()).is_absolute())
    }

    /// A command that runs `program`.
    pub fn command(&self, program: &Path) -> Result<Command> {
        if self.is_host() {
            return Ok(Command::new(program));
        }
        environment::command(self.triple, program)
    }

    /// The runtime's archive, with the loader.
    pub fn runtime(&self) -> Result<&Path> {
        let built = self.runtime.get_or_init(|| {
            let built = match self.is_host() {
                true => built_with_this_test("libprefab_rt", ".a"),
                false => self.build(&["-p", "prefab-c-api", "--features", "loader"]),
            };
            built.map_err(|error| format!("{error:#}"))
        });
        match built {
            Ok(path) => Ok(path),
            Err(error) => bail!("{error}"),
        }
    }

    /// Has cargo build the archive for another instruction set.
    fn build(&self, options: &[&str]) -> Result<PathBuf> {
        let mut command = self.cargo("build")?;
        command.args(options).current_dir(repository(""));
        let output = command.output().context("cannot start cargo")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{command:?} failed, saying:\n{said}"
        );
        let built = environment::target_folder().join(self.triple).join("debug");
        Ok(built.join("libprefab_rt.a"))
    }

    /// cargo, for this instruction set; built things of this machine's lie apart from others.
    pub fn cargo(&self, command: &str) -> Result<Command> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args([command, "--offline", "--target", self.triple])
            .stderr(Stdio::piped());
        match self.is_host() {
            true => cargo.env(
                "CARGO_TARGET_DIR",
                environment::target_folder().with_file_name("linking-build"),
            ),
            false => environment::equip(&mut cargo)?,
        };
        Ok(cargo)
    }
}

/// What cargo builds along with this test lies where the test lies. There may be older ones, of other
/// sets of features, but whatever it has built last is of the sources as they are.
fn built_with_this_test(prefix: &str, suffix: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let mut found = Vec::new();
    for entry in fs::read_dir(test.parent().context("a program lies in a folder")?)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(prefix) && name.ends_with(suffix) {
            found.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    let newest = found.into_iter().max();
    let (_, path) = newest.context("cargo has built it along with this test")?;
    Ok(path)
}

/// lld of a version after Debian 12's: the newest that is installed.
pub fn newer_lld() -> Result<String> {
    let mut found = Vec::new();
    for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let version = name
                .strip_prefix("ld.lld-")
                .and_then(|v| v.parse::<u32>().ok());
            found.extend(version.map(|version| (version, name)));
        }
    }
    let newest = found.into_iter().max().filter(|(version, _)| *version > 14);
    let (_, name) = newest.context("no lld after 14 is there: tests/setup.sh installs one")?;
    Ok(name)
}

pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// An empty folder, which stays where a test fails.
pub fn folder(name: &str) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("linking")
        .join(name.replace([' ', '/'], "-"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Runs a command that has to succeed; returns what it printed.
pub fn run(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{command:?}: {}, printing:\n{out}and saying:\n{said}",
        output.status
    );
    Ok(out)
}

/// As [`run`], of a tool that has to say nothing.
pub fn quiet(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() && said.is_empty(),
        "{command:?}: {}, saying:\n{said}",
        output.status
    );
    Ok(())
}

/// The command line, as built for this test.
pub fn prefab() -> Command {
    Command::new(env!("CARGO_BIN_EXE_prefab"))
}

/// A folder in which the linker of this name is called `ld.lld`, as `-B` wants it.
pub fn linker_folder(linker: &Option<String>) -> Result<Option<PathBuf>> {
    let Some(linker) = linker else {
        return Ok(None);
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(linker));
    let found = found.into_iter().find(|path| path.is_file());
    let found = found.with_context(|| format!("{linker}, which tests/setup.sh installs"))?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("linkers-{linker}"));
    fs::create_dir_all(&folder)?;
    let name = folder.join("ld.lld");
    match std::os::unix::fs::symlink(&found, &name) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(Some(folder)),
    }
}
