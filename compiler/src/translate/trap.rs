//! Traps that the code itself finds: a cold block that calls a stub, so that no signal is needed
//! and the return address tells where.

use super::FuncTranslator;
use crate::codegen::abi::{POINTER, Symbol, trap_stub_signature};
use crate::error::CompileError;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData, Value};
use prefab_abi::context::ContextHeader;
use prefab_abi::exec::ExecState;
use prefab_abi::trap::TrapCode;
use wasmparser::{Operator, OperatorsReader};

/// The code of an instruction that is never executed: behind a call that does not return.
pub(crate) const NEVER: cranelift_codegen::ir::TrapCode =
    cranelift_codegen::ir::TrapCode::unwrap_user(250);

/// The trap that a code of Cranelift's stands for; `None` for [`NEVER`].
pub(crate) fn trap_code(code: cranelift_codegen::ir::TrapCode) -> Option<TrapCode> {
    use cranelift_codegen::ir::TrapCode as Clif;
    match code {
        Clif::STACK_OVERFLOW => Some(TrapCode::StackOverflow),
        Clif::INTEGER_OVERFLOW => Some(TrapCode::IntegerOverflow),
        Clif::HEAP_OUT_OF_BOUNDS => Some(TrapCode::MemoryOutOfBounds),
        Clif::INTEGER_DIVISION_BY_ZERO => Some(TrapCode::IntegerDivideByZero),
        Clif::BAD_CONVERSION_TO_INTEGER => Some(TrapCode::InvalidConversionToInteger),
        other => TrapCode::from_number(other.as_raw().get()),
    }
}

/// Whether an instruction that traps with this code never does where traps are explicit.
pub(crate) const fn is_ruled_out(code: TrapCode) -> bool {
    match code {
        // A comparison stands before each division. Cranelift compares again or lets the machine.
        TrapCode::IntegerDivideByZero | TrapCode::IntegerOverflow => true,
        // Only saturating conversions are used. Cranelift says of some that they trap, because
        // they are made of the instruction that the others are made of.
        TrapCode::InvalidConversionToInteger => true,
        // Each access is checked before, and says that it does not trap (`memory.rs`). Cranelift says of a
        // large constant that a target loads from the text that it does.
        TrapCode::MemoryOutOfBounds => true,
        _ => false,
    }
}

/// Which calls a function has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Calls {
    /// Of some kind.
    pub any: bool,
    /// Of functions that come back to it.
    pub is_returned_to: bool,
}

/// Which calls are among `ops`.
pub(super) fn calls(mut ops: OperatorsReader<'_>) -> Result<Calls, CompileError> {
    let mut calls = Calls::default();
    while !ops.eof() {
        match ops.read()? {
            Operator::Call { .. } | Operator::CallIndirect { .. } => {
                return Ok(Calls {
                    any: true,
                    is_returned_to: true,
                });
            }
            Operator::ReturnCall { .. } | Operator::ReturnCallIndirect { .. } => calls.any = true,
            _ => {}
        }
    }
    Ok(calls)
}

impl FuncTranslator<'_, '_> {
    /// Traps if the stack has been used up to its limit, this function's frame included. What a
    /// frame may use before the comparison is bounded: see [`crate::codegen::FRAME_MARGIN_BYTES`].
    pub fn check_stack(&mut self) {
        let exec = self.constant_field(ContextHeader::EXEC);
        let flags = MemFlagsData::trusted().with_endianness(Endianness::Little);
        let limit = self
            .builder
            .ins()
            .load(POINTER, flags, exec, ExecState::STACK_LIMIT);
        let stack = self.builder.ins().get_stack_pointer(POINTER);
        let is_below = self
            .builder
            .ins()
            .icmp(IntCC::UnsignedLessThan, stack, limit);
        self.trap_if(is_below, TrapCode::StackOverflow);
    }

    /// Ends the current block with a trap.
    pub fn trap(&mut self, code: TrapCode) {
        let stub = self.func_ref(Symbol::Trap(code), trap_stub_signature);
        self.builder.ins().call(stub, &[self.context]);
        self.builder.ins().trap(NEVER);
    }

    /// Traps if `condition` is not 0.
    pub fn trap_if(&mut self, condition: Value, code: TrapCode) {
        let trap = self.builder.create_block();
        let next = self.next_block();
        self.builder.ins().brif(condition, trap, [], next, []);
        self.cold(trap, |t| t.trap(code));
        self.builder.switch_to_block(next);
        self.builder.seal_block(next);
    }

    /// A block for what follows the current one: as seldom reached.
    pub fn next_block(&mut self) -> cranelift_codegen::ir::Block {
        let next = self.builder.create_block();
        let current = self.builder.current_block();
        if current.is_some_and(|block| self.builder.func.layout.is_cold(block)) {
            self.builder.set_cold_block(next);
        }
        next
    }

    /// Says that the current block is seldom reached, unless it is the function's first.
    pub fn mark_cold(&mut self) {
        // The first block has no place in the layout before it has an instruction.
        let entry = self.builder.func.layout.entry_block();
        let current = self.builder.current_block();
        if let (Some(block), Some(entry)) = (current, entry)
            && block != entry
        {
            self.builder.set_cold_block(block);
        }
    }

    /// Fills a block that has all its predecessors and is seldom reached.
    pub fn cold(&mut self, block: cranelift_codegen::ir::Block, fill: impl FnOnce(&mut Self)) {
        self.builder.set_cold_block(block);
        self.builder.seal_block(block);
        self.builder.switch_to_block(block);
        fill(self);
    }
}

/// Cranelift's code for an instruction that traps with `code`.
pub(crate) fn trap_instruction_code(code: TrapCode) -> cranelift_codegen::ir::TrapCode {
    cranelift_codegen::ir::TrapCode::unwrap_user(code.number())
}
