//! From a file to an instance: loading artifacts, and making instances of what was loaded.

use super::modules::RealModule;
use crate::build::Files;
use crate::contest::{contest, seconds};
use crate::engine::worker;
use crate::report::{Group, Row, Unit};
use anyhow::{Context as _, Result};
use std::fs;

/// Those whose instances are made, beside the small program.
const INSTANTIATED: [&str; 3] = ["sqlite", "python", "ruby"];

/// How instances are made: what a reader calls it, by wasmtime, by Prefab.
const WAYS: [(&str, &str, &str); 3] = [
    ("fresh", "instantiate", "instantiate"),
    ("from a pool", "pooled", "pooled"),
    ("reset", "pooled", "reset"),
];

fn group(name: &str, title: &str, what: &str) -> Group {
    Group {
        name: name.into(),
        title: title.into(),
        what: what.into(),
        unit: Unit::Seconds,
        reference: "wasmtime".into(),
        columns: vec!["wasmtime".into(), "Prefab -O2".into()],
        rows: Vec::new(),
    }
}

/// Loads the artifact of each module, and drops it.
///
/// # Errors
/// If one cannot be loaded.
pub fn load(hello: &Files, artifacts: &[(&RealModule, Files)], rounds: usize) -> Result<Group> {
    let mut group = group("load", "Loading an artifact", "CPU time to load and drop");
    let small = [("hello", hello)];
    let real = artifacts.iter().map(|(module, files)| (module.name, files));
    for (name, files) in small.into_iter().chain(real) {
        let commands = vec![
            Some(worker("wasmtime", "load", &files.wasmtime)?),
            Some(worker("prefab", "load", &files.prefab)?),
        ];
        let n = if name == "hello" { 500 } else { 50 };
        let replies = contest(commands, n, rounds).with_context(|| name)?;
        #[expect(clippy::cast_precision_loss, reason = "files are far below 2^52 bytes")]
        let size = Unit::Bytes.show(fs::metadata(&files.prefab)?.len() as f64);
        group.push(Row::new(name, &size, seconds(&replies, n)));
    }
    Ok(group)
}

/// Makes a store and an instance in it, and drops both; or takes an instance from a pool and gives it back.
///
/// # Errors
/// If that fails.
pub fn instantiate(
    hello: &Files,
    artifacts: &[(&RealModule, Files)],
    rounds: usize,
) -> Result<Group> {
    let mut group = group(
        "instantiate",
        "Making an instance",
        "CPU time to make and drop",
    );
    let small = [("hello", hello)];
    let real = artifacts.iter().map(|(module, files)| (module.name, files));
    let real = real.filter(|(name, _)| INSTANTIATED.contains(name));
    for (name, files) in small.into_iter().chain(real) {
        for (way, theirs, ours) in WAYS {
            let commands = vec![
                Some(worker("wasmtime", theirs, &files.wasmtime)?),
                Some(worker("prefab", ours, &files.prefab)?),
            ];
            let n = 1000;
            let replies = contest(commands, n, rounds).with_context(|| format!("{name}, {way}"))?;
            group.push(Row::new(name, way, seconds(&replies, n)));
        }
    }
    Ok(group)
}
