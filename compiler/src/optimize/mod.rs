//! What `-O2` does besides Cranelift: passes over the form that Cranelift has optimised, right
//! before it becomes machine code. Nothing of Cranelift's looks at the form afterwards, which would
//! undo what they do for its register allocator.
//!
//! | pass | what it does |
//! | --- | --- |
//! | `latch.rs` | ends a loop's counter where the next one begins |
//! | `widen.rs` | keeps what addresses are made of in 64 bits |
//!
//! `tests/cases/codegen/` has a case for each.

mod latch;
mod widen;

use cranelift_codegen::Context;
use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode, Value, ValueDef};

/// Which passes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passes {
    /// None: Cranelift's alone.
    None,
    /// All.
    All {
        /// Also those that are worth it only where results of 32 bits have zeros above.
        widen: bool,
    },
}

/// Runs passes over a function that Cranelift has optimised.
pub(crate) fn run(context: &mut Context, passes: Passes) {
    let Passes::All { widen } = passes else {
        return;
    };
    let func = &mut context.func;
    func.dfg.resolve_all_aliases();
    latch::run(func);
    if widen {
        // Cranelift's optimiser may have changed the control flow.
        context.compute_cfg();
        context.compute_domtree();
        context.compute_loop_analysis();
        widen::run(context);
    }
}

/// The instruction whose only result a value is.
fn def(func: &Function, value: Value) -> Option<Inst> {
    match func.dfg.value_def(value) {
        ValueDef::Result(inst, 0) => Some(inst),
        _ => None,
    }
}

/// The number that a value is, if it is known: its bits, extended with what Cranelift keeps there.
fn constant(func: &Function, value: Value) -> Option<i64> {
    let ValueDef::Result(inst, 0) = func.dfg.value_def(value) else {
        return None;
    };
    match func.dfg.insts[inst] {
        InstructionData::UnaryImm {
            opcode: Opcode::Iconst,
            imm,
        } => Some(imm.bits()),
        _ => None,
    }
}
