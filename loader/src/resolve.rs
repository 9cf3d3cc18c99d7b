//! Filling in a module's pointers: where its own parts are, and what its import table names.

use crate::check::Parts;
use crate::error::Problem;
use crate::image::ImageBuilder;
use crate::parse::{Object, Relocations};
use goblin::elf::{Reloc, Sym};
use prefab_abi::builtin::Builtin;
use prefab_abi::descriptor::{Descriptor, Part, SIZE};
use prefab_abi::meta::{Slot, SlotKind};
use prefab_abi::object::{SECTION_DESCRIPTOR, TYPE_SYMBOL_PREFIX};
use prefab_abi::types::FuncType;
use prefab_targets::{host, reloc};
use std::fmt;

const SHN_UNDEF: usize = 0;

/// A pointer of the descriptor or the import table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pointer {
    Part(Part),
    Slot(u32),
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => write!(f, "the pointer to {}", part.section()),
            Self::Slot(slot) => write!(f, "slot {slot} of the import table"),
        }
    }
}

impl Pointer {
    /// The pointer at `offset` of the section.
    fn at(offset: u64) -> Option<Self> {
        if let Some(offset) = offset.checked_sub(SIZE) {
            let slot = u32::try_from(offset / 8).ok()?;
            return offset.is_multiple_of(8).then_some(Self::Slot(slot));
        }
        let mut parts = Part::ALL.into_iter();
        parts
            .find(|part| part.pointer_offset() == offset)
            .map(Self::Part)
    }
}

/// Which pointers have been filled in.
struct Filled {
    parts: [bool; Part::ALL.len()],
    slots: Vec<bool>,
}

impl Filled {
    /// Whether it had been before, from now on it has; `None` if there is no such pointer.
    fn replace(&mut self, pointer: Pointer) -> Option<bool> {
        let place = match pointer {
            Pointer::Part(part) => &mut self.parts[part as usize],
            Pointer::Slot(slot) => self.slots.get_mut(slot as usize)?,
        };
        Some(std::mem::replace(place, true))
    }

    /// A pointer that has not been filled in, but ought to.
    fn missing(&self, descriptor: &Descriptor) -> Option<Pointer> {
        let part = Part::ALL.into_iter().find(|part| {
            let is_there = descriptor.part(*part).size_bytes != 0;
            is_there && !self.parts[*part as usize]
        });
        let slot = || self.slots.iter().position(|filled| !filled);
        part.map(Pointer::Part)
            .or_else(|| slot().map(|slot| Pointer::Slot(slot as u32)))
    }
}

/// Applies all relocations of the module.
pub(crate) fn resolve(
    object: &Object<'_>,
    parts: &Parts<'_, '_>,
    builder: &mut ImageBuilder,
) -> Result<(), Problem> {
    let section = SECTION_DESCRIPTOR;
    let index = parts.descriptor_section.index;
    let mut filled = Filled {
        parts: [false; Part::ALL.len()],
        slots: vec![false; parts.descriptor.slots as usize],
    };
    if let Some(relocations) = object.relocations(index, section)? {
        for (index, relocation) in relocations.entries.iter().enumerate() {
            let place = Place { parts, builder };
            let pointer = place.fill(&relocations, index, &relocation)?;
            if filled.replace(pointer) != Some(false) {
                let problem = format!("{pointer} is there twice, or not at all");
                return Err(Problem::Pointer {
                    section,
                    index,
                    problem,
                });
            }
        }
    }
    match filled.missing(&parts.descriptor) {
        None => Ok(()),
        Some(pointer) => Err(Problem::NoRelocation {
            section,
            pointer: pointer.to_string(),
        }),
    }
}

/// Where pointers are filled in.
struct Place<'b, 'o, 'a> {
    parts: &'b Parts<'o, 'a>,
    builder: &'b mut ImageBuilder,
}

impl Place<'_, '_, '_> {
    /// Applies one relocation; returns the pointer that it is for.
    fn fill(
        self,
        relocations: &Relocations<'_>,
        index: usize,
        relocation: &Reloc,
    ) -> Result<Pointer, Problem> {
        let section = SECTION_DESCRIPTOR;
        let invalid = |source| Problem::Relocation {
            section,
            index,
            source,
        };
        let wrong = |problem: String| Problem::Pointer {
            section,
            index,
            problem,
        };
        let (offset, size) = (
            relocation.r_offset,
            self.parts.descriptor_section.bytes.len() as u64,
        );
        let kinds = host::target().relocations();
        let kind = kinds
            .verify(relocation.r_type, reloc::Section::Descriptor, offset, size)
            .map_err(invalid)?;
        let pointer = Pointer::at(offset)
            .ok_or_else(|| wrong(format!("there is no pointer at {offset:#x}")))?;
        let (symbol, name) = relocations
            .symbol(relocation.r_sym)
            .ok_or_else(|| wrong(format!("there is no symbol {}", relocation.r_sym)))?;
        if relocation.r_addend != Some(0) {
            return Err(wrong(format!("{pointer} has an addend")));
        }
        let value = match pointer {
            Pointer::Part(part) => self.part(part, &symbol),
            Pointer::Slot(slot) => {
                let name = String::from_utf8_lossy(name);
                self.slot(slot, &symbol, &name)?
            }
        };
        let value = value.ok_or_else(|| {
            let name = String::from_utf8_lossy(name);
            wrong(format!("{pointer} does not go with the symbol {name:?}"))
        })?;
        let pointers = self.builder.pointers();
        let address = pointers.as_ptr() as u64;
        reloc::apply(kind, pointers, address, offset, value, 0).map_err(invalid)?;
        Ok(pointer)
    }

    /// The address of a part, if `symbol` is the start of its section.
    fn part(&self, part: Part, symbol: &Sym) -> Option<u64> {
        let section = self.parts.part(part)?;
        let is_start = symbol.st_shndx == section.index && symbol.st_value == 0;
        is_start
            .then(|| self.builder.address(self.parts, part))
            .flatten()
    }

    /// What a slot holds, if `symbol` is what the metadata says.
    fn slot(&self, slot: u32, symbol: &Sym, name: &str) -> Result<Option<u64>, Problem> {
        let meta = &self.parts.meta;
        let format = Problem::format(Part::Meta.section());
        let slots = meta.slots().map_err(&format)?;
        let Ok(Slot { kind, index }) = slots.get(slot) else {
            return Ok(None);
        };
        match SlotKind::from_number(kind) {
            Some(SlotKind::Builtin) => {
                let builtin = Builtin::from_number(index).ok_or_else(|| {
                    let symbol = name.to_string();
                    Problem::UnknownRuntimeFunction { symbol }
                })?;
                let agrees = name == builtin.symbol() && symbol.st_shndx == SHN_UNDEF;
                Ok(agrees.then(|| prefab_runtime::builtin_address(builtin)))
            }
            Some(SlotKind::Type) => {
                let ty = meta.types().and_then(|types| types.get(index));
                let ty = ty.map_err(&format)?;
                let canonical = meta.bytes(ty.canonical).map_err(&format)?;
                FuncType::from_canonical_bytes(canonical).map_err(&format)?;
                let agrees = name.starts_with(TYPE_SYMBOL_PREFIX);
                Ok(agrees.then(|| prefab_runtime::intern_type(canonical)))
            }
            None => Ok(None),
        }
    }
}
