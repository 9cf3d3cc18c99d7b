//! Code that stops when the host asks it to: at the head of each loop, and in each function that
//! calls others, it looks whether it should. All that runs for ever passes there again and again.

use super::{FuncTranslator, trap_instruction_code};
use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData};
use prefab_abi::context::ContextHeader;
use prefab_abi::exec::ExecState;
use prefab_abi::note::Traps;
use prefab_abi::trap::TrapCode;

impl FuncTranslator<'_, '_> {
    /// Traps if the host has asked the guest to stop.
    ///
    /// Both pointers are there before the instance is, and never change, so that they are loaded
    /// once before a loop. What they point at changes at any time: Cranelift knows of no such
    /// memory, and would take the load in a loop for the one before it; behind a sequence point it
    /// takes nothing for known.
    pub fn poll(&mut self) {
        if !self.env.is_interruptible {
            return;
        }
        let exec = self.constant_field(ContextHeader::EXEC);
        self.builder.ins().sequence_point();
        match self.env.traps {
            Traps::Signals => {
                let page = self.constant_pointer(exec, ExecState::POLL);
                let code = trap_instruction_code(TrapCode::Interrupted);
                let flags = MemFlagsData::new()
                    .with_endianness(Endianness::Little)
                    .with_trap_code(Some(code));
                self.builder.ins().load(I32, flags, page, 0);
            }
            Traps::Explicit => {
                let flag = self.constant_pointer(exec, ExecState::INTERRUPT);
                let flags = MemFlagsData::trusted().with_endianness(Endianness::Little);
                let is_asked = self.builder.ins().load(I32, flags, flag, 0);
                self.trap_if(is_asked, TrapCode::Interrupted);
            }
        }
    }
}
