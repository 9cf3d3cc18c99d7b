//! Reading code back (RISC-V ISA manual, volume I: chapters 2, 27 "C" and 37, instruction listings).

use crate::disasm::{Disasm, Flow, JumpTable, signed, word};
use capstone::arch::riscv::{ArchExtraMode, ArchMode};
use capstone::prelude::*;

/// How the code is read.
pub(crate) static DISASM: Disasm = Disasm {
    open: || {
        Capstone::new()
            .riscv()
            .mode(ArchMode::RiscV64)
            .extra_mode([ArchExtraMode::RiscVC].into_iter())
            .build()
    },
    size: |code| {
        let low = *code.first()?;
        let size = if low & 3 == 3 { 4 } else { 2 };
        (code.len() >= size && low & 0x1f != 0x1f).then_some(size)
    },
    flow,
    address,
    // Its tables are code and show their own end.
    index_max: |_| None,
    text: |instruction| (instruction == [0, 0]).then(|| "unimp".to_string()),
    jump_table: JumpTable::Jumps(8),
    alignment: 2,
};

const AUIPC: u32 = 0x17;
const RETURN_ADDRESS: u32 = 1;

fn flow(code: &[u8], at: usize, size: usize) -> Flow {
    if size == 2 {
        let half = code.get(at..).and_then(|rest| rest.first_chunk());
        return half.map_or(Flow::Stop, |half| {
            compressed(u32::from(u16::from_le_bytes(*half)), at as i64)
        });
    }
    let Some(word) = word(code, at) else {
        return Flow::Stop;
    };
    match word & 0x7f {
        0x63 => Flow::Branch(at as i64 + branch_distance(word)),
        0x6f => link(word, at as i64 + jal_distance(word)),
        0x67 => indirect(code, at, word),
        // EBREAK.
        0x73 if word == 0x0010_0073 => Flow::Stop,
        _ => Flow::Next,
    }
}

fn link(word: u32, target: i64) -> Flow {
    if (word >> 7) & 31 == 0 {
        Flow::Jump(target)
    } else {
        Flow::Call(target)
    }
}

/// `jalr`: direct after an `auipc` of the same register, a return through the return address.
fn indirect(code: &[u8], at: usize, jalr: u32) -> Flow {
    let register = (jalr >> 15) & 31;
    let before = at.checked_sub(4).and_then(|before| word(code, before));
    match before {
        Some(auipc) if auipc & 0x7f == AUIPC && (auipc >> 7) & 31 == register => {
            let high = i64::from((auipc & 0xffff_f000) as i32);
            link(jalr, at as i64 - 4 + high + signed(jalr >> 20, 12))
        }
        _ if (jalr >> 7) & 31 != 0 => Flow::IndirectCall,
        _ if register == RETURN_ADDRESS => Flow::Stop,
        _ => Flow::IndirectJump,
    }
}

/// `addi` after an `auipc` of the same register.
fn address(code: &[u8], at: usize, _size: usize) -> Option<i64> {
    let addi = word(code, at).filter(|word| word & 0x707f == 0x13)?;
    let register = (addi >> 15) & 31;
    let auipc = word(code, at.checked_sub(4)?)?;
    if auipc & 0x7f != AUIPC || (auipc >> 7) & 31 != register {
        return None;
    }
    let high = i64::from((auipc & 0xffff_f000) as i32);
    Some(at as i64 - 4 + high + signed(addi >> 20, 12))
}

fn branch_distance(word: u32) -> i64 {
    let bits = (word >> 31) << 12
        | ((word >> 7) & 1) << 11
        | ((word >> 25) & 0x3f) << 5
        | ((word >> 8) & 0xf) << 1;
    signed(bits, 13)
}

fn jal_distance(word: u32) -> i64 {
    let bits = (word >> 31) << 20
        | ((word >> 12) & 0xff) << 12
        | ((word >> 20) & 1) << 11
        | ((word >> 21) & 0x3ff) << 1;
    signed(bits, 21)
}

fn compressed(half: u32, at: i64) -> Flow {
    let bit = |from: u32, to: u32| ((half >> from) & 1) << to;
    match (half & 3, half >> 13) {
        // C.J
        (1, 5) => {
            let bits = bit(12, 11)
                | bit(11, 4)
                | ((half >> 9) & 3) << 8
                | bit(8, 10)
                | bit(7, 6)
                | bit(6, 7)
                | ((half >> 3) & 7) << 1
                | bit(2, 5);
            Flow::Jump(at + signed(bits, 12))
        }
        // C.BEQZ, C.BNEZ
        (1, 6 | 7) => {
            let bits = bit(12, 8)
                | ((half >> 10) & 3) << 3
                | ((half >> 5) & 3) << 6
                | ((half >> 3) & 3) << 1
                | bit(2, 5);
            Flow::Branch(at + signed(bits, 9))
        }
        // C.JR, C.JALR, C.EBREAK; with a second register they are moves and additions.
        (2, 4) if (half >> 2) & 31 == 0 => match ((half >> 12) & 1, (half >> 7) & 31) {
            (0, RETURN_ADDRESS) | (1, 0) => Flow::Stop,
            (0, _) => Flow::IndirectJump,
            _ => Flow::IndirectCall,
        },
        (0, 0) if half == 0 => Flow::Stop,
        _ => Flow::Next,
    }
}

#[cfg(test)]
mod tests {
    use super::DISASM;
    use crate::disasm::{Disassembler, Flow};

    fn flow(code: &[u32]) -> Option<Flow> {
        let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
        let at = bytes.len() - 4;
        let disassembler = Disassembler::new(&DISASM).unwrap();
        disassembler.decode(&bytes, at).map(|found| found.flow)
    }

    #[test]
    fn control_flow() {
        // beq a0, a1, +8; jal ra, +16; jal zero, -4
        assert_eq!(flow(&[0, 0x00b5_0463]), Some(Flow::Branch(12)));
        assert_eq!(flow(&[0x0100_00ef]), Some(Flow::Call(16)));
        assert_eq!(flow(&[0, 0xffdf_f06f]), Some(Flow::Jump(0)));
        // auipc t0, 1; jalr ra, 8(t0): together a call
        assert_eq!(flow(&[0x0000_1297, 0x0082_80e7]), Some(Flow::Call(0x1008)));
        assert_eq!(flow(&[0x0000_0013, 0x0008_0067]), Some(Flow::IndirectJump));
        assert_eq!(flow(&[0x0000_8067]), Some(Flow::Stop));
    }

    #[test]
    fn compressed_control_flow() {
        // In the low half: c.j -2, c.beqz a0 +4, c.jr ra, c.jalr t0, c.mv a0 a1, c.unimp.
        let halves = [
            (0xbffd, Flow::Jump(-2)),
            (0xc111, Flow::Branch(4)),
            (0x8082, Flow::Stop),
            (0x9282, Flow::IndirectCall),
            (0x852e, Flow::Next),
            (0x0000, Flow::Stop),
        ];
        for (half, expected) in halves {
            assert_eq!(flow(&[half]), Some(expected), "{half:#x}");
        }
    }
}
