//! The descriptor: do its pointers lead to the parts, and its slots to what the metadata says?

use super::Findings;
use crate::cli::inspect::artifact::Artifact;
use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget};
use prefab_abi::builtin::Builtin;
use prefab_abi::descriptor::{Descriptor, Part};
use prefab_abi::meta::{Slot, SlotKind};
use prefab_abi::object::{DESCRIPTOR_SYMBOL_PREFIX, SECTION_DESCRIPTOR, type_symbol};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What a relocation leads to: a symbol's name, its section, and a distance into it.
struct Target {
    symbol: String,
    section: Option<String>,
    address: i64,
}

pub(super) fn check(artifact: &Artifact<'_>, findings: &mut Findings) {
    let mut targets = targets(artifact, findings);
    symbol(artifact, findings);
    for part in Part::ALL {
        let span = artifact.descriptor.part(part);
        let size = artifact.section(part.section()).ok().flatten();
        let size = size.map_or(0, <[u8]>::len) as u64;
        let at = part.pointer_offset();
        let mut problem = |message: String| {
            let message = format!("{}: {message}", part.section());
            findings.problem(SECTION_DESCRIPTOR, at, message);
        };
        if span.size_bytes != size {
            problem(format!(
                "{} bytes, but the section has {size}",
                span.size_bytes
            ));
        }
        if span.address != 0 {
            problem("has an address before relocation".to_string());
        }
        match (targets.remove(&at), span.size_bytes) {
            (None, 0) => {}
            (Some(_), 0) => problem("is empty, but has a relocation".to_string()),
            (None, _) => problem("has no relocation".to_string()),
            (Some(target), _) => {
                if target.section.as_deref() != Some(part.section()) || target.address != 0 {
                    problem("the relocation does not lead to the section's start".to_string());
                }
            }
        }
    }
    slots(artifact, &mut targets, findings);
    for at in targets.keys() {
        findings.problem(SECTION_DESCRIPTOR, *at, "a relocation of nothing");
    }
}

/// The relocations by their place.
fn targets(artifact: &Artifact<'_>, findings: &mut Findings) -> BTreeMap<u64, Target> {
    let mut targets = BTreeMap::new();
    let Some(section) = artifact.elf.section_by_name(SECTION_DESCRIPTOR) else {
        return targets;
    };
    for (at, relocation) in section.relocations() {
        // Kinds are checked elsewhere; only what a relocation leads to matters here.
        let RelocationFlags::Elf { .. } = relocation.flags() else {
            continue;
        };
        let RelocationTarget::Symbol(index) = relocation.target() else {
            findings.problem(SECTION_DESCRIPTOR, at, "a relocation without a symbol");
            continue;
        };
        let Ok(symbol) = artifact.elf.symbol_by_index(index) else {
            findings.problem(SECTION_DESCRIPTOR, at, "a relocation of an unknown symbol");
            continue;
        };
        let section = symbol
            .section_index()
            .and_then(|index| artifact.elf.section_by_index(index).ok());
        let target = Target {
            symbol: symbol.name().unwrap_or_default().to_string(),
            section: section.and_then(|section| section.name().ok().map(str::to_string)),
            address: (symbol.address() as i64).wrapping_add(relocation.addend()),
        };
        if targets.insert(at, target).is_some() {
            findings.problem(SECTION_DESCRIPTOR, at, "two relocations at one place");
        }
    }
    targets
}

/// The descriptor's own symbol stands at the section's start.
fn symbol(artifact: &Artifact<'_>, findings: &mut Findings) {
    let section = artifact.elf.section_by_name(SECTION_DESCRIPTOR);
    let index = section.map(|section| section.index());
    let found = artifact.elf.symbols().any(|symbol| {
        symbol.section_index() == index
            && symbol.address() == 0
            && symbol.is_global()
            && symbol
                .name()
                .is_ok_and(|name| name.starts_with(DESCRIPTOR_SYMBOL_PREFIX))
    });
    if !found {
        let message = format!("has no global symbol {DESCRIPTOR_SYMBOL_PREFIX}… at its start");
        findings.problem(SECTION_DESCRIPTOR, 0, message);
    }
}

fn slots(artifact: &Artifact<'_>, targets: &mut BTreeMap<u64, Target>, findings: &mut Findings) {
    let Ok(slots) = artifact.meta.slots() else {
        return;
    };
    if slots.len() != artifact.descriptor.slots {
        let message = format!(
            "{} slots, but the metadata has {}",
            artifact.descriptor.slots,
            slots.len()
        );
        findings.problem(SECTION_DESCRIPTOR, 12, message);
    }
    for (index, slot) in slots.iter().enumerate() {
        let at = Descriptor::slot_offset(index as u32);
        let found = targets.remove(&at);
        let expected = slot
            .map_err(|error| error.to_string())
            .and_then(|slot| slot_symbol(artifact, slot));
        match (expected, found) {
            (Err(message), _) => {
                findings.problem(SECTION_DESCRIPTOR, at, format!("slot {index}: {message}"));
            }
            (Ok(expected), None) => {
                let message = format!("slot {index} ({expected}) has no relocation");
                findings.problem(SECTION_DESCRIPTOR, at, message);
            }
            (Ok(expected), Some(found)) => {
                if found.symbol != expected {
                    let message = format!("slot {index} is {}, not {expected}", found.symbol);
                    findings.problem(SECTION_DESCRIPTOR, at, message);
                }
            }
        }
    }
}

/// The symbol that a slot must have.
fn slot_symbol(artifact: &Artifact<'_>, slot: Slot) -> Result<String, String> {
    match SlotKind::from_number(slot.kind) {
        Some(SlotKind::Builtin) => Builtin::from_number(slot.index)
            .map(|builtin| builtin.symbol().to_string())
            .ok_or_else(|| format!("there is no runtime function {}", slot.index)),
        Some(SlotKind::Type) => {
            let ty = artifact.meta.func_type(slot.index);
            let ty = ty.map_err(|error| error.to_string())?;
            let hash: [u8; 32] = Sha256::digest(ty.to_canonical_bytes()).into();
            let hash = hash.first_chunk().ok_or("a hash is too short")?;
            Ok(type_symbol(*hash))
        }
        None => Err(format!("kind {} is not known", slot.kind)),
    }
}
