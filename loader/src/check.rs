//! Whether an object can be loaded on this machine by this runtime.

use crate::error::Problem;
use crate::map::Mapped;
use crate::parse::{Object, Section, string};
use goblin::elf::Header;
use goblin::elf::header::{ET_REL, et_to_str};
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_COMPRESSED, SHF_EXECINSTR, SHF_WRITE, SHT_NOTE, SHT_PROGBITS, sht_to_str,
};
use prefab_abi::descriptor::{Descriptor, Part};
use prefab_abi::meta::{HEADER_SIZE, Meta, Section as MetaSection};
use prefab_abi::note::Note;
use prefab_abi::object::{SECTION_DESCRIPTOR, SECTION_NOTE};
use prefab_targets::{Target, host};
use std::borrow::Cow;

const RECOMPILE_FOR: &str = "recompile it with `prefab compile --target` for this machine";
const REPAIR: &str = "the file is damaged, or was changed after `prefab compile` wrote it";

/// What is loaded of an object.
pub(crate) struct Parts<'o> {
    /// The module's parts, in the order of [`Part::ALL`]; none that is empty.
    parts: [Option<Section<'o>>; Part::ALL.len()],
    /// The descriptor and the import table.
    pub(crate) descriptor_section: Section<'o>,
    /// The descriptor, as it is in the file.
    pub(crate) descriptor: Descriptor,
    /// The note.
    pub(crate) note: Note,
}

impl<'o> Parts<'o> {
    /// The section of a part, if the module has it.
    pub(crate) const fn part(&self, part: Part) -> Option<Section<'o>> {
        self.parts[part as usize]
    }

    /// The page of the file where the first of the parts starts, in bytes from the file's start.
    pub(crate) fn start(&self) -> u64 {
        let starts = self.parts.iter().flatten().map(|part| part.range().start);
        let page_size = rustix::param::page_size() as u64;
        starts.min().map_or(0, |start| start - start % page_size)
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

/// The sections that the loader knows, by what they are: those of the parts, in the order of
/// [`Part::ALL`], then the descriptor's.
const KNOWN: usize = Part::ALL.len() + 1;

const fn known_name(index: usize) -> &'static str {
    if index < Part::ALL.len() {
        Part::ALL[index].section()
    } else {
        SECTION_DESCRIPTOR
    }
}

/// Where the known sections are. Looks at each header once.
fn known_sections(object: &Object<'_>) -> Result<[Option<usize>; KNOWN], Problem> {
    let names = object.names()?;
    let mut found = [None; KNOWN];
    for (index, header) in object.headers().iter().enumerate() {
        let name = string(&names, header.sh_name);
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
        let known = (0..KNOWN).find(|known| known_name(*known).as_bytes() == name);
        let Some(known) = known else { continue };
        if found[known].replace(index).is_some() {
            let name = known_name(known);
            return Err(Problem::malformed(name, "there are several of the name"));
        }
    }
    Ok(found)
}

/// Checks sections, note and descriptor, and finds the module's parts.
pub(crate) fn object<'o>(object: &'o Object<'_>) -> Result<Parts<'o>, Problem> {
    let known = known_sections(object)?;
    let find = |index: usize| {
        let section = known[index].map(|at| object.section(at, known_name(index)));
        section.transpose()
    };
    let note = self::note(object, find(Part::Note as usize)?)?;
    let (descriptor_section, descriptor) = self::descriptor(object, find(Part::ALL.len())?)?;
    let mut parts = [None; Part::ALL.len()];
    for part in Part::ALL {
        let section = find(part as usize)?;
        parts[part as usize] = self::part(object, part, section, &descriptor)?;
    }
    Ok(Parts {
        parts,
        descriptor_section,
        descriptor,
        note,
    })
}

/// What the loader looks at of the metadata.
pub(crate) struct MetaParts<'o> {
    /// The header.
    pub(crate) header: Cow<'o, [u8]>,
    /// The table of slots.
    pub(crate) slots: Cow<'o, [u8]>,
}

/// Checks that the metadata says as much of the import table as the descriptor.
pub(crate) fn meta<'o>(
    object: &'o Object<'_>,
    parts: &Parts<'_>,
    file: &Mapped,
) -> Result<MetaParts<'o>, Problem> {
    let name = Part::Meta.section();
    let section = parts.part(Part::Meta).ok_or(Problem::NoSection(name))?;
    let outside = || Problem::malformed(name, "it reaches out of the file");
    let bytes = file.bytes(section.range()).ok_or_else(outside)?;
    let header = object.start(section, HEADER_SIZE)?;
    let meta = Meta::with_header(&header, bytes).map_err(Problem::format(name))?;
    let slots = meta.slots().map_err(Problem::format(name))?.len();
    if slots != parts.descriptor.slots {
        return Err(Problem::field(
            format!("number of slots in {name}"),
            slots,
            format!("that of the descriptor, {},", parts.descriptor.slots),
            Some(REPAIR),
        ));
    }
    let slots = object.part(section, meta.place(MetaSection::Slots))?;
    Ok(MetaParts { header, slots })
}

fn note(object: &Object<'_>, section: Option<Section<'_>>) -> Result<Note, Problem> {
    let section = section.ok_or(Problem::NoSection(SECTION_NOTE))?;
    section_type(SECTION_NOTE, section, SHT_NOTE)?;
    let bytes = object.contents(section)?;
    let note = Note::from_bytes(&bytes).map_err(Problem::format(SECTION_NOTE))?;
    prefab_runtime::check_note(&note)?;
    Ok(note)
}

fn descriptor<'o>(
    object: &Object<'_>,
    section: Option<Section<'o>>,
) -> Result<(Section<'o>, Descriptor), Problem> {
    let name = SECTION_DESCRIPTOR;
    let section = section.ok_or(Problem::NoSection(name))?;
    section_type(name, section, SHT_PROGBITS)?;
    section_flags(name, section, SHF_ALLOC | SHF_WRITE)?;
    let bytes = object.contents(section)?;
    let descriptor = Descriptor::from_bytes(&bytes).map_err(Problem::format(name))?;
    let size = Descriptor::slot_offset(descriptor.slots);
    if section.size_bytes() != size {
        return Err(Problem::field(
            format!("size of section {name}"),
            section.size_bytes(),
            format!("that of its descriptor and slots, {size},"),
            Some(REPAIR),
        ));
    }
    Ok((section, descriptor))
}

fn part<'o>(
    object: &Object<'_>,
    part: Part,
    section: Option<Section<'o>>,
    descriptor: &Descriptor,
) -> Result<Option<Section<'o>>, Problem> {
    let name = part.section();
    let expected = descriptor.part(part).size_bytes;
    let Some(section) = section else {
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
    let size = section.size_bytes();
    if size != expected {
        return Err(Problem::field(
            format!("size of section {name}"),
            size,
            format!("that in the descriptor, {expected},"),
            Some(REPAIR),
        ));
    }
    if object.has_relocations(section.index) {
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
fn page_aligned(name: &str, section: Section<'_>) -> Result<(), Problem> {
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

fn section_type(name: &str, section: Section<'_>, expected: u32) -> Result<(), Problem> {
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

fn section_flags(name: &str, section: Section<'_>, expected: u32) -> Result<(), Problem> {
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
