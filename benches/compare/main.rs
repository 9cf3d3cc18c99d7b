//! Prefab beside its peers: builds programs for all of them, runs them in turns, and writes what they took.

mod build;
mod contest;
mod engine;
mod groups;
mod obtain;
mod programs;
mod report;
mod stats;
mod tools;
mod worker;

use anyhow::{Result, ensure};
use build::Builder;
use clap::{Parser, Subcommand};
use engine::Engine;
use programs::{PROGRAMS, Program};
use report::{Group, Machine, Report};
use std::path::{Path, PathBuf};

/// Measures Prefab beside other runtimes and compilers
#[derive(Parser)]
struct Arguments {
    /// Only these groups and programs
    #[arg(long, value_name = "GROUP|PROGRAM")]
    only: Vec<String>,
    /// Only these engines: a part of a name is enough
    #[arg(long, value_name = "ENGINE")]
    engines: Vec<String>,
    /// How often each program runs
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Two rounds, and only the smallest of the large modules
    #[arg(long)]
    quick: bool,
    /// Count instructions, too (by valgrind; takes minutes)
    #[arg(long)]
    counts: bool,
    /// Build, and measure nothing
    #[arg(long)]
    build: bool,
    /// Write docs/performance also if only a part was measured
    #[arg(long)]
    write: bool,
    /// What Prefab compiles for, as `prefab compile --cpu` says it; by default what every machine has
    #[arg(long)]
    cpu: Option<String>,
    /// Where everything is built
    #[arg(long, default_value = "target/compare")]
    folder: PathBuf,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What the comparison runs of itself, in processes of their own.
#[derive(Subcommand)]
enum Part {
    /// Runs a program as often as it is asked to on its input
    #[command(hide = true)]
    Worker {
        engine: String,
        what: String,
        file: PathBuf,
        /// Each instance writes into this many pages of its memory
        #[arg(long)]
        touch: Option<u32>,
    },
    /// Compiles a module by wasmtime
    #[command(hide = true)]
    Precompile {
        wasm: PathBuf,
        out: PathBuf,
        #[arg(long, default_value_t = 2)]
        threads: usize,
        /// For any processor of the family
        #[arg(long)]
        any: bool,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.part {
        Some(Part::Worker {
            engine,
            what,
            file,
            touch,
        }) => worker::serve(engine, what, file, *touch),
        Some(Part::Precompile {
            wasm,
            out,
            threads,
            any,
        }) => worker::precompile(wasm, out, *threads, *any),
        None => compare(&arguments),
    }
}

fn compare(arguments: &Arguments) -> Result<()> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let builder = Builder::new(
        benches,
        &std::path::absolute(&arguments.folder)?,
        arguments.cpu.as_deref(),
    )?;
    let mut measured = Vec::new();
    let programs = arguments.programs();
    if !programs.is_empty() {
        let engines = arguments.engines()?;
        builder.build_all(&programs, &engines)?;
        if !arguments.build {
            measured.push(groups::run::run(
                &builder,
                &programs,
                &engines,
                arguments.rounds(),
            )?);
        }
        if arguments.counts {
            measured.push(groups::counts::run(&builder, &programs, &engines)?);
        }
    }
    measured.extend(around(&builder, arguments)?);
    let report = Report {
        machine: Machine::here(&builder.cpu_options()),
        groups: measured,
    };
    println!("{}\n", report.machine.line());
    for group in &report.groups {
        println!("{}", report::markdown(group));
    }
    println!("{}", report::goals(&report.groups));
    if arguments.write || arguments.is_full() {
        report.write(&benches.join("../docs"))?;
    }
    Ok(())
}

/// All groups but those of programs: what happens around code that runs.
fn around(builder: &Builder, arguments: &Arguments) -> Result<Vec<Group>> {
    let mut measured = Vec::new();
    let rounds = arguments.rounds();
    let hello = builder.hello()?;
    if arguments.wants("calls") && !arguments.build {
        measured.push(groups::calls::run(builder, 2 * rounds)?);
    }
    if arguments.wants("touch") && !arguments.build {
        measured.push(groups::touch::run(builder, 2 * rounds)?);
    }
    if arguments.wants("start") && !arguments.build {
        measured.extend(groups::start::run(builder, &hello, rounds)?);
    }
    let real = ["compile", "size", "load", "instantiate"];
    if !real.iter().any(|it| arguments.wants(it)) {
        return Ok(measured);
    }
    let cache = groups::modules::obtain(&builder.benches.join(".."))?;
    let modules = groups::modules::wanted(arguments.quick);
    let artifacts = groups::compile::artifacts(builder, &modules, &cache)?;
    if arguments.build {
        return Ok(measured);
    }
    if arguments.wants("load") {
        measured.push(groups::instances::load(&hello, &artifacts, 2 * rounds)?);
    }
    if arguments.wants("instantiate") {
        measured.push(groups::instances::instantiate(
            &hello,
            &artifacts,
            2 * rounds,
        )?);
    }
    if arguments.wants("size") {
        measured.push(groups::compile::sizes(&artifacts)?);
    }
    if arguments.wants("compile") {
        measured.extend(groups::compile::run(builder, &modules, &cache)?);
    }
    Ok(measured)
}

impl Arguments {
    /// Whether a group is to be measured.
    fn wants(&self, group: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|it| it == group)
    }

    /// Whether everything was measured, as well as it can be.
    const fn is_full(&self) -> bool {
        self.only.is_empty() && self.engines.is_empty() && !self.quick && !self.build
    }

    fn rounds(&self) -> usize {
        if self.quick { 2 } else { self.rounds }
    }

    fn programs(&self) -> Vec<&'static Program> {
        let is_wanted = |it: &&Program| self.wants("programs") || self.wants(it.name);
        PROGRAMS.iter().filter(is_wanted).collect()
    }

    fn engines(&self) -> Result<Vec<Engine>> {
        let is_wanted = |engine: &Engine| {
            let label = engine.label().to_lowercase();
            self.engines.is_empty()
                || self
                    .engines
                    .iter()
                    .any(|it| label.contains(&it.to_lowercase()))
        };
        let engines: Vec<_> = Engine::ALL.into_iter().filter(is_wanted).collect();
        ensure!(
            !engines.is_empty(),
            "no engine is called {:?}",
            self.engines
        );
        Ok(engines)
    }
}
