//! Memory instructions: loads, stores, sizes.

use super::{FuncTranslator, trap_instruction_code};
use crate::PAGE_SIZE_LOG2;
use crate::codegen::abi::{Symbol, stub_signature};
use crate::error::CompileError;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{BlockArg, Endianness, InstBuilder, MemFlagsData, Type, Value};
use prefab_abi::builtin::Builtin;
use prefab_abi::context::MemoryDefinition;
use prefab_abi::note::{MemoryPlan, Traps};
use prefab_abi::trap::TrapCode;
use wasmparser::{MemArg, MemArgTarget, Operator};

/// What a load or store of a linear memory takes.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    /// Little-endian; traps as out of bounds, unless that has been checked.
    pub flags: MemFlagsData,
    /// The address, without the offset.
    pub base: Value,
    /// The offset.
    pub offset: Offset32,
}

#[derive(Clone, Copy)]
enum Extension {
    No,
    Signed,
    Unsigned,
}

pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    use Extension::{No, Signed, Unsigned};
    match op {
        Operator::I32Load { memarg } => t.load(memarg, I32, I32, No)?,
        Operator::I64Load { memarg } => t.load(memarg, I64, I64, No)?,
        Operator::F32Load { memarg } => t.load(memarg, F32, F32, No)?,
        Operator::F64Load { memarg } => t.load(memarg, F64, F64, No)?,
        Operator::I32Load8S { memarg } => t.load(memarg, I8, I32, Signed)?,
        Operator::I32Load8U { memarg } => t.load(memarg, I8, I32, Unsigned)?,
        Operator::I32Load16S { memarg } => t.load(memarg, I16, I32, Signed)?,
        Operator::I32Load16U { memarg } => t.load(memarg, I16, I32, Unsigned)?,
        Operator::I64Load8S { memarg } => t.load(memarg, I8, I64, Signed)?,
        Operator::I64Load8U { memarg } => t.load(memarg, I8, I64, Unsigned)?,
        Operator::I64Load16S { memarg } => t.load(memarg, I16, I64, Signed)?,
        Operator::I64Load16U { memarg } => t.load(memarg, I16, I64, Unsigned)?,
        Operator::I64Load32S { memarg } => t.load(memarg, I32, I64, Signed)?,
        Operator::I64Load32U { memarg } => t.load(memarg, I32, I64, Unsigned)?,
        Operator::I32Store { memarg } => t.store(memarg, I32)?,
        Operator::I64Store { memarg } => t.store(memarg, I64)?,
        Operator::F32Store { memarg } => t.store(memarg, F32)?,
        Operator::F64Store { memarg } => t.store(memarg, F64)?,
        Operator::I32Store8 { memarg } | Operator::I64Store8 { memarg } => t.store(memarg, I8)?,
        Operator::I32Store16 { memarg } | Operator::I64Store16 { memarg } => {
            t.store(memarg, I16)?
        }
        Operator::I64Store32 { memarg } => t.store(memarg, I32)?,
        Operator::MemorySize { mem } => {
            let pages = t.memory_size_pages(*mem);
            t.push(pages);
        }
        Operator::MemoryGrow { mem } => t.grow(*mem),
        _ => return Ok(false),
    }
    Ok(true)
}

impl FuncTranslator<'_, '_> {
    /// Pops the address operand of an access of `size_bytes` and makes it safe: whatever the
    /// operand is, the access lies in the memory or traps.
    pub fn address(&mut self, memarg: &MemArg, size_bytes: u32) -> Result<Address, CompileError> {
        let MemArgTarget::Memory(memory) = memarg.target else {
            return Err(CompileError::new("accesses to arrays are not supported"));
        };
        let index = self.pop();
        Ok(self.access(memory, index, memarg.offset, size_bytes))
    }

