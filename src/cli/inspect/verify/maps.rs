//! The trap table and the address map: sorted, complete, and about instructions.

use super::Findings;
use super::code::Places;
use crate::cli::inspect::artifact::Artifact;
use prefab_abi::object::{SECTION_ADDRESS_MAP, SECTION_TRAPS};

pub(super) fn check(artifact: &Artifact<'_>, places: &Places, findings: &mut Findings) {
    let mut before = None;
    for (at, trap) in artifact.traps.iter() {
        findings.checked.trap_sites += 1;
        let offset = u64::from(at);
        if before.is_some_and(|before| before >= at) {
            findings.problem(
                SECTION_TRAPS,
                None,
                format!("code offset {at:#x} is not sorted"),
            );
        }
        before = Some(at);
        if trap.is_none() {
            let message = format!("the trap at code offset {offset:#x} has no known code");
            findings.problem(SECTION_TRAPS, None, message);
        }
        if !places.starts.contains(&at) {
            let message = format!("no instruction of a function starts at code offset {at:#x}");
            findings.problem(SECTION_TRAPS, None, message);
        }
    }
    let mut before = None;
    let mut count = 0;
    for (at, _) in artifact.addresses.iter() {
        count += 1;
        if before.is_some_and(|before| before >= at) {
            let message = format!("code offset {at:#x} is not sorted");
            findings.problem(SECTION_ADDRESS_MAP, None, message);
        }
        before = Some(at);
        if !places.starts.contains(&at) && !places.ends.contains(&at) {
            let message =
                format!("code offset {at:#x} is neither an instruction nor the end of one");
            findings.problem(SECTION_ADDRESS_MAP, None, message);
        }
    }
    findings.checked.addresses = count;
    if count != artifact.addresses.len() {
        let message = format!(
            "{count} entries can be read of {}",
            artifact.addresses.len()
        );
        findings.problem(SECTION_ADDRESS_MAP, None, message);
    }
}
