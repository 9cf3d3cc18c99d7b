//! From bytes to ELF structures (gABI, chapter 4), as far as they are asked for: the header and
//! the section headers at once, symbols and relocations one by one.
//!
//! Whatever the bytes are, there is an error and no panic; what is returned lies inside them.

use crate::error::Problem;
use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{EI_CLASS, EI_DATA, ELFCLASS64, ELFDATA2LSB, ELFMAG, SIZEOF_IDENT};
use goblin::elf::section_header::{SHT_NOBITS, SHT_REL, SHT_RELA, SHT_SYMTAB};
use goblin::elf::{Elf, Header, RelocSection, SectionHeader, Sym, Symtab};

/// All that Prefab compiles for.
const CONTEXT: Ctx = Ctx {
    container: Container::Big,
    le: Endian::Little,
};

/// Instead of a section's index, that it stands elsewhere (gABI, "Special Section Indexes").
const SHN_XINDEX: u16 = 0xffff;

/// The ELF header of a file, if it is of the only kind that this loader reads: 64 bits,
/// little-endian.
pub(crate) fn header(bytes: &[u8]) -> Result<Header, Problem> {
    if !bytes.starts_with(ELFMAG) {
        return Err(Problem::NotElf);
    }
    let ident = bytes
        .get(..SIZEOF_IDENT)
        .ok_or_else(|| Problem::malformed("ELF header", "the file ends in it"))?;
    let names = |index: usize, names: [&str; 2]| {
        let found = usize::from(ident[index]);
        let name = found.checked_sub(1).and_then(|index| names.get(index));
        name.map_or_else(|| found.to_string(), ToString::to_string)
    };
    if ident[EI_CLASS] != ELFCLASS64 {
        let found = names(EI_CLASS, ["ELF32", "ELF64"]);
        return Err(Problem::field("ELF class", found, "ELF64", None));
    }
    if ident[EI_DATA] != ELFDATA2LSB {
        let found = names(EI_DATA, ["little-endian", "big-endian"]);
        return Err(Problem::field(
            "ELF data encoding",
            found,
            "little-endian",
            None,
        ));
    }
    Elf::parse_header(bytes).map_err(|error| Problem::malformed("ELF header", error))
}

/// An ELF file's sections.
pub(crate) struct Object<'a> {
    bytes: &'a [u8],
    headers: Vec<SectionHeader>,
    names: &'a [u8],
}

/// A section.
#[derive(Clone, Copy)]
pub(crate) struct Section<'o, 'a> {
    /// Its index.
    pub(crate) index: usize,
    /// Its header.
    pub(crate) header: &'o SectionHeader,
    /// What it has in the file.
    pub(crate) bytes: &'a [u8],
}

/// The relocations for a section, with the symbols that they name.
pub(crate) struct Relocations<'a> {
    /// The relocations.
    pub(crate) entries: RelocSection<'a>,
    symbols: Symtab<'a>,
    strings: &'a [u8],
}

impl<'a> Object<'a> {
    /// The sections of the file whose header is `header`.
    pub(crate) fn new(bytes: &'a [u8], header: &Header) -> Result<Self, Problem> {
        let size = SectionHeader::size(CONTEXT);
        if usize::from(header.e_shentsize) != size {
            let found = header.e_shentsize;
            return Err(Problem::field("ELF section header size", found, size, None));
        }
        let malformed = |problem: &dyn std::fmt::Display| {
            Problem::malformed("ELF section header table", problem)
        };
        let offset = usize::try_from(header.e_shoff)
            .ok()
            .filter(|offset| *offset != 0 && *offset < bytes.len())
            .ok_or_else(|| malformed(&"it does not lie in the file"))?;
        let count = usize::from(header.e_shnum);
        let headers = SectionHeader::parse(bytes, offset, count, CONTEXT)
            .map_err(|error| malformed(&error))?;
        let names_index = match header.e_shstrndx {
            SHN_XINDEX => headers.first().map_or(0, |first| first.sh_link as usize),
            index => usize::from(index),
        };
        let names = headers
            .get(names_index)
            .ok_or_else(|| malformed(&"its names are in no section"))?;
        let names = contents(bytes, names, "ELF section names")?;
        Ok(Self {
            bytes,
            headers,
            names,
        })
    }

