//! The other instruction sets: the tests of everything that runs where modules run, and the official
//! suite, built for each of them and run under qemu. `docs/targets.md` says how to run one of them.

#[path = "cross/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod cross;
#[path = "targets/documents.rs"]
mod documents;
#[path = "targets/features.rs"]
mod features;

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{ExitCode, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Arguments, Failed, Trial};

use cross::{Executable, MACHINES, MAX_CPU, Machine, PACKAGES};

/// The longest takes a fifth of this, on two cores that do nothing else.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// How many tests passed and failed.
#[derive(Clone, Copy, Default)]
struct Counts {
    passed: usize,
    failed: usize,
}

type AllCounts = Arc<Mutex<BTreeMap<&'static str, Counts>>>;

fn main() -> ExitCode {
    let counts = AllCounts::default();
    let mut trials = vec![
        Trial::test("docs/targets.md: commands", || {
            documents::commands_do_as_they_say().map_err(failed)
        }),
        Trial::test("docs/targets.md: tests", || {
            documents::every_test_is_run_or_explained().map_err(failed)
        }),
    ];
    for machine in &MACHINES {
        // What a CPU has beyond the default is used by the suite where it has it. The suite takes longest.
        for cpu in [machine.plain_cpu, MAX_CPU] {
            let test = |it: &Executable| it.name == CONFORMANCE;
            let name = format!("{} {CONFORMANCE} on {cpu}", machine.name);
            trials.push(trial(name, machine, cpu, test, &counts));
        }
        for package in PACKAGES {
            let test =
                move |it: &Executable| it.package == package && !APART.contains(&it.name.as_str());
            let name = format!("{} {package}", machine.name);
            trials.push(trial(name, machine, machine.plain_cpu, test, &counts));
        }
        let name = format!("{} finds the CPU's features", machine.name);
        trials.push(Trial::test(name, move || {
            features::are_found(machine).map_err(failed)
        }));
    }
    trials.push(Trial::test("riscv64 embedding in 39 bits", || {
        in_39_bits(&MACHINES[1]).map_err(failed)
    }));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    for (machine, counts) in &*counts.lock().expect("no test panics with it") {
        println!(
            "{machine}: {} passed, {} failed",
            counts.passed, counts.failed
        );
    }
    conclusion.exit_code()
}

const CONFORMANCE: &str = "conformance";

/// What is not run with the other tests of its package: the suite runs on two CPUs; and which
/// programs rustc refuses does not depend on the target. `prefab-run` has a `main` of C's and no tests.
const APART: [&str; 3] = [CONFORMANCE, "compile_fail", "prefab-run"];

/// A trial that runs those of a machine's executables that hold tests and that `choose` takes.
fn trial(
    name: String,
    machine: &'static Machine,
    cpu: &'static str,
    choose: impl Fn(&Executable) -> bool + Send + 'static,
    counts: &AllCounts,
) -> Trial {
    let counts = Arc::clone(counts);
    let run = move || {
        let executables = machine.executables()?.into_iter();
        let chosen: Vec<_> = executables.filter(|it| it.is_test && choose(it)).collect();
        ensure!(!chosen.is_empty(), "cargo has built none of these tests");
        let mut said = String::new();
        for executable in &chosen {
            let (found, output) = run(machine, cpu, executable)
                .with_context(|| executable.path.display().to_string())?;
            let mut counts = counts.lock().expect("no test panics with it");
            let counts = counts.entry(machine.name).or_default();
            counts.passed += found.passed;
            counts.failed += found.failed;
            if found.failed > 0 {
                said += &output;
            }
        }
        ensure!(said.is_empty(), "{said}");
        Ok(())
    };
    Trial::test(name, move || run().map_err(failed))
}

/// Where the process has 39 bits of addresses (Sv39), a hundred bounded instances and more fit, and
/// what no longer fits says what would.
fn in_39_bits(machine: &Machine) -> Result<()> {
    let mut executables = machine.executables()?.into_iter();
    let embedding = executables.find(|it| it.is_test && it.name == "embedding");
    let embedding = embedding.context("cargo has built none of these tests")?;
    let mut command = machine.command(machine.plain_cpu, &embedding.path)?;
    command
        .args(["--nocapture", "plans::"])
        .current_dir(&embedding.folder);
    let output = command.env("QEMU_RESERVED_VA", "0x4000000000").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{output:?}");
    let refused = text
        .lines()
        .find(|line| line.contains(" guarded instances: "));
    let refused = refused.with_context(|| format!("no guarded instance was refused:\n{text}"))?;
    ensure!(
        refused.contains("`prefab compile --memory bounded`"),
        "{refused}"
    );
    Ok(())
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}

/// Runs all tests of an executable; returns how many there were, and what was printed.
fn run(machine: &Machine, cpu: &str, executable: &Executable) -> Result<(Counts, String)> {
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("output");
    let file = File::create(&output)?;
    let mut command = machine.command(cpu, &executable.path)?;
    command.current_dir(&executable.folder);
    command.stdout(file.try_clone()?).stderr(file);
    let status = wait(
        command
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?,
    );
    let text = String::from_utf8_lossy(&std::fs::read(&output)?).into_owned();
    let status = status.with_context(|| text.clone())?;
    let mut counts = Counts::default();
    let results = text
        .lines()
        .filter(|line| line.starts_with("test result: "));
    for line in results {
        let number = |word: &str| -> Option<usize> {
            let before = line.split(word).next()?.trim_end();
            before.rsplit(' ').next()?.parse().ok()
        };
        let all = [" passed", " failed", " ignored", " filtered out"].map(number);
        let [Some(passed), Some(failed), Some(0), Some(0)] = all else {
            bail!("{line}\nsome were not run\n{text}");
        };
        counts.passed += passed;
        counts.failed += failed;
    }
    if !status.success() {
        // It may have died before it could count.
        counts.failed = counts.failed.max(1);
    }
    ensure!(
        counts.passed + counts.failed > 0 || text.contains("running 0 tests"),
        "it ran no test:\n{text}"
    );
    Ok((counts, text))
}

fn wait(mut child: std::process::Child) -> Result<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if start.elapsed() > TIMEOUT {
            child.kill()?;
            child.wait()?;
            bail!("did not end within {TIMEOUT:?}");
        }
        sleep(Duration::from_millis(20));
    }
}
