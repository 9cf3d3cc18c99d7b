//! Control instructions: blocks, loops, branches, `select`, `return`, `unreachable`.

use super::FuncTranslator;
use crate::codegen::abi::clif_type;
use crate::error::CompileError;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, JumpTableData, Value};
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
    /// How many values it leaves.
    results: usize,
    /// The height of the operand stack below its parameters.
    height: usize,
    /// Whether anything goes to `end`.
    end_reached: bool,
    /// Of an `if` that has had no `else` yet: the block for it, and its parameters.
    or_else: Option<(Block, Vec<Value>)>,
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
            t.push_frame(end, results.len(), end, results.len(), params.len(), None);
        }
        Operator::Loop { blockty } => {
            let (params, results) = t.block_type(*blockty)?;
            let header = t.block_with(&params);
            let end = t.block_with(&results);
            let args = t.pop_many(params.len());
            t.jump(header, &args);
            t.builder.switch_to_block(header);
            t.stack.extend_from_slice(t.builder.block_params(header));
            t.push_frame(header, params.len(), end, results.len(), params.len(), None);
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
            let args = t.stack[t.stack.len() - params.len()..].to_vec();
            t.push_frame(
                end,
                results.len(),
                end,
                results.len(),
                params.len(),
                Some((or_else, args)),
            );
        }
        Operator::Else => t.begin_else(),
        Operator::End => t.end(),
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
            t.pop();
        }
        Operator::Select | Operator::TypedSelect { .. } => {
            let (a, b, condition) = t.pop3();
            let value = t.builder.ins().select(condition, a, b);
            t.push(value);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn block_args(values: &[Value]) -> Vec<BlockArg> {
    values.iter().map(|value| BlockArg::Value(*value)).collect()
}

impl FuncTranslator<'_, '_> {
    /// Pushes the frame that is the function itself.
    pub fn push_function_frame(&mut self, results: &[ValType]) {
        let end = self.block_with(results);
        self.push_frame(end, results.len(), end, results.len(), 0, None);
    }

    fn push_frame(
        &mut self,
        label: Block,
        label_arity: usize,
        end: Block,
        results: usize,
        params: usize,
        or_else: Option<(Block, Vec<Value>)>,
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

    fn block_with(&mut self, params: &[ValType]) -> Block {
        let block = self.builder.create_block();
        for ty in params {
            self.builder.append_block_param(block, clif_type(*ty));
        }
        block
    }

    fn jump(&mut self, block: Block, args: &[Value]) {
        let args = block_args(args);
        self.builder.ins().jump(block, &args);
    }

    fn top(&self, count: usize) -> Vec<BlockArg> {
        block_args(&self.stack[self.stack.len() - count..])
    }

    /// The frame that a branch of this depth goes to: its label and the arguments for it.
    fn target(&mut self, depth: u32) -> (Block, Vec<BlockArg>) {
        let at = self.frames.len() - 1 - depth as usize;
        let frame = &mut self.frames[at];
        frame.end_reached |= frame.label == frame.end;
        let (label, arity) = (frame.label, frame.label_arity);
        (label, self.top(arity))
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
        let count = self.frames[0].results;
        let values = self.stack[self.stack.len() - count..].to_vec();
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
        let (end, results) = (frame.end, frame.results);
        let args = self.top(results);
        self.builder.ins().jump(end, &args);
    }

    fn end(&mut self) {
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
            self.builder.seal_block(frame.label);
        }
        self.builder.seal_block(frame.end);
        self.stack.truncate(frame.height);
        self.reachable = frame.end_reached;
        if !frame.end_reached {
            return;
        }
        self.builder.switch_to_block(frame.end);
        if self.frames.is_empty() {
            let values = self.builder.block_params(frame.end).to_vec();
            self.builder.ins().return_(&values);
            self.reachable = false;
        } else {
            self.stack
                .extend_from_slice(self.builder.block_params(frame.end));
        }
    }

    /// Passes over an instruction that cannot be reached, minding how blocks nest.
    pub(super) fn skip(&mut self, op: &Operator<'_>) {
        match op {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.unreachable_depth += 1;
            }
            Operator::End if self.unreachable_depth > 0 => self.unreachable_depth -= 1,
            Operator::Else if self.unreachable_depth == 0 => self.begin_else(),
            Operator::End => self.end(),
            _ => {}
        }
    }
}
