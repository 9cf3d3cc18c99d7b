//! Bitwise operators, selection, and tests of a vector as a whole.

use super::super::super::FuncTranslator;
use super::swar::Lanes;
use super::{binary, pop2_halves, unary};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8X16, I16X8, I32, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type};
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::V128Not => unary(t, I64X2, |lanes, a| lanes.ins().bnot(a)),
        Operator::V128And => binary(t, I64X2, |lanes, a, b| lanes.ins().band(a, b)),
        Operator::V128AndNot => binary(t, I64X2, |lanes, a, b| lanes.ins().band_not(a, b)),
        Operator::V128Or => binary(t, I64X2, |lanes, a, b| lanes.ins().bor(a, b)),
        Operator::V128Xor => binary(t, I64X2, |lanes, a, b| lanes.ins().bxor(a, b)),
        Operator::V128Bitselect => {
            let mask = t.pop_halves();
            let (a, b) = pop2_halves(t);
            let mut lanes = Lanes::of(&mut t.builder, I64X2);
            let halves = [0, 1].map(|half| lanes.select(mask[half], a[half], b[half]));
            t.push_halves(halves);
        }

        Operator::V128AnyTrue => {
            let [low, high] = t.pop_halves();
            let any = t.builder.ins().bor(low, high);
            let truth = t.builder.ins().icmp_imm_s(IntCC::NotEqual, any, 0);
            t.push_bool(truth);
        }
        Operator::I8x16AllTrue => all_true(t, I8X16),
        Operator::I16x8AllTrue => all_true(t, I16X8),
        Operator::I32x4AllTrue => all_true(t, I32X4),
        Operator::I64x2AllTrue => all_true(t, I64X2),

        Operator::I8x16Bitmask => bitmask(t, I8X16),
        Operator::I16x8Bitmask => bitmask(t, I16X8),
        Operator::I32x4Bitmask => bitmask(t, I32X4),
        Operator::I64x2Bitmask => bitmask(t, I64X2),

        _ => return false,
    }
    true
}

/// Whether no lane is zero.
fn all_true(t: &mut FuncTranslator<'_, '_>, shape: Type) {
    let a = t.pop_halves();
    let mut lanes = Lanes::of(&mut t.builder, shape);
    let [low, high] = a.map(|a| lanes.nonzero(a));
    let both = lanes.ins().band(low, high);
    let highest = lanes.all(1 << (lanes.bits() - 1));
    let both = lanes.ins().band(both, highest);
    let truth = lanes.ins().icmp(IntCC::Equal, both, highest);
    t.push_bool(truth);
}

/// The highest bits of all lanes, as a number.
fn bitmask(t: &mut FuncTranslator<'_, '_>, shape: Type) {
    let a = t.pop_halves();
    let mut lanes = Lanes::of(&mut t.builder, shape);
    let [low, high] = a.map(|a| lanes.bitmask(a));
    let count = i64::from(lanes.count());
    let high = lanes.ins().ishl_imm_u(high, count);
    let mask = lanes.ins().bor(low, high);
    let mask = lanes.ins().ireduce(I32, mask);
    t.push(mask);
}
