//! Builds what runs: each program natively, to WebAssembly, and what the engines make of that. What is
//! there and was made of the same inputs by the same command is not made again.

use crate::engine::Engine;
use crate::programs::{Package, Program, Source};
use crate::tools;
use anyhow::{Context as _, Result};
use prefab::targets::Target;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a C compiler is told for wasm: the features that today's compilers have on by themselves.
const WASM_FLAGS: &[&str] = &[
    "--target=wasm32-wasi",
    "-O2",
    "-mbulk-memory",
    "-msign-ext",
    "-mnontrapping-fptoint",
    "-mexec-model=reactor",
    // Without threads, `errno` needs no model of thread-local variables; clang 14 wants one all the same.
    "-ftls-model=local-exec",
    "-Wl,-z,stack-size=1048576",
    "-Wl,--strip-debug",
];

/// And natively: a library whose functions call each other directly, and floats that are not contracted.
const NATIVE_FLAGS: &[&str] = &[
    "-O2",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-ffp-contract=off",
];

/// A module, and what the compilers make of it.
#[derive(Debug)]
pub struct Files {
    pub wasm: PathBuf,
    pub wasmtime: PathBuf,
    pub prefab_o1: PathBuf,
    pub prefab: PathBuf,
}

/// Where inputs lie and results go.
#[derive(Debug)]
pub struct Builder {
    /// `benches`, in the repository.
    pub benches: PathBuf,
    /// Where what is built goes.
    pub built: PathBuf,
    /// `prefab`, the command line.
    pub prefab: PathBuf,
    /// The processor that `prefab` compiles for; by default what all of the family have.
    cpu: Option<String>,
    /// A digest of `prefab`: what it compiles is as new as itself.
    prefab_digest: String,
    sources: BTreeMap<String, (PathBuf, String)>,
}

impl Builder {
    /// Finds or obtains the sources.
    ///
    /// # Errors
    /// If they cannot be obtained, or there is no `prefab` beside this program.
    pub fn new(benches: &Path, built: &Path, cpu: Option<&str>) -> Result<Self> {
        fs::create_dir_all(built)?;
        let prefab = std::env::current_exe()?.with_file_name("prefab");
        Ok(Self {
            benches: benches.to_owned(),
            built: built.to_owned(),
            prefab_digest: digest(&[&prefab])?,
            prefab,
            cpu: cpu.map(str::to_owned),
            sources: crate::obtain::sources(benches)?,
        })
    }

