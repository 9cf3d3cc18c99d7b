//! Relocations (System V psABI for AMD64, table 4.9).

use crate::reloc::{Fit, Relocation, Relocations, Section, Value};

pub(super) static RELOCATIONS: Relocations = Relocations {
    kinds: KINDS,
    absolute_64: 1,
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
    row(1, "R_X86_64_64", Value::Absolute, 64, Fit::Wrap, ALL),
    row(2, "R_X86_64_PC32", Value::PcRelative, 32, Fit::Signed, UNWIND),
    row(10, "R_X86_64_32", Value::Absolute, 32, Fit::Unsigned, DEBUG),
    row(24, "R_X86_64_PC64", Value::PcRelative, 64, Fit::Wrap, UNWIND),
];