    /// Makes an access of `size_bytes` safe that starts `offset` behind `index`.
    pub fn access(
        &mut self,
        memory: u32,
        mut index: Value,
        mut offset: u64,
        size_bytes: u32,
    ) -> Address {
        // What is added to the index belongs to the offset, where the sum cannot wrap.
        while let Some((rest, constant)) = self.sum(index)
            && self.is_displacement(offset + constant, size_bytes)
        {
            (index, offset) = (rest, offset + constant);
        }
        let mut flags = MemFlagsData::new()
            .with_endianness(Endianness::Little)
            .with_alias_region(Some(self.regions.heap));
        let covered = match self.env.memory_plan {
            MemoryPlan::Guarded => self.is_in_guard(offset, size_bytes),
            MemoryPlan::Bounded => {
                flags.set_notrap();
                self.check_bounds(memory, index, offset + u64::from(size_bytes));
                true
            }
        };
        index = self.builder.ins().uextend(I64, index);
        let displacement = i32::try_from(offset).ok().filter(|_| covered);
        if displacement.is_none() {
            index = self.builder.ins().iadd_imm_s(index, offset as i64);
        }
        if !covered {
            let last = (1 << 32) - i64::from(size_bytes);
            let outside = self
                .builder
                .ins()
                .icmp_imm_u(IntCC::UnsignedGreaterThan, index, last);
            self.trap_if(outside, TrapCode::MemoryOutOfBounds);
        }
        let base = self.memory_base(memory);
        let base = self.builder.ins().iadd(base, index);
        Address {
            flags,
            base,
            offset: Offset32::new(displacement.unwrap_or(0)),
        }
    }

    /// Whether an access may have this offset as part of its address.
    fn is_displacement(&self, offset: u64, size_bytes: u32) -> bool {
        match self.env.memory_plan {
            MemoryPlan::Guarded => self.is_in_guard(offset, size_bytes),
            MemoryPlan::Bounded => i32::try_from(offset).is_ok(),
        }
    }

    /// Whether a guard makes an access trap that starts `offset` behind some 32-bit address: it
    /// ends less than the guard's size behind 4 GiB.
    const fn is_in_guard(&self, offset: u64, size_bytes: u32) -> bool {
        offset + size_bytes as u64 <= self.env.guard_size_bytes
    }

    /// Traps if an access that ends `reach` bytes behind `index` does not lie in the memory.
    ///
    /// Neither number reaches 2³³, so that their sum is what it should be.
    fn check_bounds(&mut self, memory: u32, index: Value, reach: u64) {
        let ty = &self.env.module.memories[memory as usize];
        let (least, is_fixed) = (ty.min << PAGE_SIZE_LOG2, ty.max == Some(ty.min));
        // A memory never shrinks.
        if let Some(index) = self.constant(index)
            && index + reach <= least
        {
            return;
        }
        let index = self.builder.ins().uextend(I64, index);
        let end = self.builder.ins().iadd_imm_s(index, reach as i64);
        let above = IntCC::UnsignedGreaterThan;
        let outside = if is_fixed {
            self.builder.ins().icmp_imm_u(above, end, least as i64)
        } else {
            let size = self.memory_size_bytes(memory);
            self.builder.ins().icmp(above, end, size)
        };
        match self.env.traps {
            // An instruction that traps is shorter than a call.
            Traps::Signals => {
                let code = trap_instruction_code(TrapCode::MemoryOutOfBounds);
                self.builder.ins().trapnz(outside, code);
            }
            Traps::Explicit => self.trap_if(outside, TrapCode::MemoryOutOfBounds),
        }
    }

    /// The current size of a memory, in bytes.
    pub fn memory_size_bytes(&mut self, memory: u32) -> Value {
        let (definition, offset) = self.memory_definition(memory);
        let flags = FuncTranslator::trusted(self.regions.definitions);
        let offset = offset + MemoryDefinition::SIZE_BYTES;
        self.builder.ins().load(I64, flags, definition, offset)
    }

    fn memory_size_pages(&mut self, memory: u32) -> Value {
        let bytes = self.memory_size_bytes(memory);
        let pages = self
            .builder
            .ins()
            .ushr_imm_u(bytes, i64::from(PAGE_SIZE_LOG2));
        self.builder.ins().ireduce(I32, pages)
    }

