//! The code map: sorted, complete, and about instructions.

use super::Findings;
use super::code::Places;
use crate::cli::inspect::artifact::Artifact;
use prefab_abi::object::SECTION_ADDRESS_MAP;

pub(super) fn check(artifact: &Artifact<'_>, places: &Places, findings: &mut Findings) {
    let mut before = None;
    for site in artifact.code_map.iter() {
        let site = match site {
            Ok(site) => site,
            Err(error) => return findings.problem(SECTION_ADDRESS_MAP, None, error.to_string()),
        };
        findings.checked.trap_sites += usize::from(site.trap.is_some());
        findings.checked.addresses += usize::from(site.wasm_offset.is_some());
        let at = site.code_offset;
        let mut problem = |what: &str| {
            let message = format!("code offset {at:#x} {what}");
            findings.problem(SECTION_ADDRESS_MAP, None, message);
        };
        if before.is_some_and(|before| before >= at) {
            problem("is not sorted");
        }
        before = Some(at);
        if site.trap.is_some() && !places.starts.contains(&at) {
            problem("traps, but no instruction of a function starts there");
        } else if !places.starts.contains(&at) && !places.ends.contains(&at) {
            problem("is neither an instruction nor the end of one");
        }
    }
}
