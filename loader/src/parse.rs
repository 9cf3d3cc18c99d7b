//! From a file to ELF structures (gABI, chapter 4), as far as they are asked for: the header and
//! the section headers at once, symbols and relocations one by one. What is asked for is copied out of
//! the file: its beginning and its end, where most of it is, in one piece each.
//!
//! Whatever the bytes are, there is an error and no panic; what is returned lies inside them.

use crate::error::Problem;
use crate::map::Source;
use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{EI_CLASS, EI_DATA, ELFCLASS64, ELFDATA2LSB, ELFMAG, SIZEOF_IDENT};
use goblin::elf::section_header::{SHT_NOBITS, SHT_REL, SHT_RELA, SHT_SYMTAB};
use goblin::elf::{Elf, Header, Reloc, SectionHeader, Sym, Symtab};
use goblin::elf64::reloc as reloc64;
use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

/// All that Prefab compiles for.
const CONTEXT: Ctx = Ctx {
    container: Container::Big,
    le: Endian::Little,
};

/// How much of the beginning of a file is read at once, in bytes: the header, and the descriptor.
const HEAD: u64 = 8 << 10;

/// How much of the end, in bytes: the section headers with their names, and of small modules the
/// symbols.
const TAIL: u64 = 8 << 10;

/// How much of a large section is read at once, in bytes.
const WINDOW: u64 = 2 << 10;

/// Instead of a section's index, that it stands elsewhere (gABI, "Special Section Indexes").
const SHN_XINDEX: u16 = 0xffff;

/// The ELF header of a file, if it is of the only kind that this loader reads: 64 bits,
/// little-endian.
fn header(bytes: &[u8]) -> Result<Header, Problem> {
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
pub(crate) struct Object<'s> {
    source: &'s Source,
    head: Vec<u8>,
    /// The last bytes of the file, if the head is not all of it.
    tail: Vec<u8>,
    header: Header,
    headers: Vec<SectionHeader>,
    /// The section that has the sections' names.
    names: usize,
}

/// A section.
#[derive(Clone, Copy)]
pub(crate) struct Section<'o> {
    /// Its index.
    pub(crate) index: usize,
    /// Its header. What it has in the file lies inside the file.
    pub(crate) header: &'o SectionHeader,
}

impl Section<'_> {
    /// Where in the file it is.
    pub(crate) const fn range(&self) -> Range<u64> {
        self.header.sh_offset..self.header.sh_offset + self.header.sh_size
    }

    /// Its size, in bytes.
    pub(crate) const fn size_bytes(&self) -> u64 {
        self.header.sh_size
    }
}

/// The relocations for a section, with the symbols that they name.
pub(crate) struct Relocations<'o, 's> {
    object: &'o Object<'s>,
    entries: Cow<'o, [u8]>,
    symbols: Window<'o>,
    strings: Window<'o>,
}

/// A large section of which a few things are asked for that lie close together.
struct Window<'o> {
    section: Section<'o>,
    /// What of it was read last, and where in the file that is.
    read: RefCell<(u64, Vec<u8>)>,
}

impl<'s> Object<'s> {
    /// The sections of the file.
    pub(crate) fn new(source: &'s Source) -> Result<Self, Problem> {
        let size = source.size_bytes();
        let is_small = size <= HEAD + TAIL;
        let head = source.read(0, if is_small { size } else { HEAD } as usize)?;
        let header = header(&head)?;
        let tail = if is_small {
            Vec::new()
        } else {
            source.read(size - TAIL, TAIL as usize)?
        };
        Ok(Self {
            source,
            head,
            tail,
            header,
            headers: Vec::new(),
            names: 0,
        })
    }

