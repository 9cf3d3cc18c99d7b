//! Ends a loop's counter where the next one begins.
//!
//! A loop that goes on while `i + 1 != n` becomes, to Cranelift, one that goes on while `i != n - 1`:
//! then `i` and `i + 1` are both alive at the branch, in two registers, and each turn of the loop
//! copies one to the other behind a jump. Compared is what the next turn begins with, again.

use super::{constant, def};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, Function, Inst, InstBuilder, InstructionData, Opcode, Value};

/// A comparison of a value that can be one of the sum that the branch passes on.
struct Latch {
    branch: Inst,
    condition: IntCC,
    /// The sum.
    next: Value,
    /// What the sum is compared with.
    bound: i64,
}

/// Rewrites the branches at the ends of blocks.
pub(super) fn run(func: &mut Function) {
    let blocks: Vec<Block> = func.layout.blocks().collect();
    for block in blocks {
        let Some(latch) = find(func, block) else {
            continue;
        };
        let ty = func.dfg.value_type(latch.next);
        let mut cursor = FuncCursor::new(func).at_inst(latch.branch);
        let bound = cursor.ins().iconst(ty, latch.bound);
        let compared = cursor.ins().icmp(latch.condition, latch.next, bound);
        if let InstructionData::Brif { arg, .. } = &mut cursor.func.dfg.insts[latch.branch] {
            *arg = compared;
        }
    }
}

fn find(func: &Function, block: Block) -> Option<Latch> {
    let branch = func.layout.last_inst(block)?;
    let InstructionData::Brif { arg, .. } = func.dfg.insts[branch] else {
        return None;
    };
    let compare = def(func, not_extended(func, arg))?;
    let InstructionData::IntCompare {
        cond: condition @ (IntCC::Equal | IntCC::NotEqual),
        args: [counter, bound],
        ..
    } = func.dfg.insts[compare]
    else {
        return None;
    };
    let bound = constant(func, bound)?;
    let data = &func.dfg;
    let targets = data.insts[branch].branch_destination(&data.jump_tables, &data.exception_tables);
    let passed = targets
        .iter()
        .flat_map(|target| target.args(&data.value_lists))
        .filter_map(|arg| arg.as_value());
    let (next, step) = passed
        .filter_map(|value| Some((value, step(func, block, value, counter)?)))
        .next()?;
    let unused = 64 - func.dfg.value_type(next).bits();
    let bound = (bound.wrapping_add(step) << unused).cast_unsigned() >> unused;
    Some(Latch {
        branch,
        condition,
        next,
        bound: bound.cast_signed(),
    })
}

/// What `value` is more than `counter`, if the block adds that.
fn step(func: &Function, block: Block, value: Value, counter: Value) -> Option<i64> {
    let add = def(func, value).filter(|add| func.layout.inst_block(*add) == Some(block))?;
    match func.dfg.insts[add] {
        InstructionData::Binary {
            opcode: Opcode::Iadd,
            args: [a, b],
        } if a == counter => constant(func, b),
        InstructionData::Binary {
            opcode: Opcode::Iadd,
            args: [a, b],
        } if b == counter => constant(func, a),
        _ => None,
    }
}

/// The value that zeros were put before: as a condition it is the same.
fn not_extended(func: &Function, mut value: Value) -> Value {
    while let Some(inst) = def(func, value)
        && let InstructionData::Unary {
            opcode: Opcode::Uextend,
            arg,
        } = func.dfg.insts[inst]
    {
        value = arg;
    }
    value
}
