//! Relocations: none where code and tables are, the allowed kinds elsewhere, each in its section.

use super::Findings;
use crate::cli::inspect::artifact::Artifact;
use object::{Object, ObjectSection, RelocationFlags};
use prefab_abi::object as names;
use prefab_targets::reloc::Section;

pub(super) fn check(artifact: &Artifact<'_>, findings: &mut Findings) {
    let table = artifact.target.relocations();
    for section in artifact.elf.sections() {
        let name = section.name().unwrap_or("?");
        let kind = match name {
            names::SECTION_DESCRIPTOR => Some(Section::Descriptor),
            ".eh_frame" => Some(Section::Unwind),
            _ if name.starts_with(".debug_") => Some(Section::Debug),
            _ => None,
        };
        for (offset, relocation) in section.relocations() {
            findings.checked.relocations += 1;
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                findings.problem(name, offset, "a relocation that is not one of ELF");
                continue;
            };
            match kind {
                None => findings.problem(name, offset, "a relocation: there may be none"),
                Some(kind) => {
                    if let Err(error) = table.verify(r_type, kind, offset, section.size()) {
                        findings.problem(name, offset, error.to_string());
                    }
                }
            }
        }
    }
}
