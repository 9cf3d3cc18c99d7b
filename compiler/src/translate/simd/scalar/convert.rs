//! Conversions between shapes: integers and floats, wide and narrow.

use super::super::super::FuncTranslator;
use super::float::{floats, ints, of_floats, of_ints};
use super::int::{max_s, min_s};
use super::swar::Lanes;
use super::{pop2_halves, unary};
use cranelift_codegen::ir::types::{F32, F32X4, F64, F64X2, I8X16, I16X8, I32, I32X4, I64};
use cranelift_codegen::ir::{InstBuilder, Type, Value};
use cranelift_frontend::FuncInstBuilder;
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I32x4TruncSatF32x4S => {
            from_floats(t, |ins, lane| ins.fcvt_to_sint_sat(I32, lane));
        }
        Operator::I32x4TruncSatF32x4U => {
            from_floats(t, |ins, lane| ins.fcvt_to_uint_sat(I32, lane));
        }
        Operator::F32x4ConvertI32x4S => to_floats(t, |ins, lane| ins.fcvt_from_sint(F32, lane)),
        Operator::F32x4ConvertI32x4U => to_floats(t, |ins, lane| ins.fcvt_from_uint(F32, lane)),
        Operator::I32x4TruncSatF64x2SZero => {
            shrink(t, |ins, lane| ins.fcvt_to_sint_sat(I32, lane));
        }
        Operator::I32x4TruncSatF64x2UZero => {
            shrink(t, |ins, lane| ins.fcvt_to_uint_sat(I32, lane));
        }
        Operator::F32x4DemoteF64x2Zero => shrink(t, |ins, lane| ins.fdemote(F32, lane)),
        Operator::F64x2ConvertLowI32x4S => {
            grow(t, I32X4, |ins, lane| ins.fcvt_from_sint(F64, lane));
        }
        Operator::F64x2ConvertLowI32x4U => {
            grow(t, I32X4, |ins, lane| ins.fcvt_from_uint(F64, lane));
        }
        Operator::F64x2PromoteLowF32x4 => grow(t, F32X4, |ins, lane| ins.fpromote(F64, lane)),

        Operator::I8x16NarrowI16x8S => narrow(t, I16X8, clamp_s),
        Operator::I8x16NarrowI16x8U => narrow(t, I16X8, clamp_u),
        Operator::I16x8NarrowI32x4S => narrow(t, I32X4, clamp_s),
        Operator::I16x8NarrowI32x4U => narrow(t, I32X4, clamp_u),

        Operator::I16x8ExtendLowI8x16S => extend(t, I8X16, 0, true),
        Operator::I16x8ExtendHighI8x16S => extend(t, I8X16, 1, true),
        Operator::I16x8ExtendLowI8x16U => extend(t, I8X16, 0, false),
        Operator::I16x8ExtendHighI8x16U => extend(t, I8X16, 1, false),
        Operator::I32x4ExtendLowI16x8S => extend(t, I16X8, 0, true),
        Operator::I32x4ExtendHighI16x8S => extend(t, I16X8, 1, true),
        Operator::I32x4ExtendLowI16x8U => extend(t, I16X8, 0, false),
        Operator::I32x4ExtendHighI16x8U => extend(t, I16X8, 1, false),
        Operator::I64x2ExtendLowI32x4S => extend(t, I32X4, 0, true),
        Operator::I64x2ExtendHighI32x4S => extend(t, I32X4, 1, true),
        Operator::I64x2ExtendLowI32x4U => extend(t, I32X4, 0, false),
        Operator::I64x2ExtendHighI32x4U => extend(t, I32X4, 1, false),

        _ => return false,
    }
    true
}

/// Floats of 32 bits to integers of as many.
fn from_floats(
    t: &mut FuncTranslator<'_, '_>,
    op: impl Fn(FuncInstBuilder<'_, '_>, Value) -> Value,
) {
    unary(t, F32X4, |lanes, a| {
        let values = floats(lanes, a).into_iter();
        let values: Vec<Value> = values.map(|lane| op(lanes.ins(), lane)).collect();
        of_ints(lanes, &values)
    });
}

