//! An object that Prefab compiled, read for inspection.
//!
//! Read with `object`, not with the loader's reader: one's mistake does not hide in the other's.

use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSection, ObjectSymbol, SymbolKind};
use prefab_abi::code_map::{CodeMap, Site};
use prefab_abi::descriptor::{Descriptor, Part};
use prefab_abi::meta::Meta;
use prefab_abi::note::Note;
use prefab_abi::object as names;
use prefab_targets::Target;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// The ELF file, as `object` has it.
pub(crate) type Elf<'a> = ElfFile64<'a, Endianness>;

/// An object's parts.
pub(crate) struct Artifact<'a> {
    pub elf: Elf<'a>,
    pub target: &'static Target,
    pub note: Note,
    pub descriptor: Descriptor,
    pub meta: Meta<'a>,
    pub code_map: CodeMap<'a>,
    pub text: &'a [u8],
    /// Symbols of functions in `.text`, by their place.
    pub code_symbols: Vec<CodeSymbol<'a>>,
}

/// A symbol of code.
#[derive(Clone, Debug)]
pub(crate) struct CodeSymbol<'a> {
    pub name: &'a str,
    pub range: Range<u32>,
}

impl<'a> Artifact<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// If it is not an object that Prefab compiled, or a part of it is malformed.
    pub fn new(bytes: &'a [u8]) -> Result<Self, String> {
        let elf = Elf::parse(bytes).map_err(|error| format!("not an ELF object: {error}"))?;
        let machine = elf.elf_header().e_machine.get(Endianness::Little);
        let target = Target::from_machine(machine)
            .ok_or_else(|| format!("ELF machine {machine}: none of Prefab's targets"))?;
        let section = |name: &str| {
            data(&elf, name)?.ok_or_else(|| format!("no section {name}: not a Prefab object"))
        };
        let note = Note::from_bytes(section(names::SECTION_NOTE)?).map_err(text_of)?;
        let descriptor =
            Descriptor::from_bytes(section(names::SECTION_DESCRIPTOR)?).map_err(text_of)?;
        let meta = Meta::new(section(names::SECTION_META)?).map_err(text_of)?;
        let traps = data(&elf, names::SECTION_TRAPS)?.unwrap_or_default();
        let code_map = section(names::SECTION_ADDRESS_MAP)?;
        let code_map = CodeMap::new(traps, code_map).map_err(text_of)?;
        let text = data(&elf, names::SECTION_TEXT)?.unwrap_or_default();
        Ok(Self {
            code_symbols: code_symbols(&elf),
            elf,
            target,
            note,
            descriptor,
            meta,
            code_map,
            text,
        })
    }

    /// The bytes of the section `name`, if there is one.
    pub fn section(&self, name: &str) -> Result<Option<&'a [u8]>, String> {
        data(&self.elf, name)
    }

    /// The sites of the code map, as far as they can be read.
    pub fn sites(&self) -> impl Iterator<Item = Site> + use<'a> {
        self.code_map.iter().flatten()
    }

    /// The SHA-256 of everything that is loaded, as the note has it.
    pub fn content_sha256(&self) -> Result<[u8; 32], String> {
        let mut hash = Sha256::new();
        for part in Part::ALL.into_iter().filter(|part| part.is_hashed()) {
            hash.update(self.section(part.section())?.unwrap_or_default());
        }
        Ok(hash.finalize().into())
    }

    /// What the function of this index is called: by the name section, demangled, an export, or its index.
    pub fn func_label(&self, func: u32) -> String {
        match self.meta.func_name(func) {
            Some(name) => format!("func {func} <{}>", prefab::demangle(name)),
            None => format!("func {func}"),
        }
    }

    /// The code of every function that the module defines, by function index.
    pub fn funcs(&self) -> Vec<(u32, Range<u32>)> {
        let imported = self.meta.counts().imported_funcs;
        let Ok(funcs) = self.meta.funcs() else {
            return Vec::new();
        };
        let code = funcs.iter().flatten().enumerate().map(|(index, func)| {
            let end = func.code_offset.saturating_add(func.code_size);
            (imported + index as u32, func.code_offset..end)
        });
        code.collect()
    }

    /// The symbol whose code contains `at`, and how far behind its start that is.
    pub fn symbol_at(&self, at: u32) -> Option<(&CodeSymbol<'a>, u32)> {
        let after = self
            .code_symbols
            .partition_point(|symbol| symbol.range.start <= at);
        let symbol = self.code_symbols[..after].last()?;
        let distance = at - symbol.range.start;
        (at < symbol.range.end || distance == 0).then_some((symbol, distance))
    }
}

fn text_of(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn data<'a>(elf: &Elf<'a>, name: &str) -> Result<Option<&'a [u8]>, String> {
    match elf.section_by_name(name) {
        None => Ok(None),
        Some(section) => section
            .data()
            .map(Some)
            .map_err(|error| format!("{name}: {error}")),
    }
}

fn code_symbols<'a>(elf: &Elf<'a>) -> Vec<CodeSymbol<'a>> {
    let text = elf.section_by_name(names::SECTION_TEXT);
    let text = text.map(|section| section.index());
    let symbols = elf.symbols().filter(|symbol| {
        symbol.kind() == SymbolKind::Text && symbol.section_index() == text && text.is_some()
    });
    let mut found: Vec<_> = symbols
        .filter_map(|symbol| {
            let start = u32::try_from(symbol.address()).ok()?;
            let end = start.checked_add(u32::try_from(symbol.size()).ok()?)?;
            Some(CodeSymbol {
                name: symbol.name().ok()?,
                range: start..end,
            })
        })
        .collect();
    // Where a function has several names, the first one in the file is kept for its place.
    found.sort_by_key(|symbol| (symbol.range.start, symbol.range.end));
    found.dedup_by_key(|symbol| symbol.range.clone());
    found
}
