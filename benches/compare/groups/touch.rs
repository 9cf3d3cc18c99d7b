//! Instances that touch memory: each is made, writes into a number of pages, and is dropped.

use crate::build::Builder;
use crate::contest::{contest, expect_same, seconds};
use crate::engine::worker;
use crate::report::{Group, Row, Unit};
use anyhow::{Context as _, Result};

/// Pages of 4 KiB that each instance writes into.
const PAGES: [u32; 3] = [0, 16, 256];

/// How instances are made: the row's name, then what each column's worker does.
const WAYS: [(&str, [Option<&str>; 3]); 3] = [
    ("fresh", [Some("instantiate"), None, Some("instantiate")]),
    (
        "from a pool",
        [Some("pooled"), Some("pooled_resident"), Some("pooled")],
    ),
    (
        "reset",
        [Some("pooled"), Some("pooled_resident"), Some("reset")],
    ),
];

/// Measures each way with each number of pages. wasmtime's pool is measured twice: in its default configuration,
/// and with the memory that it keeps resident set as a server would set it.
///
/// # Errors
/// If a tool or an engine fails, or instances find other contents by one engine than by another.
pub fn run(builder: &Builder, rounds: usize) -> Result<Group> {
    let files = builder.module_of_text("touch")?;
    let mut group = Group {
        name: "touch".into(),
        title: "An instance that touches memory".into(),
        what: "CPU time to make, write and drop".into(),
        unit: Unit::Seconds,
        reference: "wasmtime".into(),
        columns: vec![
            "wasmtime".into(),
            "wasmtime, pool keeps 128 KiB".into(),
            "Prefab -O2".into(),
        ],
        rows: Vec::new(),
    };
    for pages in PAGES {
        for (way, whats) in WAYS {
            let engines = [
                ("wasmtime", &files.wasmtime),
                ("wasmtime", &files.wasmtime),
                ("prefab", &files.prefab),
            ];
            let commands = engines
                .into_iter()
                .zip(whats)
                .map(|((engine, file), what)| {
                    let Some(what) = what else { return Ok(None) };
                    let mut command = worker(engine, what, file)?;
                    command.arg("--touch").arg(pages.to_string());
                    Ok(Some(command))
                });
            let commands = commands.collect::<Result<Vec<_>>>()?;
            let name = format!("{pages} pages");
            let n = if pages > 100 { 200 } else { 1000 };
            let replies = contest(commands, n, rounds).with_context(|| format!("{name}, {way}"))?;
            expect_same(&replies, &group.columns).with_context(|| format!("{name}, {way}"))?;
            group.push(Row::new(&name, way, seconds(&replies, n)));
        }
    }
    Ok(group)
}
