//! Whether a module's relocations say what it says itself: where its own parts are, and what its import
//! table names. The loader needs no relocation; a linker that gets the same object does.

use crate::check::Parts;
use crate::error::Problem;
use crate::parse::{Object, Relocations};
use goblin::elf::{Reloc, Sym};
use prefab_abi::builtin::Builtin;
use prefab_abi::descriptor::{Descriptor, Part, SIZE};
use prefab_abi::meta::{Records, Section as MetaSection, Slot, SlotKind};
use prefab_abi::object::SECTION_DESCRIPTOR;
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

/// Checks that the relocations of the module say what its descriptor and the metadata's table of slots
/// do: then a linker would make of it what the runtime does.
pub(crate) fn check(object: &Object<'_>, parts: &Parts<'_>, slots: &[u8]) -> Result<(), Problem> {
    let section = SECTION_DESCRIPTOR;
    let slots = Records::of(MetaSection::Slots, slots);
    let mut filled = Filled {
        parts: [false; Part::ALL.len()],
        slots: vec![false; slots.len() as usize],
    };
    let index = parts.descriptor_section.index;
    if let Some(relocations) = object.relocations(index, section)? {
        let place = Place {
            parts,
            slots,
            relocations: &relocations,
            absolute_64: host::target().relocations().absolute_64,
        };
        for (index, relocation) in relocations.entries()?.enumerate() {
            // Of the types there may be hundreds, which lie one behind the other.
            if let Some(slot) = place.type_slot(&relocation)
                && filled.replace(Pointer::Slot(slot)) == Some(false)
            {
                continue;
            }
            let pointer = place.check(index, &relocation)?;
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

/// What relocations are checked against.
struct Place<'a> {
    parts: &'a Parts<'a>,
    slots: Records<'a, Slot>,
    relocations: &'a Relocations<'a, 'a>,
    absolute_64: u32,
}

impl Place<'_> {
    /// Checks one relocation; returns the pointer that it is for.
    fn check(&self, index: usize, relocation: &Reloc) -> Result<Pointer, Problem> {
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
            self.parts.descriptor_section.size_bytes(),
        );
        let kinds = host::target().relocations();
        kinds
            .verify(relocation.r_type, reloc::Section::Descriptor, offset, size)
            .map_err(invalid)?;
        let pointer = Pointer::at(offset)
            .ok_or_else(|| wrong(format!("there is no pointer at {offset:#x}")))?;
        if relocation.r_addend != Some(0) {
            return Err(wrong(format!("{pointer} has an addend")));
        }
        let agrees = match pointer {
            // The metadata says which type it is.
            Pointer::Slot(slot) if self.is_type(slot) => true,
            pointer => {
                let symbol = self.relocations.symbol(relocation.r_sym)?;
                let symbol = symbol
                    .ok_or_else(|| wrong(format!("there is no symbol {}", relocation.r_sym)))?;
                match pointer {
                    Pointer::Part(part) => self.is_start(part, &symbol),
                    Pointer::Slot(slot) => self.is_builtin(slot, &symbol)?,
                }
            }
        };
        if !agrees {
            let symbol = self.relocations.symbol(relocation.r_sym)?;
            let name = symbol.map(|symbol| self.relocations.name(&symbol));
            let name = name.transpose()?.unwrap_or_default();
            return Err(wrong(format!(
                "{pointer} does not go with the symbol {name:?}"
            )));
        }
        Ok(pointer)
    }

    /// The slot that a relocation is for, if it is as that of a type has to be.
    fn type_slot(&self, relocation: &Reloc) -> Option<u32> {
        let offset = relocation.r_offset.checked_sub(SIZE)?;
        let slot = u32::try_from(offset / 8).ok()?;
        let is_sound = offset.is_multiple_of(8)
            && relocation.r_type == self.absolute_64
            && relocation.r_addend == Some(0);
        (is_sound && self.is_type(slot)).then_some(slot)
    }

    fn is_type(&self, slot: u32) -> bool {
        let slot = self.slots.get(slot).ok();
        slot.is_some_and(|slot| SlotKind::from_number(slot.kind) == Some(SlotKind::Type))
    }

    /// Whether `symbol` is the start of a part's section.
    fn is_start(&self, part: Part, symbol: &Sym) -> bool {
        let section = self.parts.part(part);
        section.is_some_and(|section| symbol.st_shndx == section.index && symbol.st_value == 0)
    }

    /// Whether `symbol` is the runtime function that the metadata says the slot holds.
    fn is_builtin(&self, slot: u32, symbol: &Sym) -> Result<bool, Problem> {
        let Ok(Slot { kind, index }) = self.slots.get(slot) else {
            return Ok(false);
        };
        if SlotKind::from_number(kind) != Some(SlotKind::Builtin) {
            return Ok(false);
        }
        let name = self.relocations.name(symbol)?;
        let Some(builtin) = Builtin::from_number(index) else {
            return Err(Problem::UnknownRuntimeFunction { symbol: name });
        };
        Ok(name == builtin.symbol() && symbol.st_shndx == SHN_UNDEF)
    }
}
