//! Reading code back (Intel SDM, volume 2, chapter 2 and appendix A).

use crate::disasm::{Disasm, Flow, JumpTable};
use capstone::arch::x86::{ArchMode, ArchSyntax};
use capstone::prelude::*;

/// How the code is read.
pub(crate) static DISASM: Disasm = Disasm {
    open: || {
        Capstone::new()
            .x86()
            .mode(ArchMode::Mode64)
            .syntax(ArchSyntax::Intel)
            .build()
    },
    size: |_| None,
    flow,
    address,
    index_max,
    text: |_| None,
    jump_table: JumpTable::Offsets,
    alignment: 1,
};

fn flow(code: &[u8], at: usize, size: usize) -> Flow {
    let bytes = code.get(at..at + size).unwrap_or_default();
    let prefixes = bytes
        .iter()
        .take_while(|byte| {
            matches!(byte, 0x26 | 0x2e | 0x36 | 0x3e | 0x40..=0x4f | 0x64..=0x67 | 0xf0 | 0xf2 | 0xf3)
        })
        .count();
    let end = (at + size) as i64;
    let near = bytes
        .last_chunk::<4>()
        .map_or(0, |disp| end + i64::from(i32::from_le_bytes(*disp)));
    let short = bytes.last().map_or(0, |disp| end + i64::from(*disp as i8));
    match bytes[prefixes..] {
        [0xe8, ..] => Flow::Call(near),
        [0xe9, ..] => Flow::Jump(near),
        [0xeb, ..] => Flow::Jump(short),
        [0x70..=0x7f | 0xe0..=0xe3, ..] => Flow::Branch(short),
        [0x0f, 0x80..=0x8f, ..] => Flow::Branch(near),
        [0xff, modrm, ..] if modrm & 0x38 == 0x10 => Flow::IndirectCall,
        [0xff, modrm, ..] if modrm & 0x38 == 0x20 => Flow::IndirectJump,
        [0xc2 | 0xc3 | 0xcc | 0xf4, ..] | [0x0f, 0x0b, ..] => Flow::Stop,
        _ => Flow::Next,
    }
}

/// `lea` of an address relative to the instruction pointer.
fn address(code: &[u8], at: usize, size: usize) -> Option<i64> {
    let bytes = code.get(at..at + size)?;
    let (0x48 | 0x4c, 0x8d) = (bytes[0], *bytes.get(1)?) else {
        return None;
    };
    (bytes.get(2)? & 0xc7 == 0x05).then_some(())?;
    let distance = i32::from_le_bytes(*bytes.last_chunk::<4>()?);
    Some((at + size) as i64 + i64::from(distance))
}

fn without_rex(instruction: &[u8]) -> &[u8] {
    match instruction {
        [0x40..=0x4f, rest @ ..] => rest,
        all => all,
    }
}

/// `mov reg, max; cmp index, reg; cmovb reg, index` clamps the index.
fn index_max(before: &mut dyn Iterator<Item = &[u8]>) -> Option<u32> {
    let mut before = before.map(without_rex);
    before.find(|instruction| matches!(instruction, [0x0f, 0x42, ..]))?;
    before.find_map(|instruction| match instruction {
        [0xb8..=0xbf, max @ ..] => Some(u32::from_le_bytes(*max.first_chunk()?)),
        [0x31 | 0x33, modrm] if (modrm >> 3) & 7 == modrm & 7 && *modrm >= 0xc0 => Some(0),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::DISASM;
    use crate::disasm::{Disassembler, Flow};

    #[test]
    fn control_flow() {
        let disassembler = Disassembler::new(&DISASM).unwrap();
        let flow = |bytes: &[u8]| disassembler.decode(bytes, 0).map(|found| found.flow);
        assert_eq!(flow(&[0xe8, 1, 0, 0, 0]), Some(Flow::Call(6)));
        assert_eq!(flow(&[0xeb, 0xfe]), Some(Flow::Jump(0)));
        assert_eq!(flow(&[0x0f, 0x84, 2, 0, 0, 0]), Some(Flow::Branch(8)));
        assert_eq!(flow(&[0x41, 0xff, 0xd2]), Some(Flow::IndirectCall));
        assert_eq!(flow(&[0xff, 0xe0]), Some(Flow::IndirectJump));
        assert_eq!(flow(&[0xc3]), Some(Flow::Stop));
        assert_eq!(flow(&[0x90]), Some(Flow::Next));
        assert_eq!(flow(&[0x06]), None);
        let lea = disassembler.decode(&[0x4c, 0x8d, 0x1d, 1, 0, 0, 0], 0);
        assert_eq!(lea.and_then(|found| found.address), Some(8));
    }
}