/// Integers of 32 bits to floats of as many.
fn to_floats(t: &mut FuncTranslator<'_, '_>, op: impl Fn(FuncInstBuilder<'_, '_>, Value) -> Value) {
    unary(t, I32X4, |lanes, a| {
        let values = ints(lanes, a).into_iter();
        let values: Vec<Value> = values.map(|lane| op(lanes.ins(), lane)).collect();
        of_floats(lanes, &values)
    });
}

/// Two floats of 64 bits to two lanes of 32; the other lanes are zero.
fn shrink(t: &mut FuncTranslator<'_, '_>, op: impl Fn(FuncInstBuilder<'_, '_>, Value) -> Value) {
    let a = t.pop_halves();
    let mut lanes = Lanes::of(&mut t.builder, F64X2);
    let values = a.map(|a| {
        let lane = floats(&mut lanes, a)[0];
        op(lanes.ins(), lane)
    });
    let is_float = t.builder.func.dfg.value_type(values[0]).is_float();
    let mut lanes = Lanes::of(&mut t.builder, I32X4);
    let low = if is_float {
        of_floats(&mut lanes, &values)
    } else {
        of_ints(&mut lanes, &values)
    };
    let high = lanes.all(0);
    t.push_halves([low, high]);
}

/// The two low lanes of 32 bits to two floats of 64.
fn grow(
    t: &mut FuncTranslator<'_, '_>,
    shape: Type,
    op: impl Fn(FuncInstBuilder<'_, '_>, Value) -> Value,
) {
    let [low, _] = t.pop_halves();
    let mut lanes = Lanes::of(&mut t.builder, shape);
    let values = if shape.lane_type().is_float() {
        floats(&mut lanes, low)
    } else {
        ints(&mut lanes, low)
    };
    let mut lanes = Lanes::of(&mut t.builder, F64X2);
    let halves = [values[0], values[1]].map(|lane| {
        let lane = op(lanes.ins(), lane);
        of_floats(&mut lanes, &[lane])
    });
    t.push_halves(halves);
}

/// The lanes of two vectors as those of one, each as near to what it was as `clamp` makes it.
fn narrow(
    t: &mut FuncTranslator<'_, '_>,
    shape: Type,
    clamp: impl Fn(&mut Lanes<'_, '_>, Value) -> Value,
) {
    let (a, b) = pop2_halves(t);
    let mut lanes = Lanes::of(&mut t.builder, shape);
    let halves = [a, b].map(|halves| {
        let [low, high] = halves.map(|half| {
            let clamped = clamp(&mut lanes, half);
            lanes.narrow(clamped)
        });
        let high = lanes.ins().ishl_imm_u(high, 32);
        lanes.ins().bor(low, high)
    });
    t.push_halves(halves);
}

/// Signed lanes, no less and no more than signed lanes of half the width can be.
fn clamp_s(lanes: &mut Lanes<'_, '_>, a: Value) -> Value {
    let limit = 1_u64 << (lanes.bits() / 2 - 1);
    let (least, largest) = (lanes.all(limit.wrapping_neg()), lanes.all(limit - 1));
    let a = max_s(lanes, a, least);
    min_s(lanes, a, largest)
}

/// Signed lanes, no less and no more than unsigned lanes of half the width can be.
fn clamp_u(lanes: &mut Lanes<'_, '_>, a: Value) -> Value {
    let negative = lanes.negative(a);
    let a = lanes.ins().band_not(a, negative);
    let largest = lanes.all((1 << (lanes.bits() / 2)) - 1);
    min_s(lanes, a, largest)
}

/// The lanes of one half, each made twice as wide.
fn extend(t: &mut FuncTranslator<'_, '_>, shape: Type, half: usize, signed: bool) {
    let a = t.pop_halves()[half];
    let halves = widen(t, shape, a, signed);
    t.push_halves(halves);
}

/// The lanes of 64 bits as a vector of lanes that are twice as wide.
pub(super) fn widen(
    t: &mut FuncTranslator<'_, '_>,
    shape: Type,
    a: Value,
    signed: bool,
) -> [Value; 2] {
    debug_assert_eq!(t.builder.func.dfg.value_type(a), I64);
    let mut lanes = Lanes::of(&mut t.builder, shape);
    let high = lanes.ins().ushr_imm_u(a, 32);
    [a, high].map(|a| lanes.widen(a, signed))
}
