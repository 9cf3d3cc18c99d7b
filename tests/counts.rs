//! How many instructions compiled code executes: `tests/cases/counts/*.wat`.
//!
//! A case exports `run`, which does something as often as it is told. It is compiled as `prefab
//! compile` does by default, and run twice under valgrind, which counts: what the second, longer run
//! has executed more, divided by how much longer it was, is what one turn costs, without the process's
//! start. Counts do not depend on how busy or how fast the machine is; nothing here is timed.
//!
//! A line at the end of a case says what a turn costs on an instruction set. The test fails if
//! it costs more by over 2 %, or over what a line `;;! tolerance = "…"` says, in percent:
//! where the runtime's own code counts, it changes with Rust and the C library. `BLESS=1 cargo test
//! --test counts` writes down what is found, which is also how a gain is kept.
//!
//! Counted is what runs here. For an instruction set that a case has no line for, the test fails and
//! says so. How much code there is for the others, `tests/codegen.rs` sees.

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Arguments, Trial};
use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// How far a count may be above what is written down, in percent, if the case does not say.
const TOLERANCE_PERCENT: f64 = 2.0;

/// How many turns the shorter run has, and how many more the longer one.
const TURNS: u64 = 20_000;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/counts");
    let files = fs::read_dir(&folder).expect("the folder is there");
    let mut files: Vec<PathBuf> = files
        .map(|file| file.expect("the folder can be read").path())
        .collect();
    files.sort();
    let trials = files.into_iter().map(|file| {
        let name = file.file_stem().unwrap_or_default();
        Trial::test(name.to_string_lossy().into_owned(), move || {
            check(&file).map_err(|error| format!("{error:#}").into())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn check(file: &Path) -> Result<()> {
    let case = fs::read_to_string(file)?;
    let found = cost(file)?;
    let start = format!(";;= {ARCH}: ");
    let line = case.lines().find(|line| line.starts_with(&start));
    let new = format!("{start}{found:.2} instructions per turn");
    if std::env::var_os("BLESS").is_some() {
        let case = match line {
            Some(line) => case.replace(line, &new),
            None => format!("{case}{new}\n"),
        };
        return Ok(fs::write(file, case)?);
    }
    let Some(line) = line else {
        bail!(
            "a turn costs {found:.2} instructions; what it may cost on {ARCH} is not written down: \
             `BLESS=1 cargo test --test counts` does that"
        );
    };
    let expected = line[start.len()..].split(' ').next().unwrap_or_default();
    let expected: f64 = expected.parse().with_context(|| format!("in {line:?}"))?;
    let tolerance = tolerance_percent(&case)?;
    ensure!(
        found <= expected * (1.0 + tolerance / 100.0),
        "a turn costs {found:.2} instructions: more than {expected:.2} by over {tolerance} %"
    );
    Ok(())
}

fn tolerance_percent(case: &str) -> Result<f64> {
    let mut lines = case.lines();
    match lines.find_map(|line| line.strip_prefix(";;! tolerance = \"")?.strip_suffix('"')) {
        Some(number) => number.parse().with_context(|| format!("in {number:?}")),
        None => Ok(TOLERANCE_PERCENT),
    }
}

/// How many instructions a turn takes.
fn cost(file: &Path) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let object = folder.path().join("case.o");
    let mut prefab = Command::new(env!("CARGO_BIN_EXE_prefab"));
    output(prefab.arg("compile").arg(file).arg("-o").arg(&object))?;
    let few = executed(&object, TURNS)?;
    let many = executed(&object, 2 * TURNS)?;
    ensure!(
        many > few,
        "{many} instructions for more than {few} were for"
    );
    Ok((many - few) as f64 / TURNS as f64)
}

/// How many instructions a process executes that does `turns`.
fn executed(object: &Path, turns: u64) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=lackey", "--basic-counts=yes"]);
    valgrind.arg(env!("CARGO_BIN_EXE_prefab-run"));
    valgrind.args(["--invoke", "run"]).arg(object);
    let said = output(valgrind.arg(turns.to_string()))?;
    let mut lines = said.lines();
    let count = lines.find_map(|line| line.split_once("guest instrs:"));
    let (_, count) = count.with_context(|| format!("valgrind counted nothing:\n{said}"))?;
    let count: String = count.chars().filter(char::is_ascii_digit).collect();
    Ok(count.parse()?)
}

/// What a command that succeeds says on its standard error.
fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{command:?}: tests/setup.sh installs what the tests need"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{said}",
        output.status
    );
    Ok(said)
}
