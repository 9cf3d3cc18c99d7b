//! Arithmetic on lanes of integers.

use super::super::super::FuncTranslator;
use super::swar::Lanes;
use super::{binary, pop2_halves, unary};
use cranelift_codegen::ir::types::{I8X16, I16X8, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type, Value};
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    i8x16(t, op) || i16x8(t, op) || i32x4(t, op) || i64x2(t, op) || widening(t, op)
}

fn i8x16(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I8x16Abs => unary(t, I8X16, |lanes, a| lanes.abs(a)),
        Operator::I8x16Neg => unary(t, I8X16, |lanes, a| lanes.neg(a)),
        Operator::I8x16Popcnt => unary(t, I8X16, |lanes, a| lanes.popcnt(a)),
        Operator::I8x16Shl => shift(t, I8X16, |lanes, a, by| lanes.shl(a, by)),
        Operator::I8x16ShrS => shift(t, I8X16, |lanes, a, by| lanes.shr_s(a, by)),
        Operator::I8x16ShrU => shift(t, I8X16, |lanes, a, by| lanes.shr_u(a, by)),
        Operator::I8x16Add => binary(t, I8X16, |lanes, a, b| lanes.add(a, b)),
        Operator::I8x16AddSatS => binary(t, I8X16, |lanes, a, b| lanes.add_sat_s(a, b)),
        Operator::I8x16AddSatU => binary(t, I8X16, |lanes, a, b| lanes.add_sat_u(a, b)),
        Operator::I8x16Sub => binary(t, I8X16, |lanes, a, b| lanes.sub(a, b)),
        Operator::I8x16SubSatS => binary(t, I8X16, |lanes, a, b| lanes.sub_sat_s(a, b)),
        Operator::I8x16SubSatU => binary(t, I8X16, |lanes, a, b| lanes.sub_sat_u(a, b)),
        Operator::I8x16MinS => binary(t, I8X16, min_s),
        Operator::I8x16MinU => binary(t, I8X16, min_u),
        Operator::I8x16MaxS => binary(t, I8X16, max_s),
        Operator::I8x16MaxU => binary(t, I8X16, max_u),
        Operator::I8x16AvgrU => binary(t, I8X16, |lanes, a, b| lanes.avgr_u(a, b)),
        _ => return false,
    }
    true
}

fn i16x8(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I16x8Abs => unary(t, I16X8, |lanes, a| lanes.abs(a)),
        Operator::I16x8Neg => unary(t, I16X8, |lanes, a| lanes.neg(a)),
        Operator::I16x8Shl => shift(t, I16X8, |lanes, a, by| lanes.shl(a, by)),
        Operator::I16x8ShrS => shift(t, I16X8, |lanes, a, by| lanes.shr_s(a, by)),
        Operator::I16x8ShrU => shift(t, I16X8, |lanes, a, by| lanes.shr_u(a, by)),
        Operator::I16x8Add => binary(t, I16X8, |lanes, a, b| lanes.add(a, b)),
        Operator::I16x8AddSatS => binary(t, I16X8, |lanes, a, b| lanes.add_sat_s(a, b)),
        Operator::I16x8AddSatU => binary(t, I16X8, |lanes, a, b| lanes.add_sat_u(a, b)),
        Operator::I16x8Sub => binary(t, I16X8, |lanes, a, b| lanes.sub(a, b)),
        Operator::I16x8SubSatS => binary(t, I16X8, |lanes, a, b| lanes.sub_sat_s(a, b)),
        Operator::I16x8SubSatU => binary(t, I16X8, |lanes, a, b| lanes.sub_sat_u(a, b)),
        Operator::I16x8Mul => binary(t, I16X8, mul),
        Operator::I16x8MinS => binary(t, I16X8, min_s),
        Operator::I16x8MinU => binary(t, I16X8, min_u),
        Operator::I16x8MaxS => binary(t, I16X8, max_s),
        Operator::I16x8MaxU => binary(t, I16X8, max_u),
        Operator::I16x8AvgrU => binary(t, I16X8, |lanes, a, b| lanes.avgr_u(a, b)),
        Operator::I16x8Q15MulrSatS => binary(t, I16X8, q15mulr_sat_s),
        _ => return false,
    }
    true
}

