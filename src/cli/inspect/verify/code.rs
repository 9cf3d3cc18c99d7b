//! Code: functions lie in `.text` apart from each other, and control stays where it should.

use super::Findings;
use crate::cli::inspect::artifact::Artifact;
use crate::cli::inspect::code::{Role, explore};
use prefab_abi::object::SECTION_TEXT;
use prefab_targets::disasm::Disassembler;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Which of the places that tables name are instructions.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Where an instruction starts.
    pub starts: BTreeSet<u32>,
    /// The last byte of one.
    pub ends: BTreeSet<u32>,
}

pub(super) fn check(artifact: &Artifact<'_>, findings: &mut Findings) -> Places {
    let mut places = Places::default();
    let disassembler = match Disassembler::new(artifact.target.disasm()) {
        Ok(disassembler) => disassembler,
        Err(error) => {
            findings.problem(
                SECTION_TEXT,
                None,
                format!("cannot be disassembled: {error}"),
            );
            return places;
        }
    };
    let functions = functions(artifact, findings);
    let named: BTreeSet<u32> = artifact.sites().map(|site| site.code_offset).collect();
    let own: BTreeSet<u32> = artifact
        .funcs()
        .into_iter()
        .map(|(_, range)| range.start)
        .collect();
    let role = |start: &u32| match own.contains(start) {
        true => Role::Function,
        false => Role::Glue,
    };
    for (start, end) in &functions {
        let code = explore(&disassembler, artifact.text, *start..*end, role(start));
        findings.checked.functions += 1;
        findings.checked.instructions += code.instructions.len();
        findings.checked.unnamed += code.unnamed;
        for fault in &code.faults {
            let message = format!("{}: {}", label(artifact, *start), fault.message);
            findings.problem(SECTION_TEXT, u64::from(fault.at), message);
        }
        for (at, target) in &code.outgoing {
            let entry = u32::try_from(*target).is_ok_and(|target| functions.contains_key(&target));
            if !entry {
                let message = format!(
                    "{}: goes to {target:#x}, where no function starts",
                    label(artifact, *start)
                );
                findings.problem(SECTION_TEXT, u64::from(*at), message);
            }
        }
        for at in named.range(*start..*end) {
            if code.starts(*at) {
                places.starts.insert(*at);
            }
            if code.ends(*at) {
                places.ends.insert(*at);
            }
        }
    }
    places
}

fn label(artifact: &Artifact<'_>, at: u32) -> String {
    match artifact.symbol_at(at) {
        Some((symbol, _)) => symbol.name.to_string(),
        None => format!("code at {at:#x}"),
    }
}

/// All code by its start: what the metadata names, and what has a symbol besides (trampolines,
/// stubs). Overlaps and code outside the section are noted.
fn functions(artifact: &Artifact<'_>, findings: &mut Findings) -> BTreeMap<u32, u32> {
    let size = artifact.text.len() as u64;
    let mut found: Vec<Range<u32>> = artifact
        .funcs()
        .into_iter()
        .map(|(_, range)| range)
        .collect();
    let symbols = artifact.code_symbols.iter();
    found.extend(
        symbols
            .map(|symbol| symbol.range.clone())
            .filter(|range| !range.is_empty()),
    );
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup();
    let mut end = 0;
    let mut functions = BTreeMap::new();
    for range in found {
        let at = u64::from(range.start);
        if u64::from(range.end) > size {
            findings.problem(SECTION_TEXT, at, "a function reaches out of the section");
            continue;
        }
        if range.start < end {
            findings.problem(SECTION_TEXT, at, "a function overlaps the one before");
            continue;
        }
        end = range.end;
        functions.insert(range.start, range.end);
    }
    functions
}
