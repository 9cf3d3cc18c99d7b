//! The note: is it true?

use super::Findings;
use crate::cli::inspect::artifact::Artifact;
use crate::cli::inspect::report::hex;
use object::Object;
use prefab_abi::ABI_REVISION;
use prefab_abi::builtin::Builtin;
use prefab_abi::meta::SlotKind;
use prefab_abi::note::{MEMORY_SIZE_LIMIT_BYTES, MemoryPlan, Note, Traps};
use prefab_abi::object::{SECTION_NOTE, SECTION_TRAPS};
use prefab_abi::trap::TrapCode;
use prefab_targets::{FeatureSet, Target};

pub(super) fn check(artifact: &Artifact<'_>, findings: &mut Findings) {
    let note = &artifact.note;
    let mut problem = |message: String| findings.problem(SECTION_NOTE, None, message);
    if note.abi_revision != ABI_REVISION {
        problem(format!(
            "ABI revision {}: this program checks revision {ABI_REVISION}",
            note.abi_revision
        ));
    }
    match Target::from_triple(&note.target) {
        Ok(target) if target == artifact.target => {}
        Ok(_) => problem(format!(
            "the target is {:?}, but the file is one for {}",
            note.target, artifact.target
        )),
        Err(error) => problem(error.to_string()),
    }
    let names = note.cpu_features.iter().map(String::as_str);
    if let Err(error) = FeatureSet::from_names(artifact.target, names) {
        problem(error.to_string());
    }
    if note.page_size != artifact.target.page_size() {
        problem(format!(
            "the page size is {}, not the target's {}",
            note.page_size,
            artifact.target.page_size()
        ));
    }
    let has_tables = artifact.elf.section_by_name(SECTION_TRAPS).is_some();
    match (note.has_code_map, has_tables) {
        (true, true) => problem("there is a trap table beside the code map".to_string()),
        (false, false) => problem("there is a code map, but that is not said".to_string()),
        _ => {}
    }
    if note.has_inlined == artifact.code_map.inline_table().inlined.is_empty() {
        let said = if note.has_inlined { "" } else { "not " };
        problem(format!("it is {said}said that functions are inlined"));
    }
    let trap_sites = artifact.sites().filter(|site| site.trap.is_some()).count();
    for message in plan(note, trap_sites) {
        problem(message);
    }
    for message in controls(artifact) {
        problem(message);
    }
    match artifact.content_sha256() {
        Ok(hash) if hash == note.content_sha256 => {}
        Ok(hash) => problem(format!(
            "the content's SHA-256 is {}, but the note says {}",
            hex(&hash),
            hex(&note.content_sha256)
        )),
        Err(error) => problem(error),
    }
}

/// What the code does for the host to control it and the note does not say: a store would take the
/// object for one that does not.
fn controls(artifact: &Artifact<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut sites = artifact.sites();
    let polls = sites.any(|site| site.trap == Some(TrapCode::Interrupted));
    if polls && !artifact.note.is_interruptible {
        problems.push("the code can be interrupted, but that is not said".to_string());
    }
    // Slots that cannot be read are a problem of the metadata's.
    let slots = artifact.meta.slots().ok();
    let mut slots = slots.iter().flat_map(|slots| slots.iter()).flatten();
    let counts = slots.any(|slot| {
        SlotKind::from_number(slot.kind) == Some(SlotKind::Builtin)
            && Builtin::from_number(slot.index) == Some(Builtin::OutOfFuel)
    });
    if counts && !artifact.note.uses_fuel {
        problems.push("the code counts fuel, but that is not said".to_string());
    }
    problems
}

/// What is wrong with memory plan and traps: they must fit each other and the number of
/// instructions that trap.
fn plan(note: &Note, trap_sites: usize) -> Vec<String> {
    let mut problems = Vec::new();
    let guard = note.guard_size_bytes;
    match note.memory_plan {
        MemoryPlan::Bounded if guard != 0 => problems.push(format!(
            "the memory plan is bounded, but the code relies on a guard of {guard} bytes"
        )),
        MemoryPlan::Guarded if note.max_memory_bytes != MEMORY_SIZE_LIMIT_BYTES => {
            let max = note.max_memory_bytes;
            problems.push(format!(
                "the memory plan is guarded, but memories are to grow to {max} bytes only"
            ));
        }
        _ => {}
    }
    if note.traps == Traps::Explicit {
        if note.memory_plan == MemoryPlan::Guarded {
            problems.push("traps are explicit, but the memory plan is guarded".to_string());
        }
        if trap_sites > 0 {
            problems.push(format!(
                "traps are explicit, but {trap_sites} instructions trap"
            ));
        }
    }
    problems
}
