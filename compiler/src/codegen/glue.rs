//! The glue around guest functions: stubs, entry trampolines, host adapters, thunks, by the
//! conventions of [`prefab_abi::func`].

use super::abi::{
    POINTER, Symbol, builtin_signature, c_signature, stub_signature, trap_stub_signature,
};
use super::slots::Slots;
use super::vectors::{self, Vectors};
use crate::translate::trap_instruction_code;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, Endianness, ExceptionTableData, ExceptionTableItem, ExtFuncData,
    ExternalName, FuncRef, Function, InstBuilder, MemFlagsData, Signature, StackSlot,
    StackSlotData, StackSlotKind, Type, UserFuncName, Value,
};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use prefab_abi::builtin::{Builtin, Traps};
use prefab_abi::context::{ContextHeader, ContextLayout};
use prefab_abi::exec::ExecState;
use prefab_abi::func::{HostBinding, ImportedFunc, VALUE_SIZE};
use prefab_abi::note;
use prefab_abi::trap::TrapCode;
use prefab_abi::types::{FuncType, ValType};
use prefab_targets::codegen::TailCalls;

/// What glue is made from.
pub struct Glue<'a> {
    pub slots: &'a Slots,
    pub layout: &'a ContextLayout,
    /// How guest functions take and return vectors.
    pub passed: Vectors,
    /// How they hold them.
    pub vectors: Vectors,
    pub config: TargetFrontendConfig,
    pub traps: note::Traps,
    pub tail: TailCalls,
}

