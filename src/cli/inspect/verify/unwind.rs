//! `.eh_frame`: it can be parsed, and covers all code: functions, stubs and trampolines.

use super::Findings;
use crate::cli::inspect::artifact::Artifact;
use gimli::{BaseAddresses, CieOrFde, EhFrame, LittleEndian, UnwindSection};
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
    match ranges(&bytes, address) {
        Err(error) => findings.problem(SECTION, None, format!("cannot be parsed: {error}")),
        Ok(mut ranges) => {
            findings.checked.unwind_entries = ranges.len();
            ranges.sort_by_key(|range| range.start);
            cover(artifact, &ranges, findings);
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

/// The code that each entry is about.
fn ranges(bytes: &[u8], address: u64) -> gimli::Result<Vec<Range<u64>>> {
    let section = EhFrame::new(bytes, LittleEndian);
    let bases = BaseAddresses::default().set_text(0).set_eh_frame(address);
    let mut ranges = Vec::new();
    let mut entries = section.entries(&bases);
    while let Some(entry) = entries.next()? {
        match entry {
            CieOrFde::Cie(cie) => {
                let mut instructions = cie.instructions(&section, &bases);
                while instructions.next()?.is_some() {}
            }
            CieOrFde::Fde(partial) => {
                let fde = partial
                    .parse(|section, bases, offset| section.cie_from_offset(bases, offset))?;
                let mut instructions = fde.instructions(&section, &bases);
                while instructions.next()?.is_some() {}
                let start = fde.initial_address();
                ranges.push(start..start.wrapping_add(fde.len()));
            }
        }
    }
    Ok(ranges)
}

fn cover(artifact: &Artifact<'_>, ranges: &[Range<u64>], findings: &mut Findings) {
    for range in ranges {
        if range.end > artifact.text.len() as u64 || range.start > range.end {
            let message = format!("an entry is about {range:#x?}, outside .text");
            findings.problem(SECTION, None, message);
        }
    }
    let funcs = artifact.funcs().into_iter();
    let funcs = funcs.map(|(func, code)| (artifact.func_label(func), code));
    let symbols = artifact.code_symbols.iter();
    let symbols = symbols.map(|symbol| (symbol.name.to_string(), symbol.range.clone()));
    for (name, code) in funcs.chain(symbols) {
        let has_entry = |at: u32| {
            let at = u64::from(at);
            let after = ranges.partition_point(|range| range.start <= at);
            let before = ranges[..after].last();
            before.is_some_and(|range| range.contains(&at))
        };
        // What checks the stack for a function has an entry of its own.
        if !has_entry(code.start) || !has_entry(code.end.saturating_sub(1)) {
            findings.problem(SECTION, None, format!("no entry covers {name}"));
        }
    }
}
