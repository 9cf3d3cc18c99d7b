//! Control instructions: blocks, loops, branches, `select`, `return`, `unreachable`.

use super::FuncTranslator;
use super::operand::{Operand, block_args};
use crate::error::CompileError;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, JumpTableData};
use prefab_abi::trap::TrapCode;
use prefab_abi::types::ValType;
use wasmparser::{BlockType, BrTable, Operator};

/// A block of the WebAssembly code that is being translated.
pub(crate) struct Frame {
    /// Where a branch to it goes.
    label: Block,
    /// How many values such a branch takes along.
    label_arity: usize,
    /// What follows it.
    end: Block,
    /// The types of the values it leaves.
    results: Vec<ValType>,
    /// The height of the operand stack below its parameters.
    height: usize,
    /// Whether anything goes to `end`.
    end_reached: bool,
    /// How many branches go to `label`.
    branches: usize,
    /// Of an `if` that has had no `else` yet: the block for it, and its parameters.
    or_else: Option<(Block, Vec<Operand>)>,
}

pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    match op {
        Operator::Nop => {}
        Operator::Unreachable => {
            t.mark_cold();
            t.trap(TrapCode::Unreachable);
            t.reachable = false;
        }
        Operator::Block { blockty } => {
            let (params, results) = t.block_type(*blockty)?;
            let end = t.block_with(&results);
            t.push_frame(end, results.len(), end, results, params.len(), None);
        }
        Operator::Loop { blockty } => {
            let (params, results) = t.block_type(*blockty)?;
            let header = t.block_with(&params);
            let end = t.block_with(&results);
            let args = t.pop_many(params.len());
            t.jump(header, &args);
            t.builder.switch_to_block(header);
            let args = t.block_operands(header, &params);
            t.stack.extend(args);
            t.push_frame(header, params.len(), end, results, params.len(), None);
            t.poll();
        }
        Operator::If { blockty } => {
            let (params, results) = t.block_type(*blockty)?;
            let condition = t.pop();
            let then = t.builder.create_block();
            let or_else = t.builder.create_block();
            let end = t.block_with(&results);
            t.builder.ins().brif(condition, then, [], or_else, []);
            t.builder.seal_block(then);
            t.builder.seal_block(or_else);
            t.builder.switch_to_block(then);
            let or_else = Some((or_else, t.top(params.len()).to_vec()));
            t.push_frame(end, results.len(), end, results, params.len(), or_else);
        }
        Operator::Else => t.begin_else(),
        Operator::End => t.end()?,
        Operator::Br { relative_depth } => {
            t.branch(*relative_depth);
            t.reachable = false;
        }
        Operator::BrIf { relative_depth } => t.branch_if(*relative_depth),
        Operator::BrTable { targets } => {
            t.branch_table(targets)?;
            t.reachable = false;
        }
        Operator::Return => {
            t.return_values();
            t.reachable = false;
        }
        Operator::Drop => {
            t.pop_operand();
        }
        Operator::Select | Operator::TypedSelect { .. } => t.select(),
        _ => return Ok(false),
    }
    Ok(true)
}

impl FuncTranslator<'_, '_> {
    /// Pushes the frame that is the function itself.
    pub fn push_function_frame(&mut self, results: &[ValType]) {
        let end = self.block_with(results);
        self.push_frame(end, results.len(), end, results.to_vec(), 0, None);
    }

    /// Whether what is being translated is inside of a loop of its function.
    pub fn is_in_loop(&self) -> bool {
        self.frames.iter().any(|frame| frame.label != frame.end)
    }

    fn push_frame(
        &mut self,
        label: Block,
        label_arity: usize,
        end: Block,
        results: Vec<ValType>,
        params: usize,
        or_else: Option<(Block, Vec<Operand>)>,
    ) {
        let height = self.stack.len() - params;
        let end_reached = false;
        self.frames.push(Frame {
            label,
            label_arity,
            end,
            results,
            height,
            end_reached,
            branches: 0,
            or_else,
        });
    }

