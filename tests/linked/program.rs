//! The programs: how they are linked, and what they say when they run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use prefab::wast::{Failure, Outcome};

use super::batch::{OBJECTS, TABLE};

/// A way to link.
pub struct Linking {
    pub linker: &'static str,
    pub flags: &'static [&'static str],
}

/// Those that there are: batches take turns. Without other flags, `cc` makes a program that is
/// independent of its place (PIE) and uses the system's shared libraries.
pub const LINKINGS: [Linking; 7] = [
    Linking::new("bfd", &["-pie"]),
    Linking::new("lld", &["-pie", "-Wl,--gc-sections"]),
    Linking::new("bfd", &["-static"]),
    Linking::new("lld", &["-static-pie"]),
    Linking::new("bfd", &["-static-pie", "-Wl,--gc-sections"]),
    Linking::new("lld", &["-static", "-Wl,--gc-sections"]),
    Linking::new("bfd", &["-no-pie", "-Wl,--gc-sections"]),
];

impl Linking {
    const fn new(linker: &'static str, flags: &'static [&'static str]) -> Self {
        Self { linker, flags }
    }
}

impl std::fmt::Display for Linking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let linker = if self.linker == "bfd" {
            "ld"
        } else {
            self.linker
        };
        write!(f, "{linker} {}", self.flags.join(" ").replace("-Wl,", ""))
    }
}

/// Links what [`batch::write`](super::batch::write) has written with `library`; returns the program.
pub fn link(mut cc: Command, linking: &Linking, library: &Path, folder: &Path) -> Result<PathBuf> {
    let program = folder.join("program");
    cc.current_dir(folder)
        .arg(format!("-fuse-ld={}", linking.linker))
        .args(linking.flags)
        .args([TABLE, &format!("@{OBJECTS}")])
        .arg(library)
        .args(["-lm", "-lpthread", "-ldl", "-o"])
        .arg(&program);
    let output = cc
        .output()
        .with_context(|| format!("cannot start {cc:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{cc:?} failed, saying:\n{said}");
    Ok(program)
}

/// Runs a program; returns what became of its scripts, which have to be `paths`, in this order.
pub fn run(mut command: Command, paths: &[&str]) -> Result<Vec<Outcome>> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut scripts = Vec::new();
    let mut outcomes = Vec::new();
    let mut failures = Vec::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("script ") {
            scripts.push(path);
        } else if let Some((passed, passed_over)) = counts(line) {
            let failures = std::mem::take(&mut failures);
            outcomes.push(Outcome {
                passed,
                passed_over,
                failures,
            });
        } else {
            failures.push(failure(line).with_context(|| format!("the program says {line:?}"))?);
        }
    }
    if !output.status.success() {
        let last = scripts.last().unwrap_or(&"the first script");
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?}: {} in {last}, saying:\n{said}", output.status);
    }
    ensure!(scripts == paths, "it has run {scripts:?}, not {paths:?}");
    ensure!(outcomes.len() == paths.len(), "some did not end:\n{text}");
    Ok(outcomes)
}

/// `passed 12, passed over 31 32`
fn counts(line: &str) -> Option<(usize, Vec<usize>)> {
    let (passed, lines) = line.strip_prefix("passed ")?.split_once(", passed over ")?;
    let lines = lines.split_whitespace().map(|line| line.parse().ok());
    Some((passed.parse().ok()?, lines.collect::<Option<_>>()?))
}

/// `line 7: message`
fn failure(line: &str) -> Option<Failure> {
    let (line, message) = line.strip_prefix("line ")?.split_once(": ")?;
    Some(Failure {
        line: line.parse().ok()?,
        message: message.to_owned(),
    })
}

/// The archive that cargo built for this machine along with this test, of the package in
/// `tests/linked/program/`: it lies where the test lies. There may be others, of other sets of
/// features of the dependencies, but whatever cargo builds last is of the sources as they are.
pub fn host_library() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().context("a program lies in a folder")?;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("libprefab_linked_suite") && name.ends_with(".a") {
            found.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    let newest = found.into_iter().max();
    let (_, path) = newest.context("cargo has built the archive along with this test")?;
    Ok(path)
}