    /// Every section header, with its section's name.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&'a [u8], &SectionHeader)> {
        self.headers
            .iter()
            .map(|header| (string(self.names, header.sh_name), header))
    }

    /// The section of this name, if there is one.
    pub(crate) fn section(&self, name: &str) -> Result<Option<Section<'_, 'a>>, Problem> {
        let mut found = self
            .headers()
            .enumerate()
            .filter(|(_, (other, _))| *other == name.as_bytes());
        let Some((index, (_, header))) = found.next() else {
            return Ok(None);
        };
        if found.next().is_some() {
            return Err(Problem::malformed(name, "there are several of the name"));
        }
        let bytes = contents(self.bytes, header, name)?;
        Ok(Some(Section {
            index,
            header,
            bytes,
        }))
    }

    /// The relocations for the section of this index and name, if it has some.
    pub(crate) fn relocations(
        &self,
        index: usize,
        name: &str,
    ) -> Result<Option<Relocations<'a>>, Problem> {
        let mut found = self.headers.iter().filter(|header| {
            matches!(header.sh_type, SHT_RELA | SHT_REL) && header.sh_info as usize == index
        });
        let Some(header) = found.next() else {
            return Ok(None);
        };
        let field = format!("relocations of {name}");
        if found.next().is_some() {
            return Err(Problem::malformed(field, "there are several tables"));
        }
        if header.sh_type != SHT_RELA {
            return Err(Problem::field(field, "SHT_REL", "SHT_RELA", None));
        }
        let bytes = contents(self.bytes, header, &field)?;
        let entries = RelocSection::parse(bytes, 0, bytes.len(), true, CONTEXT)
            .map_err(|error| Problem::malformed(field.as_str(), error))?;
        let field = format!("symbols for the relocations of {name}");
        let table = self
            .headers
            .get(header.sh_link as usize)
            .filter(|table| table.sh_type == SHT_SYMTAB)
            .ok_or_else(|| Problem::malformed(field.as_str(), "there is no such table"))?;
        let bytes = contents(self.bytes, table, &field)?;
        let symbols = if bytes.is_empty() {
            Symtab::default()
        } else {
            Symtab::parse(bytes, 0, bytes.len() / Sym::size(Container::Big), CONTEXT)
                .map_err(|error| Problem::malformed(field.as_str(), error))?
        };
        let strings = self
            .headers
            .get(table.sh_link as usize)
            .ok_or_else(|| Problem::malformed(field.as_str(), "they have no names"))?;
        let strings = contents(self.bytes, strings, &field)?;
        Ok(Some(Relocations {
            entries,
            symbols,
            strings,
        }))
    }
}

impl<'a> Relocations<'a> {
    /// The symbol of this index, and its name.
    pub(crate) fn symbol(&self, index: usize) -> Option<(Sym, &'a [u8])> {
        let symbol = self.symbols.get(index)?;
        Some((symbol, string(self.strings, symbol.st_name)))
    }
}

/// What a section has in the file.
fn contents<'a>(bytes: &'a [u8], header: &SectionHeader, name: &str) -> Result<&'a [u8], Problem> {
    if header.sh_type == SHT_NOBITS {
        return Err(Problem::malformed(name, "it has no contents"));
    }
    let range = usize::try_from(header.sh_offset).ok().and_then(|start| {
        let end = start.checked_add(usize::try_from(header.sh_size).ok()?)?;
        bytes.get(start..end)
    });
    range.ok_or_else(|| Problem::malformed(name, "it reaches out of the file"))
}

/// The string at `offset` of a table, without its terminating zero; empty if there is none.
fn string(table: &[u8], offset: usize) -> &[u8] {
    let rest = table.get(offset..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or_default();
    &rest[..end]
}
