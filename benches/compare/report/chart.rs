//! Charts.

use super::{Group, Row, THEIRS};
use crate::stats::geomean;
use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: i32 = 860;
const LEFT: i32 = 210;
const RIGHT: i32 = WIDTH - 90;
const TOP: i32 = 78;
const INK: RGBColor = RGBColor(32, 33, 36);
const FAINT: RGBColor = RGBColor(218, 220, 224);

/// More rows than these are points on one scale; fewer are bars.
pub const BARS_MAX: usize = 30;

/// Whose colour is whose, everywhere.
fn colour(column: &str) -> RGBColor {
    let known = [
        ("native gcc", RGBColor(120, 124, 130)),
        ("native C", RGBColor(120, 124, 130)),
        ("native clang", RGBColor(176, 180, 186)),
        ("the module", RGBColor(176, 180, 186)),
        ("wasm2c", RGBColor(46, 139, 87)),
        ("node", RGBColor(214, 160, 30)),
        (THEIRS, RGBColor(146, 84, 176)),
        ("Prefab -O1", RGBColor(122, 174, 232)),
        ("Prefab -O2 --cpu native", RGBColor(10, 50, 120)),
        ("Prefab -O2", RGBColor(18, 100, 200)),
        ("prefab-run (small", RGBColor(18, 100, 200)),
        ("prefab-run", RGBColor(122, 174, 232)),
    ];
    let found = known.iter().find(|(name, _)| column.starts_with(name));
    let RGBColor(red, green, blue) = found.map_or(INK, |(_, colour)| *colour);
    if !column.ends_with("threads") {
        return RGBColor(red, green, blue);
    }
    let paler = |part: u8| part / 2 + 120;
    RGBColor(paler(red), paler(green), paler(blue))
}

fn text(area: &Area<'_>, what: &str, at: (i32, i32), size: i32, to: HPos) -> Result<()> {
    let style = ("sans-serif", size)
        .into_font()
        .color(&INK)
        .pos(Pos::new(to, VPos::Center));
    Ok(area.draw(&Text::new(what.to_owned(), at, style))?)
}

/// Draws a group into a file.
///
/// # Errors
/// If the file cannot be written.
pub fn chart(group: &Group, file: &Path) -> Result<()> {
    let shows_points = group.rows.len() > BARS_MAX;
    let bars = if shows_points { 1 } else { group.columns.len() };
    let row_height = if shows_points {
        19
    } else {
        15 * i32::try_from(bars)? + 14
    };
    let rows = group.rows.len() + usize::from(shows_points);
    let legend_rows = legend_places(group)?.last().map_or(0, |(_, row)| *row);
    let top = TOP + 20 * legend_rows;
    let height = top + row_height * i32::try_from(rows)? + if shows_points { 34 } else { 0 };
    let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
    let area = SVGBackend::new(file, size).into_drawing_area();
    area.fill(&WHITE)?;
    text(&area, &group.title, (16, 22), 20, HPos::Left)?;
    legend(&area, group)?;
    if shows_points {
        points(&area, group, (top, row_height))?;
    } else {
        self::bars(&area, group, (top, row_height))?;
    }
    Ok(area.present()?)
}

/// Where each column's name stands in the legend: the pixel where it begins, and the row.
fn legend_places(group: &Group) -> Result<Vec<(i32, i32)>> {
    let (mut x, mut row) = (16, 0);
    let mut places = Vec::new();
    for column in &group.columns {
        let width = 34 + 7 * i32::try_from(column.chars().count())?;
        if x + width > WIDTH {
            (x, row) = (16, row + 1);
        }
        places.push((x, row));
        x += width;
    }
    Ok(places)
}

fn legend(area: &Area<'_>, group: &Group) -> Result<()> {
    for (column, (x, row)) in group.columns.iter().zip(legend_places(group)?) {
        let y = 44 + 20 * row;
        area.draw(&Rectangle::new(
            [(x, y), (x + 11, y + 11)],
            colour(column).filled(),
        ))?;
        text(area, column, (x + 16, y + 6), 13, HPos::Left)?;
    }
    Ok(())
}

