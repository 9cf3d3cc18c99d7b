//! What Prefab is to reach, and whether it does.

use super::{Among, Group, Row, THEIRS};
use crate::stats::geomean;
use std::fmt::Write as _;

/// Something to reach.
struct Goal {
    what: &'static str,
    group: &'static str,
    /// Rows whose name and kind contain this.
    rows: &'static str,
    /// Of these, which count.
    among: Among,
    ours: &'static str,
    /// The column to compare with; nothing if `most` is no ratio.
    theirs: Option<&'static str>,
    most: f64,
    of: Of,
}

/// What of the rows counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Mean,
    Worst,
}

const WASMTIME: Option<&str> = Some("wasmtime");

const fn goal(
    what: &'static str,
    (group, rows): (&'static str, &'static str),
    (ours, theirs): (&'static str, Option<&'static str>),
    (of, most): (Of, f64),
) -> Goal {
    Goal {
        what,
        group,
        rows,
        among: Among::All,
        ours,
        theirs,
        most,
        of,
    }
}

const O2: (&str, Option<&str>) = ("Prefab -O2", WASMTIME);
const NATIVE: (&str, Option<&str>) = ("Prefab -O2 --cpu native", WASMTIME);
const SMALL: &str = "prefab-run (small, static)";
const RELEASE: &str = "prefab-run (release)";
const O1_1: (&str, Option<&str>) = ("Prefab -O1, 1 thread", Some("wasmtime, 1 thread"));

const GOALS: &[Goal] = &[
    goal(
        "programs, geomean, beside wasmtime",
        ("programs", ""),
        O2,
        (Of::Mean, 0.90),
    ),
    goal(
        "programs that no pass was built on, geomean, beside wasmtime",
        ("programs", ""),
        O2,
        (Of::Mean, 0.95),
    )
    .among(Among::WithoutPass),
    goal(
        "the second set of programs, geomean, beside wasmtime",
        ("programs", ""),
        O2,
        (Of::Mean, 0.95),
    )
    .among(Among::Second),
    goal(
        "the worst of the second set, beside wasmtime",
        ("programs", ""),
        O2,
        (Of::Worst, 1.05),
    )
    .among(Among::Second),
    goal(
        "the worst program, beside wasmtime",
        ("programs", ""),
        O2,
        (Of::Worst, 1.03),
    ),
    goal(
        "programs, geomean, processor for processor",
        ("programs", ""),
        NATIVE,
        (Of::Mean, 0.90),
    ),
    goal(
        "programs that no pass was built on, processor for processor",
        ("programs", ""),
        NATIVE,
        (Of::Mean, 0.95),
    )
    .among(Among::WithoutPass),
    goal(
        "the worst program, processor for processor",
        ("programs", ""),
        NATIVE,
        (Of::Worst, 1.03),
    ),
    goal(
        "programs, geomean, beside wasm2c + gcc",
        ("programs", ""),
        ("Prefab -O2", Some("wasm2c + gcc")),
        (Of::Mean, 1.05),
    ),
    goal(
        "call_indirect, static table",
        ("calls", "static table"),
        O2,
        (Of::Worst, 0.8),
    ),
    goal(
        "host → wasm, typed",
        ("calls", "wasm, typed"),
        O2,
        (Of::Worst, 0.5),
    ),
    goal(
        "wasm → host",
        ("calls", "wasm → host"),
        O2,
        (Of::Worst, 0.6),
    ),
    goal("memory.grow(0)", ("calls", "grow"), O2, (Of::Worst, 0.2)),
    goal(
        "trap by a memory access",
        ("calls", "memory access"),
        O2,
        (Of::Worst, 1.0),
    ),
    goal(
        "trap by unreachable",
        ("calls", "unreachable"),
        O2,
        (Of::Worst, 0.05),
    ),
    goal(
        "loading the slowest artifact",
        ("load", ""),
        ("Prefab -O2", None),
        (Of::Worst, 20e-6),
    ),
    goal(
        "an instance from a pool, the worst",
        ("instantiate", "pool"),
        O2,
        (Of::Worst, 0.5),
    ),
    goal(
        "an instance that is reset, the worst",
        ("instantiate", "reset"),
        O2,
        (Of::Worst, 0.5),
    ),
    goal(
        "a fresh instance, the worst",
        ("instantiate", "fresh"),
        O2,
        (Of::Worst, 0.5),
    ),
    goal(
        "an instance that writes into 16 pages, the worst way",
        ("touch", " 16 pages"),
        O2,
        (Of::Worst, 1.0),
    ),
    goal(
        "an instance that writes into 256 pages, the worst way",
        ("touch", " 256 pages"),
        O2,
        (Of::Worst, 1.0),
    ),
    goal(
        "compiling, CPU time, `-O1`",
        ("compile_cpu", ""),
        O1_1,
        (Of::Mean, 0.9),
    ),
    goal(
        "compiling, CPU time, `-O2` beside `-O1`",
        ("compile_cpu", ""),
        ("Prefab -O2, 1 thread", Some("Prefab -O1, 1 thread")),
        (Of::Worst, 2.0),
    ),
    goal(
        "compiling ruby by 2 threads beside 1",
        ("compile_wall", "ruby"),
        ("Prefab -O1, 2 threads", Some("Prefab -O1, 1 thread")),
        (Of::Worst, 0.6),
    ),
    goal(
        "compiling, peak memory, `-O1`",
        ("compile_memory", ""),
        O1_1,
        (Of::Worst, 0.8),
    ),
    goal(
        "artifact's size, `-O1`",
        ("size", ""),
        ("Prefab -O1", WASMTIME),
        (Of::Worst, 0.7),
    ),
    goal("artifact's size, `-O2`", ("size", ""), O2, (Of::Worst, 0.7)),
    goal(
        "a process of hello, small build, beside native C",
        ("start", ""),
        (SMALL, Some("native C")),
        (Of::Worst, 1.2),
    ),
    goal(
        "a process of hello, small build, by the clock",
        ("start", ""),
        (SMALL, None),
        (Of::Worst, 0.8e-3),
    ),
    goal(
        "memory of that process",
        ("memory", ""),
        (SMALL, None),
        (Of::Worst, 2.0 * 1048576.0),
    ),
    goal(
        "a process of hello, release build, beside wasmtime",
        ("start", ""),
        (RELEASE, WASMTIME),
        (Of::Worst, 1.0),
    ),
    goal(
        "memory of that process, beside wasmtime",
        ("memory", ""),
        (RELEASE, WASMTIME),
        (Of::Worst, 1.0),
    ),
];

