//! Variables: locals and globals; and references as values.

use super::FuncTranslator;
use super::operand::Operand;
use crate::error::CompileError;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{InstBuilder, Value};
use prefab_abi::builtin::Builtin;
use wasmparser::Operator;

pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    match *op {
        Operator::LocalGet { local_index } => {
            let value = t.local(local_index);
            t.stack.push(value);
        }
        Operator::LocalSet { local_index } => {
            let value = t.pop_operand();
            t.set_local(local_index, value);
        }
        Operator::LocalTee { local_index } => {
            let value = t.pop_operand();
            t.set_local(local_index, value);
            t.stack.push(value);
        }
        Operator::GlobalGet { global_index } => t.get_global(global_index),
        Operator::GlobalSet { global_index } => t.set_global(global_index),
        Operator::RefNull { .. } => {
            let value = t.zero(I64);
            t.push(value);
        }
        Operator::RefIsNull => {
            let value = t.pop();
            let is_null = t.builder.ins().icmp_imm_s(
                cranelift_codegen::ir::condcodes::IntCC::Equal,
                value,
                0,
            );
            let is_null = t.builder.ins().uextend(I32, is_null);
            t.push(is_null);
        }
        Operator::RefFunc { function_index } => {
            let index = t.index(function_index);
            if let Some(value) = t.call_builtin(Builtin::RefFunc, &[index]) {
                t.push(value);
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// How far the high half of a vector lies behind the low one, in bytes.
const HALF: i32 = 8;

impl FuncTranslator<'_, '_> {
    fn get_global(&mut self, index: u32) {
        let types = self
            .env
            .vectors
            .types(self.env.module.globals[index as usize].ty);
        let (base, offset) = self.global(index);
        let flags = FuncTranslator::trusted(self.regions.globals);
        let ins = |t: &mut Self, offset| t.builder.ins().load(types[0], flags, base, offset);
        let value = match types {
            [_, _] => Operand::Halves([ins(self, offset), ins(self, offset + HALF)]),
            _ => Operand::One(ins(self, offset)),
        };
        self.stack.push(value);
    }

    fn set_global(&mut self, index: u32) {
        let value = self.pop_operand();
        let (base, offset) = self.global(index);
        let flags = FuncTranslator::trusted(self.regions.globals);
        let mut store = |value, offset| {
            self.builder.ins().store(flags, value, base, offset);
        };
        match value {
            Operand::One(value) => store(value, offset),
            Operand::Halves([low, high]) => {
                store(low, offset);
                store(high, offset + HALF);
            }
        }
    }

    /// Where the value of a global lies.
    fn global(&mut self, index: u32) -> (Value, i32) {
        let layout = &self.env.module.layout;
        match index.checked_sub(layout.counts().imported_globals) {
            Some(defined) => (self.context, layout.defined_global(defined)),
            None => (self.constant_field(layout.imported_global(index)), 0),
        }
    }
}