impl Glue<'_> {
    /// The stub of a runtime function.
    pub fn builtin_stub(&self, builtin: Builtin) -> Function {
        let symbol = Symbol::Builtin(builtin);
        self.build(
            symbol,
            stub_signature(builtin, self.vectors),
            |g, params| {
                let exec = g.pointer(params[0], ContextHeader::EXEC);
                g.leave(exec);
                g.check_stack(exec, TrapCode::StackOverflow, |_| params[0]);
                let kept = (builtin.traps() != Traps::Never).then(|| g.keep(params[0]));
                let target = g.builtin(params[0], builtin);
                let result = g.call_c(target, builtin_signature(builtin), params);
                let trapped = match builtin.traps() {
                    Traps::Never => None,
                    Traps::NotZero => result,
                    Traps::MinusTwo => {
                        result.map(|value| g.builder.ins().icmp_imm_s(IntCC::Equal, value, -2))
                    }
                    Traps::Always => Some(g.builder.ins().iconst(I32, 1)),
                };
                if let (Some(trapped), Some(kept)) = (trapped, kept) {
                    g.raise_if(trapped, |g| {
                        let context = g.kept(kept);
                        (g.pointer(context, ContextHeader::EXEC), context)
                    });
                }
                let results = if builtin.traps() == Traps::NotZero {
                    None
                } else {
                    result
                };
                g.builder.ins().return_(results.as_slice());
            },
        )
    }

    /// The stub that a trap goes through.
    pub fn trap_stub(&self, code: TrapCode) -> Function {
        self.build(Symbol::Trap(code), trap_stub_signature(), |g, params| {
            let exec = g.pointer(params[0], ContextHeader::EXEC);
            g.leave(exec);
            // Where traps are explicit there is room: functions check the stack themselves.
            if g.glue.traps == note::Traps::Signals {
                g.check_stack(exec, code, |_| params[0]);
            }
            g.trap(exec, code, params[0]);
        })
    }

    /// What stands before a function whose frame takes `frame_size_bytes`: it goes on there if
    /// the stack has as much room and traps otherwise, before the frame is made.
    pub fn guard(&self, func: u32, ty: &FuncType, frame_size_bytes: u32) -> Function {
        let signature = self.passed.guest_signature(ty);
        self.build(Symbol::Func(func), signature.clone(), |g, params| {
            let exec = g.pointer(params[0], ContextHeader::EXEC);
            let limit = g.pointer(exec, ExecState::STACK_LIMIT);
            let size = i64::from(frame_size_bytes);
            let least = g.builder.ins().iadd_imm_s(limit, size);
            let stack = g.builder.ins().get_stack_pointer(POINTER);
            let less = IntCC::UnsignedLessThan;
            let is_below = g.builder.ins().icmp(less, stack, least);
            let overflow = g.builder.create_block();
            let next = g.builder.create_block();
            g.builder.ins().brif(is_below, overflow, [], next, []);
            g.builder.set_cold_block(overflow);
            g.builder.switch_to_block(overflow);
            let stub = Symbol::Trap(TrapCode::StackOverflow);
            let stub = g.func_ref(stub, trap_stub_signature());
            g.builder.ins().call(stub, &params[..1]);
            g.builder.ins().trap(crate::translate::NEVER);
            g.builder.switch_to_block(next);
            let body = g.func_ref(Symbol::Body(func), signature);
            g.builder.ins().return_call(body, params);
        })
    }

    /// What stands for an imported function in a static table.
    pub fn thunk(&self, import: u32, ty: &FuncType) -> Function {
        let record = self.layout.imported_func(import);
        let signature = self.passed.guest_signature(ty);
        self.build(Symbol::Thunk(import), signature, |g, params| {
            let code = g.pointer(params[0], record + ImportedFunc::CODE);
            let context = g.pointer(params[0], record + ImportedFunc::CONTEXT);
            let signature = g.builder.func.signature.clone();
            let signature = g.builder.import_signature(signature);
            let args = [&[context], &params[1..]].concat();
            g.builder.ins().return_call_indirect(signature, code, &args);
        })
    }

    /// The native entry trampoline of a type.
    pub fn native_entry(&self, canonical: u32, ty: &FuncType) -> Function {
        let args = Vectors::Halves.all_types(ty.params());
        let signature = c_signature([POINTER; 2].into_iter().chain(args), [I64, I64]);
        self.build(Symbol::NativeEntry(canonical), signature, |g, params| {
            let &[context, code, ref rest @ ..] = params else {
                unreachable!("the signature has two parameters and more");
            };
            let args = g.guest_values(ty.params(), rest);
            let args = [&[context], &args[..]].concat();
            let [returned, trapped] = g.enter(ty, code, &args);

            g.builder.switch_to_block(returned);
            let zero = g.builder.ins().iconst(I64, 0);
            let result = g.builder.block_params(returned).first().copied();
            let result = result.map_or(zero, |result| g.bits(result));
            g.builder.ins().return_(&[result, zero]);

            g.builder.switch_to_block(trapped);
            let zero = g.builder.ins().iconst(I64, 0);
            let one = g.builder.ins().iconst(I64, 1);
            g.builder.ins().return_(&[zero, one]);
        })
    }

    /// The array entry trampoline of a type.
    pub fn array_entry(&self, canonical: u32, ty: &FuncType) -> Function {
        let signature = c_signature([POINTER; 3], [I32]);
        self.build(Symbol::ArrayEntry(canonical), signature, |g, params| {
            let &[context, code, values] = params else {
                unreachable!("the signature has three parameters");
            };
            let args = g.load_values(ty.params(), values);
            let args = [&[context], &args[..]].concat();
            let [returned, trapped] = g.enter(ty, code, &args);

            g.builder.switch_to_block(returned);
            let results = g.builder.block_params(returned).to_vec();
            g.store_values(ty.results(), &results, values);
            let zero = g.builder.ins().iconst(I32, 0);
            g.builder.ins().return_(&[zero]);

            g.builder.switch_to_block(trapped);
            let one = g.builder.ins().iconst(I32, 1);
            g.builder.ins().return_(&[one]);
        })
    }

    /// The native host adapter of a type. It goes on in the host's function as if the guest had called
    /// that, if the registers are the same, and leaves no frame.
    pub fn native_adapter(&self, canonical: u32, ty: &FuncType) -> Function {
        let signature = self.passed.guest_signature(ty);
        let ends_in_jump = self.is_like_c(&signature);
        let symbol = Symbol::NativeAdapter(canonical);
        self.build(symbol, signature, |g, params| {
            let (binding, args) = (params[0], &params[1..]);
            let exec = g.pointer(binding, HostBinding::EXEC);
            if ends_in_jump {
                g.leave_without_frame(exec);
            } else {
                g.leave(exec);
            }
            g.check_stack(exec, TrapCode::StackOverflow, |g| {
                g.pointer(binding, HostBinding::CALLER)
            });
            let function = g.pointer(binding, HostBinding::FUNCTION);
            if ends_in_jump {
                let signature = g.builder.func.signature.clone();
                let signature = g.builder.import_signature(signature);
                g.builder
                    .ins()
                    .return_call_indirect(signature, function, params);
                return;
            }
            let mut c_args = vec![binding];
            c_args.extend(g.c_values(ty.params(), args));
            let types = c_args.iter().map(|arg| g.builder.func.dfg.value_type(*arg));
            let results = self.passed.all_types(ty.results());
            let signature = c_signature(types, results);
            let result = g.call_c(function, signature, &c_args);
            g.builder.ins().return_(result.as_slice());
        })
    }

    /// Whether C has all arguments and the result in the same registers.
    fn is_like_c(&self, guest: &Signature) -> bool {
        let TailCalls::LikeC { integers, floats } = self.tail else {
            return false;
        };
        let types = guest.params.iter().map(|param| param.value_type);
        let (in_general, others): (Vec<_>, Vec<_>) = types.partition(|ty| ty.is_int());
        let has_vectors = others.iter().any(|ty| ty.is_vector());
        in_general.len() <= integers && others.len() <= floats && !has_vectors
    }

    /// The array host adapter of a type.
    pub fn array_adapter(&self, canonical: u32, ty: &FuncType) -> Function {
        let symbol = Symbol::ArrayAdapter(canonical);
        let signature = self.passed.guest_signature(ty);
        self.build(symbol, signature, |g, params| {
            let (binding, args) = (params[0], &params[1..]);
            let exec = g.pointer(binding, HostBinding::EXEC);
            g.leave(exec);
            g.check_stack(exec, TrapCode::StackOverflow, |g| {
                g.pointer(binding, HostBinding::CALLER)
            });
            let kept = g.keep(binding);
            let function = g.pointer(binding, HostBinding::FUNCTION);
            let values = g.values(ty.results().len().max(ty.params().len()));
            g.store_values(ty.params(), args, values);
            let signature = c_signature([POINTER; 2], [I32]);
            let status = g.call_c(function, signature, &[binding, values]);
            if let Some(status) = status {
                g.raise_if(status, |g| {
                    let binding = g.kept(kept);
                    let caller = g.pointer(binding, HostBinding::CALLER);
                    (g.pointer(binding, HostBinding::EXEC), caller)
                });
            }
            let results = g.load_values(ty.results(), values);
            g.builder.ins().return_(&results);
        })
    }

    fn build(
        &self,
        symbol: Symbol,
        signature: Signature,
        fill: impl FnOnce(&mut Builder<'_, '_>, &[Value]),
    ) -> Function {
        let name = UserFuncName::User(symbol.external_name());
        let mut func = Function::with_name_signature(name, signature);
        let mut context = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut func, &mut context);
        let block = builder.create_block();
        builder.append_block_params_for_function_params(block);
        builder.switch_to_block(block);
        let params = builder.block_params(block).to_vec();
        let mut g = Builder {
            builder,
            glue: self,
        };
        fill(&mut g, &params);
        g.builder.seal_all_blocks();
        g.builder.finalize(self.config);
        func
    }
}