    /// Growth by nothing always succeeds and changes nothing: some ask for the size so. It takes no
    /// call.
    fn grow(&mut self, memory: u32) {
        let delta = self.pop();
        let size = self.memory_size_pages(memory);
        if self.constant(delta) == Some(0) {
            return self.push(size);
        }
        let grow = self.builder.create_block();
        let next = self.builder.create_block();
        let grown = self.builder.append_block_param(next, I32);
        let unchanged = [BlockArg::Value(size)];
        self.builder.ins().brif(delta, grow, [], next, &unchanged);
        self.cold(grow, |t| {
            let delta = t.builder.ins().uextend(I64, delta);
            let index = t.index(memory);
            if let Some(pages) = t.call_builtin(Builtin::MemoryGrow, &[index, delta]) {
                let pages = t.builder.ins().ireduce(I32, pages);
                t.builder.ins().jump(next, &[BlockArg::Value(pages)]);
            }
        });
        self.builder.switch_to_block(next);
        self.builder.seal_block(next);
        self.push(grown);
    }

    fn load(
        &mut self,
        memarg: &MemArg,
        stored: Type,
        ty: Type,
        extend: Extension,
    ) -> Result<(), CompileError> {
        let Address {
            flags,
            base,
            offset,
        } = self.address(memarg, stored.bytes())?;
        let ins = self.builder.ins();
        // Not a load and an extension: what is computed from it would be computed in both widths.
        let value = match (extend, stored) {
            (Extension::Unsigned, I8) => ins.uload8(ty, flags, base, offset),
            (Extension::Signed, I8) => ins.sload8(ty, flags, base, offset),
            (Extension::Unsigned, I16) => ins.uload16(ty, flags, base, offset),
            (Extension::Signed, I16) => ins.sload16(ty, flags, base, offset),
            (Extension::Unsigned, _) => ins.uload32(flags, base, offset),
            (Extension::Signed, _) => ins.sload32(flags, base, offset),
            (Extension::No, _) => ins.load(ty, flags, base, offset),
        };
        self.push(value);
        Ok(())
    }

    fn store(&mut self, memarg: &MemArg, stored: Type) -> Result<(), CompileError> {
        let value = self.pop();
        let Address {
            flags,
            base,
            offset,
        } = self.address(memarg, stored.bytes())?;
        let is_narrower = self.builder.func.dfg.value_type(value) != stored;
        // Machines store narrow constants without a register, which Cranelift sees of narrow values.
        if let Some(number) = self.constant(value).filter(|_| is_narrower) {
            let kept = number & (u64::MAX >> (64 - stored.bits()));
            let value = self.builder.ins().iconst(stored, kept.cast_signed());
            self.builder.ins().store(flags, value, base, offset);
            return Ok(());
        }
        let ins = self.builder.ins();
        match stored {
            I8 => ins.istore8(flags, value, base, offset),
            I16 => ins.istore16(flags, value, base, offset),
            _ if is_narrower => ins.istore32(flags, value, base, offset),
            _ => ins.store(flags, value, base, offset),
        };
        Ok(())
    }

    /// Where the definition of a memory lies.
    fn memory_definition(&mut self, memory: u32) -> (Value, i32) {
        let layout = &self.env.module.layout;
        match memory.checked_sub(layout.counts().imported_memories) {
            Some(defined) => (self.context, layout.defined_memory(defined)),
            None => (self.constant_field(layout.imported_memory(memory)), 0),
        }
    }

    /// The address of byte 0 of a memory.
    pub fn memory_base(&mut self, memory: u32) -> Value {
        if memory == 0 && self.env.module.layout.owns_memory_0() {
            return self.context;
        }
        let (definition, offset) = self.memory_definition(memory);
        self.constant_pointer(definition, offset + MemoryDefinition::BASE)
    }

    /// An index of something in the module, as a runtime function takes it.
    pub fn index(&mut self, index: u32) -> Value {
        self.builder.ins().iconst(I32, i64::from(index))
    }

    /// Calls a runtime function, with this instance's context and `args`.
    pub fn call_builtin(&mut self, builtin: Builtin, args: &[Value]) -> Option<Value> {
        let vectors = self.env.vectors;
        let stub = self.func_ref(Symbol::Builtin(builtin), || {
            stub_signature(builtin, vectors)
        });
        let call = self
            .builder
            .ins()
            .call(stub, &[&[self.context], args].concat());
        self.builder.inst_results(call).first().copied()
    }
}
