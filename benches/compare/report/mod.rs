//! What was measured, for readers and for programs.

mod chart;
mod goals;
mod machine;
mod markdown;
mod write;

pub use chart::chart;
pub use goals::goals;
pub use machine::Machine;
pub use markdown::markdown;

use crate::programs::Program;
use crate::stats::Figure;
use serde::{Deserialize, Serialize};

/// The peer whose ratio is shown at the end of each row.
const THEIRS: &str = "wasmtime";

/// The groups, as a reader goes through them.
const ORDER: [&str; 12] = [
    "programs",
    "counts",
    "calls",
    "load",
    "instantiate",
    "touch",
    "start",
    "memory",
    "compile_cpu",
    "compile_wall",
    "compile_memory",
    "size",
];

/// All that was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    pub machine: Machine,
    pub groups: Vec<Group>,
}

/// What the figures of a group are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Seconds,
    Bytes,
    Instructions,
}

impl Unit {
    /// A figure with as much of a unit as it needs.
    pub fn show(self, value: f64) -> String {
        let steps: &[(f64, &str)] = match self {
            Self::Seconds => &[(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")],
            Self::Bytes => &[(1048576.0, "MiB"), (1024.0, "KiB"), (1.0, "B")],
            Self::Instructions => &[(1e9, "G"), (1e6, "M"), (1.0, "")],
        };
        let last = steps[steps.len() - 1];
        let &(step, name) = steps
            .iter()
            .find(|(step, _)| value >= *step)
            .unwrap_or(&last);
        let shown = value / step;
        let digits = match shown {
            shown if shown >= 100.0 || step == 1.0 && self != Self::Seconds => 0,
            shown if shown >= 10.0 => 1,
            _ => 2,
        };
        format!("{shown:.digits$} {name}").trim_end().to_owned()
    }
}

/// Figures that belong together: a table, and a chart.
#[derive(Debug, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    pub title: String,
    /// What the figures are of.
    pub what: String,
    pub unit: Unit,
    /// The column that others are compared with.
    pub reference: String,
    /// Who was measured.
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

/// The same by all of them.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub name: String,
    /// What it is an example of; may be empty.
    pub kind: String,
    /// One for each column; nothing where one cannot do it.
    pub cells: Vec<Option<Figure>>,
    /// For each column, the median ratio to wasmtime's in the same round; empty where only the least counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paired: Vec<Option<f64>>,
    /// The compiler's passes that were built on it: see `Program::pass`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<String>,
    /// See `Program::is_second`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_second: bool,
}

/// Which rows count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    All,
    /// Programs that no pass was built on.
    WithoutPass,
    /// Programs of the second set.
    Second,
}

impl Among {
    pub const fn contains(self, row: &Row) -> bool {
        match self {
            Self::All => true,
            Self::WithoutPass => row.pass.is_none(),
            Self::Second => row.is_second,
        }
    }
}

impl Row {
    pub fn new(name: &str, kind: &str, cells: Vec<Option<Figure>>) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            cells,
            paired: Vec::new(),
            pass: None,
            is_second: false,
        }
    }

    pub fn of_program(program: &Program, cells: Vec<Option<Figure>>) -> Self {
        Self {
            pass: program.pass.map(str::to_owned),
            is_second: program.is_second,
            ..Self::new(program.name, program.kind, cells)
        }
    }

    /// The least of a column.
    pub fn least(&self, column: usize) -> Option<f64> {
        self.cells.get(column).copied().flatten().map(|it| it.min)
    }

    /// The least of one column by that of another.
    pub fn ratio(&self, column: usize, to: usize) -> Option<f64> {
        Some(self.least(column)? / self.least(to)?)
    }

    /// For whoever waits.
    pub fn line(&self, unit: Unit) -> String {
        let cells = self.cells.iter().map(|cell| match cell {
            Some(figure) if figure.runs > 1 => {
                format!(
                    "{} +{:.0} %",
                    unit.show(figure.min),
                    figure.spread() * 100.0
                )
            }
            Some(figure) => unit.show(figure.min),
            None => "-".to_owned(),
        });
        let cells: Vec<_> = cells.collect();
        format!("{:<28} {}", self.name, cells.join("  "))
    }
}

impl Group {
    /// Adds a row, and shows it to whoever waits.
    pub fn push(&mut self, row: Row) {
        eprintln!("{}", row.line(self.unit));
        self.rows.push(row);
    }

    /// The rows that have all cells.
    pub fn full_rows(&self) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(|row| row.cells.iter().all(Option::is_some))
    }

    /// The columns whose ratio to wasmtime's is shown at the end of each row, and the names of these ratios: the
    /// last column, or all of `-O2` where there are paired ratios.
    pub fn compared(&self) -> Vec<(usize, String)> {
        let columns = self.columns.iter().enumerate();
        if self.rows.iter().all(|row| row.paired.is_empty()) {
            let last = self.columns.len() - 1;
            return vec![(last, format!("Prefab : {THEIRS}"))];
        }
        columns
            .filter(|(_, label)| label.starts_with("Prefab -O2"))
            .map(|(it, label)| (it, format!("{label} : {THEIRS}")))
            .collect()
    }

    /// The ratio of a row's column to wasmtime's: paired if it was measured so, else the least by the least of
    /// wasmtime's columns of the same kind, of which the fastest counts.
    pub fn beside_wasmtime(&self, row: &Row, ours: usize) -> Option<f64> {
        if let Some(Some(paired)) = row.paired.get(ours) {
            return Some(*paired);
        }
        let label = self.columns.get(ours)?;
        let (_, kind) = label.split_once(", ").unwrap_or_default();
        let is_theirs = |it: &String| it.starts_with(THEIRS) && it.ends_with(kind);
        let columns = self.columns.iter().enumerate();
        let theirs = columns.filter_map(|(it, label)| is_theirs(label).then(|| row.least(it))?);
        Some(row.least(ours)? / theirs.min_by(f64::total_cmp)?)
    }

    /// The column that is called so.
    pub fn column(&self, label: &str) -> Option<usize> {
        self.columns.iter().position(|it| it == label)
    }
}
