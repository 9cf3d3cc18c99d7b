//! The fixed-width vector operators (core specification 2.0, section 2.4.3), a file a family.
//!
//! On the operand stack, in locals and in signatures a `v128` is always of one CLIF type,
//! [`V128`]; an operator sees it as the shape it works on, and gives its result back in the
//! canonical type. The casts between are free: all shapes live in the same registers.
//!
//! That is so where the machine has vectors. Where it has none, [`scalar`] has the same operators.

mod compare;
mod convert;
mod float;
mod int;
mod lanes;
mod logic;
mod memory;
mod scalar;

use super::FuncTranslator;
use crate::codegen::vectors::Vectors;
use crate::error::CompileError;
use cranelift_codegen::ir::types::I8X16;
use cranelift_codegen::ir::{
    Endianness, InstBuilder, InstructionData, MemFlagsData, Opcode, Type, Value,
};
use cranelift_frontend::FuncInstBuilder;
use wasmparser::Operator;

/// The CLIF type of every `v128` on the operand stack.
pub(crate) const V128: Type = I8X16;

/// Translates `op` if it is a vector operator, and says whether it is one.
pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    if t.env.vectors == Vectors::Halves {
        return scalar::translate(t, op);
    }
    Ok(memory::translate(t, op)?
        || lanes::translate(t, op)
        || int::translate(t, op)
        || float::translate(t, op)
        || logic::translate(t, op)
        || compare::translate(t, op)
        || convert::translate(t, op))
}

/// An operator of one vector of the shape `ty`.
fn unary(
    t: &mut FuncTranslator<'_, '_>,
    ty: Type,
    op: impl FnOnce(FuncInstBuilder<'_, '_>, Value) -> Value,
) {
    let a = t.pop_vector(ty);
    let value = op(t.builder.ins(), a);
    t.push_vector(value);
}

/// An operator of two vectors of the shape `ty`.
fn binary(
    t: &mut FuncTranslator<'_, '_>,
    ty: Type,
    op: impl FnOnce(FuncInstBuilder<'_, '_>, Value, Value) -> Value,
) {
    let (a, b) = t.pop2_vector(ty);
    let value = op(t.builder.ins(), a, b);
    t.push_vector(value);
}

/// The operand stack as the vector operators use it.
impl FuncTranslator<'_, '_> {
    /// Pops a vector, as one of the shape `ty`.
    fn pop_vector(&mut self, ty: Type) -> Value {
        let value = self.pop();
        self.cast_vector(value, ty)
    }

    /// Pops two vectors of the shape `ty`, in the order they were pushed.
    fn pop2_vector(&mut self, ty: Type) -> (Value, Value) {
        let (a, b) = self.pop2();
        (self.cast_vector(a, ty), self.cast_vector(b, ty))
    }

    /// Pushes a vector of any shape.
    fn push_vector(&mut self, value: Value) {
        let value = self.cast_vector(value, V128);
        self.push(value);
    }

    /// The shape that `value` had before it was cast to the canonical type: its own if it never
    /// was.
    fn vector_shape(&self, value: Value) -> Type {
        let value = self.before_cast(value).unwrap_or(value);
        self.builder.func.dfg.value_type(value)
    }

    /// `value` as a vector of the shape `ty`.
    ///
    /// Looks through an earlier cast, so that an operator finds the one before it as its direct
    /// operand: the back ends select instructions by such pairs.
    fn cast_vector(&mut self, value: Value, ty: Type) -> Value {
        let dfg = &self.builder.func.dfg;
        if dfg.value_type(value) == ty {
            return value;
        }
        let value = self.before_cast(value).unwrap_or(value);
        if self.builder.func.dfg.value_type(value) == ty {
            return value;
        }
        // Wasm numbers lanes from the lowest byte, on every machine.
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.builder.ins().bitcast(ty, flags, value)
    }

    /// The vector that `value` is a cast of.
    fn before_cast(&self, value: Value) -> Option<Value> {
        let dfg = &self.builder.func.dfg;
        match dfg.insts[dfg.value_def(value).inst()?] {
            InstructionData::LoadNoOffset {
                opcode: Opcode::Bitcast,
                arg,
                ..
            } if dfg.value_type(arg).is_vector() => Some(arg),
            _ => None,
        }
    }
}
