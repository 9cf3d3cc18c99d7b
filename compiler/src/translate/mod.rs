//! From a function's operators to Cranelift's intermediate representation.
//!
//! One file per family of operators. The operand stack is a stack of values; code that cannot be
//! reached is skipped, so that every value on it exists.

mod bound;
mod bulk;
mod call;
mod control;
mod few;
mod fuel;
mod inline;
mod interrupt;
mod limit;
mod memory;
mod numeric;
mod operand;
mod simd;
mod table;
mod trap;
mod variable;

pub(crate) use inline::Inlining;
pub(crate) use trap::{NEVER, is_ruled_out, trap_code, trap_instruction_code};

use crate::codegen::abi::{POINTER, Symbol};
use crate::codegen::vectors::Vectors;
use crate::error::CompileError;
use crate::module::Module;
use crate::optimize::Passes;
use crate::plan::Plan;
use control::Frame;
use cranelift_codegen::ir::{
    AliasRegion, AliasRegionData, Endianness, ExtFuncData, ExternalName, FuncRef, Function,
    InstBuilder, InstructionData, MemFlagsData, Opcode, SigRef, Signature, SourceLoc, StackSlot,
    UserFuncName, Value, ValueDef,
};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use fuel::Fuel;
use inline::Inliner;
use operand::{Local, Operand};
use prefab_abi::note::{MemoryPlan, Traps};
use prefab_targets::codegen::TailCalls;
use std::borrow::Cow;
use std::collections::HashMap;
use wasmparser::{FunctionBody, Operator, OperatorsReader, WasmFeatures};

/// What translating any function of a module needs.
pub(crate) struct Env<'a> {
    pub module: &'a Module<'a>,
    pub plan: &'a Plan,
    pub isa: &'a dyn TargetIsa,
    pub features: WasmFeatures,
    /// How code holds vectors.
    pub vectors: Vectors,
    /// How functions take and return them.
    pub passed: Vectors,
    /// How accesses to memories are checked.
    pub memory_plan: MemoryPlan,
    /// The size of the guard behind a memory's 4 GiB, in bytes.
    pub guard_size_bytes: u64,
    /// How the code finds that it has to trap.
    pub traps: Traps,
    /// Whether it looks whether it is to stop.
    pub is_interruptible: bool,
    /// Whether it counts what it executes.
    pub uses_fuel: bool,
    /// What is done with functions besides what Cranelift does.
    pub passes: Passes,
    /// How much C's convention has in common with that of guest functions.
    pub tail: TailCalls,
}

/// Translates the `defined`-th function that the module defines.
pub(crate) fn translate(
    env: &Env<'_>,
    defined: u32,
    func: &mut Function,
    context: &mut FunctionBuilderContext,
) -> Result<Translated, CompileError> {
    let index = env.module.imported_funcs() + defined;
    let ty = env.module.func_type(index);
    func.name = UserFuncName::User(Symbol::Func(index).external_name());
    func.signature = env.passed.guest_signature(ty);

    let mut t = FuncTranslator::new(env, index, FunctionBuilder::new(func, context));
    let body = t.body(defined);
    t.declare_params(ty.params());
    t.declare_body_locals(&body)?;
    t.push_function_frame(ty.results());
    let ops = body.get_operators_reader()?;
    let calls = trap::calls(ops.clone())?;
    let start = ops.original_position() as u32;
    t.inliner = Inliner::new(index, start);
    t.builder.set_srcloc(SourceLoc::new(start));
    if env.traps == Traps::Explicit && calls.is_returned_to {
        t.check_stack();
    }
    if calls.any {
        t.poll();
    }
    t.start_fuel();
    t.operators(ops)?;
    let part_of_limits = t.part_of_limits()?;
    t.builder.finalize(env.isa.frontend_config());
    Ok(Translated {
        inlining: t.inliner.done,
        part_of_limits,
    })
}

/// What is known of a function after its translation, besides its code.
pub(crate) struct Translated {
    pub inlining: Inlining,
    /// The part of a limit that it comes to, of the limit that it comes nearest to.
    pub part_of_limits: f64,
}

/// The state of one function's translation.
pub(crate) struct FuncTranslator<'a, 'f> {
    pub env: &'a Env<'a>,
    pub builder: FunctionBuilder<'f>,
    /// The context of the instance.
    pub context: Value,
    stack: Vec<Operand>,
    frames: Vec<Frame>,
    /// How many blocks deep the code is that cannot be reached; 0 if it can or may.
    unreachable_depth: u32,
    reachable: bool,
    locals: Vec<Local>,
    funcs: HashMap<Symbol, FuncRef>,
    signatures: HashMap<u32, SigRef>,
    regions: Regions,
    /// Unless nothing is counted.
    fuel: Option<Fuel>,
    /// Room for a vector whose bytes are addressed.
    scratch: Option<StackSlot>,
    /// Where in the module the operator is that is being translated, in bytes.
    offset: u32,
    inliner: Inliner,
    /// How deep blocks were nested at most.
    deepest: usize,
    /// What Cranelift's lists of values had room for when they were looked at.
    lists_capacity: usize,
}

