//! Vector loads and stores: whole, extending, splatting, zero-padding, and of single lanes.

use super::super::FuncTranslator;
use super::V128;
use crate::error::CompileError;
use cranelift_codegen::ir::types::{F32X4, F64X2, I8, I8X16, I16, I16X8, I32, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type};
use wasmparser::{MemArg, Operator};

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    match op {
        Operator::V128Load { memarg } => {
            let a = t.address(memarg, 16)?;
            let value = t.builder.ins().load(V128, a.flags, a.base, a.offset);
            t.push(value);
        }
        Operator::V128Store { memarg } => {
            let value = t.pop();
            let a = t.address(memarg, 16)?;
            t.builder.ins().store(a.flags, value, a.base, a.offset);
        }

        Operator::V128Load8x8S { memarg } => load_extend(t, memarg, I8, true)?,
        Operator::V128Load8x8U { memarg } => load_extend(t, memarg, I8, false)?,
        Operator::V128Load16x4S { memarg } => load_extend(t, memarg, I16, true)?,
        Operator::V128Load16x4U { memarg } => load_extend(t, memarg, I16, false)?,
        Operator::V128Load32x2S { memarg } => load_extend(t, memarg, I32, true)?,
        Operator::V128Load32x2U { memarg } => load_extend(t, memarg, I32, false)?,

        Operator::V128Load8Splat { memarg } => load_splat(t, memarg, I8X16)?,
        Operator::V128Load16Splat { memarg } => load_splat(t, memarg, I16X8)?,
        Operator::V128Load32Splat { memarg } => load_splat(t, memarg, I32X4)?,
        Operator::V128Load64Splat { memarg } => load_splat(t, memarg, I64X2)?,

        Operator::V128Load32Zero { memarg } => load_zero(t, memarg, F32X4)?,
        Operator::V128Load64Zero { memarg } => load_zero(t, memarg, F64X2)?,

        Operator::V128Load8Lane { memarg, lane } => load_lane(t, memarg, I8X16, *lane)?,
        Operator::V128Load16Lane { memarg, lane } => load_lane(t, memarg, I16X8, *lane)?,
        Operator::V128Load32Lane { memarg, lane } => load_lane(t, memarg, I32X4, *lane)?,
        Operator::V128Load64Lane { memarg, lane } => load_lane(t, memarg, I64X2, *lane)?,

        Operator::V128Store8Lane { memarg, lane } => store_lane(t, memarg, I8X16, *lane)?,
        Operator::V128Store16Lane { memarg, lane } => store_lane(t, memarg, I16X8, *lane)?,
        Operator::V128Store32Lane { memarg, lane } => store_lane(t, memarg, I32X4, *lane)?,
        Operator::V128Store64Lane { memarg, lane } => store_lane(t, memarg, I64X2, *lane)?,

        _ => return Ok(false),
    }
    Ok(true)
}

/// Loads 8 bytes as lanes of the type `lane`, each extended to twice its size.
fn load_extend(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    lane: Type,
    signed: bool,
) -> Result<(), CompileError> {
    let a = t.address(memarg, 8)?;
    let ins = t.builder.ins();
    let value = match (lane, signed) {
        (I8, true) => ins.sload8x8(a.flags, a.base, a.offset),
        (I8, false) => ins.uload8x8(a.flags, a.base, a.offset),
        (I16, true) => ins.sload16x4(a.flags, a.base, a.offset),
        (I16, false) => ins.uload16x4(a.flags, a.base, a.offset),
        (_, true) => ins.sload32x2(a.flags, a.base, a.offset),
        (_, false) => ins.uload32x2(a.flags, a.base, a.offset),
    };
    t.push_vector(value);
    Ok(())
}

/// Loads one lane and repeats it in all lanes of the shape `ty`.
fn load_splat(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    ty: Type,
) -> Result<(), CompileError> {
    let lane = ty.lane_type();
    let a = t.address(memarg, lane.bytes())?;
    let value = t.builder.ins().load(lane, a.flags, a.base, a.offset);
    let value = t.builder.ins().splat(ty, value);
    t.push_vector(value);
    Ok(())
}

/// Loads lane 0 of the shape `ty`; the others are zero.
///
/// The shapes are those of floats, whose lanes need not pass through an integer register.
fn load_zero(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    ty: Type,
) -> Result<(), CompileError> {
    let lane = ty.lane_type();
    let a = t.address(memarg, lane.bytes())?;
    let value = t.builder.ins().load(lane, a.flags, a.base, a.offset);
    let value = t.builder.ins().scalar_to_vector(ty, value);
    t.push_vector(value);
    Ok(())
}

/// Replaces one lane of a vector by what memory holds.
fn load_lane(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    ty: Type,
    index: u8,
) -> Result<(), CompileError> {
    let lane = ty.lane_type();
    let vector = t.pop_vector(ty);
    let a = t.address(memarg, lane.bytes())?;
    let value = t.builder.ins().load(lane, a.flags, a.base, a.offset);
    let value = t.builder.ins().insertlane(vector, value, index);
    t.push_vector(value);
    Ok(())
}

/// Stores one lane of a vector.
fn store_lane(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    ty: Type,
    index: u8,
) -> Result<(), CompileError> {
    let vector = t.pop_vector(ty);
    let a = t.address(memarg, ty.lane_type().bytes())?;
    let value = t.builder.ins().extractlane(vector, index);
    t.builder.ins().store(a.flags, value, a.base, a.offset);
    Ok(())
}
