//! Reading code back (Arm Architecture Reference Manual, C4.1 and C6.2).

use crate::disasm::{Disasm, Flow, JumpTable, signed, word};
use capstone::arch::arm64::ArchMode;
use capstone::prelude::*;

/// How the code is read.
pub(crate) static DISASM: Disasm = Disasm {
    open: || Capstone::new().arm64().mode(ArchMode::Arm).build(),
    size: |code| (code.len() >= 4).then_some(4),
    flow,
    address,
    index_max,
    text: |instruction| {
        let word = word(instruction, 0)?;
        (word >> 16 == 0).then(|| format!("udf #{word:#x}"))
    },
    jump_table: JumpTable::Offsets,
    alignment: 4,
};

fn flow(code: &[u8], at: usize, _size: usize) -> Flow {
    let Some(word) = word(code, at) else {
        return Flow::Stop;
    };
    let target = |shift: u32, bits: u32| at as i64 + 4 * signed(word >> shift, bits);
    if word & 0xfc00_0000 == 0x1400_0000 {
        Flow::Jump(target(0, 26))
    } else if word & 0xfc00_0000 == 0x9400_0000 {
        Flow::Call(target(0, 26))
    } else if word & 0xff00_0010 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 {
        Flow::Branch(target(5, 19))
    } else if word & 0x7e00_0000 == 0x3600_0000 {
        Flow::Branch(target(5, 14))
    } else if word & 0xffff_fc1f == 0xd61f_0000 {
        Flow::IndirectJump
    } else if word & 0xffff_fc1f == 0xd63f_0000 {
        Flow::IndirectCall
    } else if word & 0xffff_fc1f == 0xd65f_0000 || word >> 16 == 0 {
        Flow::Stop
    } else {
        Flow::Next
    }
}

/// `adr`.
fn address(code: &[u8], at: usize, _size: usize) -> Option<i64> {
    let word = word(code, at).filter(|word| word & 0x9f00_0000 == 0x1000_0000)?;
    let distance = ((word >> 5) & 0x7_ffff) << 2 | (word >> 29) & 3;
    Some(at as i64 + signed(distance, 21))
}

/// `movz reg, max; csel reg, index, reg, lo` clamps the index; a large one takes a `movk` too.
fn index_max(before: &mut dyn Iterator<Item = &[u8]>) -> Option<u32> {
    let mut before = before.filter_map(|instruction| word(instruction, 0));
    before.find(|word| word & 0x7fe0_0c00 == 0x1a80_0000)?;
    let mut max = 0;
    for word in before.take(2) {
        let half = ((word >> 5) & 0xffff) << (((word >> 21) & 1) * 16);
        match word & 0x7f80_0000 {
            0x5280_0000 => return Some(max | half),
            0x7280_0000 => max |= half,
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::DISASM;
    use crate::disasm::{Disassembler, Flow};

    #[test]
    fn control_flow() {
        let disassembler = Disassembler::new(&DISASM).unwrap();
        let flow = |word: u32| {
            let mut code = vec![0; 16];
            code.extend(word.to_le_bytes());
            disassembler.decode(&code, 16).map(|found| found.flow)
        };
        assert_eq!(flow(0x9400_0001), Some(Flow::Call(20)));
        assert_eq!(flow(0x17ff_fffc), Some(Flow::Jump(0)));
        assert_eq!(flow(0x5400_0040), Some(Flow::Branch(24)));
        assert_eq!(flow(0xb4ff_ffe0), Some(Flow::Branch(12)));
        assert_eq!(flow(0x3600_0040), Some(Flow::Branch(24)));
        assert_eq!(flow(0xd61f_0200), Some(Flow::IndirectJump));
        assert_eq!(flow(0xd63f_0200), Some(Flow::IndirectCall));
        assert_eq!(flow(0xd65f_03c0), Some(Flow::Stop));
        assert_eq!(flow(0x0000_c11f), Some(Flow::Stop));
        assert_eq!(flow(0xd503_201f), Some(Flow::Next));
        let adr = disassembler.decode(&0x1000_0090u32.to_le_bytes(), 0);
        assert_eq!(adr.and_then(|found| found.address), Some(16));
    }
}