    /// The ELF header.
    pub(crate) const fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the section headers.
    pub(crate) fn read_sections(&mut self) -> Result<(), Problem> {
        let header = &self.header;
        let size = SectionHeader::size(CONTEXT);
        if usize::from(header.e_shentsize) != size {
            let found = header.e_shentsize;
            return Err(Problem::field("ELF section header size", found, size, None));
        }
        let malformed = |problem: &dyn std::fmt::Display| {
            Problem::malformed("ELF section header table", problem)
        };
        let count = usize::from(header.e_shnum);
        let end = header.e_shoff.checked_add((size * count) as u64);
        let is_inside =
            header.e_shoff != 0 && end.is_some_and(|end| end <= self.source.size_bytes());
        if !is_inside || count == 0 {
            return Err(malformed(&"it does not lie in the file"));
        }
        let bytes = self.read(header.e_shoff, size * count)?;
        let headers = SectionHeader::parse_from(&bytes, 0, count, CONTEXT)
            .map_err(|error| malformed(&error))?;
        let names = match header.e_shstrndx {
            SHN_XINDEX => headers.first().map_or(0, |first| first.sh_link as usize),
            index => usize::from(index),
        };
        if names >= headers.len() {
            return Err(malformed(&"its names are in no section"));
        }
        self.headers = headers;
        self.names = names;
        Ok(())
    }

    /// A part of the file, which lies inside it.
    fn read(&self, offset: u64, size: usize) -> Result<Cow<'_, [u8]>, Problem> {
        let tail_start = self.source.size_bytes() - self.tail.len() as u64;
        let parts = [(0, &self.head), (tail_start, &self.tail)];
        for (start, bytes) in parts {
            let start = offset
                .checked_sub(start)
                .and_then(|at| usize::try_from(at).ok());
            let range = start.and_then(|start| Some(start..start.checked_add(size)?));
            if let Some(bytes) = range.and_then(|range| bytes.get(range)) {
                return Ok(Cow::Borrowed(bytes));
            }
        }
        self.source.read(offset, size).map(Cow::Owned)
    }

    /// What a section has in the file.
    pub(crate) fn contents(&self, section: Section<'_>) -> Result<Cow<'_, [u8]>, Problem> {
        self.start(section, u64::MAX)
    }

    /// The first `size` bytes of a section, or all that it has.
    pub(crate) fn start(&self, section: Section<'_>, size: u64) -> Result<Cow<'_, [u8]>, Problem> {
        self.part(section, 0..size.min(section.size_bytes()))
    }

    /// A part of a section, in bytes from its start; it lies inside the section.
    pub(crate) fn part(
        &self,
        section: Section<'_>,
        range: Range<u64>,
    ) -> Result<Cow<'_, [u8]>, Problem> {
        let size = (range.end - range.start) as usize;
        self.read(section.range().start + range.start, size)
    }

    /// The names of the sections.
    pub(crate) fn names(&self) -> Result<Cow<'_, [u8]>, Problem> {
        let names = self.section(self.names, "ELF section names")?;
        self.contents(names)
    }

    /// Every section header, in their order.
    pub(crate) fn headers(&self) -> &[SectionHeader] {
        &self.headers
    }

    /// The section of this index, which is called `name`: what it has lies inside the file.
    pub(crate) fn section(&self, index: usize, name: &str) -> Result<Section<'_>, Problem> {
        let header = self.headers.get(index);
        let header = header.ok_or_else(|| Problem::malformed(name, "there is no such section"))?;
        if header.sh_type == SHT_NOBITS {
            return Err(Problem::malformed(name, "it has no contents"));
        }
        let end = header.sh_offset.checked_add(header.sh_size);
        if end.is_none_or(|end| end > self.source.size_bytes()) {
            return Err(Problem::malformed(name, "it reaches out of the file"));
        }
        Ok(Section { index, header })
    }

    /// Whether there are relocations for the section of this index.
    pub(crate) fn has_relocations(&self, index: usize) -> bool {
        self.headers.iter().any(|header| is_for(header, index))
    }

    /// The relocations for the section of this index and name, if it has some.
    pub(crate) fn relocations(
        &self,
        index: usize,
        name: &str,
    ) -> Result<Option<Relocations<'_, 's>>, Problem> {
        let mut found = (0..self.headers.len()).filter(|at| is_for(&self.headers[*at], index));
        let Some(at) = found.next() else {
            return Ok(None);
        };
        let field = format!("relocations of {name}");
        if found.next().is_some() {
            return Err(Problem::malformed(field, "there are several tables"));
        }
        let section = self.section(at, &field)?;
        if section.header.sh_type != SHT_RELA {
            return Err(Problem::field(field, "SHT_REL", "SHT_RELA", None));
        }
        let field = format!("symbols for the relocations of {name}");
        let symbols = section.header.sh_link as usize;
        if self
            .headers
            .get(symbols)
            .is_none_or(|table| table.sh_type != SHT_SYMTAB)
        {
            return Err(Problem::malformed(field, "there is no such table"));
        }
        let symbols = self.section(symbols, &field)?;
        let strings = self.section(symbols.header.sh_link as usize, &field)?;
        Ok(Some(Relocations {
            object: self,
            entries: self.contents(section)?,
            symbols: Window::new(symbols),
            strings: Window::new(strings),
        }))
    }
}

