//! What is done besides Cranelift's own passes: passes over the form that Cranelift has optimised, right
//! before it becomes machine code. Nothing of Cranelift's looks at the form afterwards, which would
//! undo what they do for its register allocator.
//!
//! | pass | level | what it does |
//! | --- | --- | --- |
//! | `calls.rs` | `-O1`, `-O2` | passes calls a copy of the context |
//! | `latch.rs` | `-O2` | ends a loop's counter where the next one begins |
//! | `widen.rs` | `-O2` | keeps what addresses are made of in 64 bits |
//!
//! `tests/cases/codegen/` has a case for each.

mod calls;
mod latch;
mod widen;

use cranelift_codegen::Context;
use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode, Value, ValueDef};

/// Which passes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passes {
    /// None: Cranelift's alone.
    None,
    /// Those that are one walk over the instructions: `-O1`.
    Cheap,
    /// All, and the translator's own: `-O2`.
    All {
        /// Also those that are worth it only where results of 32 bits have zeros above.
        widen: bool,
    },
}

impl Passes {
    /// Whether all run.
    pub(crate) fn are_all(self) -> bool {
        matches!(self, Self::All { .. })
    }
}

/// Runs passes over a function that Cranelift has optimised.
pub(crate) fn run(context: &mut Context, passes: Passes) {
    context.func.dfg.resolve_all_aliases();
    if let Passes::All { widen } = passes {
        latch::run(&mut context.func);
        if widen {
            // Cranelift's optimiser may have changed the control flow.
            context.compute_cfg();
            context.compute_domtree();
            context.compute_loop_analysis();
            widen::run(context);
        }
    }
    calls::run(context);
}

/// The context pointer: the first parameter.
fn instance(func: &Function) -> Option<Value> {
    let entry = func.layout.entry_block()?;
    func.dfg.block_params(entry).first().copied()
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
