//! Conversions between shapes: integers and floats, wide and narrow.

use super::super::FuncTranslator;
use super::{binary, unary};
use cranelift_codegen::ir::types::{F32X4, F64X2, I8X16, I16X8, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Value};
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I32x4TruncSatF32x4S => {
            unary(t, F32X4, |ins, a| ins.fcvt_to_sint_sat(I32X4, a));
        }
        Operator::I32x4TruncSatF32x4U => {
            unary(t, F32X4, |ins, a| ins.fcvt_to_uint_sat(I32X4, a));
        }
        Operator::F32x4ConvertI32x4S => unary(t, I32X4, |ins, a| ins.fcvt_from_sint(F32X4, a)),
        Operator::F32x4ConvertI32x4U => unary(t, I32X4, |ins, a| ins.fcvt_from_uint(F32X4, a)),
        Operator::I32x4TruncSatF64x2SZero => {
            let a = t.pop_vector(F64X2);
            let wide = t.builder.ins().fcvt_to_sint_sat(I64X2, a);
            let zero = zero_i64x2(t);
            let value = t.builder.ins().snarrow(wide, zero);
            t.push_vector(value);
        }
        Operator::I32x4TruncSatF64x2UZero => {
            let a = t.pop_vector(F64X2);
            let wide = t.builder.ins().fcvt_to_uint_sat(I64X2, a);
            let zero = zero_i64x2(t);
            let value = t.builder.ins().uunarrow(wide, zero);
            t.push_vector(value);
        }
        Operator::F64x2ConvertLowI32x4S => {
            let a = t.pop_vector(I32X4);
            let wide = t.builder.ins().swiden_low(a);
            let value = t.builder.ins().fcvt_from_sint(F64X2, wide);
            t.push_vector(value);
        }
        Operator::F64x2ConvertLowI32x4U => {
            let a = t.pop_vector(I32X4);
            let wide = t.builder.ins().uwiden_low(a);
            let value = t.builder.ins().fcvt_from_uint(F64X2, wide);
            t.push_vector(value);
        }
        Operator::F32x4DemoteF64x2Zero => unary(t, F64X2, |ins, a| ins.fvdemote(a)),
        Operator::F64x2PromoteLowF32x4 => unary(t, F32X4, |ins, a| ins.fvpromote_low(a)),

        Operator::I8x16NarrowI16x8S => binary(t, I16X8, |ins, a, b| ins.snarrow(a, b)),
        Operator::I8x16NarrowI16x8U => binary(t, I16X8, |ins, a, b| ins.unarrow(a, b)),
        Operator::I16x8NarrowI32x4S => binary(t, I32X4, |ins, a, b| ins.snarrow(a, b)),
        Operator::I16x8NarrowI32x4U => binary(t, I32X4, |ins, a, b| ins.unarrow(a, b)),

        Operator::I16x8ExtendLowI8x16S => unary(t, I8X16, |ins, a| ins.swiden_low(a)),
        Operator::I16x8ExtendHighI8x16S => unary(t, I8X16, |ins, a| ins.swiden_high(a)),
        Operator::I16x8ExtendLowI8x16U => unary(t, I8X16, |ins, a| ins.uwiden_low(a)),
        Operator::I16x8ExtendHighI8x16U => unary(t, I8X16, |ins, a| ins.uwiden_high(a)),
        Operator::I32x4ExtendLowI16x8S => unary(t, I16X8, |ins, a| ins.swiden_low(a)),
        Operator::I32x4ExtendHighI16x8S => unary(t, I16X8, |ins, a| ins.swiden_high(a)),
        Operator::I32x4ExtendLowI16x8U => unary(t, I16X8, |ins, a| ins.uwiden_low(a)),
        Operator::I32x4ExtendHighI16x8U => unary(t, I16X8, |ins, a| ins.uwiden_high(a)),
        Operator::I64x2ExtendLowI32x4S => unary(t, I32X4, |ins, a| ins.swiden_low(a)),
        Operator::I64x2ExtendHighI32x4S => unary(t, I32X4, |ins, a| ins.swiden_high(a)),
        Operator::I64x2ExtendLowI32x4U => unary(t, I32X4, |ins, a| ins.uwiden_low(a)),
        Operator::I64x2ExtendHighI32x4U => unary(t, I32X4, |ins, a| ins.uwiden_high(a)),

        _ => return false,
    }
    true
}

/// Zero for the upper lanes of a narrowed vector. The back ends have instructions for a
/// conversion narrowed with just this constant, and for no other narrowing of 64-bit lanes.
fn zero_i64x2(t: &mut FuncTranslator<'_, '_>) -> Value {
    let zero = t
        .builder
        .func
        .dfg
        .constants
        .insert([0; 16].as_slice().into());
    t.builder.ins().vconst(I64X2, zero)
}