fn i32x4(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I32x4Abs => unary(t, I32X4, |lanes, a| lanes.abs(a)),
        Operator::I32x4Neg => unary(t, I32X4, |lanes, a| lanes.neg(a)),
        Operator::I32x4Shl => shift(t, I32X4, |lanes, a, by| lanes.shl(a, by)),
        Operator::I32x4ShrS => shift(t, I32X4, |lanes, a, by| lanes.shr_s(a, by)),
        Operator::I32x4ShrU => shift(t, I32X4, |lanes, a, by| lanes.shr_u(a, by)),
        Operator::I32x4Add => binary(t, I32X4, |lanes, a, b| lanes.add(a, b)),
        Operator::I32x4Sub => binary(t, I32X4, |lanes, a, b| lanes.sub(a, b)),
        Operator::I32x4Mul => binary(t, I32X4, mul),
        Operator::I32x4MinS => binary(t, I32X4, min_s),
        Operator::I32x4MinU => binary(t, I32X4, min_u),
        Operator::I32x4MaxS => binary(t, I32X4, max_s),
        Operator::I32x4MaxU => binary(t, I32X4, max_u),
        Operator::I32x4DotI16x8S => binary(t, I16X8, dot),
        _ => return false,
    }
    true
}

fn i64x2(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I64x2Abs => unary(t, I64X2, |lanes, a| lanes.abs(a)),
        Operator::I64x2Neg => unary(t, I64X2, |lanes, a| lanes.neg(a)),
        Operator::I64x2Shl => shift(t, I64X2, |lanes, a, by| lanes.shl(a, by)),
        Operator::I64x2ShrS => shift(t, I64X2, |lanes, a, by| lanes.shr_s(a, by)),
        Operator::I64x2ShrU => shift(t, I64X2, |lanes, a, by| lanes.shr_u(a, by)),
        Operator::I64x2Add => binary(t, I64X2, |lanes, a, b| lanes.add(a, b)),
        Operator::I64x2Sub => binary(t, I64X2, |lanes, a, b| lanes.sub(a, b)),
        Operator::I64x2Mul => binary(t, I64X2, mul),
        _ => return false,
    }
    true
}

/// What makes lanes twice as wide; a shape is that of the operands.
fn widening(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    const LOW: usize = 0;
    const HIGH: usize = 1;
    const S: bool = true;
    const U: bool = false;
    match op {
        Operator::I16x8ExtAddPairwiseI8x16S => extadd_pairwise(t, I8X16, S),
        Operator::I16x8ExtAddPairwiseI8x16U => extadd_pairwise(t, I8X16, U),
        Operator::I32x4ExtAddPairwiseI16x8S => extadd_pairwise(t, I16X8, S),
        Operator::I32x4ExtAddPairwiseI16x8U => extadd_pairwise(t, I16X8, U),

        Operator::I16x8ExtMulLowI8x16S => extmul(t, I8X16, LOW, S),
        Operator::I16x8ExtMulHighI8x16S => extmul(t, I8X16, HIGH, S),
        Operator::I16x8ExtMulLowI8x16U => extmul(t, I8X16, LOW, U),
        Operator::I16x8ExtMulHighI8x16U => extmul(t, I8X16, HIGH, U),
        Operator::I32x4ExtMulLowI16x8S => extmul(t, I16X8, LOW, S),
        Operator::I32x4ExtMulHighI16x8S => extmul(t, I16X8, HIGH, S),
        Operator::I32x4ExtMulLowI16x8U => extmul(t, I16X8, LOW, U),
        Operator::I32x4ExtMulHighI16x8U => extmul(t, I16X8, HIGH, U),
        Operator::I64x2ExtMulLowI32x4S => extmul(t, I32X4, LOW, S),
        Operator::I64x2ExtMulHighI32x4S => extmul(t, I32X4, HIGH, S),
        Operator::I64x2ExtMulLowI32x4U => extmul(t, I32X4, LOW, U),
        Operator::I64x2ExtMulHighI32x4U => extmul(t, I32X4, HIGH, U),
        _ => return false,
    }
    true
}

