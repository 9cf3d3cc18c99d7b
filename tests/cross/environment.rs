//! What builds programs for other instruction sets, and what runs them here: the tools that
//! `tests/cross/setup.sh` has installed and written down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};

/// The tool of this kind (`LINKER`, `RUNNER`) for a target.
pub fn tool(triple: &str, kind: &str) -> Result<&'static str> {
    let target = triple.to_uppercase().replace('-', "_");
    let variable = format!("CARGO_TARGET_{target}_{kind}");
    let found = environment()?.get(&variable);
    let found = found.with_context(|| format!("the environment has no {variable}"))?;
    Ok(found)
}

/// A command that runs `program`. Programs that start others of their own instruction set find in
/// `PREFAB_RUNNER` how.
pub fn command(triple: &str, program: &Path) -> Result<Command> {
    let runner = tool(triple, "RUNNER")?;
    let mut words = runner.split_whitespace();
    let mut command = Command::new(words.next().context("the runner is empty")?);
    command
        .args(words)
        .arg(program)
        .env("PREFAB_RUNNER", runner);
    // It names libraries of this machine.
    command.env_remove("LD_LIBRARY_PATH");
    Ok(command)
}

/// Has cargo use these tools, and its own folder.
pub fn equip(cargo: &mut Command) -> Result<&mut Command> {
    Ok(cargo
        .envs(environment()?)
        .env("CARGO_TARGET_DIR", target_folder()))
}

/// Where cargo builds for other instruction sets: apart, as the compiler may be another.
pub fn target_folder() -> PathBuf {
    match std::env::var_os("PREFAB_CROSS_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("cross-build"),
    }
}

fn environment() -> Result<&'static BTreeMap<String, String>> {
    static ENVIRONMENT: LazyLock<Result<BTreeMap<String, String>, String>> =
        LazyLock::new(|| read_environment().map_err(|error| format!("{error:#}")));
    match &*ENVIRONMENT {
        Ok(environment) => Ok(environment),
        Err(error) => bail!("{error}"),
    }
}

fn read_environment() -> Result<BTreeMap<String, String>> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache")));
    let folder = match std::env::var_os("PREFAB_CROSS_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => cache.context("no home")?.join("prefab-cross"),
    };
    let file = folder.join("env.sh");
    ensure!(
        file.exists(),
        "{} is not there: run tests/setup.sh, which makes it",
        file.display()
    );
    let output = Command::new("sh")
        .args(["-c", ". \"$1\" && env -0", "sh"])
        .arg(&file)
        .output()?;
    ensure!(output.status.success(), "{} does not run", file.display());
    let text = String::from_utf8(output.stdout).context("the environment is text")?;
    let ours = |name: &str| {
        let prefixes = ["CARGO_TARGET_", "CC_", "AR_"];
        prefixes.iter().any(|prefix| name.starts_with(prefix))
            || matches!(name, "RUSTC" | "RUSTDOC")
    };
    let pairs = text.split('\0').filter_map(|line| line.split_once('='));
    let pairs = pairs.filter(|(name, _)| {
        ours(name) && !matches!(*name, "CARGO_TARGET_DIR" | "CARGO_TARGET_TMPDIR")
    });
    Ok(pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}
