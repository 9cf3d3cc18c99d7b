//! `docs/targets.md` says what is true: its commands do what they should, and no test is left out
//! of both this test and its list.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::cross::{MACHINES, ROOT_TESTS, integration_tests};

fn read(path: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// Does what the document says to do with the first example, for each machine in its turn.
pub fn commands_do_as_they_say() -> Result<()> {
    let document = read("docs/targets.md")?;
    let commands = document
        .lines()
        .filter_map(|line| line.strip_prefix("$ prefab "));
    let commands: Vec<Vec<&str>> = commands.map(|line| line.split(' ').collect()).collect();
    let [compile, run] = &commands[..] else {
        anyhow::bail!(
            "the document has two commands of prefab's, not {}",
            commands.len()
        );
    };
    let readme = read("README.md")?;
    let shown = readme
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    for machine in &MACHINES {
        let folder = tempfile::tempdir()?;
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        std::os::unix::fs::symlink(examples, folder.path().join("examples"))?;
        let here = Command::new(env!("CARGO_BIN_EXE_prefab"));
        let there = machine.command(machine.plain_cpu, &machine.prefab()?)?;
        let target = compile.iter().map(|word| {
            if *word == "aarch64" {
                machine.name
            } else {
                word
            }
        });
        let mut printed = Vec::new();
        for (mut prefab, args) in [(here, target.collect()), (there, run.clone())] {
            let args: Vec<&str> = args;
            let output = prefab.args(&args).current_dir(&folder).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(
                output.status.success(),
                "{}: prefab {args:?}: {said}",
                machine.name
            );
            printed = output.stdout;
        }
        let printed = String::from_utf8_lossy(&printed);
        ensure!(
            Some(&*printed) == shown,
            "{} printed {printed}",
            machine.name
        );
    }
    Ok(())
}

/// Each test of the root package is run on the other machines, or the document says why not.
pub fn every_test_is_run_or_explained() -> Result<()> {
    let document = read("docs/targets.md")?;
    let rows = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let explained: Vec<&str> = rows.filter(|name| !name.contains('-')).collect();
    for test in integration_tests("prefab")? {
        let run = ROOT_TESTS.contains(&test.as_str());
        ensure!(
            run != explained.contains(&test.as_str()),
            "{test} is to be in ROOT_TESTS (tests/cross/mod.rs) or in the list of docs/targets.md"
        );
    }
    Ok(())
}
