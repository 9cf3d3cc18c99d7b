//! Relocations (AAELF64, "Static data relocations").

use crate::reloc::{Fit, Relocation, Relocations, Section, Value};

pub(super) static RELOCATIONS: Relocations = Relocations {
    kinds: KINDS,
    absolute_64: 257,
};

const fn row(
    number: u32,
    name: &'static str,
    value: Value,
    bits: u8,
    fit: Fit,
    sections: &'static [Section],
) -> Relocation {
    Relocation {
        number,
        name,
        value,
        bits,
        fit,
        sections,
    }
}

const ALL: &[Section] = &[Section::Descriptor, Section::Unwind, Section::Debug];
const UNWIND: &[Section] = &[Section::Unwind];
const DEBUG: &[Section] = &[Section::Debug];

#[rustfmt::skip]
const KINDS: &[Relocation] = &[
    row(257, "R_AARCH64_ABS64", Value::Absolute, 64, Fit::Wrap, ALL),
    row(258, "R_AARCH64_ABS32", Value::Absolute, 32, Fit::Either, DEBUG),
    row(260, "R_AARCH64_PREL64", Value::PcRelative, 64, Fit::Wrap, UNWIND),
    row(261, "R_AARCH64_PREL32", Value::PcRelative, 32, Fit::Either, UNWIND),
];
