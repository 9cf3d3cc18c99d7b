//! `.eh_frame`: how debuggers and unwinders walk the frames of compiled code.
//!
//! An entry for a function takes 40 to 50 bytes, and 24 for its relocation; what it says, about ten.
//! So functions that lie one behind the other share an entry: where one begins, the state
//! is again that of a function's first instruction.

use crate::codegen::Code;
use crate::error::CompileError;
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::isa::unwind::{UnwindInfo, systemv};
use gimli::read::{BaseAddresses, CallFrameInstruction as Instruction, CieOrFde, UnwindSection};
use gimli::write::{
    Address, CallFrameInstruction, CommonInformationEntry, EhFrame, EndianVec,
    FrameDescriptionEntry, FrameTable, Writer,
};
use gimli::{DwEhPe, LittleEndian};
use rayon::prelude::*;
use std::ops::Range;

/// Functions that share an entry, at most: an unwinder goes through half of them on average.
const SHARING: usize = 16;

/// The section, and where it refers to `.text`.
#[derive(Debug, Default)]
pub struct EhFrameSection {
    /// The section's bytes.
    pub bytes: Vec<u8>,
    /// 32-bit fields that hold the distance from themselves to a place in `.text`: where the field
    /// is, and the place, both in bytes.
    pub relocs: Vec<(u64, u64)>,
}

/// Writes the section for code that lies at `ranges`.
pub fn eh_frame(
    isa: &dyn TargetIsa,
    code: &[Code],
    ranges: &[Range<u32>],
) -> Result<EhFrameSection, CompileError> {
    let Some(mut cie) = isa.create_systemv_cie() else {
        return Ok(EhFrameSection::default());
    };
    cie.fde_address_encoding = gimli::DW_EH_PE_pcrel | gimli::DW_EH_PE_sdata4;
    let failed =
        |error: &dyn std::fmt::Display| CompileError::new(format!("unwind tables: {error}"));
    let rules = code.par_iter().map(|code| match &code.unwind {
        Some(UnwindInfo::SystemV(info)) => rules(&cie, info).map_err(|error| failed(&error)),
        _ => Err(failed(&"a function has none")),
    });
    let rules = rules.collect::<Result<Vec<_>, _>>()?;
    let mut table = FrameTable::default();
    let id = table.add_cie(cie);
    let groups = ranges.chunks(SHARING).zip(rules.chunks(SHARING));
    for (ranges, rules) in groups {
        table.add_fde(id, entry(ranges, rules));
    }
    let mut section = EhFrame(Recorder {
        out: EndianVec::new(LittleEndian),
        relocs: Vec::new(),
    });
    table
        .write_eh_frame(&mut section)
        .map_err(|error| failed(&error))?;
    Ok(EhFrameSection {
        bytes: section.0.out.into_vec(),
        relocs: section.0.relocs,
    })
}

/// What is to be done to unwind from a function: from which of its instructions on, in bytes from
/// its start, how its caller's registers are found.
type Rules = Vec<(u32, CallFrameInstruction)>;

/// The entry of functions that lie one behind the other.
fn entry(ranges: &[Range<u32>], rules: &[Rules]) -> FrameDescriptionEntry {
    let (start, end) = (ranges[0].start, ranges[ranges.len() - 1].end);
    let address = Address::Symbol {
        symbol: 0,
        addend: i64::from(start),
    };
    let mut entry = FrameDescriptionEntry::new(address, end - start);
    for (index, (range, rules)) in ranges.iter().zip(rules).enumerate() {
        let offset = range.start - start;
        if index > 0 {
            entry.add_instruction(offset, CallFrameInstruction::RestoreState);
        }
        if index + 1 < ranges.len() {
            entry.add_instruction(offset, CallFrameInstruction::RememberState);
        }
        for (at, rule) in rules {
            entry.add_instruction(offset + at, rule.clone());
        }
    }
    entry
}

/// A function's rules, which Cranelift shows only in an entry of their own.
fn rules(cie: &CommonInformationEntry, info: &systemv::UnwindInfo) -> Result<Rules, Failure> {
    let mut table = FrameTable::default();
    let id = table.add_cie(cie.clone());
    table.add_fde(id, info.to_fde(Address::Constant(0)));
    let mut section = EhFrame(EndianVec::new(LittleEndian));
    table.write_eh_frame(&mut section)?;
    let section = gimli::read::EhFrame::new(section.0.slice(), LittleEndian);
    let bases = BaseAddresses::default().set_eh_frame(0).set_text(0);
    let mut entries = section.entries(&bases);
    let mut rules = Rules::new();
    while let Some(entry) = entries.next()? {
        let CieOrFde::Fde(entry) = entry else {
            continue;
        };
        let entry = entry.parse(|section, bases, at| section.cie_from_offset(bases, at))?;
        let (factor, mut at) = (entry.cie().data_alignment_factor(), 0);
        let mut instructions = entry.instructions(&section, &bases);
        while let Some(instruction) = instructions.next()? {
            match instruction {
                Instruction::AdvanceLoc { delta } => {
                    at += delta * entry.cie().code_alignment_factor() as u32;
                }
                Instruction::Nop => {}
                other => rules.push((at, rule(&other, factor)?)),
            }
        }
    }
    Ok(rules)
}

/// An instruction as it is written. These are all that Cranelift uses for functions that keep
/// a frame pointer and do not sign return addresses.
fn rule(instruction: &Instruction<usize>, factor: i64) -> Result<CallFrameInstruction, Failure> {
    let whole = |factored: u64| i32::try_from(factored as i64 * factor);
    Ok(match *instruction {
        Instruction::DefCfaRegister { register } => CallFrameInstruction::CfaRegister(register),
        Instruction::DefCfaOffset { offset } => CallFrameInstruction::CfaOffset(offset.try_into()?),
        Instruction::Offset {
            register,
            factored_offset,
        } => CallFrameInstruction::Offset(register, whole(factored_offset)?),
        ref other => return Err(format!("{other:?} is not known").into()),
    })
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Writes bytes, and records what a linker must fill in.
#[derive(Clone)]
struct Recorder {
    out: EndianVec<LittleEndian>,
    relocs: Vec<(u64, u64)>,
}

impl Writer for Recorder {
    type Endian = LittleEndian;

    fn endian(&self) -> LittleEndian {
        LittleEndian
    }

    fn len(&self) -> usize {
        self.out.len()
    }

    fn write(&mut self, bytes: &[u8]) -> gimli::write::Result<()> {
        self.out.write(bytes)
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> gimli::write::Result<()> {
        self.out.write_at(offset, bytes)
    }

    fn write_eh_pointer(
        &mut self,
        address: Address,
        encoding: DwEhPe,
        size: u8,
    ) -> gimli::write::Result<()> {
        match address {
            Address::Constant(_) => self.out.write_eh_pointer(address, encoding, size),
            Address::Symbol { addend, .. } => {
                self.relocs.push((self.out.len() as u64, addend as u64));
                self.out.write_u32(0)
            }
        }
    }
}
