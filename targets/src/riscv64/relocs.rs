//! Relocations (RISC-V psABI, "Relocations"). Differences of two labels are pairs of an addition
//! and a subtraction, because a linker may shorten the code between them.

use crate::reloc::{Fit, Relocation, Relocations, Section, Value};

pub(super) static RELOCATIONS: Relocations = Relocations {
    kinds: KINDS,
    absolute_64: 2,
};

const fn row(
    number: u32,
    name: &'static str,
    value: Value,
    bits: u8,
    sections: &'static [Section],
) -> Relocation {
    Relocation {
        number,
        name,
        value,
        bits,
        fit: Fit::Wrap,
        sections,
    }
}

const ALL: &[Section] = &[Section::Descriptor, Section::Unwind, Section::Debug];
const TABLES: &[Section] = &[Section::Unwind, Section::Debug];
const UNWIND: &[Section] = &[Section::Unwind];
const DEBUG: &[Section] = &[Section::Debug];

#[rustfmt::skip]
const KINDS: &[Relocation] = &[
    Relocation {
        fit: Fit::Either,
        ..row(1, "R_RISCV_32", Value::Absolute, 32, DEBUG)
    },
    row(2, "R_RISCV_64", Value::Absolute, 64, ALL),
    row(33, "R_RISCV_ADD8", Value::Add, 8, TABLES),
    row(34, "R_RISCV_ADD16", Value::Add, 16, TABLES),
    row(35, "R_RISCV_ADD32", Value::Add, 32, TABLES),
    row(36, "R_RISCV_ADD64", Value::Add, 64, TABLES),
    row(37, "R_RISCV_SUB8", Value::Subtract, 8, TABLES),
    row(38, "R_RISCV_SUB16", Value::Subtract, 16, TABLES),
    row(39, "R_RISCV_SUB32", Value::Subtract, 32, TABLES),
    row(40, "R_RISCV_SUB64", Value::Subtract, 64, TABLES),
    row(52, "R_RISCV_SUB6", Value::Subtract, 6, TABLES),
    row(53, "R_RISCV_SET6", Value::Absolute, 6, TABLES),
    row(54, "R_RISCV_SET8", Value::Absolute, 8, TABLES),
    row(55, "R_RISCV_SET16", Value::Absolute, 16, TABLES),
    row(56, "R_RISCV_SET32", Value::Absolute, 32, TABLES),
    Relocation {
        fit: Fit::Signed,
        ..row(57, "R_RISCV_32_PCREL", Value::PcRelative, 32, UNWIND)
    },
];