/// Each row's bars, as long as they are of the longest of the row.
fn bars(area: &Area<'_>, group: &Group, (first, row_height): (i32, i32)) -> Result<()> {
    for (index, row) in group.rows.iter().enumerate() {
        let top = first + row_height * i32::try_from(index)?;
        let between = if row.kind.is_empty() { "" } else { " · " };
        let label = format!("{}{between}{}", row.name, row.kind);
        text(
            area,
            label.trim_end(),
            (LEFT - 10, top + row_height / 2 - 6),
            13,
            HPos::Right,
        )?;
        let longest = row
            .cells
            .iter()
            .flatten()
            .map(|it| it.min)
            .fold(0.0, f64::max);
        for (place, (cell, column)) in row.cells.iter().zip(&group.columns).enumerate() {
            let Some(figure) = cell else { continue };
            let y = top + 15 * i32::try_from(place)?;
            let end = LEFT + pixels(f64::from(RIGHT - LEFT) * figure.min / longest).max(1);
            area.draw(&Rectangle::new(
                [(LEFT, y), (end, y + 11)],
                colour(column).filled(),
            ))?;
            text(
                area,
                &group.unit.show(figure.min),
                (end + 6, y + 6),
                12,
                HPos::Left,
            )?;
        }
    }
    Ok(())
}

/// A point for each cell, by its ratio to the reference, on a logarithmic scale.
fn points(area: &Area<'_>, group: &Group, (top, row_height): (i32, i32)) -> Result<()> {
    let reference = group.column(&group.reference).unwrap_or(0);
    let ratios = |row: &Row| -> Vec<Option<f64>> {
        (0..group.columns.len())
            .map(|it| row.ratio(it, reference))
            .collect()
    };
    let mut rows: Vec<(String, Vec<Option<f64>>)> = group
        .rows
        .iter()
        .map(|row| (format!("{} · {}", row.kind, row.name), ratios(row)))
        .collect();
    let means = (0..group.columns.len())
        .map(|it| geomean(group.full_rows().filter_map(|row| row.ratio(it, reference))));
    rows.push(("geometric mean".into(), means.collect()));
    let all = || {
        rows.iter()
            .flat_map(|(_, ratios)| ratios.iter().flatten().copied())
    };
    let (low, high) = (
        all().fold(0.9, f64::min) * 0.95,
        all().fold(1.2, f64::max) * 1.05,
    );
    let x = |ratio: f64| {
        LEFT + pixels(f64::from(WIDTH - 30 - LEFT) * (ratio / low).ln() / (high / low).ln())
    };
    let bottom = top + row_height * i32::try_from(rows.len())?;
    for mark in [0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 4.0, 6.0, 10.0] {
        if mark > low && mark < high {
            let line = PathElement::new(
                [(x(mark), top - 4), (x(mark), bottom)],
                if mark == 1.0 { INK } else { FAINT },
            );
            area.draw(&line)?;
            text(
                area,
                &format!("{mark} ×"),
                (x(mark), bottom + 12),
                12,
                HPos::Center,
            )?;
        }
    }
    for (index, (name, ratios)) in rows.iter().enumerate() {
        let y = top + row_height * i32::try_from(index)? + row_height / 2;
        text(area, name, (LEFT - 10, y), 13, HPos::Right)?;
        area.draw(&PathElement::new([(LEFT, y), (WIDTH - 30, y)], FAINT))?;
        for (ratio, column) in ratios.iter().zip(&group.columns) {
            let Some(ratio) = *ratio else { continue };
            let size = if column == group.columns.last().unwrap_or(column) {
                5
            } else {
                4
            };
            area.draw(&Circle::new((x(ratio), y), size, colour(column).filled()))?;
        }
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a chart has few pixels")]
fn pixels(length: f64) -> i32 {
    length.round() as i32
}
