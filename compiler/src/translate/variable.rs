//! Variables: locals and globals; and references as values.

use super::FuncTranslator;
use crate::codegen::abi::{Symbol, clif_type, stub_signature};
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
            let value = t.builder.use_var(t.locals[local_index as usize].0);
            t.push(value);
        }
        Operator::LocalSet { local_index } => {
            let value = t.pop();
            t.builder.def_var(t.locals[local_index as usize].0, value);
        }
        Operator::LocalTee { local_index } => {
            let value = t.pop();
            t.builder.def_var(t.locals[local_index as usize].0, value);
            t.push(value);
        }
        Operator::GlobalGet { global_index } => {
            let ty = clif_type(t.env.module.globals[global_index as usize].ty);
            let (base, offset) = t.global(global_index);
            let flags = FuncTranslator::trusted(t.regions.globals);
            let value = t.builder.ins().load(ty, flags, base, offset);
            t.push(value);
        }
        Operator::GlobalSet { global_index } => {
            let value = t.pop();
            let (base, offset) = t.global(global_index);
            let flags = FuncTranslator::trusted(t.regions.globals);
            t.builder.ins().store(flags, value, base, offset);
        }
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
            let stub = Builtin::RefFunc;
            let stub = t.func_ref(Symbol::Builtin(stub), || stub_signature(stub));
            let index = t.builder.ins().iconst(I32, i64::from(function_index));
            let call = t.builder.ins().call(stub, &[t.context, index]);
            let value = t.builder.inst_results(call)[0];
            t.push(value);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

impl FuncTranslator<'_, '_> {
    /// Where the value of a global lies.
    fn global(&mut self, index: u32) -> (Value, i32) {
        let layout = &self.env.module.layout;
        match index.checked_sub(layout.counts().imported_globals) {
            Some(defined) => (self.context, layout.defined_global(defined)),
            None => (self.constant_field(layout.imported_global(index)), 0),
        }
    }
}
