//! Making vectors of scalars and scalars of vectors, and moving lanes about.

use super::super::super::FuncTranslator;
use super::swar::Lanes;
use super::{Halves, pop2_halves};
use cranelift_codegen::ir::types::{F32, F32X4, F64, F64X2, I8X16, I16X8, I32, I32X4, I64, I64X2};
use cranelift_codegen::ir::{
    Endianness, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, Type, Value,
};
use std::collections::BTreeMap;
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::V128Const { value } => {
            let bits = value.i128();
            let halves = [bits as i64, (bits >> 64) as i64];
            let halves = halves.map(|half| t.builder.ins().iconst(I64, half));
            t.push_halves(halves);
        }
        Operator::I8x16Shuffle { lanes } => {
            let (a, b) = pop2_halves(t);
            let sources = [a[0], a[1], b[0], b[1]];
            let (low, high) = lanes.split_at(8);
            let halves = [low, high].map(|half| shuffle(t, sources, half));
            t.push_halves(halves);
        }
        Operator::I8x16Swizzle => {
            let (a, indices) = pop2_halves(t);
            let halves = swizzle(t, a, indices);
            t.push_halves(halves);
        }

        Operator::I8x16Splat => splat(t, I8X16),
        Operator::I16x8Splat => splat(t, I16X8),
        Operator::I32x4Splat => splat(t, I32X4),
        Operator::I64x2Splat => splat(t, I64X2),
        Operator::F32x4Splat => splat(t, F32X4),
        Operator::F64x2Splat => splat(t, F64X2),

        Operator::I8x16ExtractLaneS { lane } => extract(t, I8X16, *lane, true),
        Operator::I8x16ExtractLaneU { lane } => extract(t, I8X16, *lane, false),
        Operator::I16x8ExtractLaneS { lane } => extract(t, I16X8, *lane, true),
        Operator::I16x8ExtractLaneU { lane } => extract(t, I16X8, *lane, false),
        Operator::I32x4ExtractLane { lane } => extract(t, I32X4, *lane, true),
        Operator::I64x2ExtractLane { lane } => extract(t, I64X2, *lane, true),
        Operator::F32x4ExtractLane { lane } => extract(t, F32X4, *lane, true),
        Operator::F64x2ExtractLane { lane } => extract(t, F64X2, *lane, true),

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

/// The half that a lane is in, and its number there.
pub(super) fn place(shape: Type, lane: u8) -> (usize, u32) {
    let lane = u32::from(lane);
    let per_half = shape.lane_count() / 2;
    ((lane / per_half) as usize, lane % per_half)
}

/// Pops a scalar, as 64 bits of which those that a lane of `shape` has no room for may be
/// anything.
fn pop_lane(t: &mut FuncTranslator<'_, '_>, shape: Type) -> Value {
    let mut scalar = t.pop();
    let flags = MemFlagsData::new();
    match shape.lane_type() {
        F32 => scalar = t.builder.ins().bitcast(I32, flags, scalar),
        F64 => scalar = t.builder.ins().bitcast(I64, flags, scalar),
        _ => {}
    }
    if t.builder.func.dfg.value_type(scalar) == I32 {
        scalar = t.builder.ins().uextend(I64, scalar);
    }
    scalar
}

fn splat(t: &mut FuncTranslator<'_, '_>, shape: Type) {
    let lane = pop_lane(t, shape);
    let mut lanes = Lanes::of(&mut t.builder, shape);
    let lane = lanes.extract(lane, 0, false);
    let half = lanes.splat(lane);
    t.push_halves([half; 2]);
}

fn extract(t: &mut FuncTranslator<'_, '_>, shape: Type, lane: u8, signed: bool) {
    let a = t.pop_halves();
    let (half, index) = place(shape, lane);
    let mut value = Lanes::of(&mut t.builder, shape).extract(a[half], index, signed);
    if shape.lane_bits() < 64 {
        value = t.builder.ins().ireduce(I32, value);
    }
    if shape.lane_type().is_float() {
        let ty = shape.lane_type();
        value = t.builder.ins().bitcast(ty, MemFlagsData::new(), value);
    }
    t.push(value);
}

fn replace(t: &mut FuncTranslator<'_, '_>, shape: Type, lane: u8) {
    let value = pop_lane(t, shape);
    let mut a = t.pop_halves();
    let (half, index) = place(shape, lane);
    a[half] = Lanes::of(&mut t.builder, shape).insert(a[half], index, value);
    t.push_halves(a);
}

/// Half a vector, each of whose bytes is one of those of `sources`.
fn shuffle(t: &mut FuncTranslator<'_, '_>, sources: [Value; 4], bytes: &[u8]) -> Value {
    // Bytes of one source that move equally far move together. The place of each is in bits.
    let mut moves: BTreeMap<(usize, i64), u64> = BTreeMap::new();
    for (to, byte) in (0..).step_by(8).zip(bytes) {
        let (source, from) = (usize::from(byte / 8), i64::from(byte % 8) * 8);
        *moves.entry((source, to - from)).or_default() |= 0xff << to;
    }
    let mut out = None;
    for ((source, distance), mask) in moves {
        let source = sources[source];
        let (moved, entered) = match distance {
            0 => (source, u64::MAX),
            1.. => (
                t.builder.ins().ishl_imm_u(source, distance),
                u64::MAX << distance,
            ),
            _ => (
                t.builder.ins().ushr_imm_u(source, -distance),
                u64::MAX >> -distance,
            ),
        };
        let kept = if mask == entered {
            moved
        } else {
            t.builder.ins().band_imm_s(moved, mask.cast_signed())
        };
        out = Some(out.map_or(kept, |out| t.builder.ins().bor(out, kept)));
    }
    out.expect("half a vector has bytes")
}

/// The bytes of `a` that `indices` name; zero where there is none.
fn swizzle(t: &mut FuncTranslator<'_, '_>, a: Halves, indices: Halves) -> Halves {
    let slot = *t.scratch.get_or_insert_with(|| {
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, 16, 3);
        t.builder.create_sized_stack_slot(slot)
    });
    let table = t.builder.ins().stack_addr(I64, slot, 0);
    let flags = MemFlagsData::trusted().with_endianness(Endianness::Little);
    for (half, offset) in a.into_iter().zip([0, 8]) {
        t.builder.ins().store(flags, half, table, offset);
    }
    let mut lanes = Lanes::of(&mut t.builder, I8X16);
    let (inside, outside) = (lanes.all(0x0f), lanes.all(0xf0));
    indices.map(|indices| {
        let places = lanes.ins().band(indices, inside);
        let byte = |index| {
            let place = lanes.extract(places, index, false);
            let address = lanes.ins().iadd(table, place);
            lanes.ins().uload8(I64, flags, address, 0)
        };
        let bytes: Vec<Value> = (0..8).map(byte).collect();
        let bytes = lanes.concat(&bytes);
        let beyond = lanes.ins().band(indices, outside);
        let beyond = lanes.nonzero(beyond);
        let beyond = lanes.negative(beyond);
        lanes.ins().band_not(bytes, beyond)
    })
}