impl<'o> Window<'o> {
    fn new(section: Section<'o>) -> Self {
        let read = RefCell::default();
        Self { section, read }
    }

    /// What `look` makes of `size` bytes from `at` on, or as many as the section has there.
    fn look<R>(
        &self,
        object: &Object<'_>,
        at: u64,
        size: u64,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, Problem> {
        let Range { start, end } = self.section.range();
        let from = start.saturating_add(at).min(end);
        let to = from.saturating_add(size).min(end);
        let mut read = self.read.borrow_mut();
        if from < read.0 || to > read.0 + read.1.len() as u64 {
            let first = from.saturating_sub(WINDOW / 2).max(start);
            let last = first.saturating_add(WINDOW).min(end).max(to);
            let bytes = object.read(first, (last - first) as usize)?;
            *read = (first, bytes.into_owned());
        }
        let range = (from - read.0) as usize..(to - read.0) as usize;
        Ok(look(&read.1[range]))
    }
}

/// Whether the section has relocations for the one of this index.
fn is_for(header: &SectionHeader, index: usize) -> bool {
    matches!(header.sh_type, SHT_RELA | SHT_REL) && header.sh_info as usize == index
}

impl Relocations<'_, '_> {
    /// The relocations, in their order. There may be hundreds, so each is taken apart here, which goblin does
    /// for either size and byte order (gABI, "Relocation": `Elf64_Rela`).
    pub(crate) fn entries(&self) -> Result<impl Iterator<Item = Reloc>, Problem> {
        let (entries, rest) = self.entries.as_chunks::<{ reloc64::SIZEOF_RELA }>();
        if !rest.is_empty() {
            return Err(Problem::malformed("relocations", "the last is not whole"));
        }
        let parse = |entry: &[u8; reloc64::SIZEOF_RELA]| {
            let (words, _) = entry.as_chunks::<8>();
            let [offset, info, addend] = [0, 1, 2].map(|at| u64::from_le_bytes(words[at]));
            Reloc {
                r_offset: offset,
                r_addend: Some(addend as i64),
                r_sym: reloc64::r_sym(info) as usize,
                r_type: reloc64::r_type(info),
            }
        };
        Ok(entries.iter().map(parse))
    }

    /// The symbol of this index.
    pub(crate) fn symbol(&self, index: usize) -> Result<Option<Sym>, Problem> {
        let size = Sym::size(Container::Big);
        let at = (index as u64).saturating_mul(size as u64);
        self.symbols.look(self.object, at, size as u64, |bytes| {
            let symbols = Symtab::parse(bytes, 0, bytes.len() / size, CONTEXT).ok()?;
            symbols.get(0)
        })
    }

    /// The name of a symbol, or the beginning of a very long one.
    pub(crate) fn name(&self, symbol: &Sym) -> Result<String, Problem> {
        const LONGEST: u64 = 256;
        let look = |bytes: &[u8]| String::from_utf8_lossy(string(bytes, 0)).into_owned();
        let at = symbol.st_name as u64;
        self.strings.look(self.object, at, LONGEST, look)
    }
}

/// The string at `offset` of a table, without its terminating zero; empty if there is none.
pub(crate) fn string(table: &[u8], offset: usize) -> &[u8] {
    let rest = table.get(offset..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or_default();
    &rest[..end]
}
