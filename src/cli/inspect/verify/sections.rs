//! Sections: which there must be, how they are mapped and aligned.

use super::Findings;
use crate::cli::inspect::artifact::Artifact;
use object::{Endianness, Object, ObjectSection, SectionFlags, elf};
use prefab_abi::descriptor::Part;
use prefab_abi::object as names;

pub(super) fn check(artifact: &Artifact<'_>, findings: &mut Findings) {
    header(artifact, findings);
    for section in artifact.elf.sections() {
        let name = section.name().unwrap_or("?");
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
            continue;
        };
        let has = |flag: u32| sh_flags & u64::from(flag) != 0;
        if has(elf::SHF_WRITE) && has(elf::SHF_EXECINSTR) {
            findings.problem(name, None, "is writable and executable");
        }
        if has(elf::SHF_EXECINSTR) && name != names::SECTION_TEXT {
            findings.problem(name, None, "is executable, but only .text may be");
        }
        let expected = match name {
            names::SECTION_TEXT => elf::SHF_ALLOC | elf::SHF_EXECINSTR,
            names::SECTION_DESCRIPTOR => elf::SHF_ALLOC | elf::SHF_WRITE,
            _ if Part::ALL.iter().any(|part| part.section() == name) => elf::SHF_ALLOC,
            _ => continue,
        };
        let mask = elf::SHF_ALLOC | elf::SHF_EXECINSTR | elf::SHF_WRITE;
        if sh_flags & u64::from(mask) != u64::from(expected) {
            let message = format!("has the flags {sh_flags:#x}, not {expected:#x}");
            findings.problem(name, None, message);
        }
    }
    for name in [names::SECTION_TEXT, names::SECTION_IMAGE] {
        page_aligned(artifact, name, findings);
    }
    if artifact.elf.section_by_name(".note.GNU-stack").is_none() {
        let message = "is missing: linkers would make the stack executable";
        findings.problem(".note.GNU-stack", None, message);
    }
}

fn header(artifact: &Artifact<'_>, findings: &mut Findings) {
    let header = artifact.elf.elf_header();
    let file_type = header.e_type.get(Endianness::Little);
    if file_type != elf::ET_REL {
        let message = format!("has the type {file_type}, not that of a relocatable file");
        findings.problem("ELF header", 16, message);
    }
    let flags = header.e_flags.get(Endianness::Little);
    if flags != artifact.target.flags() {
        let message = format!(
            "has the flags {flags:#x}, not {:#x}",
            artifact.target.flags()
        );
        findings.problem("ELF header", 48, message);
    }
}

/// Sections that are mapped by themselves start on a page, in the file too.
fn page_aligned(artifact: &Artifact<'_>, name: &str, findings: &mut Findings) {
    let Some(section) = artifact.elf.section_by_name(name) else {
        return;
    };
    let page_size = artifact.note.page_size;
    if section.size() == 0 {
        return;
    }
    if !page_size.is_power_of_two() || section.align() < page_size {
        let message = format!("is aligned to {}, not to {page_size}", section.align());
        findings.problem(name, None, message);
    }
    if let Some((offset, size)) = section.file_range()
        && size > 0
        && offset % page_size.max(1) != 0
    {
        findings.problem(
            name,
            None,
            format!("starts inside a page, at {offset:#x} of the file"),
        );
    }
}
