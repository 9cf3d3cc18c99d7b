//! A process from its start to its end: a program that prints a line.

use crate::build::{Builder, Files};
use crate::contest::{contest, figures, nanoseconds};
use crate::report::{Group, Row, Unit};
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Rounds of processes for one of other things: they take a millisecond.
const MORE: usize = 20;

/// `program` as it is where it is installed: a copy. A linker writes page by page, so what it has just written lies
/// in the page cache in single pages, of which fewer are mapped by one fault than of a file that was copied, or read.
fn installed(program: &Path) -> Result<PathBuf> {
    let copy = program.with_extension("installed");
    // In one piece; `fs::copy` may leave how to the kernel.
    fs::write(&copy, fs::read(program)?)?;
    fs::set_permissions(&copy, fs::metadata(program)?.permissions())?;
    Ok(copy)
}

/// Times processes, and looks how much memory they had.
///
/// # Errors
/// If one cannot be built or fails.
pub fn run(builder: &Builder, hello: &Files, rounds: usize) -> Result<Vec<Group>> {
    let (launch, native) = (builder.launch()?, installed(&builder.native_hello()?)?);
    let script = builder.benches.join("compare/hello.mjs");
    let lean = installed(&builder.wasmtime_run()?)?;
    let small = installed(&builder.prefab_run()?)?;
    let release = installed(&builder.prefab.with_file_name("prefab-run"))?;
    let node = Path::new("node");
    let ways: [(&str, &[&Path]); 5] = [
        ("native C", &[&native]),
        ("wasmtime", &[&lean, &hello.wasmtime]),
        (
            "node",
            &[node, Path::new("--no-warnings"), &script, &hello.wasm],
        ),
        ("prefab-run (small, static)", &[&small, &hello.prefab]),
        ("prefab-run (release)", &[&release, &hello.prefab]),
    ];
    let command = |(_, words): &(&str, &[&Path])| {
        let mut command = Command::new(&launch);
        command.args(*words);
        Some(command)
    };
    let replies = contest(ways.iter().map(command).collect(), 1, MORE * rounds)?;
    let group = |name: &str, title: &str, what: &str, unit| Group {
        name: name.into(),
        title: title.into(),
        what: what.into(),
        unit,
        reference: "native C".into(),
        columns: ways.iter().map(|(name, _)| (*name).into()).collect(),
        rows: Vec::new(),
    };
    let mut start = group(
        "start",
        "A process from start to end",
        "time by the clock",
        Unit::Seconds,
    );
    let time = figures(&replies, |it| nanoseconds(it.time_ns));
    start.push(Row::new("hello", "", time));
    let mut memory = group("memory", "Memory of a process", "peak RSS", Unit::Bytes);
    #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 KiB")]
    let peak = figures(&replies, |it| it.sum as f64 * 1024.0);
    memory.push(Row::new("hello", "", peak));
    Ok(vec![start, memory])
}
