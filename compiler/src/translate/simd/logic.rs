//! Bitwise operators, selection, and tests of a vector as a whole.

use super::super::FuncTranslator;
use super::V128;
use cranelift_codegen::ir::types::{I8X16, I16X8, I32, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type};
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::V128Not => {
            let a = t.pop();
            let value = t.builder.ins().bnot(a);
            t.push(value);
        }
        Operator::V128And => {
            let (a, b) = t.pop2();
            let value = t.builder.ins().band(a, b);
            t.push(value);
        }
        Operator::V128AndNot => {
            let (a, b) = t.pop2();
            let value = t.builder.ins().band_not(a, b);
            t.push(value);
        }
        Operator::V128Or => {
            let (a, b) = t.pop2();
            let value = t.builder.ins().bor(a, b);
            t.push(value);
        }
        Operator::V128Xor => {
            let (a, b) = t.pop2();
            let value = t.builder.ins().bxor(a, b);
            t.push(value);
        }
        Operator::V128Bitselect => bitselect(t),

        Operator::V128AnyTrue => {
            let a = t.pop();
            let truth = t.builder.ins().vany_true(a);
            let value = t.builder.ins().uextend(I32, truth);
            t.push(value);
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

/// Selects in the shape of the mask: where that is the result of a comparison, the back ends
/// know that its lanes are whole, and blend instead of masking both sides.
fn bitselect(t: &mut FuncTranslator<'_, '_>) {
    let (a, b, mask) = t.pop3();
    let shape = t.vector_shape(mask);
    let ty = if shape.lane_type().is_int() {
        shape
    } else {
        V128
    };
    let (a, b, mask) = (
        t.cast_vector(a, ty),
        t.cast_vector(b, ty),
        t.cast_vector(mask, ty),
    );
    let value = t.builder.ins().bitselect(mask, a, b);
    t.push_vector(value);
}

fn all_true(t: &mut FuncTranslator<'_, '_>, ty: Type) {
    let a = t.pop_vector(ty);
    let truth = t.builder.ins().vall_true(a);
    let value = t.builder.ins().uextend(I32, truth);
    t.push(value);
}

fn bitmask(t: &mut FuncTranslator<'_, '_>, ty: Type) {
    let a = t.pop_vector(ty);
    let value = t.builder.ins().vhigh_bits(I32, a);
    t.push(value);
}
