//! Tables.

use super::{Group, Row};
use crate::stats::geomean;
use std::fmt::Write as _;

/// The reference's figures as they are, all others' as they are, too, or as ratios to it where there are many
/// rows; at the end, ours by wasmtime's.
pub fn markdown(group: &Group) -> String {
    let reference = group.column(&group.reference).unwrap_or(0);
    let (ours, theirs) = (group.columns.len() - 1, group.theirs());
    let are_ratios = group.rows.len() > super::chart::BARS_MAX;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "| {} | | {}", group.what, group.columns.join(" | "));
    out.push_str(" | Prefab : wasmtime |\n| --- | ---");
    out.push_str(&" | ---:".repeat(group.columns.len() + 1));
    out.push_str(" |\n");
    for row in &group.rows {
        let _ = write!(out, "| {} | {}", row.name, row.kind);
        for (column, cell) in row.cells.iter().enumerate() {
            let shown = match cell {
                Some(_) if are_ratios && column != reference => ratio(row.ratio(column, reference)),
                Some(figure) => group.unit.show(figure.min),
                None => "–".into(),
            };
            let _ = write!(out, " | {shown}");
        }
        let _ = writeln!(
            out,
            " | {} |",
            ratio(theirs.and_then(|it| row.ratio(ours, it)))
        );
    }
    if group.rows.len() > 1 {
        out.push_str(&means(group, reference));
    }
    out
}

/// The row of geometric means, over what all can do.
fn means(group: &Group, reference: usize) -> String {
    let rows: Vec<&Row> = group.full_rows().collect();
    let mean = |column, to| ratio(geomean(rows.iter().filter_map(|row| row.ratio(column, to))));
    let mut out = format!("| **geomean** of ratios | {} rows", rows.len());
    for column in 0..group.columns.len() {
        let _ = write!(out, " | {}", mean(column, reference));
    }
    let ours = group.columns.len() - 1;
    let _ = writeln!(
        out,
        " | {} |",
        group
            .theirs()
            .map_or_else(|| "–".into(), |it| mean(ours, it))
    );
    out
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |it| format!("{it:.2}"))
}
