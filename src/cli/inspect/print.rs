//! A report for people.

use super::report::{Item, Limits, Report};
use crate::cli::error::input_name;
use std::fmt::Write;
use std::path::Path;

/// The report as text.
pub(super) fn print(file: &Path, report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, file, report);
    out
}

fn write(out: &mut String, file: &Path, report: &Report) -> std::fmt::Result {
    let size = size(report.file_size_bytes as u64);
    writeln!(out, "{}: a {}, {size}", input_name(file), report.kind)?;
    let features = match report.cpu_features.as_slice() {
        [] => "none".to_string(),
        features => features.join(", "),
    };
    let plan = report.memory_plan;
    for (name, value) in [
        ("target", report.target.clone()),
        ("CPU features", features),
        (
            "memory plan",
            match report.guard_size_bytes {
                0 => format!("{plan}, up to {}", self::size(report.max_memory_bytes)),
                guard => format!("{plan}, {} of guard", self::size(guard)),
            },
        ),
        ("traps by", report.traps.to_string()),
        ("interruptible", yes_or_no(report.interruptible)),
        ("counts fuel", yes_or_no(report.fuel)),
        ("page size", self::size(report.page_size)),
        ("ABI revision", report.abi_revision.to_string()),
        ("compiler", report.compiler.clone()),
        ("options", report.options.clone()),
        ("module SHA-256", report.module_sha256.clone()),
        ("content SHA-256", report.content_sha256.clone()),
    ] {
        writeln!(out, "  {name:<16} {value}")?;
    }
    sections(out, report)?;
    items(out, "imports", &report.imports)?;
    items(out, "exports", &report.exports)?;
    if !report.runtime_symbols.is_empty() {
        writeln!(out, "\nneeds of the runtime")?;
        for symbol in &report.runtime_symbols {
            writeln!(out, "  {symbol}")?;
        }
    }
    limits(out, "memories, in pages", &report.memories)?;
    limits(out, "tables, in elements", &report.tables)?;
    counts(out, report)
}

fn yes_or_no(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_string()
}

fn sections(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "\nsections")?;
    for section in &report.sections {
        if section.name.is_empty() {
            continue;
        }
        let relocations = match section.relocations {
            0 => String::new(),
            count => format!("  {count} relocations"),
        };
        writeln!(
            out,
            "  {:<26} {:>10}  {:<3} align {:<6}{relocations}",
            section.name,
            size(section.size_bytes),
            section.flags,
            section.align_bytes,
        )?;
    }
    Ok(())
}

fn items(out: &mut String, title: &str, items: &[Item]) -> std::fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    for item in items {
        let name = match &item.module {
            Some(module) => format!("{module}.{}", item.name),
            None => item.name.clone(),
        };
        // A name may be any text; it is to stay on its line.
        let shown = name.escape_debug();
        let demangled = prefab::demangle(&item.name);
        let source = match demangled == item.name {
            true => String::new(),
            false => format!(" ({})", demangled.escape_debug()),
        };
        writeln!(out, "  {shown}{source}: {} {}", item.kind, item.ty)?;
    }
    Ok(())
}

fn limits(out: &mut String, title: &str, limits: &[Limits]) -> std::fmt::Result {
    if limits.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    for limits in limits {
        match limits.max {
            Some(max) => writeln!(out, "  {} to {max}", limits.min)?,
            None => writeln!(out, "  {} and more", limits.min)?,
        }
    }
    Ok(())
}

fn counts(out: &mut String, report: &Report) -> std::fmt::Result {
    let counts = &report.counts;
    writeln!(out, "\ncounts")?;
    for (name, count) in [
        ("types", u64::from(counts.types)),
        ("functions", u64::from(counts.functions)),
        ("globals", u64::from(counts.globals)),
        ("element segments", u64::from(counts.element_segments)),
        ("data segments", u64::from(counts.data_segments)),
        ("static tables", u64::from(counts.static_tables)),
        ("trap sites", counts.trap_sites as u64),
        ("mapped addresses", counts.addresses as u64),
        ("import slots", u64::from(counts.import_slots)),
        ("bytes per instance", u64::from(counts.instance_bytes)),
    ] {
        writeln!(out, "  {name:<20} {count:>9}")?;
    }
    Ok(())
}

/// A size for people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let (mut value, mut unit) = (bytes, 0);
    let mut rest = 0;
    while value >= 1024 && unit + 1 < UNITS.len() {
        rest = value % 1024;
        value /= 1024;
        unit += 1;
    }
    match rest * 10 / 1024 {
        0 => format!("{value} {}", UNITS[unit]),
        tenths => format!("{value}.{tenths} {}", UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes() {
        assert_eq!(super::size(1023), "1023 B");
        assert_eq!(super::size(4096), "4 KiB");
        assert_eq!(super::size(1536), "1.5 KiB");
        assert_eq!(super::size(3 << 30), "3 GiB");
    }
}
