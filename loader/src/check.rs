//! Whether an object can be loaded on this machine by this runtime.

use crate::error::Problem;
use crate::parse::{Object, Section};
use goblin::elf::Header;
use goblin::elf::header::{ET_REL, et_to_str};
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_COMPRESSED, SHF_EXECINSTR, SHF_WRITE, SHT_NOTE, SHT_PROGBITS, sht_to_str,
};
use prefab_abi::descriptor::{Descriptor, Part};
use prefab_abi::meta::Meta;
use prefab_abi::note::Note;
use prefab_abi::object::{SECTION_DESCRIPTOR, SECTION_NOTE};
use prefab_targets::{Target, host};

const RECOMPILE_FOR: &str = "recompile it with `prefab compile --target` for this machine";
const REPAIR: &str = "the file is damaged, or was changed after `prefab compile` wrote it";

/// What is loaded of an object.
pub(crate) struct Parts<'o, 'a> {
    /// The module's parts, in the order of [`Part::ALL`].
    parts: [Option<Section<'o, 'a>>; Part::ALL.len()],
    /// The descriptor and the import table.
    pub(crate) descriptor_section: Section<'o, 'a>,
    /// The descriptor, as it is in the file.
    pub(crate) descriptor: Descriptor,
    /// The metadata.
    pub(crate) meta: Meta<'a>,
    /// The note.
    pub(crate) note: Note,
}

impl<'o, 'a> Parts<'o, 'a> {
    /// The section of a part, if the module has it.
    pub(crate) const fn part(&self, part: Part) -> Option<Section<'o, 'a>> {
        self.parts[part as usize]
    }
}

/// Checks the ELF header.
pub(crate) fn header(header: &Header) -> Result<(), Problem> {
    let target = host::target();
    if header.e_machine != target.machine() {
        let found = Target::from_machine(header.e_machine).map_or_else(
            || format!("{} (none that Prefab knows)", header.e_machine),
            |other| format!("{} ({})", header.e_machine, other.name()),
        );
        let expected = format!("{} ({})", target.machine(), target.name());
        return Err(Problem::field(
            "ELF machine",
            found,
            expected,
            Some(RECOMPILE_FOR),
        ));
    }
    if header.e_type != ET_REL {
        return Err(Problem::field(
            "ELF type",
            et_to_str(header.e_type),
            "REL (a relocatable object)",
            Some("load the file that `prefab compile` wrote, not what was linked from it"),
        ));
    }
    if header.e_version != 1 {
        return Err(Problem::field("ELF version", header.e_version, 1, None));
    }
    if header.e_flags & !target.flags() != 0 {
        return Err(Problem::field(
            "ELF flags",
            format_args!("{:#x}", header.e_flags),
            format_args!("{:#x}", target.flags()),
            Some(RECOMPILE_FOR),
        ));
    }
    Ok(())
}

/// Checks sections, note and descriptor, and finds the module's parts.
pub(crate) fn object<'o, 'a>(object: &'o Object<'a>) -> Result<Parts<'o, 'a>, Problem> {
    for (name, header) in object.headers() {
        let both = u64::from(SHF_WRITE | SHF_EXECINSTR);
        if header.sh_flags & both == both {
            let name = String::from_utf8_lossy(name);
            return Err(Problem::field(
                format!("flags of section {name}"),
                "writable and executable",
                "one or the other",
                None,
            ));
        }
    }
    let note = self::note(object)?;
    let (descriptor_section, descriptor) = self::descriptor(object)?;
    let mut parts = [None; Part::ALL.len()];
    for part in Part::ALL {
        parts[part as usize] = self::part(object, part, &descriptor)?;
    }
    let section = Part::Meta.section();
    let meta = parts[Part::Meta as usize].ok_or(Problem::NoSection(section))?;
    let meta = Meta::new(meta.bytes).map_err(Problem::format(section))?;
    let slots = meta.slots().map_err(Problem::format(section))?.len();
    if slots != descriptor.slots {
        return Err(Problem::field(
            format!("number of slots in {section}"),
            slots,
            format!("that of the descriptor, {},", descriptor.slots),
            Some(REPAIR),
        ));
    }
    Ok(Parts {
        parts,
        descriptor_section,
        descriptor,
        meta,
        note,
    })
}

