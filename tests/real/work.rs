//! A folder to compile and run a module in, and what came out.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use super::cross::Machine;
use super::packages::{Package, cache};

/// Nothing here takes a tenth of this, on a slow machine.
const RUN_TIMEOUT: Duration = Duration::from_secs(900);

/// A module inside of a package.
#[derive(Clone, Copy)]
pub struct Module {
    pub package: &'static Package,
    pub path: &'static str,
    /// The first 16 hexadecimal digits of its SHA-256.
    pub sha256: &'static str,
}

impl Module {
    /// The module's file, in the package's folder.
    pub fn file(&self) -> Result<PathBuf> {
        let file = self.package.folder()?.join(self.path);
        let found = sha256(&fs::read(&file).with_context(|| file.display().to_string())?);
        ensure!(
            found == self.sha256,
            "{} is not what it was: {found}",
            file.display()
        );
        Ok(file)
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// An empty folder that one test works in.
pub struct Work {
    folder: PathBuf,
    /// Where what is compiled runs; `None` is this machine.
    machine: Option<&'static Machine>,
}

/// How a program ended and what it said.
pub struct Ran {
    command: String,
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Work {
    /// Makes the folder of the test `name`, in place of what an earlier run left there.
    pub fn new(name: &str, machine: Option<&'static Machine>) -> Result<Self> {
        let folder = cache().join("run").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, machine })
    }

    /// Does what is to be done in the folder, which stays if that fails.
    pub fn do_in(self, run: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        run(&self)?;
        Ok(fs::remove_dir_all(&self.folder)?)
    }

    /// A path inside of the folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Copies an input that the repository holds to `to` in this folder.
    pub fn input(&self, name: &str, to: &str) -> Result<()> {
        let inputs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/inputs");
        fs::copy(inputs.join(name), self.path(to)).with_context(|| name.to_owned())?;
        Ok(())
    }

    /// Compiles a module by the command line; returns the object's path.
    pub fn compile(&self, wasm: &Path) -> Result<PathBuf> {
        self.compile_with(&[], wasm)
    }

    /// As [`compile`](Self::compile), with options.
    pub fn compile_with(&self, options: &[&str], wasm: &Path) -> Result<PathBuf> {
        let name = wasm.with_extension("o");
        let object = self
            .folder
            .join(name.file_name().context("a module's file has a name")?);
        let mut compile = prefab();
        compile.arg("compile").args(options);
        compile.arg(wasm).arg("-o").arg(&object);
        if let Some(machine) = self.machine {
            compile.args(["--target", machine.triple]);
        }
        let compiled = self.run(&mut compile, None)?;
        compiled.expect_code(0)?;
        ensure!(compiled.stdout.is_empty(), "compile printed to stdout");
        Ok(object)
    }

    /// Has the independent checker go over an object.
    pub fn verify(&self, object: &Path) -> Result<()> {
        self.run(prefab().args(["inspect", "--verify"]).arg(object), None)?
            .expect_code(0)
    }

    /// `prefab run` with options, an object that was compiled before, and the program's arguments.
    pub fn run_object(&self, options: &[&str], object: &Path, args: &[&str]) -> Result<Ran> {
        let mut prefab = self.prefab()?;
        self.run(prefab.arg("run").args(options).arg(object).args(args), None)
    }

    /// As [`run_object`](Self::run_object), with the program's input from a file.
    pub fn run_object_with(&self, object: &Path, args: &[&str], stdin: &Path) -> Result<Ran> {
        let mut prefab = self.prefab()?;
        self.run(prefab.arg("run").arg(object).args(args), Some(stdin))
    }

    /// The command line, as built for the machine where what is compiled runs.
    pub fn prefab(&self) -> Result<Command> {
        match self.machine {
            None => Ok(prefab()),
            Some(machine) => machine.command(machine.plain_cpu, &machine.prefab()?),
        }
    }

    /// Runs a command in this folder to its end.
    pub fn run(&self, command: &mut Command, stdin: Option<&Path>) -> Result<Ran> {
        let stdin = match stdin {
            Some(path) => Stdio::from(File::open(path)?),
            None => Stdio::null(),
        };
        let (stdout, stderr) = (self.path("stdout"), self.path("stderr"));
        command
            .current_dir(&self.folder)
            .stdin(stdin)
            .stdout(File::create(&stdout)?)
            .stderr(File::create(&stderr)?);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if start.elapsed() > RUN_TIMEOUT {
                child.kill()?;
                child.wait()?;
                bail!("{command:?} did not end within {RUN_TIMEOUT:?}");
            }
            sleep(Duration::from_millis(5));
        };
        Ok(Ran {
            command: format!("{command:?}"),
            status,
            stdout: fs::read(stdout)?,
            stderr: String::from_utf8_lossy(&fs::read(stderr)?).into_owned(),
        })
    }
}

/// The command line, as built for this machine.
pub fn prefab() -> Command {
    Command::new(env!("CARGO_BIN_EXE_prefab"))
}

impl Ran {
    /// Fails where the program ended otherwise, with what it said.
    pub fn expect_code(&self, code: i32) -> Result<()> {
        let (found, stderr) = (self.status, last_lines(&self.stderr));
        ensure!(
            found.code() == Some(code),
            "{}\nended with {found}, not {code}, saying:\n{stderr}",
            self.command
        );
        Ok(())
    }

    /// Fails where the program ended or printed otherwise than it has to.
    pub fn expect(&self, code: i32, stdout_sha256: &str) -> Result<()> {
        self.expect_code(code)?;
        let found = sha256(&self.stdout);
        let printed = String::from_utf8_lossy(&self.stdout);
        ensure!(
            found == stdout_sha256,
            "{}\nprinted (SHA-256 {found}):\n{}\nand said:\n{}",
            self.command,
            last_lines(&printed),
            last_lines(&self.stderr)
        );
        Ok(())
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