/// Kinds of memory that do not overlap.
#[derive(Clone, Copy)]
pub(crate) struct Regions {
    /// Linear memories.
    heap: AliasRegion,
    /// Values of globals.
    globals: AliasRegion,
    /// Elements of tables.
    tables: AliasRegion,
    /// Sizes and addresses of memories and tables.
    definitions: AliasRegion,
    /// The store's fuel.
    fuel: AliasRegion,
}

impl Regions {
    fn new(func: &mut Function) -> Self {
        let mut region = |user_id, description| {
            let description = Cow::Borrowed(description);
            func.dfg.alias_regions.insert(AliasRegionData {
                user_id,
                description,
            })
        };
        Self {
            heap: region(1, "linear memories"),
            globals: region(2, "globals"),
            tables: region(3, "tables"),
            definitions: region(4, "definitions"),
            fuel: region(5, "fuel"),
        }
    }
}

impl<'a, 'f> FuncTranslator<'a, 'f> {
    fn new(env: &'a Env<'a>, index: u32, mut builder: FunctionBuilder<'f>) -> Self {
        let regions = Regions::new(builder.func);
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        builder.seal_block(entry);
        let context = builder.block_params(entry)[0];
        Self {
            env,
            context,
            builder,
            stack: Vec::new(),
            frames: Vec::new(),
            unreachable_depth: 0,
            reachable: true,
            locals: Vec::new(),
            funcs: HashMap::new(),
            signatures: HashMap::new(),
            regions,
            fuel: None,
            scratch: None,
            offset: 0,
            inliner: Inliner::new(index, 0),
            deepest: 0,
            lists_capacity: 0,
        }
    }

    /// Declares the locals that a function has besides its parameters.
    fn declare_body_locals(&mut self, body: &FunctionBody<'_>) -> Result<(), CompileError> {
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            self.declare_locals(count, crate::decode::val_type(&ty)?);
        }
        Ok(())
    }

    fn operators(&mut self, mut ops: OperatorsReader<'_>) -> Result<(), CompileError> {
        while !ops.eof() {
            let (op, offset) = ops.read_with_offset()?;
            self.offset = offset as u32;
            let place = self.inliner.place(self.offset);
            self.builder.set_srcloc(place);
            self.operator(&op).map_err(|error| match error.offset() {
                Some(_) => error,
                None => CompileError::at(offset, error.message()),
            })?;
        }
        Ok(())
    }

    fn operator(&mut self, op: &Operator<'_>) -> Result<(), CompileError> {
        self.check_size()?;
        if !self.reachable {
            return self.skip(op);
        }
        self.pay(op);
        if !self.family(op)? {
            return Err(CompileError::new(format!(
                "the instruction {op:?} is not supported"
            )));
        }
        self.paid(op);
        Ok(())
    }

    /// Translates `op`, if a family of instructions has it.
    fn family(&mut self, op: &Operator<'_>) -> Result<bool, CompileError> {
        let families = [
            control::translate,
            variable::translate,
            numeric::translate,
            memory::translate,
            bulk::translate,
            call::translate,
            table::translate,
            simd::translate,
        ];
        for family in families {
            if family(self, op)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The number that a value is, if that is known here: its bits, extended with zeros.
    pub fn constant(&self, value: Value) -> Option<u64> {
        let dfg = &self.builder.func.dfg;
        let ValueDef::Result(inst, 0) = dfg.value_def(value) else {
            return None;
        };
        let InstructionData::UnaryImm {
            opcode: Opcode::Iconst,
            imm,
        } = dfg.insts[inst]
        else {
            return None;
        };
        let unused = 64 - dfg.value_type(value).bits();
        Some(imm.bits().cast_unsigned() << unused >> unused)
    }

    /// The reference by which this function calls `symbol`.
    pub fn func_ref(&mut self, symbol: Symbol, signature: impl FnOnce() -> Signature) -> FuncRef {
        if let Some(func) = self.funcs.get(&symbol) {
            return *func;
        }
        let signature = self.builder.import_signature(signature());
        let name = self
            .builder
            .func
            .declare_imported_user_function(symbol.external_name());
        let func = self.builder.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        });
        self.funcs.insert(symbol, func);
        func
    }

    /// The signature of guest functions of a type, by its index.
    pub fn signature(&mut self, type_index: u32) -> SigRef {
        let canonical = self.env.module.canonical_types[type_index as usize];
        if let Some(signature) = self.signatures.get(&canonical) {
            return *signature;
        }
        let ty = &self.env.module.types[canonical as usize];
        let signature = self.env.passed.guest_signature(ty);
        let signature = self.builder.import_signature(signature);
        self.signatures.insert(canonical, signature);
        signature
    }

    /// A pointer among the instance's fields that never changes.
    pub fn constant_field(&mut self, offset: i32) -> Value {
        self.constant_pointer(self.context, offset)
    }

    /// A pointer in memory that never changes.
    pub fn constant_pointer(&mut self, base: Value, offset: i32) -> Value {
        let flags = MemFlagsData::trusted()
            .with_readonly()
            .with_can_move()
            .with_endianness(Endianness::Little);
        self.builder.ins().load(POINTER, flags, base, offset)
    }

    /// How to access the runtime's own structures: never traps.
    pub fn trusted(region: AliasRegion) -> MemFlagsData {
        MemFlagsData::trusted()
            .with_endianness(Endianness::Little)
            .with_alias_region(Some(region))
    }
}
