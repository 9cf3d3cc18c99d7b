//! Reading machine code back: instructions and where control goes after them.
//!
//! The text of an instruction comes from capstone. Where control goes is read from the
//! instruction's own encoding, so that what is checked does not depend on a second tool's detail.

use capstone::Capstone;

/// Where control goes after an instruction. Targets are offsets in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// To the next instruction.
    Next,
    /// To the target.
    Jump(i64),
    /// To the target or the next instruction.
    Branch(i64),
    /// To the target, and back to the next instruction.
    Call(i64),
    /// To an address in a register or in memory; a jump table may follow.
    IndirectJump,
    /// To an address in a register or in memory, and back to the next instruction.
    IndirectCall,
    /// Nowhere: a return, or an instruction that always traps.
    Stop,
}

/// What follows an indirect jump through a jump table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JumpTable {
    /// Signed 32-bit distances of the targets from the start of the table.
    Offsets,
    /// Direct jumps, each of this many bytes.
    Jumps(u32),
}

/// How an instruction set's code is read.
#[derive(Debug)]
pub struct Disasm {
    pub(crate) open: fn() -> capstone::CsResult<Capstone>,
    /// The size in bytes of the instruction that `code` starts with, as far as the encoding
    /// says it without knowing the instruction.
    pub(crate) size: fn(code: &[u8]) -> Option<usize>,
    /// Where control goes after the instruction of `size` bytes at `at`.
    pub(crate) flow: fn(code: &[u8], at: usize, size: usize) -> Flow,
    /// The address, an offset in the code, that the instruction puts into a register.
    pub(crate) address: fn(code: &[u8], at: usize, size: usize) -> Option<i64>,
    /// The greatest index that the code before a jump through a table lets through, as far as it
    /// shows; `before` has the bytes of the instructions before the jump, the last one first.
    pub(crate) index_max: fn(before: &mut dyn Iterator<Item = &[u8]>) -> Option<u32>,
    /// The text of an instruction that capstone does not know.
    pub(crate) text: fn(instruction: &[u8]) -> Option<String>,
    /// What jump tables look like.
    pub jump_table: JumpTable,
    /// Every instruction starts at a multiple of this, in bytes.
    pub alignment: u32,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its size, in bytes.
    pub size: usize,
    /// Where control goes after it.
    pub flow: Flow,
    /// The address in the code, relative to its own, that it puts into a register.
    pub address: Option<i64>,
    /// Mnemonic and operands; `None` if only its size is known.
    pub text: Option<String>,
}

/// Reads the instructions of one instruction set.
#[derive(Debug)]
pub struct Disassembler {
    capstone: Capstone,
    disasm: &'static Disasm,
}

impl Disassembler {
    /// A reader of `disasm`'s instruction set.
    ///
    /// # Errors
    /// If the capstone that this was built with does not know it.
    pub fn new(disasm: &'static Disasm) -> Result<Self, String> {
        let capstone = (disasm.open)().map_err(|error| error.to_string())?;
        Ok(Self { capstone, disasm })
    }

    /// How the instruction set's code is read.
    #[must_use]
    pub const fn disasm(&self) -> &'static Disasm {
        self.disasm
    }

    /// The greatest index that the code before a jump through a table lets through, as far as it
    /// shows; `before` has the bytes of the instructions before the jump, the last one first.
    pub fn index_max<'a>(&self, mut before: impl Iterator<Item = &'a [u8]>) -> Option<u32> {
        (self.disasm.index_max)(&mut before)
    }

    /// The instruction at offset `at` of `code`; `None` if there is none.
    #[must_use]
    pub fn decode(&self, code: &[u8], at: usize) -> Option<Instruction> {
        let rest = code.get(at..)?;
        let known = self.capstone.disasm_count(rest, at as u64, 1).ok();
        let known = known.as_ref().and_then(|found| found.first());
        let size = match known {
            Some(found) => found.len(),
            None => (self.disasm.size)(rest)?,
        };
        let bytes = rest.get(..size)?;
        let text = match known {
            Some(found) => {
                let mnemonic = found.mnemonic().unwrap_or_default();
                let operands = found.op_str().unwrap_or_default();
                Some(format!("{mnemonic} {operands}").trim_end().to_string())
            }
            None => (self.disasm.text)(bytes),
        };
        Some(Instruction {
            size,
            flow: (self.disasm.flow)(code, at, size),
            address: (self.disasm.address)(code, at, size),
            text,
        })
    }
}

/// The little-endian word of 32 bits at `at`.
pub(crate) fn word(code: &[u8], at: usize) -> Option<u32> {
    let bytes = code.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*bytes))
}

/// The low `bits` bits of `value` as a signed number.
pub(crate) const fn signed(value: u32, bits: u32) -> i64 {
    ((value << (32 - bits)) as i32 >> (32 - bits)) as i64
}
