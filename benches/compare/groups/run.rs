//! The run time of the programs.

use crate::build::Builder;
use crate::contest::{contest, expect_same, paired, seconds};
use crate::engine::Engine;
use crate::programs::{Program, Source};
use crate::report::{Group, Row, Unit};
use anyhow::{Context as _, Result};

/// Those of `engines` that can run the program: wasm2c knows no vectors.
pub fn engines_of(program: &Program, engines: &[Engine]) -> Vec<Option<Engine>> {
    let can = |engine| engine != Engine::Wasm2c || !matches!(program.source, Source::OwnVectors);
    engines.iter().map(|&it| can(it).then_some(it)).collect()
}

/// Runs each program by each engine `rounds` times.
///
/// # Errors
/// If a program fails, or computes something else by one engine than by another.
pub fn run(
    builder: &Builder,
    programs: &[&Program],
    engines: &[Engine],
    rounds: usize,
) -> Result<Group> {
    let mut group = Group {
        name: "programs".into(),
        title: "Run time of programs".into(),
        what: "CPU time".into(),
        unit: Unit::Seconds,
        reference: "native gcc".into(),
        columns: engines.iter().map(|it| it.label().into()).collect(),
        rows: Vec::new(),
    };
    let wasmtime = engines.iter().position(|&it| it == Engine::Wasmtime);
    for program in programs {
        let mut commands = Vec::new();
        for engine in engines_of(program, engines) {
            let command = engine.map(|it| it.worker(&it.file(&builder.built, program.name)));
            commands.push(command.transpose()?);
        }
        let replies = contest(commands, program.n, rounds).with_context(|| program.name)?;
        expect_same(&replies, &group.columns).with_context(|| program.name)?;
        let mut row = Row::of_program(program, seconds(&replies, 1));
        row.paired = wasmtime.map_or_else(Vec::new, |it| paired(&replies, it));
        group.push(row);
    }
    Ok(group)
}
