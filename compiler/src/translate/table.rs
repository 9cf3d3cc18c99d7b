//! Table instructions.

use super::FuncTranslator;
use crate::error::CompileError;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{InstBuilder, Value};
use prefab_abi::builtin::Builtin;
use prefab_abi::context::TableDefinition;
use prefab_abi::func::{EXTERNREF_ELEMENT_SIZE, TableElement};
use prefab_abi::trap::TrapCode;
use prefab_abi::types::ValType;
use wasmparser::Operator;

pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    match *op {
        Operator::TableGet { table } => {
            let index = t.pop();
            let element = t.table_element(table, index, TrapCode::TableOutOfBounds);
            let offset = if t.is_func_table(table) {
                TableElement::REFERENCE
            } else {
                0
            };
            let flags = FuncTranslator::trusted(t.regions.tables);
            let value = t.builder.ins().load(I64, flags, element, offset);
            t.push(value);
        }
        Operator::TableSet { table } => {
            let (index, value) = t.pop2();
            if t.is_func_table(table) {
                let index = t.builder.ins().uextend(I64, index);
                let table = t.index(table);
                t.call_builtin(Builtin::TableSet, &[table, index, value]);
            } else {
                let element = t.table_element(table, index, TrapCode::TableOutOfBounds);
                let flags = FuncTranslator::trusted(t.regions.tables);
                t.builder.ins().store(flags, value, element, 0);
            }
        }
        Operator::TableSize { table } => {
            let size = t.table_size(table);
            let size = t.builder.ins().ireduce(I32, size);
            t.push(size);
        }
        Operator::TableGrow { table } => {
            let (value, delta) = t.pop2();
            let delta = t.builder.ins().uextend(I64, delta);
            let table = t.index(table);
            let size = t.call_builtin(Builtin::TableGrow, &[table, value, delta]);
            if let Some(size) = size {
                let size = t.builder.ins().ireduce(I32, size);
                t.push(size);
            }
        }
        Operator::TableFill { table } => {
            let (to, value, len) = t.pop3();
            let to = t.builder.ins().uextend(I64, to);
            let len = t.builder.ins().uextend(I64, len);
            let table = t.index(table);
            t.call_builtin(Builtin::TableFill, &[table, to, value, len]);
        }
        Operator::TableCopy {
            dst_table,
            src_table,
        } => {
            let operands = t.pop_extended();
            let tables = [t.index(dst_table), t.index(src_table)];
            t.call_builtin(Builtin::TableCopy, &[&tables[..], &operands].concat());
        }
        Operator::TableInit { elem_index, table } => {
            let (to, from, len) = t.pop3();
            let to = t.builder.ins().uextend(I64, to);
            let (table, segment) = (t.index(table), t.index(elem_index));
            t.call_builtin(Builtin::TableInit, &[table, segment, to, from, len]);
        }
        Operator::ElemDrop { elem_index } => {
            let segment = t.index(elem_index);
            t.call_builtin(Builtin::ElemDrop, &[segment]);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

impl FuncTranslator<'_, '_> {
    fn is_func_table(&self, table: u32) -> bool {
        self.env.module.tables[table as usize].element == ValType::FuncRef
    }

    /// Where the definition of a table lies.
    fn table_definition(&mut self, table: u32) -> (Value, i32) {
        let layout = &self.env.module.layout;
        match table.checked_sub(layout.counts().imported_tables) {
            Some(defined) => (self.context, layout.defined_table(defined)),
            None => (self.constant_field(layout.imported_table(table)), 0),
        }
    }

    fn table_size(&mut self, table: u32) -> Value {
        let (definition, offset) = self.table_definition(table);
        let flags = FuncTranslator::trusted(self.regions.definitions);
        let offset = offset + TableDefinition::SIZE_ELEMENTS;
        self.builder.ins().load(I64, flags, definition, offset)
    }

    /// The address of an element; traps with `code` if there is none.
    pub fn table_element(&mut self, table: u32, index: Value, code: TrapCode) -> Value {
        let index = self.builder.ins().uextend(I64, index);
        let size = self.table_size(table);
        let outside = self
            .builder
            .ins()
            .icmp(IntCC::UnsignedGreaterThanOrEqual, index, size);
        self.trap_if(outside, code);
        let (definition, offset) = self.table_definition(table);
        let flags = FuncTranslator::trusted(self.regions.definitions);
        let offset = offset + TableDefinition::BASE;
        let base = self.builder.ins().load(I64, flags, definition, offset);
        let element_size = if self.is_func_table(table) {
            TableElement::SIZE
        } else {
            EXTERNREF_ELEMENT_SIZE
        };
        let shift = i64::from(element_size.trailing_zeros());
        let distance = self.builder.ins().ishl_imm_u(index, shift);
        self.builder.ins().iadd(base, distance)
    }
    /// Pops three operands of 32 bits, extended to 64.
    fn pop_extended(&mut self) -> [Value; 3] {
        let (a, b, c) = self.pop3();
        [a, b, c].map(|value| self.builder.ins().uextend(I64, value))
    }
}