/// A table of those goals whose groups were measured.
pub fn goals(groups: &[Group]) -> String {
    let mut out = String::from("| goal | at most | measured | |\n| --- | ---: | ---: | --- |\n");
    for goal in GOALS {
        let Some(group) = groups.iter().find(|it| it.name == goal.group) else {
            continue;
        };
        let Some((value, row)) = goal.value(group) else {
            continue;
        };
        let show = |value: f64| match goal.theirs {
            Some(_) => format!("{value:.2} ×"),
            None => group.unit.show(value),
        };
        let is_met = if value <= goal.most {
            "met"
        } else {
            "**not met**"
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| {} | {} | {}{row} | {is_met} |",
            goal.what,
            show(goal.most),
            show(value)
        );
    }
    out
}

impl Goal {
    const fn among(mut self, among: Among) -> Self {
        self.among = among;
        self
    }

    /// What was measured, and which row it is of, where it is of one of several.
    fn value(&self, group: &Group) -> Option<(f64, String)> {
        let ours = group.column(self.ours)?;
        let value = |row: &Row| match self.theirs {
            None => row.least(ours),
            Some(label) if label.starts_with(THEIRS) => group.beside_wasmtime(row, ours),
            Some(label) => row.ratio(ours, group.column(label)?),
        };
        let is_meant = |row: &&Row| {
            format!(" {} {}", row.name, row.kind).contains(self.rows) && self.among.contains(row)
        };
        let rows = group.rows.iter().filter(is_meant);
        let values: Vec<_> = rows.filter_map(|row| Some((value(row)?, row))).collect();
        if self.of == Of::Mean {
            let mean = geomean(values.iter().map(|it| it.0))?;
            return Some((mean, format!(" ({} rows)", values.len())));
        }
        let (worst, row) = values.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
        let name = match (values.len(), self.group) {
            (1, _) => String::new(),
            (_, "touch") => format!(" ({})", row.kind),
            _ => format!(" ({})", row.name),
        };
        Some((*worst, name))
    }
}