fn note(object: &Object<'_>) -> Result<Note, Problem> {
    let section = object
        .section(SECTION_NOTE)?
        .ok_or(Problem::NoSection(SECTION_NOTE))?;
    section_type(SECTION_NOTE, section, SHT_NOTE)?;
    let note = Note::from_bytes(section.bytes).map_err(Problem::format(SECTION_NOTE))?;
    prefab_runtime::check_note(&note)?;
    Ok(note)
}

fn descriptor<'o, 'a>(object: &'o Object<'a>) -> Result<(Section<'o, 'a>, Descriptor), Problem> {
    let name = SECTION_DESCRIPTOR;
    let section = object.section(name)?.ok_or(Problem::NoSection(name))?;
    section_type(name, section, SHT_PROGBITS)?;
    section_flags(name, section, SHF_ALLOC | SHF_WRITE)?;
    let descriptor = Descriptor::from_bytes(section.bytes).map_err(Problem::format(name))?;
    let size = Descriptor::slot_offset(descriptor.slots);
    if section.bytes.len() as u64 != size {
        return Err(Problem::field(
            format!("size of section {name}"),
            section.bytes.len(),
            format!("that of its descriptor and slots, {size},"),
            Some(REPAIR),
        ));
    }
    Ok((section, descriptor))
}

fn part<'o, 'a>(
    object: &'o Object<'a>,
    part: Part,
    descriptor: &Descriptor,
) -> Result<Option<Section<'o, 'a>>, Problem> {
    let name = part.section();
    let expected = descriptor.part(part).size_bytes;
    let Some(section) = object.section(name)? else {
        if expected != 0 {
            return Err(Problem::NoSection(name));
        }
        return Ok(None);
    };
    let kind = if part == Part::Note {
        SHT_NOTE
    } else {
        SHT_PROGBITS
    };
    section_type(name, section, kind)?;
    let executable = if part == Part::Text { SHF_EXECINSTR } else { 0 };
    section_flags(name, section, SHF_ALLOC | executable)?;
    let size = section.bytes.len() as u64;
    if size != expected {
        return Err(Problem::field(
            format!("size of section {name}"),
            size,
            format!("that in the descriptor, {expected},"),
            Some(REPAIR),
        ));
    }
    if object.relocations(section.index, name)?.is_some() {
        return Err(Problem::field(
            format!("section {name}"),
            "with relocations",
            "none",
            Some(REPAIR),
        ));
    }
    if size == 0 {
        return Ok(None);
    }
    if matches!(part, Part::Text | Part::Image) {
        page_aligned(name, section)?;
    }
    Ok(Some(section))
}

/// A part that is mapped by itself must start a page of the file.
fn page_aligned(name: &str, section: Section<'_, '_>) -> Result<(), Problem> {
    let page_size = rustix::param::page_size() as u64;
    let offset = section.header.sh_offset;
    if offset.is_multiple_of(page_size) {
        return Ok(());
    }
    Err(Problem::field(
        format!("file offset of section {name}"),
        format_args!("{offset:#x}"),
        format_args!("a multiple of the page size, {page_size:#x},"),
        Some("a tool has repacked the file: load what `prefab compile` wrote"),
    ))
}

fn section_type(name: &str, section: Section<'_, '_>, expected: u32) -> Result<(), Problem> {
    let found = section.header.sh_type;
    if found == expected {
        return Ok(());
    }
    Err(Problem::field(
        format!("type of section {name}"),
        format_args!("{found} ({})", sht_to_str(found)),
        sht_to_str(expected),
        Some(REPAIR),
    ))
}

fn section_flags(name: &str, section: Section<'_, '_>, expected: u32) -> Result<(), Problem> {
    const TOLD_APART: u64 = (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR | SHF_COMPRESSED) as u64;
    let found = section.header.sh_flags & TOLD_APART;
    if found == u64::from(expected) {
        return Ok(());
    }
    Err(Problem::field(
        format!("flags of section {name}"),
        format_args!("{found:#x}"),
        format_args!("{expected:#x}"),
        Some(REPAIR),
    ))
}