    /// Builds all of the programs for all engines, as many at once as there are processors.
    ///
    /// # Errors
    /// If a tool is missing or fails.
    pub fn build_all(&self, programs: &[&Program], engines: &[Engine]) -> Result<()> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.build(program, engines)
                    .with_context(|| format!("building {}", program.name))?;
            }
            Ok(())
        };
        let threads = std::thread::available_parallelism()?.get();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers
                .into_iter()
                .try_for_each(|worker| worker.join().expect("a builder reports what goes wrong"))
        })
    }

    fn build(&self, program: &Program, engines: &[Engine]) -> Result<()> {
        self.wasm(program)?;
        for &engine in engines {
            let out = engine.file(&self.built, program.name);
            let wasm = Engine::Node.file(&self.built, program.name);
            match engine {
                Engine::Gcc => self.native("gcc", program, &out)?,
                Engine::Clang => self.native("clang", program, &out)?,
                Engine::Wasm2c => self.wasm2c(program, &wasm, &out)?,
                Engine::Node => (),
                Engine::Wasmtime => self.precompile(&wasm, &out)?,
                Engine::PrefabO1 => self.prefab("-O1", &wasm, &out)?,
                Engine::PrefabO2 => self.prefab("-O2", &wasm, &out)?,
                Engine::PrefabNative => {
                    self.prefab_for(&["--cpu", "native"], "-O2", &wasm, &out)?
                }
            }
        }
        Ok(())
    }

    /// Compiles a module by the command line.
    ///
    /// # Errors
    /// If that fails.
    pub fn prefab(&self, level: &str, wasm: &Path, out: &Path) -> Result<()> {
        self.prefab_for(&self.cpu_options(), level, wasm, out)
    }

    fn prefab_for(&self, cpu: &[&str], level: &str, wasm: &Path, out: &Path) -> Result<()> {
        let mut prefab = Command::new(&self.prefab);
        prefab.args(["compile", level]).args(cpu);
        prefab.arg(wasm).arg("-o").arg(out);
        make(out, &[wasm], &self.prefab_digest, &mut prefab)
    }

    /// What `prefab compile` is told of the processor.
    pub fn cpu_options(&self) -> Vec<&str> {
        self.cpu
            .as_deref()
            .map_or_else(Vec::new, |cpu| vec!["--cpu", cpu])
    }

    /// Compiles a module by the crate wasmtime, in its default configuration.
    ///
    /// # Errors
    /// If that fails.
    pub fn precompile(&self, wasm: &Path, out: &Path) -> Result<()> {
        let mut compare = Command::new(std::env::current_exe()?);
        compare.arg("precompile").arg(wasm).arg(out);
        make(out, &[wasm], "wasmtime 48.0.8", &mut compare)
    }

    /// What the compilers make of a module; by Prefab's `-O1` only if that is wanted.
    ///
    /// # Errors
    /// If one fails.
    pub fn artifacts(&self, name: &str, wasm: &Path, with_o1: bool) -> Result<Files> {
        let file = |suffix: &str| self.built.join(format!("{name}.module.{suffix}"));
        let files = Files {
            wasm: wasm.to_owned(),
            wasmtime: file("cwasm"),
            prefab_o1: file("O1.o"),
            prefab: file("O2.o"),
        };
        self.precompile(wasm, &files.wasmtime)?;
        self.prefab("-O2", wasm, &files.prefab)?;
        if with_o1 {
            self.prefab("-O1", wasm, &files.prefab_o1)?;
        }
        Ok(files)
    }

    /// A module in text, compiled.
    ///
    /// # Errors
    /// If it is none.
    pub fn module_of_text(&self, name: &str) -> Result<Files> {
        let text = self
            .benches
            .join("programs")
            .join(name)
            .with_extension("wat");
        let wasm = self.built.join(name).with_extension("wasm");
        let mut wat2wasm = Command::new("wat2wasm");
        wat2wasm.arg(&text).arg("-o").arg(&wasm);
        make(&wasm, &[&text], "", &mut wat2wasm)?;
        self.artifacts(name, &wasm, false)
    }

    /// The program that prints a line, for WASI, compiled.
    ///
    /// # Errors
    /// If a tool fails.
    pub fn hello(&self) -> Result<Files> {
        let wasm = self.built.join("hello.wasm");
        self.c(
            "clang",
            "hello.c",
            &["--target=wasm32-wasi", "-O2", "-Wl,-s"],
            &wasm,
        )?;
        self.artifacts("hello", &wasm, false)
    }

    /// The same as a native program.
    ///
    /// # Errors
    /// If gcc fails.
    pub fn native_hello(&self) -> Result<PathBuf> {
        let out = self.built.join("hello");
        self.c("gcc", "hello.c", &["-O2"], &out)?;
        Ok(out)
    }

    /// The program that starts processes and times them.
    ///
    /// # Errors
    /// If gcc fails.
    pub fn launch(&self) -> Result<PathBuf> {
        let out = self.built.join("launch");
        self.c("gcc", "launch.c", &["-O2", "-static"], &out)?;
        Ok(out)
    }

    fn c(&self, compiler: &str, source: &str, flags: &[&str], out: &Path) -> Result<()> {
        let source = self.benches.join("programs").join(source);
        let mut command = Command::new(compiler);
        command.args(flags).arg(&source).arg("-o").arg(out);
        make(out, &[&source], "", &mut command)
    }

    /// The least program that runs what wasmtime compiles.
    ///
    /// # Errors
    /// If cargo fails.
    pub fn wasmtime_run(&self) -> Result<PathBuf> {
        let target = self.built.join("wasmtime-run-target");
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "-q", "--release", "--locked", "--manifest-path"]);
        cargo.arg(self.benches.join("wasmtime-run/Cargo.toml"));
        tools::output(cargo.arg("--target-dir").arg(&target))?;
        Ok(target.join("release/wasmtime-run"))
    }

    /// The runner for devices, as small as it gets, linked statically as it is there.
    ///
    /// # Errors
    /// If cargo fails.
    pub fn prefab_run(&self) -> Result<PathBuf> {
        let target = self.built.join("prefab-run-target");
        let host = Target::host().context("the host is no target of Prefab's")?;
        let mut cargo = Command::new("cargo");
        cargo.env("RUSTFLAGS", "-C target-feature=+crt-static");
        cargo.args([
            "build",
            "-q",
            "--profile",
            "small",
            "-p",
            "prefab",
            "--bin",
            "prefab-run",
        ]);
        cargo.args([
            "--no-default-features",
            "--features",
            "wasi",
            "--manifest-path",
        ]);
        cargo.arg(self.benches.join("../Cargo.toml"));
        cargo.args(["--target", host.triple()]);
        tools::output(cargo.arg("--target-dir").arg(&target))?;
        Ok(target.join(host.triple()).join("small/prefab-run"))
    }

    /// As [`precompile`](Self::precompile), for what every processor of the family has: valgrind runs no more.
    ///
    /// # Errors
    /// If that fails.
    pub fn precompile_for_any(&self, program: &Program) -> Result<PathBuf> {
        let wasm = Engine::Node.file(&self.built, program.name);
        let out = self.built.join(format!("{}.any.cwasm", program.name));
        let mut compare = Command::new(std::env::current_exe()?);
        compare.args(["precompile", "--any"]).arg(&wasm).arg(&out);
        make(&out, &[&wasm], "wasmtime 48.0.8", &mut compare)?;
        Ok(out)
    }

    fn native(&self, compiler: &str, program: &Program, out: &Path) -> Result<()> {
        let mut command = Command::new(compiler);
        command.args(NATIVE_FLAGS);
        self.add_sources(program, &mut command)?;
        command.arg("-o").arg(out).arg("-lm");
        make(out, &self.inputs(program)?, "", &mut command)
    }

    fn wasm(&self, program: &Program) -> Result<()> {
        let out = Engine::Node.file(&self.built, program.name);
        let mut clang = Command::new("clang");
        clang.args(WASM_FLAGS);
        if matches!(program.source, Source::OwnVectors) {
            clang.arg("-msimd128");
        }
        self.add_sources(program, &mut clang)?;
        clang.arg(self.benches.join("programs/wasi.c"));
        clang.arg("-o").arg(&out);
        make(&out, &self.inputs(program)?, "", &mut clang)
    }

    /// wasm2c makes C of a module, and gcc a library of that.
    fn wasm2c(&self, program: &Program, wasm: &Path, out: &Path) -> Result<()> {
        // It knows no vectors: see `engines_of`.
        if matches!(program.source, Source::OwnVectors) {
            return Ok(());
        }
        let folder = self.built.join(format!("{}.wasm2c", program.name));
        fs::create_dir_all(&folder)?;
        let (code, runtime) = (
            folder.join("program.c"),
            Path::new("/usr/share/wabt/wasm2c"),
        );
        let mut wasm2c = Command::new("wasm2c");
        wasm2c
            .args(["-n", "program"])
            .arg(wasm)
            .arg("-o")
            .arg(&code);
        make(&code, &[wasm], "", &mut wasm2c)?;
        let glue = self.benches.join("programs/wasm2c.c");
        let mut gcc = Command::new("gcc");
        gcc.args(NATIVE_FLAGS)
            .args(["-w", "-I"])
            .arg(&folder)
            .arg("-I")
            .arg(runtime);
        gcc.arg(&code)
            .arg(&glue)
            .arg(runtime.join("wasm-rt-impl.c"));
        gcc.arg("-o").arg(out).arg("-lm");
        make(out, &[&code, &glue], "", &mut gcc)
    }

    fn main_file(&self, program: &Program) -> PathBuf {
        let folder = match program.source {
            Source::Package(_) => "programs/apps",
            _ => "programs",
        };
        self.benches
            .join(folder)
            .join(program.name)
            .with_extension("c")
    }

    /// Our own files that a program is made of. What packages bring stays as it is.
    fn inputs(&self, program: &Program) -> Result<Vec<PathBuf>> {
        let mut inputs = vec![
            self.main_file(program),
            self.benches.join("programs/wasi.c"),
        ];
        for folder in ["programs", "programs/apps"] {
            inputs.extend(files(&self.benches.join(folder), "h")?);
        }
        Ok(inputs)
    }

    fn add_sources(&self, program: &Program, command: &mut Command) -> Result<()> {
        command.arg(self.main_file(program));
        let Source::Package(package) = &program.source else {
            command.args(["-Wall", "-Wextra"]);
            return Ok(());
        };
        let folder = self.package(package)?;
        command
            .arg("-w")
            .arg("-I")
            .arg(folder.join(package.folders[0]));
        command.arg("-I").arg(self.benches.join("programs/apps"));
        command.args(package.flags);
        for inner in package.folders {
            let mut found = files(&folder.join(inner), "c")?;
            found.retain(|file| {
                let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
                (package.only.is_empty() || package.only.contains(&name))
                    && !package.without.contains(&name)
            });
            command.args(found);
        }
        Ok(())
    }

    fn package(&self, package: &Package) -> Result<&Path> {
        let found = self.sources.get(package.package);
        let (folder, _) = found.with_context(|| format!("cargo brings no {}", package.package))?;
        Ok(folder)
    }
}

/// The files of a folder that have an extension, in the order of their names.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut found = entries
        .map(|entry| Ok(entry?.path()))
        .filter(|path| {
            !path
                .as_ref()
                .is_ok_and(|it| it.extension() != Some(OsStr::new(extension)))
        })
        .collect::<Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}

fn digest(files: &[impl AsRef<Path>]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        let file = file.as_ref();
        hasher.write(&fs::read(file).with_context(|| file.display().to_string())?);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// Runs a command that makes `out`, unless it has done so of the same inputs before.
fn make(
    out: &Path,
    inputs: &[impl AsRef<Path>],
    version: &str,
    command: &mut Command,
) -> Result<()> {
    let made_of = format!("{command:?}\n{version}\n{}\n", digest(inputs)?);
    let stamp = PathBuf::from(format!("{}.made-of", out.display()));
    if out.exists() && fs::read_to_string(&stamp).is_ok_and(|text| text == made_of) {
        return Ok(());
    }
    tools::output(command)?;
    fs::write(stamp, made_of)?;
    Ok(())
}
