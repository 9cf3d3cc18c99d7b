//! The vector operators where there are no vector instructions: on two halves of 64 bits.
//!
//! What can be done with all lanes of a half at once is ([`swar`]); the rest, floats above all, is
//! done a lane at a time. No operator becomes a call.

mod compare;
mod convert;
mod float;
mod int;
mod lanes;
mod logic;
mod memory;
mod swar;

use super::super::FuncTranslator;
use crate::error::CompileError;
use cranelift_codegen::ir::{Type, Value};
use swar::Lanes;
use wasmparser::Operator;

/// The low and the high half of a vector.
type Halves = [Value; 2];

/// Translates `op` if it is a vector operator, and says whether it is one.
pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    Ok(memory::translate(t, op)?
        || lanes::translate(t, op)
        || int::translate(t, op)
        || float::translate(t, op)
        || logic::translate(t, op)
        || compare::translate(t, op)
        || convert::translate(t, op))
}

/// An operator that does the same to both halves of a vector.
fn unary(
    t: &mut FuncTranslator<'_, '_>,
    shape: Type,
    mut op: impl FnMut(&mut Lanes<'_, '_>, Value) -> Value,
) {
    let a = t.pop_halves();
    let mut lanes = Lanes::of(&mut t.builder, shape);
    let halves = a.map(|a| op(&mut lanes, a));
    t.push_halves(halves);
}

/// An operator that does the same to both halves of two vectors.
fn binary(
    t: &mut FuncTranslator<'_, '_>,
    shape: Type,
    mut op: impl FnMut(&mut Lanes<'_, '_>, Value, Value) -> Value,
) {
    let (a, b) = pop2_halves(t);
    let mut lanes = Lanes::of(&mut t.builder, shape);
    let halves = [0, 1].map(|half| op(&mut lanes, a[half], b[half]));
    t.push_halves(halves);
}

/// Pops two vectors, in the order they were pushed.
fn pop2_halves(t: &mut FuncTranslator<'_, '_>) -> (Halves, Halves) {
    let b = t.pop_halves();
    (t.pop_halves(), b)
}
