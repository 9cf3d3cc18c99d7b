//! Relocations: data, one check and one application for all instruction sets.
//!
//! Objects compiled by Prefab carry one kind of relocation that must be applied to run them, the
//! 64-bit absolute one; unwind tables and debug data carry a few more.

use std::fmt;

/// What the value of a relocation is, in the psABIs' letters: S the symbol's address, A the
/// addend, P the place's address, V what stands in the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: there is nothing to do.
    Nothing,
    /// S + A.
    Absolute,
    /// S + A − P.
    PcRelative,
    /// V + S + A.
    Add,
    /// V − S − A.
    Subtract,
}

/// How a value must fit into the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// What does not fit is cut off.
    Wrap,
    /// As a signed number.
    Signed,
    /// As an unsigned number.
    Unsigned,
    /// As either.
    Either,
}

/// Where in an object a kind of relocation may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The module descriptor and its import table.
    Descriptor,
    /// `.eh_frame`.
    Unwind,
    /// `.debug_*`.
    Debug,
}

/// A kind of relocation.
#[derive(Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Its number in the psABI.
    pub number: u32,
    /// Its name there.
    pub name: &'static str,
    /// What it computes.
    pub value: Value,
    /// How many bits are replaced, counted from the least significant one.
    pub bits: u8,
    /// How the value must fit into them.
    pub fit: Fit,
    /// Where it may stand.
    pub sections: &'static [Section],
}

/// A target's kinds of relocation.
#[derive(Debug)]
pub struct Relocations {
    /// Every kind that an object may have.
    pub kinds: &'static [Relocation],
    /// The number of the 64-bit absolute one.
    pub absolute_64: u32,
}

/// What is wrong with a relocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelocError {
    /// The target's table has no such kind.
    #[error("relocation kind {0} is not one that Prefab's objects have")]
    UnknownKind(u32),
    /// The kind may not stand in this section.
    #[error("relocation kind {0} may not stand in this section")]
    WrongSection(&'static str),
    /// The place reaches out of its section.
    #[error("the place {offset:#x} of a {name} reaches out of its section")]
    OutsideSection {
        /// The kind.
        name: &'static str,
        /// The place, in bytes from the start of the section.
        offset: u64,
    },
    /// The value has more bits than the place.
    #[error("the value {value:#x} of a {name} does not fit its place")]
    Overflow {
        /// The kind.
        name: &'static str,
        /// The value.
        value: u64,
    },
}

impl Relocation {
    /// How many bytes the place has.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        (self.bits as u64).div_ceil(8)
    }
}

impl fmt::Display for Relocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Relocations {
    /// The kind of this number.
    #[must_use]
    pub fn kind(&self, number: u32) -> Option<&'static Relocation> {
        self.kinds.iter().find(|kind| kind.number == number)
    }

    /// Checks that a relocation of the kind `number` may stand at `offset` of a section that has
    /// `section_size` bytes, and returns the kind.
    ///
    /// # Errors
    /// If the kind is not known, may not stand there, or reaches out of the section.
    pub fn verify(
        &self,
        number: u32,
        section: Section,
        offset: u64,
        section_size: u64,
    ) -> Result<&'static Relocation, RelocError> {
        let kind = self.kind(number).ok_or(RelocError::UnknownKind(number))?;
        if !kind.sections.contains(&section) {
            return Err(RelocError::WrongSection(kind.name));
        }
        let end = offset.checked_add(kind.size_bytes());
        if end.is_none_or(|end| end > section_size) {
            let name = kind.name;
            return Err(RelocError::OutsideSection { name, offset });
        }
        Ok(kind)
    }
}

