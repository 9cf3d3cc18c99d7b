//! The instructions that the programs execute, as valgrind counts them: exact where times are noisy.

use super::run::engines_of;
use crate::build::Builder;
use crate::engine::Engine;
use crate::programs::Program;
use crate::report::{Group, Row, Unit};
use crate::stats::Figure;
use anyhow::{Context as _, Result, bail};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// How much less of each program is run, as valgrind takes its time.
const PART: u32 = 20;

/// Counts each program's instructions, compiled for what every processor has: valgrind lacks some of what this one may have.
/// node's are not counted, as it compiles meanwhile.
///
/// # Errors
/// If valgrind is missing or a program fails.
pub fn run(builder: &Builder, programs: &[&Program], engines: &[Engine]) -> Result<Group> {
    let engines: Vec<_> = engines
        .iter()
        .copied()
        .filter(|it| !matches!(it, Engine::Node | Engine::PrefabNative))
        .collect();
    let mut group = Group {
        name: "counts".into(),
        title: "Instructions that programs execute".into(),
        what: "instructions".into(),
        unit: Unit::Instructions,
        reference: "native gcc".into(),
        columns: engines.iter().map(|it| it.label().into()).collect(),
        rows: Vec::new(),
    };
    for program in programs {
        let mut cells = Vec::new();
        for engine in engines_of(program, &engines) {
            cells.push(match engine {
                Some(engine) => {
                    let file = match engine {
                        Engine::Wasmtime => builder.precompile_for_any(program)?,
                        _ => engine.file(&builder.built, program.name),
                    };
                    let n = (program.n / PART).max(1);
                    let (with, without) = (
                        count(engine, &file, &format!("{n}\n"))?,
                        count(engine, &file, "")?,
                    );
                    Some(Figure::exact(with - without))
                }
                None => None,
            });
        }
        group.push(Row::of_program(program, cells));
    }
    Ok(group)
}

fn count(engine: Engine, file: &Path, input: &str) -> Result<f64> {
    let worker = engine.worker(file)?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(worker.get_program()).args(worker.get_args());
    valgrind
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = valgrind.spawn().context("starting valgrind")?;
    child
        .stdin
        .take()
        .expect("it was asked for")
        .write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let Some((_, number)) = collected.filter(|_| output.status.success()) else {
        bail!("{valgrind:?}: {}\n{said}", output.status);
    };
    Ok(number.trim().parse()?)
}
