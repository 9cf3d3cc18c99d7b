//! Passes calls a copy of the context.
//!
//! The context pointer is the base of memory 0, and the first argument of each call inside the module.
//! A call needs its argument in one register, which it may clobber. Cranelift's register allocator
//! ties the whole live range of a value to such a register, splits the range at each call, and reloads
//! the pieces from the stack at each use, even in loops that have no calls and free registers. A copy
//! right before each call is tied instead. The context itself can stay in a register that calls preserve.
//!
//! The copy is a sum with zero: Cranelift's back ends make one instruction of it, and have no other
//! form for a copy.

use cranelift_codegen::Context;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{Function, Inst, InstBuilder, Value};
use cranelift_codegen::loop_analysis::LoopAnalysis;

/// Makes the copies, if a loop of the function uses the context for more than calls.
///
/// Reads the loop analysis, which may be that from before Cranelift's optimiser: a loop that is gone
/// only makes copies that were not needed.
pub(super) fn run(context: &mut Context) {
    let func = &mut context.func;
    let Some(instance) = super::instance(func) else {
        return;
    };
    if !is_used_in_loop(func, &context.loop_analysis, instance) {
        return;
    }
    let mut cursor = FuncCursor::new(func);
    while cursor.next_block().is_some() {
        while let Some(inst) = cursor.next_inst() {
            if !is_call(cursor.func, inst) || !uses(cursor.func, inst, instance) {
                continue;
            }
            let copy = cursor.ins().iadd_imm_s(instance, 0);
            for arg in cursor.func.dfg.inst_args_mut(inst) {
                if *arg == instance {
                    *arg = copy;
                }
            }
        }
    }
}

/// Whether an instruction in a loop, calls excepted, uses the context.
fn is_used_in_loop(func: &Function, loops: &LoopAnalysis, instance: Value) -> bool {
    func.layout
        .blocks()
        .filter(|block| loops.innermost_loop(*block).is_some())
        .flat_map(|block| func.layout.block_insts(block))
        .any(|inst| !is_call(func, inst) && uses(func, inst, instance))
}

fn is_call(func: &Function, inst: Inst) -> bool {
    func.dfg.insts[inst].opcode().is_call()
}

fn uses(func: &Function, inst: Inst, value: Value) -> bool {
    func.dfg.inst_args(inst).contains(&value)
}
