//! Compiling large modules, and what comes out.

use super::modules::RealModule;
use crate::build::{Builder, Files};
use crate::contest::{Replies, contest_cold, figures, nanoseconds};
use crate::report::{Group, Row, Unit};
use crate::stats::Figure;
use anyhow::{Context as _, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Who compiles, by the words of a command line of `prefab`; of wasmtime, there is one way.
const WAYS: [(&str, Option<&str>); 3] = [
    ("wasmtime", None),
    ("Prefab -O1", Some("-O1")),
    ("Prefab -O2", Some("-O2")),
];

/// Compiles each module in a process of its own, by one thread and by as many as there are processors.
///
/// # Errors
/// If a module does not compile.
pub fn run(builder: &Builder, modules: &[&RealModule], cache: &Path) -> Result<Vec<Group>> {
    let processors = std::thread::available_parallelism()?.get();
    let mut columns = Vec::new();
    for threads in [1, processors] {
        let name = if threads == 1 {
            "1 thread".into()
        } else {
            format!("{threads} threads")
        };
        columns.extend(WAYS.iter().map(|(way, _)| format!("{way}, {name}")));
    }
    let group = |name: &str, title: &str, what: &str, unit| Group {
        name: name.into(),
        title: title.into(),
        what: what.into(),
        unit,
        reference: columns[0].clone(),
        columns: columns.clone(),
        rows: Vec::new(),
    };
    let mut cpu = group(
        "compile_cpu",
        "Compile time of processors",
        "CPU time",
        Unit::Seconds,
    );
    let mut wall = group(
        "compile_wall",
        "Compile time by the clock",
        "time by the clock",
        Unit::Seconds,
    );
    let mut memory = group(
        "compile_memory",
        "Memory to compile",
        "peak RSS",
        Unit::Bytes,
    );
    for module in modules.iter().filter(|it| it.rounds > 0) {
        let replies = compile(builder, &module.file(cache), processors, module.rounds);
        let replies = replies.with_context(|| module.name)?;
        let row = |of: fn(&crate::contest::Reply) -> f64| {
            Row::new(module.name, "", figures(&replies, of))
        };
        cpu.push(row(|it| nanoseconds(it.cpu_ns)));
        wall.push(row(|it| nanoseconds(it.time_ns)));
        #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 KiB")]
        memory.push(row(|it| it.sum as f64 * 1024.0));
    }
    Ok(vec![cpu, wall, memory])
}

fn compile(builder: &Builder, wasm: &Path, processors: usize, rounds: usize) -> Result<Replies> {
    let launch = builder.launch()?;
    let mut commands = Vec::new();
    for threads in [1, processors] {
        for (_, level) in WAYS {
            let out = builder.built.join("compiled");
            let mut command = Command::new(&launch);
            match level {
                Some(level) => {
                    command.arg(&builder.prefab).args(["compile", level]);
                    command.args(builder.cpu_options()).arg("--jobs");
                    command
                        .arg(threads.to_string())
                        .arg(wasm)
                        .arg("-o")
                        .arg(out);
                }
                None => {
                    command
                        .arg(std::env::current_exe()?)
                        .args(["precompile", "--threads"]);
                    command.arg(threads.to_string()).arg(wasm).arg(out);
                    command.env("RAYON_NUM_THREADS", threads.to_string());
                }
            }
            commands.push(Some(command));
        }
    }
    // Nothing is warmed up by compiling once more.
    contest_cold(commands, 1, rounds)
}

/// The sizes of modules and of what is made of them.
///
/// # Errors
/// If a file is missing.
pub fn sizes(artifacts: &[(&RealModule, Files)]) -> Result<Group> {
    let mut group = Group {
        name: "size".into(),
        title: "Size of artifacts".into(),
        what: "size of the file".into(),
        unit: Unit::Bytes,
        reference: "wasmtime".into(),
        columns: ["the module", "wasmtime", "Prefab -O1", "Prefab -O2"]
            .map(String::from)
            .into(),
        rows: Vec::new(),
    };
    for (module, files) in artifacts {
        let mut cells = Vec::new();
        for file in [
            &files.wasm,
            &files.wasmtime,
            &files.prefab_o1,
            &files.prefab,
        ] {
            #[expect(clippy::cast_precision_loss, reason = "files are far below 2^52 bytes")]
            cells.push(match fs::metadata(file) {
                Ok(found) => Some(Figure::exact(found.len() as f64)),
                Err(_) => None,
            });
        }
        group.push(Row::new(module.name, "", cells));
    }
    Ok(group)
}

/// What the compilers make of each module; kept until compiler or module change.
///
/// # Errors
/// If a module does not compile.
pub fn artifacts<'a>(
    builder: &Builder,
    modules: &[&'a RealModule],
    cache: &Path,
) -> Result<Vec<(&'a RealModule, Files)>> {
    let files = |module: &&'a RealModule| {
        let files = builder.artifacts(module.name, &module.file(cache), module.rounds > 0);
        Ok((*module, files.with_context(|| module.name)?))
    };
    modules.iter().map(files).collect()
}