    fn block_type(&self, ty: BlockType) -> Result<(Vec<ValType>, Vec<ValType>), CompileError> {
        Ok(match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Type(ty) => (Vec::new(), vec![crate::decode::val_type(&ty)?]),
            BlockType::FuncType(index) => {
                let ty = &self.env.module.types[index as usize];
                (ty.params().to_vec(), ty.results().to_vec())
            }
        })
    }

    fn select(&mut self) {
        let condition = self.pop();
        let b = self.pop_operand();
        let mut select = |a, b| self.builder.ins().select(condition, a, b);
        let value = match (self.stack.pop(), b) {
            (Some(Operand::Halves(a)), Operand::Halves(b)) => {
                Operand::Halves([select(a[0], b[0]), select(a[1], b[1])])
            }
            (Some(Operand::One(a)), Operand::One(b)) => Operand::One(select(a, b)),
            _ => unreachable!("validated code selects between values of one type"),
        };
        self.stack.push(value);
    }

    fn jump(&mut self, block: Block, args: &[Operand]) {
        self.builder.ins().jump(block, &block_args(args));
    }

    /// The frame that a branch of this depth goes to: its label and the arguments for it.
    fn target(&mut self, depth: u32) -> (Block, Vec<BlockArg>) {
        let at = self.frames.len() - 1 - depth as usize;
        let frame = &mut self.frames[at];
        frame.end_reached |= frame.label == frame.end;
        frame.branches += 1;
        let (label, arity) = (frame.label, frame.label_arity);
        (label, block_args(self.top(arity)))
    }

    fn branch(&mut self, depth: u32) {
        let (label, args) = self.target(depth);
        self.builder.ins().jump(label, &args);
    }

    fn branch_if(&mut self, depth: u32) {
        let condition = self.pop();
        let (label, args) = self.target(depth);
        let next = self.builder.create_block();
        self.builder.ins().brif(condition, label, &args, next, []);
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
    }

    fn branch_table(&mut self, targets: &BrTable<'_>) -> Result<(), CompileError> {
        let index = self.pop();
        let mut calls = Vec::with_capacity(targets.len() as usize + 1);
        for depth in targets.targets() {
            let (label, args) = self.target(depth?);
            calls.push(self.builder.func.dfg.block_call(label, &args));
        }
        let (label, args) = self.target(targets.default());
        let default = self.builder.func.dfg.block_call(label, &args);
        let table = self
            .builder
            .create_jump_table(JumpTableData::new(default, &calls));
        self.builder.ins().br_table(index, table);
        Ok(())
    }

    /// Returns the values on top of the operand stack.
    fn return_values(&mut self) {
        if let Some(frame) = self.inliner.frame() {
            let depth = self.frames.len() - 1 - frame;
            return self.branch(depth as u32);
        }
        self.store_fuel();
        let types = self.frames[0].results.clone();
        let values = self.top(types.len()).to_vec();
        let values = self.passed(&types, &values);
        self.builder.ins().return_(&values);
    }

    fn begin_else(&mut self) {
        if self.reachable {
            self.jump_to_end();
        }
        // Validation has shown that an `else` belongs to an `if`.
        let frame = self.frames.last_mut().expect("validated code is nested");
        let (block, params) = frame
            .or_else
            .take()
            .expect("validated code has `else` behind `if`");
        self.stack.truncate(frame.height);
        self.stack.extend(params);
        self.builder.switch_to_block(block);
        self.reachable = true;
    }

    fn jump_to_end(&mut self) {
        let frame = self.frames.last_mut().expect("validated code is nested");
        frame.end_reached = true;
        let (end, results) = (frame.end, frame.results.len());
        let args = block_args(self.top(results));
        self.builder.ins().jump(end, &args);
    }

    fn end(&mut self) -> Result<(), CompileError> {
        if self.reachable {
            self.jump_to_end();
        }
        let mut frame = self.frames.pop().expect("validated code is nested");
        if let Some((block, params)) = frame.or_else.take() {
            self.builder.switch_to_block(block);
            self.jump(frame.end, &params);
            frame.end_reached = true;
        }
        if frame.label != frame.end {
            self.check_loop(frame.label, frame.branches)?;
            self.builder.seal_block(frame.label);
        }
        self.builder.seal_block(frame.end);
        self.stack.truncate(frame.height);
        self.reachable = frame.end_reached;
        if !frame.end_reached {
            return Ok(());
        }
        self.builder.switch_to_block(frame.end);
        let values = self.block_operands(frame.end, &frame.results);
        if self.frames.is_empty() {
            self.store_fuel();
            let values = self.passed(&frame.results, &values);
            self.builder.ins().return_(&values);
            self.reachable = false;
        } else {
            self.stack.extend(values);
        }
        Ok(())
    }

    /// Passes over an instruction that cannot be reached, minding how blocks nest.
    pub(super) fn skip(&mut self, op: &Operator<'_>) -> Result<(), CompileError> {
        match op {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.unreachable_depth += 1;
            }
            Operator::End if self.unreachable_depth > 0 => self.unreachable_depth -= 1,
            Operator::Else if self.unreachable_depth == 0 => self.begin_else(),
            Operator::End => self.end()?,
            _ => {}
        }
        Ok(())
    }
}
