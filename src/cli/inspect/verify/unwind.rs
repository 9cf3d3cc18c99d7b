//! `.eh_frame`: it can be parsed, and covers all code: functions, stubs and trampolines. Each starts as
//! one that has just been called.

use super::Findings;
use crate::cli::inspect::artifact::Artifact;
use gimli::{BaseAddresses, CieOrFde, EhFrame, LittleEndian, UnwindContext, UnwindSection};
use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget};
use prefab_abi::object::SECTION_TEXT;
use prefab_targets::reloc;
use std::ops::Range;

const SECTION: &str = ".eh_frame";

pub(super) fn check(artifact: &Artifact<'_>, findings: &mut Findings) {
    let address = (artifact.text.len() as u64).next_multiple_of(1 << 12);
    let bytes = match linked(artifact, address) {
        Ok(Some(bytes)) => bytes,
        Ok(None) if artifact.text.is_empty() => return,
        Ok(None) => return findings.problem(SECTION, None, "is missing"),
        Err(message) => return findings.problem(SECTION, None, message),
    };
    match entries(&bytes, address) {
        Err(error) => findings.problem(SECTION, None, format!("cannot be parsed: {error}")),
        Ok(entries) => {
            findings.checked.unwind_entries = entries.len();
            cover(artifact, entries, findings);
        }
    }
}

/// The section as a linker would leave it at `address`, with `.text` at 0.
fn linked(artifact: &Artifact<'_>, address: u64) -> Result<Option<Vec<u8>>, String> {
    let Some(section) = artifact.elf.section_by_name(SECTION) else {
        return Ok(None);
    };
    let text = artifact.elf.section_by_name(SECTION_TEXT);
    let text = text.map(|section| section.index());
    let mut bytes = section.data().map_err(|error| error.to_string())?.to_vec();
    for (at, relocation) in section.relocations() {
        let RelocationFlags::Elf { r_type } = relocation.flags() else {
            return Err("a relocation that is not one of ELF".to_string());
        };
        let kind = artifact
            .target
            .relocations()
            .kind(r_type)
            .ok_or_else(|| format!("relocation kind {r_type} at {at:#x} is not known"))?;
        let RelocationTarget::Symbol(index) = relocation.target() else {
            continue;
        };
        let symbol = artifact.elf.symbol_by_index(index);
        let symbol = symbol.map_err(|error| error.to_string())?;
        let base = match symbol.section_index() {
            found if found == text => 0,
            Some(found) if found == section.index() => address,
            _ => return Err(format!("the relocation at {at:#x} leads out of code")),
        };
        let target = base + symbol.address();
        reloc::apply(kind, &mut bytes, address, at, target, relocation.addend())
            .map_err(|error| error.to_string())?;
    }
    Ok(Some(bytes))
}

/// How to unwind from some code.
struct Row {
    code: Range<u64>,
    /// Whether it is as when a function has just been called: nothing is saved.
    is_called: bool,
}

/// What each entry is about, and its rows.
type Entry = (Range<u64>, Vec<Row>);

fn entries(bytes: &[u8], address: u64) -> gimli::Result<Vec<Entry>> {
    let section = EhFrame::new(bytes, LittleEndian);
    let bases = BaseAddresses::default().set_text(0).set_eh_frame(address);
    let mut found = Vec::new();
    let mut context = UnwindContext::new();
    let mut entries = section.entries(&bases);
    while let Some(entry) = entries.next()? {
        let CieOrFde::Fde(partial) = entry else {
            continue;
        };
        let entry =
            partial.parse(|section, bases, offset| section.cie_from_offset(bases, offset))?;
        let mut table = entry.rows(&section, &bases, &mut context)?;
        let (mut rows, mut first) = (Vec::new(), None);
        while let Some(row) = table.next_row()? {
            let rules = row.registers().cloned().collect::<Vec<_>>();
            let rules = (row.cfa().clone(), rules);
            rows.push(Row {
                code: row.start_address()..row.end_address(),
                is_called: *first.get_or_insert_with(|| rules.clone()) == rules,
            });
        }
        let start = entry.initial_address();
        found.push((start..start.wrapping_add(entry.len()), rows));
    }
    Ok(found)
}

fn cover(artifact: &Artifact<'_>, entries: Vec<Entry>, findings: &mut Findings) {
    for (range, _) in &entries {
        if range.end > artifact.text.len() as u64 || range.start > range.end {
            let message = format!("an entry is about {range:#x?}, outside .text");
            findings.problem(SECTION, None, message);
        }
    }
    let mut rows: Vec<Row> = entries.into_iter().flat_map(|(_, rows)| rows).collect();
    rows.sort_by_key(|row| row.code.start);
    let row = |at: u32| {
        let at = u64::from(at);
        let after = rows.partition_point(|row| row.code.start <= at);
        rows[..after].last().filter(|row| row.code.contains(&at))
    };
    let funcs = artifact.funcs().into_iter();
    let funcs = funcs.map(|(func, code)| (artifact.func_label(func), code));
    let symbols = artifact.code_symbols.iter();
    let symbols = symbols.map(|symbol| (symbol.name.to_string(), symbol.range.clone()));
    for (name, code) in funcs.chain(symbols) {
        match (row(code.start), row(code.end.saturating_sub(1))) {
            (Some(first), Some(_)) if first.is_called => {}
            (Some(_), Some(_)) => {
                let message = format!("what is before {name} goes on where it begins");
                findings.problem(SECTION, None, message);
            }
            _ => findings.problem(SECTION, None, format!("no entry covers {name}")),
        }
    }
}
