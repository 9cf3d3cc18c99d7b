//! Programs in C with modules in them: the files of `tests/cases/linking/`, whose head comments say
//! which modules they link (`modules:`), which they load (`loaded:`), and what they print (`out:`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::toolchain::{Machine, folder, prefab, quiet, repository, run};

/// How something is linked.
#[derive(Clone, Debug)]
pub struct Linking {
    pub compiler: String,
    pub flags: Vec<String>,
}

/// A program.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    modules: Vec<String>,
    loaded: Vec<String>,
    output: String,
}

/// All of them.
pub fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(repository(FOLDER))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            cases.push(Case::read(&path)?);
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

const FOLDER: &str = "tests/cases/linking";

impl Case {
    fn read(path: &Path) -> Result<Self> {
        let name = path.file_stem().context("a file has a name")?;
        let mut case = Self {
            name: name.to_string_lossy().into_owned(),
            modules: Vec::new(),
            loaded: Vec::new(),
            output: String::new(),
        };
        for line in fs::read_to_string(path)?.lines() {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
            if let Some(rest) = line.strip_prefix("   modules: ") {
                case.modules = words(rest);
            } else if let Some(rest) = line.strip_prefix("   loaded: ") {
                case.loaded = words(rest);
            } else if let Some(rest) = line.strip_prefix("   out: ") {
                case.output += rest;
                case.output.push('\n');
            }
        }
        ensure!(!case.modules.is_empty(), "{} links no module", case.name);
        Ok(case)
    }

    /// Compiles, links by each of these ways and runs.
    pub fn run(&self, machine: &Machine, linkings: &[Linking], what: &str) -> Result<()> {
        let folder = folder(&format!("{} {} {what}", self.name, machine.name))?;
        let objects = compile_all(machine, &self.modules, &folder)?;
        let loaded = compile_all(machine, &self.loaded, &folder.join("loaded"))?;
        for linking in linkings {
            let program = self.link(machine, linking, &objects, &folder)?;
            let mut command = machine.command(&program)?;
            let printed =
                run(command.args(&loaded)).with_context(|| format!("linked by {linking:?}"))?;
            ensure!(
                printed == self.output,
                "linked by {linking:?}, it prints:\n{printed}instead of:\n{}",
                self.output
            );
            readable(&program)?;
        }
        Ok(fs::remove_dir_all(&folder)?)
    }

    fn link(
        &self,
        machine: &Machine,
        linking: &Linking,
        objects: &[PathBuf],
        folder: &Path,
    ) -> Result<PathBuf> {
        let program = folder.join("program");
        let (source, include) = (
            format!("{FOLDER}/{}.c", self.name),
            "runtime-lib/c-api/include",
        );
        let mut command = Command::new(&linking.compiler);
        command
            .args([
                "-std=c99",
                "-Wall",
                "-Wextra",
                "-pedantic",
                "-Werror",
                "-pthread",
            ])
            .args([
                Path::new("-I"),
                folder,
                Path::new("-I"),
                &repository(include),
            ])
            .arg(repository(&source))
            .args(objects)
            .arg(machine.runtime()?)
            .args(["-lpthread", "-ldl", "-lm"])
            .args(&linking.flags)
            .arg("-o")
            .arg(&program);
        run(&mut command)?;
        Ok(program)
    }
}

/// Compiles modules into a folder, with their headers; the objects.
fn compile_all(machine: &Machine, files: &[String], folder: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    files
        .iter()
        .map(|file| compile(machine, file, folder))
        .collect()
}

/// Compiles a module, which may be a C program for WASI; the object.
pub fn compile(machine: &Machine, file: &str, folder: &Path) -> Result<PathBuf> {
    let mut module = repository(FOLDER).join(file);
    if file.ends_with(".c") {
        let wasm = folder.join(file).with_extension("wasm");
        // In two steps: a clang that is to optimise and link has Binaryen do so, too, if it is there,
        // and that drops the names that backtraces show.
        let object = folder.join(file).with_extension("wasm.o");
        let clang = || {
            let mut command = Command::new("clang");
            command.arg("--target=wasm32-wasi");
            command
        };
        let source = repository(FOLDER).join("guests").join(file);
        run(clang().args(["-O1", "-c", "-o"]).arg(&object).arg(source))?;
        run(clang().arg("-o").arg(&wasm).arg(&object))?;
        module = wasm;
    }
    let name = Path::new(file).file_stem().context("a file has a name")?;
    let object = folder.join(name).with_extension("o");
    let mut command = prefab();
    command
        .arg("compile")
        .arg(&module)
        .args(["--target", machine.triple, "-o"])
        .arg(&object)
        .arg("--header")
        .arg(object.with_extension("h"));
    quiet(&mut command)?;
    Ok(object)
}

/// `readelf` finds nothing to warn about, unwind tables included.
pub fn readable(program: &Path) -> Result<()> {
    quiet(
        Command::new("readelf")
            .args(["-a", "-W", "--debug-dump=frames"])
            .arg(program),
    )
}

/// Links objects into a shared library, in which no text has to be relocated.
pub fn link_alone(machine: &Machine, linker: &str) -> Result<()> {
    let folder = folder(&format!("alone {} {linker}", machine.name))?;
    let modules = ["shape.wat", "caller.wat"].map(str::to_owned);
    let objects = compile_all(machine, &modules, &folder)?;
    let library = folder.join("linked.so");
    let mut command = Command::new(linker);
    command.args(["-shared", "-z", "text"]).args(&objects);
    quiet(command.arg("-o").arg(&library))?;
    readable(&library)?;
    Ok(fs::remove_dir_all(&folder)?)
}
