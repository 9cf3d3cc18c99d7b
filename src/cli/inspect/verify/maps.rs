//! The code map: sorted, complete, and about instructions.

use super::Findings;
use super::code::Places;
use crate::cli::inspect::artifact::Artifact;
use prefab_abi::object::SECTION_ADDRESS_MAP;

/// What is inlined is known, and in what comes before it.
fn check_inlined(artifact: &Artifact<'_>, findings: &mut Findings) {
    let table = artifact.code_map.inline_table();
    let mut problem = |message: String| findings.problem(SECTION_ADDRESS_MAP, None, message);
    let counts = artifact.meta.counts();
    let defined = artifact.funcs().len() as u32;
    for (place, inlined) in (0..).zip(&table.inlined) {
        let func = inlined.func;
        if func
            .checked_sub(counts.imported_funcs)
            .is_none_or(|func| func >= defined)
        {
            problem(format!(
                "func {func} is inlined, which is not one of the module's own"
            ));
        }
        if inlined.outer.is_some_and(|outer| outer >= place) {
            problem(format!("func {func} is inlined in what comes after it"));
        }
    }
    if !table.runs.is_sorted_by(|a, b| a.0 < b.0) {
        problem("the runs of inlined code are not sorted".to_string());
    }
    let count = table.inlined.len();
    for (at, inlined) in table.runs {
        if inlined.is_some_and(|inlined| inlined as usize >= count) {
            problem(format!("code offset {at:#x} is inlined from nowhere"));
        }
    }
}

pub(super) fn check(artifact: &Artifact<'_>, places: &Places, findings: &mut Findings) {
    check_inlined(artifact, findings);
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
