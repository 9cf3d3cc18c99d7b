//! What passes between host and guest, and what a guest asks of its runtime.

use crate::build::Builder;
use crate::contest::{contest, seconds};
use crate::engine::worker;
use crate::report::{Group, Row, Unit};
use anyhow::{Context as _, Result};

/// What is done, what a reader calls it, and how often a round does it.
const THINGS: &[(&str, &str, u32)] = &[
    ("call", "host → wasm, typed", 1_000_000),
    ("call_untyped", "host → wasm, any types", 200_000),
    ("to_host", "wasm → host", 1_000_000),
    ("static", "call_indirect, static table of 8", 5_000_000),
    ("many", "call_indirect, static table of 64", 5_000_000),
    ("dynamic", "call_indirect, exported table", 5_000_000),
    ("grow", "memory.grow(0)", 200_000),
    ("fault", "trap by a memory access", 5_000),
    ("unreachable", "trap by unreachable", 2_000),
];

/// Measures them all.
///
/// # Errors
/// If a tool or an engine fails.
pub fn run(builder: &Builder, rounds: usize) -> Result<Group> {
    let files = builder.module_of_text("micro")?;
    let mut group = Group {
        name: "calls".into(),
        title: "Calls and traps".into(),
        what: "CPU time of one".into(),
        unit: Unit::Seconds,
        reference: "wasmtime".into(),
        columns: vec!["wasmtime".into(), "Prefab -O2".into()],
        rows: Vec::new(),
    };
    for &(what, name, n) in THINGS {
        let commands = vec![
            Some(worker("wasmtime", what, &files.wasmtime)?),
            Some(worker("prefab", what, &files.prefab)?),
        ];
        let replies = contest(commands, n, rounds).with_context(|| name)?;
        group.push(Row::new(name, "", seconds(&replies, n)));
    }
    Ok(group)
}
