//! Arithmetic on lanes of integers.

use super::super::FuncTranslator;
use super::{binary, unary};
use cranelift_codegen::ir::types::{I8X16, I16X8, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type, Value};
use cranelift_frontend::FuncInstBuilder;
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    i8x16(t, op) || i16x8(t, op) || i32x4(t, op) || i64x2(t, op)
}

fn i8x16(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I8x16Abs => unary(t, I8X16, |ins, a| ins.iabs(a)),
        Operator::I8x16Neg => unary(t, I8X16, |ins, a| ins.ineg(a)),
        Operator::I8x16Popcnt => unary(t, I8X16, |ins, a| ins.popcnt(a)),
        Operator::I8x16Shl => shift(t, I8X16, |ins, a, by| ins.ishl(a, by)),
        Operator::I8x16ShrS => shift(t, I8X16, |ins, a, by| ins.sshr(a, by)),
        Operator::I8x16ShrU => shift(t, I8X16, |ins, a, by| ins.ushr(a, by)),
        Operator::I8x16Add => binary(t, I8X16, |ins, a, b| ins.iadd(a, b)),
        Operator::I8x16AddSatS => binary(t, I8X16, |ins, a, b| ins.sadd_sat(a, b)),
        Operator::I8x16AddSatU => binary(t, I8X16, |ins, a, b| ins.uadd_sat(a, b)),
        Operator::I8x16Sub => binary(t, I8X16, |ins, a, b| ins.isub(a, b)),
        Operator::I8x16SubSatS => binary(t, I8X16, |ins, a, b| ins.ssub_sat(a, b)),
        Operator::I8x16SubSatU => binary(t, I8X16, |ins, a, b| ins.usub_sat(a, b)),
        Operator::I8x16MinS => binary(t, I8X16, |ins, a, b| ins.smin(a, b)),
        Operator::I8x16MinU => binary(t, I8X16, |ins, a, b| ins.umin(a, b)),
        Operator::I8x16MaxS => binary(t, I8X16, |ins, a, b| ins.smax(a, b)),
        Operator::I8x16MaxU => binary(t, I8X16, |ins, a, b| ins.umax(a, b)),
        Operator::I8x16AvgrU => binary(t, I8X16, |ins, a, b| ins.avg_round(a, b)),
        _ => return false,
    }
    true
}

fn i16x8(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I16x8Abs => unary(t, I16X8, |ins, a| ins.iabs(a)),
        Operator::I16x8Neg => unary(t, I16X8, |ins, a| ins.ineg(a)),
        Operator::I16x8Shl => shift(t, I16X8, |ins, a, by| ins.ishl(a, by)),
        Operator::I16x8ShrS => shift(t, I16X8, |ins, a, by| ins.sshr(a, by)),
        Operator::I16x8ShrU => shift(t, I16X8, |ins, a, by| ins.ushr(a, by)),
        Operator::I16x8Add => binary(t, I16X8, |ins, a, b| ins.iadd(a, b)),
        Operator::I16x8AddSatS => binary(t, I16X8, |ins, a, b| ins.sadd_sat(a, b)),
        Operator::I16x8AddSatU => binary(t, I16X8, |ins, a, b| ins.uadd_sat(a, b)),
        Operator::I16x8Sub => binary(t, I16X8, |ins, a, b| ins.isub(a, b)),
        Operator::I16x8SubSatS => binary(t, I16X8, |ins, a, b| ins.ssub_sat(a, b)),
        Operator::I16x8SubSatU => binary(t, I16X8, |ins, a, b| ins.usub_sat(a, b)),
        Operator::I16x8Mul => binary(t, I16X8, |ins, a, b| ins.imul(a, b)),
        Operator::I16x8MinS => binary(t, I16X8, |ins, a, b| ins.smin(a, b)),
        Operator::I16x8MinU => binary(t, I16X8, |ins, a, b| ins.umin(a, b)),
        Operator::I16x8MaxS => binary(t, I16X8, |ins, a, b| ins.smax(a, b)),
        Operator::I16x8MaxU => binary(t, I16X8, |ins, a, b| ins.umax(a, b)),
        Operator::I16x8AvgrU => binary(t, I16X8, |ins, a, b| ins.avg_round(a, b)),
        Operator::I16x8Q15MulrSatS => binary(t, I16X8, |ins, a, b| ins.sqmul_round_sat(a, b)),
        Operator::I16x8ExtAddPairwiseI8x16S => extadd_pairwise(t, I8X16, Sign::Signed),
        Operator::I16x8ExtAddPairwiseI8x16U => extadd_pairwise(t, I8X16, Sign::Unsigned),
        Operator::I16x8ExtMulLowI8x16S => extmul(t, I8X16, Half::Low, Sign::Signed),
        Operator::I16x8ExtMulHighI8x16S => extmul(t, I8X16, Half::High, Sign::Signed),
        Operator::I16x8ExtMulLowI8x16U => extmul(t, I8X16, Half::Low, Sign::Unsigned),
        Operator::I16x8ExtMulHighI8x16U => extmul(t, I8X16, Half::High, Sign::Unsigned),
        _ => return false,
    }
    true
}

