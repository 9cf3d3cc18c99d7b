//! The limits of a function, checked while it is translated.

use super::FuncTranslator;
use crate::error::CompileError;
use crate::limits::{FUNCTION_BRANCH_ARGS, FUNCTION_NESTING, FUNCTION_VALUES, Limit};
use cranelift_codegen::ir::{Block, Function};

impl FuncTranslator<'_, '_> {
    /// Checks that the function so far is not too large.
    pub(super) fn check_size(&mut self) -> Result<(), CompileError> {
        // The function's own frame is no block.
        self.deepest = self.deepest.max(self.frames.len().saturating_sub(1));
        let func = &self.builder.func;
        check(FUNCTION_VALUES, func.dfg.num_values())?;
        check(FUNCTION_NESTING, self.deepest)?;
        // The pool of lists, which has the arguments of branches, doubles when it is full.
        let capacity = func.dfg.value_lists.capacity();
        if capacity > self.lists_capacity {
            self.lists_capacity = capacity;
            check(FUNCTION_BRANCH_ARGS, branch_args(func))?;
        }
        Ok(())
    }

    /// Checks a loop that is complete but for the arguments of the branches to it.
    pub(super) fn check_loop(&self, header: Block, branches: usize) -> Result<(), CompileError> {
        let params = self.builder.func.dfg.num_block_params(header);
        check(FUNCTION_BRANCH_ARGS, params * branches)
    }

    /// Checks a complete function. Returns the part of a limit that it comes to, of the limit that it
    /// comes nearest to.
    pub(super) fn part_of_limits(&self) -> Result<f64, CompileError> {
        let branch_args = branch_args(self.builder.func);
        check(FUNCTION_BRANCH_ARGS, branch_args)?;
        let parts = [
            (FUNCTION_VALUES, self.builder.func.dfg.num_values()),
            (FUNCTION_NESTING, self.deepest),
            (FUNCTION_BRANCH_ARGS, branch_args),
        ];
        let parts = parts.map(|(limit, count)| count as f64 / limit.max as f64);
        Ok(parts.into_iter().fold(0.0, f64::max))
    }
}

fn check(limit: Limit, count: usize) -> Result<(), CompileError> {
    match limit.exceeded(count as u64) {
        None => Ok(()),
        Some(problem) => Err(CompileError::new(format!(
            "{problem}. Split it into several functions"
        ))),
    }
}

/// How many arguments the branches of a function have so far. Each local that changes in one of several blocks
/// before another is a parameter of that one, and an argument of each branch to it.
fn branch_args(func: &Function) -> usize {
    let dfg = &func.dfg;
    func.layout
        .blocks()
        .filter_map(|block| func.layout.last_inst(block))
        .flat_map(|inst| {
            dfg.insts[inst].branch_destination(&dfg.jump_tables, &dfg.exception_tables)
        })
        .map(|target| target.len(&dfg.value_lists))
        .sum()
}