struct Builder<'a, 'f> {
    builder: FunctionBuilder<'f>,
    glue: &'a Glue<'a>,
}

fn flags() -> MemFlagsData {
    MemFlagsData::trusted().with_endianness(Endianness::Little)
}

impl Builder<'_, '_> {
    fn pointer(&mut self, base: Value, offset: i32) -> Value {
        self.builder.ins().load(POINTER, flags(), base, offset)
    }

    /// The address of a runtime function.
    fn builtin(&mut self, context: Value, builtin: Builtin) -> Value {
        // Every function that has a stub has a slot.
        let slot = self
            .glue
            .slots
            .builtin_slot(builtin)
            .expect("a used function has a slot");
        let table = self.pointer(context, ContextHeader::IMPORT_TABLE);
        self.pointer(table, 8 * slot as i32)
    }

    fn func_ref(&mut self, symbol: Symbol, signature: Signature) -> FuncRef {
        let signature = self.builder.import_signature(signature);
        let name = self
            .builder
            .func
            .declare_imported_user_function(symbol.external_name());
        self.builder.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        })
    }

    fn call_c(&mut self, target: Value, signature: Signature, args: &[Value]) -> Option<Value> {
        let signature = self.builder.import_signature(signature);
        let call = self.builder.ins().call_indirect(signature, target, args);
        self.builder.inst_results(call).first().copied()
    }

    /// Notes where the guest is left.
    fn leave(&mut self, exec: Value) {
        let frame = self.builder.ins().get_frame_pointer(POINTER);
        self.builder
            .ins()
            .store(flags(), frame, exec, ExecState::EXIT_FP);
    }

    /// Notes where the guest is left by a function that ends in a jump to the host: where it goes on,
    /// and its frame pointer, which lie where this function's frame is until then.
    fn leave_without_frame(&mut self, exec: Value) {
        let frame = self.builder.ins().get_frame_pointer(POINTER);
        let caller = self.pointer(frame, 0);
        let no_frame = ExecState::NO_FRAME.cast_signed();
        let caller = self.builder.ins().bor_imm_u(caller, no_frame);
        let return_address = self.pointer(frame, POINTER.bytes() as i32);
        for (value, offset) in [
            (caller, ExecState::EXIT_FP),
            (return_address, ExecState::EXIT_PC),
        ] {
            self.builder.ins().store(flags(), value, exec, offset);
        }
    }

    /// Traps with `code` if the stack has too little room for the host: by an instruction, whose
    /// signal is handled on another stack, or, where functions check the stack and have left room
    /// enough for that, by a call. `context` gives a context of this module.
    fn check_stack(
        &mut self,
        exec: Value,
        code: TrapCode,
        context: impl FnOnce(&mut Self) -> Value,
    ) {
        let stack = self.builder.ins().get_stack_pointer(POINTER);
        let limit = self.pointer(exec, ExecState::STACK_LIMIT);
        let is_below = self
            .builder
            .ins()
            .icmp(IntCC::UnsignedLessThan, stack, limit);
        if self.glue.traps == note::Traps::Signals {
            let code = trap_instruction_code(code);
            self.builder.ins().trapnz(is_below, code);
            return;
        }
        let overflow = self.builder.create_block();
        let next = self.builder.create_block();
        self.builder.ins().brif(is_below, overflow, [], next, []);
        self.builder.set_cold_block(overflow);
        self.builder.switch_to_block(overflow);
        let context = context(self);
        self.trap(exec, code, context);
        self.builder.switch_to_block(next);
    }

    /// Notes why the guest traps, and goes on at the landing.
    fn trap(&mut self, exec: Value, code: TrapCode, context: Value) {
        let number = self.builder.ins().iconst(I32, i64::from(code.number()));
        let target = self.builtin(context, Builtin::Trap);
        self.call_c(target, builtin_signature(Builtin::Trap), &[exec, number]);
        self.raise(exec, context);
    }

    /// Goes on at the landing of the innermost activation.
    fn raise(&mut self, exec: Value, context: Value) {
        let target = self.builtin(context, Builtin::Raise);
        self.call_c(target, builtin_signature(Builtin::Raise), &[exec]);
        self.builder.ins().trap(crate::translate::NEVER);
    }

    /// Keeps a pointer in the frame for what is seldom done after a call: in a register it would
    /// cost saving that of the caller's.
    fn keep(&mut self, pointer: Value) -> StackSlot {
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, POINTER.bytes(), 3);
        let slot = self.builder.create_sized_stack_slot(slot);
        self.builder.ins().stack_store(POINTER, pointer, slot, 0);
        slot
    }

    fn kept(&mut self, slot: StackSlot) -> Value {
        self.builder.ins().stack_load(POINTER, POINTER, slot, 0)
    }

    /// Goes on at the landing if `condition` is not 0, by the state and the context that `found`
    /// finds.
    fn raise_if(&mut self, condition: Value, found: impl FnOnce(&mut Self) -> (Value, Value)) {
        let raise = self.builder.create_block();
        let next = self.builder.create_block();
        self.builder.ins().brif(condition, raise, [], next, []);
        self.builder.set_cold_block(raise);
        self.builder.switch_to_block(raise);
        let (exec, context) = found(self);
        self.raise(exec, context);
        self.builder.switch_to_block(next);
    }

    /// Calls a guest function: the block in which it has returned, which takes its results, and the
    /// one in which it has trapped.
    fn enter(&mut self, ty: &FuncType, code: Value, args: &[Value]) -> [Block; 2] {
        let call = self.builder.create_block();
        let returned = self.builder.create_block();
        let trapped = self.builder.create_block();
        let types: Vec<Type> = self.glue.passed.all_types(ty.results()).collect();
        for ty in &types {
            self.builder.append_block_param(returned, *ty);
        }

        let exec = self.pointer(args[0], ContextHeader::EXEC);
        let stack = self.builder.ins().get_stack_pointer(POINTER);
        self.builder
            .ins()
            .store(flags(), stack, exec, ExecState::LANDING_SP);
        let frame = self.builder.ins().get_frame_pointer(POINTER);
        self.builder
            .ins()
            .store(flags(), frame, exec, ExecState::LANDING_FP);
        let landing = self
            .builder
            .ins()
            .get_exception_handler_address(POINTER, call, 0);
        self.builder
            .ins()
            .store(flags(), landing, exec, ExecState::LANDING_PC);
        self.builder.ins().jump(call, []);

        self.builder.switch_to_block(call);
        let signature = self.glue.passed.guest_signature(ty);
        let signature = self.builder.import_signature(signature);
        let pool = &mut self.builder.func.dfg.value_lists;
        let returns = (0..types.len() as u32).map(BlockArg::TryCallRet);
        let normal = BlockCall::new(returned, returns, pool);
        let exception = BlockCall::new(trapped, std::iter::empty(), pool);
        let table =
            ExceptionTableData::new(signature, normal, [ExceptionTableItem::Default(exception)]);
        let table = self.builder.func.dfg.exception_tables.push(table);
        self.builder.ins().try_call_indirect(code, args, table);
        [returned, trapped]
    }

    /// The bits of a number as an integer of 64 bits, of which a narrower one is the low half and the
    /// rest anything.
    fn bits(&mut self, value: Value) -> Value {
        let ty = self.builder.func.dfg.value_type(value);
        let value = match ty.is_float() {
            true => self
                .builder
                .ins()
                .bitcast(ty.as_int(), flags_of_bits(), value),
            false => value,
        };
        match ty.bits() {
            32 => self.builder.ins().uextend(I64, value),
            _ => value,
        }
    }

    /// Guest values from C arguments, among which a vector is its halves.
    fn guest_values(&mut self, types: &[ValType], mut args: &[Value]) -> Vec<Value> {
        if self.glue.passed == Vectors::Halves {
            return args.to_vec();
        }
        let mut out = Vec::with_capacity(types.len());
        for ty in types {
            let (these, rest) = args.split_at(Vectors::Halves.types(*ty).len());
            args = rest;
            out.push(match *these {
                [low, high] => vectors::join(&mut self.builder, [low, high]),
                _ => these[0],
            });
        }
        out
    }

    /// C arguments from guest values.
    fn c_values(&mut self, types: &[ValType], values: &[Value]) -> Vec<Value> {
        if self.glue.passed == Vectors::Halves {
            return values.to_vec();
        }
        let mut out = Vec::with_capacity(values.len());
        for (ty, value) in types.iter().zip(values) {
            if *ty == ValType::V128 {
                out.extend(vectors::split(&mut self.builder, *value));
            } else {
                out.push(*value);
            }
        }
        debug_assert!(
            out.iter()
                .all(|v| self.builder.func.dfg.value_type(*v).bytes() <= I64.bytes())
        );
        out
    }

    /// The address of room for `count` values in this frame.
    fn values(&mut self, count: usize) -> Value {
        let size = VALUE_SIZE * count.max(1) as u32;
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4);
        let slot = self.builder.create_sized_stack_slot(slot);
        self.builder.ins().stack_addr(POINTER, slot, 0)
    }

    fn load_values(&mut self, types: &[ValType], values: Value) -> Vec<Value> {
        let places = places(self.glue.passed, types);
        let load = |(ty, offset)| {
            self.builder
                .ins()
                .load(ty, flags_of_values(), values, offset)
        };
        places.map(load).collect()
    }

    fn store_values(&mut self, types: &[ValType], from: &[Value], values: Value) {
        for (value, (_, offset)) in from.iter().zip(places(self.glue.passed, types)) {
            self.builder
                .ins()
                .store(flags_of_values(), *value, values, offset);
        }
    }
}

/// The types of what values are in compiled code, and where these lie in an array of values, in
/// bytes.
fn places(passed: Vectors, types: &[ValType]) -> impl Iterator<Item = (Type, i32)> {
    let starts = (0..).step_by(VALUE_SIZE as usize);
    types.iter().zip(starts).flat_map(move |(ty, start)| {
        let offsets = (start..).step_by(I64.bytes() as usize);
        passed.types(*ty).iter().copied().zip(offsets)
    })
}

fn flags_of_bits() -> MemFlagsData {
    MemFlagsData::new().with_endianness(Endianness::Little)
}

/// Arrays of values come from the host, which aligns them for 64-bit integers alone.
fn flags_of_values() -> MemFlagsData {
    let mut flags = flags_of_bits();
    flags.set_notrap();
    flags
}
