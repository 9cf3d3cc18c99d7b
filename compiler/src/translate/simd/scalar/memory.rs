//! Vector loads and stores: whole, extending, splatting, zero-padding, and of single lanes.

use super::super::super::FuncTranslator;
use super::super::super::memory::Address;
use super::convert::widen;
use super::lanes::place;
use super::swar::Lanes;
use crate::error::CompileError;
use cranelift_codegen::ir::types::{I8X16, I16X8, I32X4, I64, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type, Value};
use wasmparser::{MemArg, Operator};

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    match op {
        Operator::V128Load { memarg } => {
            let low = t.address(memarg, 16)?;
            let high = behind(t, low);
            let halves = [low, high].map(|a| t.builder.ins().load(I64, a.flags, a.base, a.offset));
            t.push_halves(halves);
        }
        Operator::V128Store { memarg } => {
            let [low, high] = t.pop_halves();
            let a = t.address(memarg, 16)?;
            // Nothing may be stored if any of it is out of bounds; if the high half is not, the
            // low one is not either.
            for (half, a) in [(high, behind(t, a)), (low, a)] {
                t.builder.ins().store(a.flags, half, a.base, a.offset);
            }
        }

        Operator::V128Load8x8S { memarg } => load_extend(t, memarg, I8X16, true)?,
        Operator::V128Load8x8U { memarg } => load_extend(t, memarg, I8X16, false)?,
        Operator::V128Load16x4S { memarg } => load_extend(t, memarg, I16X8, true)?,
        Operator::V128Load16x4U { memarg } => load_extend(t, memarg, I16X8, false)?,
        Operator::V128Load32x2S { memarg } => load_extend(t, memarg, I32X4, true)?,
        Operator::V128Load32x2U { memarg } => load_extend(t, memarg, I32X4, false)?,

        Operator::V128Load8Splat { memarg } => load_splat(t, memarg, I8X16)?,
        Operator::V128Load16Splat { memarg } => load_splat(t, memarg, I16X8)?,
        Operator::V128Load32Splat { memarg } => load_splat(t, memarg, I32X4)?,
        Operator::V128Load64Splat { memarg } => load_splat(t, memarg, I64X2)?,

        Operator::V128Load32Zero { memarg } => load_zero(t, memarg, I32X4)?,
        Operator::V128Load64Zero { memarg } => load_zero(t, memarg, I64X2)?,

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

/// The address of the high half of the vector at `low`.
fn behind(t: &mut FuncTranslator<'_, '_>, low: Address) -> Address {
    const HALF: i64 = 8;
    match low.offset.try_add_i64(HALF) {
        Some(offset) => Address { offset, ..low },
        None => Address {
            base: t.builder.ins().iadd_imm_s(low.base, HALF),
            ..low
        },
    }
}

/// Loads a lane of `shape`, as 64 bits.
fn load(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    shape: Type,
) -> Result<Value, CompileError> {
    let a = t.address(memarg, shape.lane_type().bytes())?;
    let ins = t.builder.ins();
    Ok(match shape {
        I8X16 => ins.uload8(I64, a.flags, a.base, a.offset),
        I16X8 => ins.uload16(I64, a.flags, a.base, a.offset),
        I32X4 => ins.uload32(a.flags, a.base, a.offset),
        _ => ins.load(I64, a.flags, a.base, a.offset),
    })
}

/// Loads 8 bytes as lanes as wide as those of `shape`, each extended to twice its size.
fn load_extend(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    shape: Type,
    signed: bool,
) -> Result<(), CompileError> {
    let value = load(t, memarg, I64X2)?;
    let halves = widen(t, shape, value, signed);
    t.push_halves(halves);
    Ok(())
}

/// Loads one lane and repeats it in all lanes.
fn load_splat(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    shape: Type,
) -> Result<(), CompileError> {
    let lane = load(t, memarg, shape)?;
    let half = Lanes::of(&mut t.builder, shape).splat(lane);
    t.push_halves([half; 2]);
    Ok(())
}

/// Loads lane 0; the others are zero.
fn load_zero(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    shape: Type,
) -> Result<(), CompileError> {
    let low = load(t, memarg, shape)?;
    let high = t.zero(I64);
    t.push_halves([low, high]);
    Ok(())
}

/// Replaces one lane of a vector by what memory holds.
fn load_lane(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    shape: Type,
    lane: u8,
) -> Result<(), CompileError> {
    let mut halves = t.pop_halves();
    let value = load(t, memarg, shape)?;
    let (half, index) = place(shape, lane);
    halves[half] = Lanes::of(&mut t.builder, shape).insert(halves[half], index, value);
    t.push_halves(halves);
    Ok(())
}

/// Stores one lane of a vector.
fn store_lane(
    t: &mut FuncTranslator<'_, '_>,
    memarg: &MemArg,
    shape: Type,
    lane: u8,
) -> Result<(), CompileError> {
    let halves = t.pop_halves();
    let a = t.address(memarg, shape.lane_type().bytes())?;
    let (half, index) = place(shape, lane);
    // What is above the lane is not stored.
    let shift = i64::from(index * shape.lane_bits());
    let lane = t.builder.ins().ushr_imm_u(halves[half], shift);
    let ins = t.builder.ins();
    match shape {
        I8X16 => ins.istore8(a.flags, lane, a.base, a.offset),
        I16X8 => ins.istore16(a.flags, lane, a.base, a.offset),
        I32X4 => ins.istore32(a.flags, lane, a.base, a.offset),
        _ => ins.store(a.flags, lane, a.base, a.offset),
    };
    Ok(())
}