/// Applies a relocation of `kind` at `offset` of a section whose bytes are `section` and whose
/// address is `address`; `symbol` is the symbol's address.
///
/// # Errors
/// If the place reaches out of the section, or the value does not fit into it.
pub fn apply(
    kind: &Relocation,
    section: &mut [u8],
    address: u64,
    offset: u64,
    symbol: u64,
    addend: i64,
) -> Result<(), RelocError> {
    let name = kind.name;
    let place = usize::try_from(offset)
        .ok()
        .and_then(|start| {
            section
                .get_mut(start..)?
                .get_mut(..kind.size_bytes() as usize)
        })
        .ok_or(RelocError::OutsideSection { name, offset })?;
    let mut old = [0; 8];
    old[..place.len()].copy_from_slice(place);
    let old = u64::from_le_bytes(old);
    let target = symbol.wrapping_add_signed(addend);
    let value = match kind.value {
        Value::Nothing => return Ok(()),
        Value::Absolute => target,
        Value::PcRelative => target.wrapping_sub(address.wrapping_add(offset)),
        Value::Add => old.wrapping_add(target),
        Value::Subtract => old.wrapping_sub(target),
    };
    if !fits(value, kind.bits, kind.fit) {
        return Err(RelocError::Overflow { name, value });
    }
    let mask = u64::MAX >> (64 - u32::from(kind.bits));
    let new = (old & !mask) | (value & mask);
    place.copy_from_slice(&new.to_le_bytes()[..place.len()]);
    Ok(())
}

fn fits(value: u64, bits: u8, fit: Fit) -> bool {
    let shift = 64 - u32::from(bits);
    let signed = ((value << shift) as i64 >> shift) as u64 == value;
    let unsigned = (value << shift) >> shift == value;
    match fit {
        Fit::Wrap => true,
        Fit::Signed => signed,
        Fit::Unsigned => unsigned,
        Fit::Either => signed || unsigned,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fit, RelocError, Relocation, Section, Value, apply};
    use crate::Target;

    const KIND: Relocation = Relocation {
        number: 0,
        name: "TEST",
        value: Value::Absolute,
        bits: 32,
        fit: Fit::Signed,
        sections: &[],
    };

    #[test]
    fn every_target_has_one_kind_for_the_descriptor() {
        for target in Target::ALL {
            let relocations = target.relocations();
            let kinds: Vec<_> = relocations
                .kinds
                .iter()
                .filter(|kind| kind.sections.contains(&Section::Descriptor))
                .collect();
            assert_eq!(kinds.len(), 1, "{target}");
            assert_eq!(kinds[0].number, relocations.absolute_64);
            assert_eq!((kinds[0].bits, kinds[0].value), (64, Value::Absolute));
            for (index, kind) in relocations.kinds.iter().enumerate() {
                assert!((1..=64).contains(&kind.bits));
                let rest = &relocations.kinds[index + 1..];
                assert!(rest.iter().all(|other| other.number != kind.number));
            }
        }
    }

    #[test]
    fn places_must_lie_inside() {
        for target in Target::ALL {
            let relocations = target.relocations();
            let number = relocations.absolute_64;
            let verify = |offset| relocations.verify(number, Section::Descriptor, offset, 16);
            assert!(verify(8).is_ok());
            for offset in [9, 16, 17, u64::MAX, u64::MAX - 7] {
                let error = verify(offset).unwrap_err();
                assert!(matches!(error, RelocError::OutsideSection { .. }));
            }
            let unknown = relocations.verify(9999, Section::Descriptor, 0, 16);
            assert_eq!(unknown, Err(RelocError::UnknownKind(9999)));
        }
    }

    #[test]
    fn values_are_applied() {
        let mut bytes = [0xee; 12];
        apply(&KIND, &mut bytes, 0x1000, 4, 0x1234, -4).unwrap();
        assert_eq!(bytes[4..8], 0x1230u32.to_le_bytes());
        assert_eq!((bytes[3], bytes[8]), (0xee, 0xee));
        let relative = Relocation {
            value: Value::PcRelative,
            ..KIND
        };
        apply(&relative, &mut bytes, 0x1000, 4, 0x1000, 0).unwrap();
        assert_eq!(bytes[4..8], (-4i32).to_le_bytes());
        let six = Relocation {
            value: Value::Subtract,
            bits: 6,
            fit: Fit::Wrap,
            ..KIND
        };
        bytes[0] = 0b1100_0001;
        apply(&six, &mut bytes, 0, 0, 2, 0).unwrap();
        assert_eq!(bytes[0], 0b1111_1111);
        let error = apply(&KIND, &mut bytes, 0, 0, 1 << 31, 0).unwrap_err();
        assert!(matches!(error, RelocError::Overflow { .. }));
        let error = apply(&KIND, &mut bytes, 0, 9, 0, 0).unwrap_err();
        assert!(matches!(error, RelocError::OutsideSection { .. }));
    }
}