fn i32x4(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I32x4Abs => unary(t, I32X4, |ins, a| ins.iabs(a)),
        Operator::I32x4Neg => unary(t, I32X4, |ins, a| ins.ineg(a)),
        Operator::I32x4Shl => shift(t, I32X4, |ins, a, by| ins.ishl(a, by)),
        Operator::I32x4ShrS => shift(t, I32X4, |ins, a, by| ins.sshr(a, by)),
        Operator::I32x4ShrU => shift(t, I32X4, |ins, a, by| ins.ushr(a, by)),
        Operator::I32x4Add => binary(t, I32X4, |ins, a, b| ins.iadd(a, b)),
        Operator::I32x4Sub => binary(t, I32X4, |ins, a, b| ins.isub(a, b)),
        Operator::I32x4Mul => binary(t, I32X4, |ins, a, b| ins.imul(a, b)),
        Operator::I32x4MinS => binary(t, I32X4, |ins, a, b| ins.smin(a, b)),
        Operator::I32x4MinU => binary(t, I32X4, |ins, a, b| ins.umin(a, b)),
        Operator::I32x4MaxS => binary(t, I32X4, |ins, a, b| ins.smax(a, b)),
        Operator::I32x4MaxU => binary(t, I32X4, |ins, a, b| ins.umax(a, b)),
        Operator::I32x4DotI16x8S => {
            let (a, b) = t.pop2_vector(I16X8);
            let low = mul_half(t, (a, b), Half::Low, Sign::Signed);
            let high = mul_half(t, (a, b), Half::High, Sign::Signed);
            let value = t.builder.ins().iadd_pairwise(low, high);
            t.push_vector(value);
        }
        Operator::I32x4ExtAddPairwiseI16x8S => extadd_pairwise(t, I16X8, Sign::Signed),
        Operator::I32x4ExtAddPairwiseI16x8U => extadd_pairwise(t, I16X8, Sign::Unsigned),
        Operator::I32x4ExtMulLowI16x8S => extmul(t, I16X8, Half::Low, Sign::Signed),
        Operator::I32x4ExtMulHighI16x8S => extmul(t, I16X8, Half::High, Sign::Signed),
        Operator::I32x4ExtMulLowI16x8U => extmul(t, I16X8, Half::Low, Sign::Unsigned),
        Operator::I32x4ExtMulHighI16x8U => extmul(t, I16X8, Half::High, Sign::Unsigned),
        _ => return false,
    }
    true
}

fn i64x2(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I64x2Abs => unary(t, I64X2, |ins, a| ins.iabs(a)),
        Operator::I64x2Neg => unary(t, I64X2, |ins, a| ins.ineg(a)),
        Operator::I64x2Shl => shift(t, I64X2, |ins, a, by| ins.ishl(a, by)),
        Operator::I64x2ShrS => shift(t, I64X2, |ins, a, by| ins.sshr(a, by)),
        Operator::I64x2ShrU => shift(t, I64X2, |ins, a, by| ins.ushr(a, by)),
        Operator::I64x2Add => binary(t, I64X2, |ins, a, b| ins.iadd(a, b)),
        Operator::I64x2Sub => binary(t, I64X2, |ins, a, b| ins.isub(a, b)),
        Operator::I64x2Mul => binary(t, I64X2, |ins, a, b| ins.imul(a, b)),
        Operator::I64x2ExtMulLowI32x4S => extmul(t, I32X4, Half::Low, Sign::Signed),
        Operator::I64x2ExtMulHighI32x4S => extmul(t, I32X4, Half::High, Sign::Signed),
        Operator::I64x2ExtMulLowI32x4U => extmul(t, I32X4, Half::Low, Sign::Unsigned),
        Operator::I64x2ExtMulHighI32x4U => extmul(t, I32X4, Half::High, Sign::Unsigned),
        _ => return false,
    }
    true
}

/// Shifts every lane by the same scalar. CLIF takes it modulo the size of a lane, as wasm does.
fn shift(
    t: &mut FuncTranslator<'_, '_>,
    ty: Type,
    op: impl FnOnce(FuncInstBuilder<'_, '_>, Value, Value) -> Value,
) {
    let by = t.pop();
    let a = t.pop_vector(ty);
    let value = op(t.builder.ins(), a, by);
    t.push_vector(value);
}

/// Which lanes of a vector are widened.
#[derive(Clone, Copy)]
enum Half {
    Low,
    High,
}

/// How lanes are widened.
#[derive(Clone, Copy)]
enum Sign {
    Signed,
    Unsigned,
}

fn widen(t: &mut FuncTranslator<'_, '_>, a: Value, half: Half, sign: Sign) -> Value {
    let ins = t.builder.ins();
    match (half, sign) {
        (Half::Low, Sign::Signed) => ins.swiden_low(a),
        (Half::Low, Sign::Unsigned) => ins.uwiden_low(a),
        (Half::High, Sign::Signed) => ins.swiden_high(a),
        (Half::High, Sign::Unsigned) => ins.uwiden_high(a),
    }
}

/// The products of half the lanes, each twice as wide as its factors.
///
/// The back ends know this shape, and those of its users here, as one instruction or two.
fn mul_half(
    t: &mut FuncTranslator<'_, '_>,
    (a, b): (Value, Value),
    half: Half,
    sign: Sign,
) -> Value {
    let a = widen(t, a, half, sign);
    let b = widen(t, b, half, sign);
    t.builder.ins().imul(a, b)
}

fn extmul(t: &mut FuncTranslator<'_, '_>, from: Type, half: Half, sign: Sign) {
    let factors = t.pop2_vector(from);
    let value = mul_half(t, factors, half, sign);
    t.push_vector(value);
}

fn extadd_pairwise(t: &mut FuncTranslator<'_, '_>, from: Type, sign: Sign) {
    let a = t.pop_vector(from);
    let low = widen(t, a, Half::Low, sign);
    let high = widen(t, a, Half::High, sign);
    let value = t.builder.ins().iadd_pairwise(low, high);
    t.push_vector(value);
}
