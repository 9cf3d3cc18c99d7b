//! `.eh_frame`: how debuggers and unwinders walk the frames of compiled code.

use crate::codegen::Code;
use crate::error::CompileError;
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::isa::unwind::UnwindInfo;
use gimli::write::{Address, EhFrame, EndianVec, FrameTable, Writer};
use gimli::{DwEhPe, LittleEndian};

/// The section, and where it refers to `.text`.
#[derive(Debug, Default)]
pub struct EhFrameSection {
    /// The section's bytes.
    pub bytes: Vec<u8>,
    /// 32-bit fields that hold the distance from themselves to a place in `.text`: where the field
    /// is, and the place, both in bytes.
    pub relocs: Vec<(u64, u64)>,
}

/// Writes the section for code that lies at `offsets`.
pub fn eh_frame(
    isa: &dyn TargetIsa,
    code: &[Code],
    offsets: &[u32],
) -> Result<EhFrameSection, CompileError> {
    let Some(mut cie) = isa.create_systemv_cie() else {
        return Ok(EhFrameSection::default());
    };
    cie.fde_address_encoding = gimli::DW_EH_PE_pcrel | gimli::DW_EH_PE_sdata4;
    let mut table = FrameTable::default();
    let cie = table.add_cie(cie);
    for (code, offset) in code.iter().zip(offsets) {
        if let Some(UnwindInfo::SystemV(info)) = &code.unwind {
            let address = Address::Symbol {
                symbol: 0,
                addend: i64::from(*offset),
            };
            table.add_fde(cie, info.to_fde(address));
        }
    }
    let mut section = EhFrame(Recorder {
        out: EndianVec::new(LittleEndian),
        relocs: Vec::new(),
    });
    table
        .write_eh_frame(&mut section)
        .map_err(|error| CompileError::new(format!("unwind tables: {error}")))?;
    Ok(EhFrameSection {
        bytes: section.0.out.into_vec(),
        relocs: section.0.relocs,
    })
}

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
