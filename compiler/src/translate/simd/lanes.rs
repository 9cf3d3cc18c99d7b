//! Making vectors of scalars and scalars of vectors, and moving lanes about.

use super::super::FuncTranslator;
use super::V128;
use cranelift_codegen::ir::types::{F32X4, F64X2, I8, I8X16, I16, I16X8, I32, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type, Value};
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::V128Const { value } => {
            let bytes = value.bytes().as_slice().into();
            let constant = t.builder.func.dfg.constants.insert(bytes);
            let value = t.builder.ins().vconst(V128, constant);
            t.push(value);
        }
        Operator::I8x16Shuffle { lanes } => {
            let (a, b) = t.pop2();
            let mask = t.builder.func.dfg.immediates.push(lanes.as_slice().into());
            let value = t.builder.ins().shuffle(a, b, mask);
            t.push(value);
        }
        Operator::I8x16Swizzle => {
            let (a, indices) = t.pop2();
            let value = t.builder.ins().swizzle(a, indices);
            t.push(value);
        }

        Operator::I8x16Splat => splat(t, I8X16),
        Operator::I16x8Splat => splat(t, I16X8),
        Operator::I32x4Splat => splat(t, I32X4),
        Operator::I64x2Splat => splat(t, I64X2),
        Operator::F32x4Splat => splat(t, F32X4),
        Operator::F64x2Splat => splat(t, F64X2),

        Operator::I8x16ExtractLaneS { lane } => extract_narrow(t, I8X16, *lane, true),
        Operator::I8x16ExtractLaneU { lane } => extract_narrow(t, I8X16, *lane, false),
        Operator::I16x8ExtractLaneS { lane } => extract_narrow(t, I16X8, *lane, true),
        Operator::I16x8ExtractLaneU { lane } => extract_narrow(t, I16X8, *lane, false),
        Operator::I32x4ExtractLane { lane } => extract(t, I32X4, *lane),
        Operator::I64x2ExtractLane { lane } => extract(t, I64X2, *lane),
        Operator::F32x4ExtractLane { lane } => extract(t, F32X4, *lane),
        Operator::F64x2ExtractLane { lane } => extract(t, F64X2, *lane),

        Operator::I8x16ReplaceLane { lane } => replace(t, I8X16, *lane),
        Operator::I16x8ReplaceLane { lane } => replace(t, I16X8, *lane),
        Operator::I32x4ReplaceLane { lane } => replace(t, I32X4, *lane),
        Operator::I64x2ReplaceLane { lane } => replace(t, I64X2, *lane),
        Operator::F32x4ReplaceLane { lane } => replace(t, F32X4, *lane),
        Operator::F64x2ReplaceLane { lane } => replace(t, F64X2, *lane),

        _ => return false,
    }
    true
}

/// Pops a scalar as one lane of the shape `ty`: wasm has no scalars of 8 and 16 bits, and takes
/// the low bits of 32.
fn pop_lane(t: &mut FuncTranslator<'_, '_>, ty: Type) -> Value {
    let scalar = t.pop();
    match ty.lane_type() {
        lane @ (I8 | I16) => t.builder.ins().ireduce(lane, scalar),
        _ => scalar,
    }
}

fn splat(t: &mut FuncTranslator<'_, '_>, ty: Type) {
    let lane = pop_lane(t, ty);
    let value = t.builder.ins().splat(ty, lane);
    t.push_vector(value);
}

fn extract(t: &mut FuncTranslator<'_, '_>, ty: Type, index: u8) {
    let vector = t.pop_vector(ty);
    let value = t.builder.ins().extractlane(vector, index);
    t.push(value);
}

/// Extracts a lane that is narrower than the scalar it becomes.
fn extract_narrow(t: &mut FuncTranslator<'_, '_>, ty: Type, index: u8, signed: bool) {
    let vector = t.pop_vector(ty);
    let lane = t.builder.ins().extractlane(vector, index);
    let value = if signed {
        t.builder.ins().sextend(I32, lane)
    } else {
        t.builder.ins().uextend(I32, lane)
    };
    t.push(value);
}

fn replace(t: &mut FuncTranslator<'_, '_>, ty: Type, index: u8) {
    let lane = pop_lane(t, ty);
    let vector = t.pop_vector(ty);
    let value = t.builder.ins().insertlane(vector, lane, index);
    t.push_vector(value);
}
