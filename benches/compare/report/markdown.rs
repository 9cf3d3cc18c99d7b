//! Tables.

use super::{Among, Group, Row};
use crate::stats::geomean;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The reference's figures as they are, all others' as they are, too, or as ratios to it where there are many
/// rows; at the end, ours by wasmtime's.
pub fn markdown(group: &Group) -> String {
    let reference = group.column(&group.reference).unwrap_or(0);
    let compared = group.compared();
    let are_ratios = group.rows.len() > super::chart::BARS_MAX;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "| {} | | {}", group.what, group.columns.join(" | "));
    for (_, label) in &compared {
        let _ = write!(out, " | {label}");
    }
    out.push_str(" |\n| --- | ---");
    out.push_str(&" | ---:".repeat(group.columns.len() + compared.len()));
    out.push_str(" |\n");
    for row in &group.rows {
        let _ = write!(out, "| {}{} | {}", row.name, marks(row), row.kind);
        for (column, cell) in row.cells.iter().enumerate() {
            let shown = match cell {
                Some(_) if are_ratios && column != reference => ratio(row.ratio(column, reference)),
                Some(figure) => group.unit.show(figure.min),
                None => "–".into(),
            };
            let _ = write!(out, " | {shown}");
        }
        for (ours, _) in &compared {
            let _ = write!(out, " | {}", ratio(group.beside_wasmtime(row, *ours)));
        }
        out.push_str(" |\n");
    }
    if group.rows.len() > 1 {
        out.push_str(&means(group, reference, "of ratios", Among::All));
    }
    if group.rows.iter().any(|row| row.pass.is_some()) {
        out.push_str(&means(group, reference, "without ¹", Among::WithoutPass));
    }
    if group.rows.iter().any(|row| row.is_second) {
        out.push_str(&means(group, reference, "of ² alone", Among::Second));
    }
    out + &legend(group)
}

/// The signs behind a program's name, which the legend explains.
const fn marks(row: &Row) -> &'static str {
    match (row.pass.is_some(), row.is_second) {
        (false, false) => "",
        (true, false) => " ¹",
        (false, true) => " ²",
        (true, true) => " ¹ ²",
    }
}

fn legend(group: &Group) -> String {
    let mut passes = BTreeMap::<_, Vec<_>>::new();
    for row in &group.rows {
        for pass in row.pass.iter().flat_map(|it| it.split(", ")) {
            passes.entry(pass).or_default().push(row.name.as_str());
        }
    }
    let mut out = String::new();
    if !passes.is_empty() {
        let passes = passes.iter();
        let passes = passes.map(|(pass, names)| format!("*{pass}*: {}", names.join(", ")));
        let passes = passes.collect::<Vec<_>>().join("; ");
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "\n¹ A pass of the compiler was built on this program ({passes})."
        );
    }
    if group.rows.iter().any(|row| row.is_second) {
        out.push_str("\n² Part of the second set, which was written after those passes and before any was tried on it.\n");
    }
    out
}

/// A row of geometric means, over the rows that all can do; beside wasmtime, over all rows that both can do.
fn means(group: &Group, reference: usize, what: &str, among: Among) -> String {
    let rows: Vec<&Row> = group.full_rows().filter(|it| among.contains(it)).collect();
    let mut out = format!("| **geomean** {what} | {} rows", rows.len());
    // Writing to a string cannot fail.
    for column in 0..group.columns.len() {
        let ratios = rows.iter().filter_map(|row| row.ratio(column, reference));
        let _ = write!(out, " | {}", ratio(geomean(ratios)));
    }
    for (ours, _) in group.compared() {
        let all = group.rows.iter().filter(|it| among.contains(it));
        let ratios = all.filter_map(|row| group.beside_wasmtime(row, ours));
        let ratios: Vec<_> = ratios.collect();
        let _ = write!(out, " | {}", ratio(geomean(ratios.iter().copied())));
        if ratios.len() != rows.len() && !ratios.is_empty() {
            let _ = write!(out, " ({} rows)", ratios.len());
        }
    }
    out + " |\n"
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |it| format!("{it:.2}"))
}
