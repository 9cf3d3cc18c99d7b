//! Arithmetic on lanes of floats: a lane at a time.

use super::super::super::FuncTranslator;
use super::swar::Lanes;
use super::{binary, unary};
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32, F32X4, F64, F64X2, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
use cranelift_frontend::FuncInstBuilder;
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::F32x4Ceil => each(t, F32X4, |ins, a| ins.ceil(a)),
        Operator::F32x4Floor => each(t, F32X4, |ins, a| ins.floor(a)),
        Operator::F32x4Trunc => each(t, F32X4, |ins, a| ins.trunc(a)),
        Operator::F32x4Nearest => each(t, F32X4, |ins, a| ins.nearest(a)),
        Operator::F32x4Abs => unary(t, F32X4, abs),
        Operator::F32x4Neg => unary(t, F32X4, neg),
        Operator::F32x4Sqrt => each(t, F32X4, |ins, a| ins.sqrt(a)),
        Operator::F32x4Add => pairs(t, F32X4, |ins, a, b| ins.fadd(a, b)),
        Operator::F32x4Sub => pairs(t, F32X4, |ins, a, b| ins.fsub(a, b)),
        Operator::F32x4Mul => pairs(t, F32X4, |ins, a, b| ins.fmul(a, b)),
        Operator::F32x4Div => pairs(t, F32X4, |ins, a, b| ins.fdiv(a, b)),
        Operator::F32x4Min => pairs(t, F32X4, |ins, a, b| ins.fmin(a, b)),
        Operator::F32x4Max => pairs(t, F32X4, |ins, a, b| ins.fmax(a, b)),
        Operator::F32x4PMin => binary(t, F32X4, pmin),
        Operator::F32x4PMax => binary(t, F32X4, pmax),

        Operator::F64x2Ceil => each(t, F64X2, |ins, a| ins.ceil(a)),
        Operator::F64x2Floor => each(t, F64X2, |ins, a| ins.floor(a)),
        Operator::F64x2Trunc => each(t, F64X2, |ins, a| ins.trunc(a)),
        Operator::F64x2Nearest => each(t, F64X2, |ins, a| ins.nearest(a)),
        Operator::F64x2Abs => unary(t, F64X2, abs),
        Operator::F64x2Neg => unary(t, F64X2, neg),
        Operator::F64x2Sqrt => each(t, F64X2, |ins, a| ins.sqrt(a)),
        Operator::F64x2Add => pairs(t, F64X2, |ins, a, b| ins.fadd(a, b)),
        Operator::F64x2Sub => pairs(t, F64X2, |ins, a, b| ins.fsub(a, b)),
        Operator::F64x2Mul => pairs(t, F64X2, |ins, a, b| ins.fmul(a, b)),
        Operator::F64x2Div => pairs(t, F64X2, |ins, a, b| ins.fdiv(a, b)),
        Operator::F64x2Min => pairs(t, F64X2, |ins, a, b| ins.fmin(a, b)),
        Operator::F64x2Max => pairs(t, F64X2, |ins, a, b| ins.fmax(a, b)),
        Operator::F64x2PMin => binary(t, F64X2, pmin),
        Operator::F64x2PMax => binary(t, F64X2, pmax),

        _ => return false,
    }
    true
}

/// The lanes of half a vector, as integers of their width.
pub(super) fn ints(lanes: &mut Lanes<'_, '_>, a: Value) -> Vec<Value> {
    match lanes.bits() {
        32 => {
            let high = lanes.ins().ushr_imm_u(a, 32);
            vec![lanes.ins().ireduce(I32, a), lanes.ins().ireduce(I32, high)]
        }
        _ => vec![a],
    }
}

/// Half a vector of integers that are as wide as its lanes.
pub(super) fn of_ints(lanes: &mut Lanes<'_, '_>, values: &[Value]) -> Value {
    match *values {
        [low, high] => {
            let low = lanes.ins().uextend(I64, low);
            let high = lanes.ins().uextend(I64, high);
            lanes.concat(&[low, high])
        }
        _ => values[0],
    }
}

/// The lanes of half a vector, as floats.
pub(super) fn floats(lanes: &mut Lanes<'_, '_>, a: Value) -> Vec<Value> {
    let ty = if lanes.bits() == 32 { F32 } else { F64 };
    let ints = ints(lanes, a);
    ints.into_iter()
        .map(|lane| lanes.ins().bitcast(ty, MemFlagsData::new(), lane))
        .collect()
}

/// Half a vector of floats.
pub(super) fn of_floats(lanes: &mut Lanes<'_, '_>, values: &[Value]) -> Value {
    let ty = if lanes.bits() == 32 { I32 } else { I64 };
    let ints: Vec<Value> = values
        .iter()
        .map(|lane| lanes.ins().bitcast(ty, MemFlagsData::new(), *lane))
        .collect();
    of_ints(lanes, &ints)
}

/// An operator of one float.
fn each(
    t: &mut FuncTranslator<'_, '_>,
    shape: Type,
    op: impl Fn(FuncInstBuilder<'_, '_>, Value) -> Value,
) {
    unary(t, shape, |lanes, a| {
        let mut values = floats(lanes, a);
        for value in &mut values {
            *value = op(lanes.ins(), *value);
        }
        of_floats(lanes, &values)
    });
}

/// An operator of two floats.
fn pairs(
    t: &mut FuncTranslator<'_, '_>,
    shape: Type,
    op: impl Fn(FuncInstBuilder<'_, '_>, Value, Value) -> Value,
) {
    binary(t, shape, |lanes, a, b| {
        let (a, b) = (floats(lanes, a), floats(lanes, b));
        let lane = |(a, b)| op(lanes.ins(), a, b);
        let values: Vec<Value> = a.into_iter().zip(b).map(lane).collect();
        of_floats(lanes, &values)
    });
}

/// Clears the signs, also of NaNs.
fn abs(lanes: &mut Lanes<'_, '_>, a: Value) -> Value {
    let signs = lanes.all(1 << (lanes.bits() - 1));
    lanes.ins().band_not(a, signs)
}

/// Changes the signs, also of NaNs.
fn neg(lanes: &mut Lanes<'_, '_>, a: Value) -> Value {
    let signs = lanes.all(1 << (lanes.bits() - 1));
    lanes.ins().bxor(a, signs)
}

/// Where `condition` holds between the lanes of `a` and `b`: all ones, else zero.
pub(super) fn compare(lanes: &mut Lanes<'_, '_>, condition: FloatCC, a: Value, b: Value) -> Value {
    let (a, b) = (floats(lanes, a), floats(lanes, b));
    let lane = |(a, b)| {
        let holds = lanes.ins().fcmp(condition, a, b);
        lanes.truth(holds)
    };
    let masks: Vec<Value> = a.into_iter().zip(b).map(lane).collect();
    lanes.join(&masks)
}

/// `b < a ? b : a`, without regard to NaNs and the signs of zeros.
fn pmin(lanes: &mut Lanes<'_, '_>, a: Value, b: Value) -> Value {
    let is_less = compare(lanes, FloatCC::LessThan, b, a);
    lanes.select(is_less, b, a)
}

/// `a < b ? b : a`; see [`pmin`].
fn pmax(lanes: &mut Lanes<'_, '_>, a: Value, b: Value) -> Value {
    let is_less = compare(lanes, FloatCC::LessThan, a, b);
    lanes.select(is_less, b, a)
}