/// Shifts every lane by the same scalar, modulo the width of a lane.
fn shift(
    t: &mut FuncTranslator<'_, '_>,
    shape: Type,
    mut op: impl FnMut(&mut Lanes<'_, '_>, Value, Value) -> Value,
) {
    let by = t.pop();
    let modulo = i64::from(shape.lane_bits() - 1);
    let by = t.builder.ins().band_imm_u(by, modulo);
    unary(t, shape, |lanes, a| op(lanes, a, by));
}

pub(super) fn min_s(lanes: &mut Lanes<'_, '_>, a: Value, b: Value) -> Value {
    let is_less = lanes.less_s(a, b);
    lanes.select(is_less, a, b)
}

fn min_u(lanes: &mut Lanes<'_, '_>, a: Value, b: Value) -> Value {
    let is_less = lanes.less_u(a, b);
    lanes.select(is_less, a, b)
}

pub(super) fn max_s(lanes: &mut Lanes<'_, '_>, a: Value, b: Value) -> Value {
    let is_less = lanes.less_s(a, b);
    lanes.select(is_less, b, a)
}

fn max_u(lanes: &mut Lanes<'_, '_>, a: Value, b: Value) -> Value {
    let is_less = lanes.less_u(a, b);
    lanes.select(is_less, b, a)
}

/// The products of the lanes of `a` and `b`, 64 bits each.
fn products(lanes: &mut Lanes<'_, '_>, a: Value, b: Value, signed: bool) -> Vec<Value> {
    let indices = 0..lanes.count();
    let product = |index| {
        let a = lanes.extract(a, index, signed);
        let b = lanes.extract(b, index, signed);
        lanes.ins().imul(a, b)
    };
    indices.map(product).collect()
}

fn mul(lanes: &mut Lanes<'_, '_>, a: Value, b: Value) -> Value {
    let products = products(lanes, a, b, false);
    lanes.join(&products)
}

/// Products of fractions with 15 bits behind the point, rounded.
fn q15mulr_sat_s(lanes: &mut Lanes<'_, '_>, a: Value, b: Value) -> Value {
    let mut products = products(lanes, a, b, true);
    for product in &mut products {
        let rounded = lanes.ins().iadd_imm_s(*product, 1 << 14);
        *product = lanes.ins().sshr_imm_s(rounded, 15);
    }
    let value = lanes.join(&products);
    // 1, the product of -1 and -1, is the only one too large; there it is -1, as no other is.
    let overflow = lanes.all(0x8000);
    let overflow = lanes.equal(value, overflow);
    lanes.ins().bxor(value, overflow)
}

/// The sums of pairs of products, as lanes of twice the width.
fn dot(lanes: &mut Lanes<'_, '_>, a: Value, b: Value) -> Value {
    let products = products(lanes, a, b, true);
    let pairs = products.chunks_exact(2);
    let sums = pairs.map(|pair| lanes.ins().iadd(pair[0], pair[1]));
    let sums: Vec<Value> = sums.collect();
    lanes.doubled().join(&sums)
}

/// The products of the lanes of one half, as a vector.
fn extmul(t: &mut FuncTranslator<'_, '_>, shape: Type, half: usize, signed: bool) {
    let (a, b) = pop2_halves(t);
    let mut lanes = Lanes::of(&mut t.builder, shape);
    let products = products(&mut lanes, a[half], b[half], signed);
    let mut lanes = lanes.doubled();
    let (low, high) = products.split_at(products.len() / 2);
    let halves = [low, high].map(|products| lanes.join(products));
    t.push_halves(halves);
}

/// The sums of neighbouring lanes, as lanes of twice the width.
fn extadd_pairwise(t: &mut FuncTranslator<'_, '_>, shape: Type, signed: bool) {
    unary(t, shape, |lanes, a| {
        let bits = lanes.bits();
        let even = lanes.doubled().all(u64::MAX >> (64 - bits));
        let odd = lanes.ins().ushr_imm_u(a, i64::from(bits));
        let pair = [a, odd].map(|a| {
            let a = lanes.ins().band(a, even);
            if signed { lanes.sign_extend(a) } else { a }
        });
        lanes.doubled().add(pair[0], pair[1])
    });
}
