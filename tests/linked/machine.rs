//! The machines that programs run on: this one, and others as qemu plays them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use prefab::targets::Target;

use super::cross::{self, environment};

/// The package in `tests/linked/program/`.
const PACKAGE: &str = "prefab-linked-suite";

#[derive(Clone, Copy)]
pub struct Machine {
    pub target: &'static Target,
    /// `None` for this one.
    emulated: Option<&'static cross::Machine>,
}

impl Machine {
    /// This machine, and the others.
    pub fn all() -> impl Iterator<Item = Self> {
        let host = Target::host().expect("this machine is one of Prefab's targets");
        let host = Self {
            target: host,
            emulated: None,
        };
        let others = cross::MACHINES.iter().map(|machine| Self {
            target: Target::from_triple(machine.triple).expect("it is one of Prefab's targets"),
            emulated: Some(machine),
        });
        std::iter::once(host).chain(others.filter(move |it| it.target != host.target))
    }

    /// The command that compiles C and links. `folder` is for what it needs on the way.
    pub fn cc(self, folder: &Path) -> Result<Command> {
        let Some(machine) = self.emulated else {
            return Ok(Command::new("cc"));
        };
        let cc = environment::tool(machine.triple, "LINKER")?;
        // A compiler for another machine finds lld only where it is told.
        let tools = folder.join("tools");
        fs::create_dir_all(&tools)?;
        std::os::unix::fs::symlink(newest_lld()?, tools.join("ld.lld"))?;
        let mut command = Command::new(cc);
        command.arg("-B").arg(tools);
        Ok(command)
    }

    /// A command that runs `program`, on the plainest of CPUs.
    pub fn command(self, program: &Path) -> Result<Command> {
        match self.emulated {
            None => Ok(Command::new(program)),
            Some(machine) => machine.command(machine.plain_cpu, program),
        }
    }

    /// The archive of [`PACKAGE`].
    pub fn library(self) -> Result<PathBuf> {
        match self.emulated {
            None => host_library(),
            Some(machine) => machine.static_library(&PACKAGE.replace('-', "_")),
        }
    }
}

/// The newest `ld.lld-VERSION` there is: 14 cannot link for every target.
fn newest_lld() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").context("there is no PATH")?;
    let mut found = Vec::new();
    // Not every folder in it has to exist.
    for folder in std::env::split_paths(&path).filter_map(|folder| fs::read_dir(folder).ok()) {
        for entry in folder {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let version = name.strip_prefix("ld.lld-");
            if let Some(version) = version.and_then(|version| version.parse::<u32>().ok()) {
                found.push((version, path));
            }
        }
    }
    let newest = found.into_iter().max();
    let (_, path) = newest.context("there is no ld.lld-VERSION: tests/setup.sh installs it")?;
    Ok(path)
}

/// The archive that cargo built along with this test lies where the test lies. There may be others, of
/// other sets of features of the dependencies, but whatever cargo built last is of the sources as
/// they are.
fn host_library() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().context("a program lies in a folder")?;
    let start = format!("lib{}", PACKAGE.replace('-', "_"));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&start) && name.ends_with(".a") {
            found.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    let newest = found.into_iter().max();
    let (_, path) = newest.context("cargo has built the archive along with this test")?;
    Ok(path)
}
