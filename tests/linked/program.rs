//! The programs: how they are linked, and what they say when they run.

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
    let flags = linking.flags.iter().map(|flag| match *flag {
        // Not every C library has what starts such a program: Debian 12's for riscv64 has not.
        "-static-pie" if !has_file(&cc, "rcrt1.o") => "-static",
        flag => flag,
    });
    let flags: Vec<&str> = flags.collect();
    cc.current_dir(folder)
        .arg(format!("-fuse-ld={}", linking.linker))
        .args(flags)
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

/// Whether what `cc` links has the file `name`.
fn has_file(cc: &Command, name: &str) -> bool {
    let asked = Command::new(cc.get_program())
        .arg(format!("-print-file-name={name}"))
        .output();
    // Where there is none, it is the name alone.
    asked.is_ok_and(|output| output.stdout.starts_with(b"/"))
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
                ..Outcome::default()
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
