//! What users are shown: the commands of `docs/linking.md`, and the examples in C.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::toolchain::{MACHINES, Machine, folder, quiet, repository, run};

/// The commands of the blocks that begin with this fence.
fn commands_of(document: &str, fence: &str) -> Vec<String> {
    let fence = format!("\n```{fence}\n");
    let blocks = document.split(fence.as_str()).skip(1);
    let bodies = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    bodies.flat_map(str::lines).map(str::to_owned).collect()
}

/// What cargo builds for the test takes the place of what the document has cargo build.
const SETUP: [&str; 3] = [
    "cargo build --release -p prefab -p prefab-c-api",
    "export PATH=$PWD/target/release:$PATH",
    "cargo build --release -p prefab-c-api --target aarch64-unknown-linux-gnu",
];

/// The document's commands do, in this order, what it says.
pub fn commands() -> Result<()> {
    let folder = folder("docs")?;
    let built = folder.join("target/release");
    fs::create_dir_all(&built)?;
    for name in ["examples", "runtime-lib"] {
        symlink(repository(name), folder.join(name))?;
    }
    let [host, arm] = [&MACHINES[0], &MACHINES[1]];
    symlink(host.runtime()?, built.join("libprefab_rt.a"))?;
    symlink(env!("CARGO_BIN_EXE_prefab"), built.join("prefab"))?;
    let document = fs::read_to_string(repository("docs/linking.md"))?;
    let mut printed = Vec::new();
    for (fence, machine) in [("sh", host), ("sh cross", arm)] {
        let commands = commands_of(&document, fence);
        ensure!(
            commands.len() >= 3,
            "docs/linking.md has commands: {commands:?}"
        );
        let mut commands = commands;
        commands.retain(|command| !SETUP.contains(&command.as_str()));
        let path = std::env::var("PATH").unwrap_or_default();
        for command in &commands {
            let mut shell = Command::new("sh");
            shell
                .args(["-c", command])
                .current_dir(&folder)
                .env("PATH", format!("{}:{path}", built.display()))
                .env("PREFAB_RT", machine.runtime()?);
            printed.push(run(&mut shell).with_context(|| command.clone())?);
        }
    }
    ensure!(
        printed.iter().any(|text| text.ends_with("iterations\n")),
        "mandelbrot draws: {printed:?}"
    );
    let letters = "Hello,: 5 letters\nWorld: 5 letters\n".to_owned();
    ensure!(printed.contains(&letters), "the plugin counts: {printed:?}");
    let drawn = run(&mut arm.command(&folder.join("mandelbrot"))?)?;
    let expected = run(Command::new(env!("CARGO_BIN_EXE_prefab"))
        .arg("run")
        .arg(repository("examples/mandelbrot.wasm")))?;
    ensure!(drawn == expected, "the board draws:\n{drawn}");
    Ok(fs::remove_dir_all(&folder)?)
}

/// The examples in C, built as they say themselves.
pub fn examples(machine: &Machine) -> Result<()> {
    let folder = folder(&format!("examples {}", machine.name))?;
    expect(machine, &by_make(machine, &folder)?, MADE)?;
    expect(machine, &by_cmake(machine, &folder)?, CMADE)?;
    Ok(fs::remove_dir_all(&folder)?)
}

const MADE: &str = "the plugin says: HELLO, MAKE\nthe plugin divides by zero\n";
const CMADE: &str = "18.75, 6.25 saved\n12.50, 12.50 saved\n";

fn expect(machine: &Machine, program: &Path, expected: &str) -> Result<()> {
    let printed = run(&mut machine.command(program)?)?;
    ensure!(
        printed == expected,
        "{} prints:\n{printed}",
        program.display()
    );
    Ok(())
}

fn by_make(machine: &Machine, folder: &Path) -> Result<std::path::PathBuf> {
    let folder = folder.join("make");
    fs::create_dir(&folder)?;
    for entry in fs::read_dir(repository("examples/c-make"))? {
        let path = entry?.path();
        fs::copy(&path, folder.join(path.file_name().unwrap_or_default()))?;
    }
    let include = repository("runtime-lib/c-api/include");
    let mut make = Command::new("make");
    make.arg("-C").arg(&folder).args([
        format!("CC={}", machine.gcc()),
        format!("TARGET={}", machine.triple),
        format!("PREFAB={}", env!("CARGO_BIN_EXE_prefab")),
        format!("PREFAB_INCLUDE={}", include.display()),
        format!("PREFAB_RT={}", machine.runtime()?.display()),
        "CFLAGS=-O2 -Wall -Wextra -pedantic -Werror".to_owned(),
    ]);
    // Jobs of the cargo that runs this test are none of make's.
    quiet(make.env_remove("MAKEFLAGS").env_remove("MFLAGS"))?;
    Ok(folder.join("host"))
}

fn by_cmake(machine: &Machine, folder: &Path) -> Result<std::path::PathBuf> {
    let folder = folder.join("cmake");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(repository("examples/c-cmake"));
    configure.arg("-B").arg(&folder).args([
        format!("-DCMAKE_C_COMPILER={}", machine.gcc()),
        format!("-DPREFAB={}", env!("CARGO_BIN_EXE_prefab")),
        format!("-DPREFAB_TARGET={}", machine.triple),
        format!("-DPREFAB_RT={}", machine.runtime()?.display()),
    ]);
    if !machine.is_host() {
        configure.args(["-DCMAKE_SYSTEM_NAME=Linux"]);
        configure.arg(format!("-DCMAKE_SYSTEM_PROCESSOR={}", machine.name));
    }
    quiet(&mut configure)?;
    quiet(Command::new("cmake").arg("--build").arg(&folder))?;
    Ok(folder.join("host"))
}
