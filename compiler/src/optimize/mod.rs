//! What `-O2` does besides Cranelift: passes over the form that Cranelift has optimised, right
//! before it becomes machine code. Nothing of Cranelift's looks at the form afterwards, which would
//! undo what they do for its register allocator.
//!
//! | pass | what it does |
//! | --- | --- |
//! | `latch.rs` | ends a loop's counter where the next one begins |
//!
//! `tests/cases/codegen/` has a case for each.

mod latch;

use cranelift_codegen::ir::{Function, InstructionData, Opcode, Value, ValueDef};

/// Which passes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passes {
    /// None: Cranelift's alone.
    None,
    /// All.
    All,
}

/// Runs all passes.
pub(crate) fn run(func: &mut Function) {
    latch::run(func);
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
