//! Calls: direct, imported, indirect, and their tail variants.

use super::{FuncTranslator, NEVER};
use crate::codegen::abi::{POINTER, Symbol};
use crate::error::CompileError;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, Endianness, Inst, InstBuilder, MemFlagsData, Value};
use prefab_abi::context::ContextHeader;
use prefab_abi::descriptor::Descriptor;
use prefab_abi::func::{ImportedFunc, StaticElement, TableElement};
use prefab_abi::trap::TrapCode;
use prefab_abi::types::FuncType;
use wasmparser::Operator;

pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    match *op {
        Operator::Call { function_index } => t.call(function_index, false)?,
        Operator::ReturnCall { function_index } => t.call(function_index, true)?,
        Operator::CallIndirect {
            type_index,
            table_index,
        } => {
            t.indirect(type_index, table_index, false)?;
        }
        Operator::ReturnCallIndirect {
            type_index,
            table_index,
        } => {
            t.indirect(type_index, table_index, true)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

impl FuncTranslator<'_, '_> {
    fn call(&mut self, func: u32, is_tail: bool) -> Result<(), CompileError> {
        let ty = self.env.module.func_type(func);
        let args = self.pop_many(ty.params().len());
        if !is_tail && self.is_inlined(func) {
            return self.inline(func, args);
        }
        let args = self.passed(ty.params(), &args);
        if func < self.env.module.imported_funcs() {
            let record = self.env.module.layout.imported_func(func);
            let code = self.constant_field(record + ImportedFunc::CODE);
            let context = self.constant_field(record + ImportedFunc::CONTEXT);
            let type_index = self.env.module.funcs[func as usize];
            self.call_code(type_index, code, context, args, is_tail);
            return Ok(());
        }
        let passed = self.env.passed;
        let callee = self.func_ref(Symbol::Func(func), || passed.guest_signature(ty));
        let args = [&[self.context], &args[..]].concat();
        if is_tail {
            self.builder.ins().return_call(callee, &args);
            self.reachable = false;
        } else {
            let call = self.builder.ins().call(callee, &args);
            self.push_results(call, ty);
        }
        Ok(())
    }

    fn call_code(
        &mut self,
        type_index: u32,
        code: Value,
        context: Value,
        args: Vec<Value>,
        is_tail: bool,
    ) {
        let signature = self.signature(type_index);
        let args = [&[context], &args[..]].concat();
        if is_tail {
            self.builder
                .ins()
                .return_call_indirect(signature, code, &args);
            self.reachable = false;
        } else {
            let call = self.builder.ins().call_indirect(signature, code, &args);
            self.push_results(call, &self.env.module.types[type_index as usize]);
        }
    }

    fn push_results(&mut self, call: Inst, ty: &FuncType) {
        let values = self.builder.inst_results(call).to_vec();
        let results = self.received(ty.results(), &values);
        self.stack.extend(results);
    }

    fn indirect(&mut self, type_index: u32, table: u32, is_tail: bool) -> Result<(), CompileError> {
        let index = self.pop();
        let params = self.env.module.types[type_index as usize].params();
        let args = self.pop_many(params.len());
        if let Some(few) = self.few(table, type_index) {
            let ty = &self.env.module.types[type_index as usize];
            let args = self.passed(params, &args);
            let done = self.call_one_of(few, ty, index, &args, is_tail)?;
            // It is of another type, and traps for a reason that this finds.
            self.static_callee(type_index, table, index);
            self.builder.ins().trap(NEVER);
            self.go_on(done, ty);
            return Ok(());
        }
        let (code, context) = if self.env.plan.static_tables.contains_key(&table) {
            self.static_callee(type_index, table, index)
        } else {
            self.dynamic_callee(type_index, table, index)
        };
        let args = self.passed(params, &args);
        self.call_code(type_index, code, context, args, is_tail);
        Ok(())
    }

    /// Goes on where a call of this type has gone with its results; nowhere after a tail call.
    fn go_on(&mut self, done: Option<Block>, ty: &FuncType) {
        let Some(done) = done else {
            self.reachable = false;
            return;
        };
        self.builder.switch_to_block(done);
        self.builder.seal_block(done);
        let values = self.builder.block_params(done).to_vec();
        let results = self.received(ty.results(), &values);
        self.stack.extend(results);
    }

    /// Loads a callee of the module's own from a static table.
    fn static_callee(&mut self, type_index: u32, table: u32, index: Value) -> (Value, Value) {
        let table = &self.env.plan.static_tables[&table];
        let (count, offset) = (table.elements.len() as i64, table.offset);
        let outside =
            self.builder
                .ins()
                .icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, index, count);
        self.trap_if(outside, TrapCode::UndefinedElement);

        let tables = self.constant_field(ContextHeader::STATIC_TABLES);
        let index = self.builder.ins().uextend(I64, index);
        let distance = self
            .builder
            .ins()
            .ishl_imm_u(index, i64::from(StaticElement::SIZE.trailing_zeros()));
        let mut element = self.builder.ins().iadd(tables, distance);
        let mut offset = i32::try_from(offset).unwrap_or_else(|_| {
            element = self.builder.ins().iadd_imm_s(element, offset as i64);
            0
        });
        if offset > i32::MAX - StaticElement::SIZE as i32 {
            element = self.builder.ins().iadd_imm_s(element, i64::from(offset));
            offset = 0;
        }
        let flags = MemFlagsData::trusted()
            .with_readonly()
            .with_endianness(Endianness::Little);
        let found =
            self.builder
                .ins()
                .load(I32, flags, element, offset + StaticElement::TYPE_INDEX);
        let wanted = self.env.module.canonical_types[type_index as usize];
        let differs = self
            .builder
            .ins()
            .icmp_imm_u(IntCC::NotEqual, found, i64::from(wanted));
        self.trap_if_other_type(differs, |t| {
            let null = i64::from(StaticElement::NULL_TYPE);
            t.builder.ins().icmp_imm_u(IntCC::Equal, found, null)
        });
        let code =
            self.builder
                .ins()
                .load(I32, flags, element, offset + StaticElement::CODE_OFFSET);
        let code = self.builder.ins().uextend(I64, code);
        let text = self.constant_field(ContextHeader::TEXT);
        (self.builder.ins().iadd(text, code), self.context)
    }

    /// Loads a callee from a table of an instance.
    fn dynamic_callee(&mut self, type_index: u32, table: u32, index: Value) -> (Value, Value) {
        let element = self.table_element(table, index, TrapCode::UndefinedElement);
        let flags = FuncTranslator::trusted(self.regions.tables);
        let found = self
            .builder
            .ins()
            .load(I64, flags, element, TableElement::TYPE_ID);
        let wanted = self.type_identity(type_index);
        let differs = self.builder.ins().icmp(IntCC::NotEqual, found, wanted);
        self.trap_if_other_type(differs, |t| {
            t.builder.ins().icmp_imm_s(IntCC::Equal, found, 0)
        });
        let code = self
            .builder
            .ins()
            .load(POINTER, flags, element, TableElement::CODE);
        let context = self
            .builder
            .ins()
            .load(POINTER, flags, element, TableElement::CONTEXT);
        (code, context)
    }

    /// The identity of a type in this process.
    fn type_identity(&mut self, type_index: u32) -> Value {
        let canonical = self.env.module.canonical_types[type_index as usize];
        let slot = crate::codegen::slots::identity_slot(self.env.plan.identities[&canonical]);
        let table = self.constant_field(ContextHeader::IMPORT_TABLE);
        let first = Descriptor::slot_offset(0);
        self.constant_pointer(table, (Descriptor::slot_offset(slot) - first) as i32)
    }

    /// Traps if a callee's type differs: as uninitialised if `is_null` says so.
    fn trap_if_other_type(&mut self, differs: Value, is_null: impl FnOnce(&mut Self) -> Value) {
        let other = self.builder.create_block();
        let next = self.next_block();
        self.builder.ins().brif(differs, other, [], next, []);
        self.cold(other, |t| {
            let is_null = is_null(t);
            t.trap_if(is_null, TrapCode::UninitializedElement);
            t.mark_cold();
            t.trap(TrapCode::IndirectCallTypeMismatch);
        });
        self.builder.switch_to_block(next);
        self.builder.seal_block(next);
    }
}
