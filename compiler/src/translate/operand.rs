//! The operand stack and the locals: what a WebAssembly value is in compiled code.
//!
//! That is one value, but for a `v128` where the code has no vectors to hold it: two.

use super::FuncTranslator;
use crate::codegen::vectors::{self, Vectors};
use cranelift_codegen::ir::{Block, BlockArg, Type, Value};
use cranelift_frontend::Variable;
use prefab_abi::types::ValType;

/// A WebAssembly value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operand {
    /// All but vectors, and vectors of a machine that has them.
    One(Value),
    /// The low and the high half of a vector.
    Halves([Value; 2]),
}

impl Operand {
    /// What it consists of, in order.
    fn values(&self) -> &[Value] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Halves(halves) => halves,
        }
    }
}

/// A local variable.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Local {
    /// All but vectors, and vectors of a machine that has them.
    One(Variable),
    /// The low and the high half of a vector.
    Halves([Variable; 2]),
}

/// What values of these types consist of.
pub(super) fn flat(operands: &[Operand]) -> Vec<Value> {
    operands.iter().flat_map(Operand::values).copied().collect()
}

/// The same, as a block takes it.
pub(super) fn block_args(operands: &[Operand]) -> Vec<BlockArg> {
    let values = operands.iter().flat_map(Operand::values);
    values.map(|value| BlockArg::Value(*value)).collect()
}

/// The operand stack.
impl FuncTranslator<'_, '_> {
    /// Takes the top value off the operand stack, whatever it is.
    pub fn pop_operand(&mut self) -> Operand {
        // Validation has shown that there are enough values.
        self.stack.pop().expect("validated code has its operands")
    }

    /// Takes the top value off the operand stack: one that is no vector in halves.
    pub fn pop(&mut self) -> Value {
        match self.pop_operand() {
            Operand::One(value) => value,
            Operand::Halves(_) => unreachable!("validated code has operands of the right types"),
        }
    }

    /// Takes the halves of a vector off the operand stack.
    pub fn pop_halves(&mut self) -> [Value; 2] {
        match self.pop_operand() {
            Operand::Halves(halves) => halves,
            Operand::One(_) => unreachable!("validated code has operands of the right types"),
        }
    }

    /// Takes two values off the operand stack; the first is that which was pushed first.
    pub fn pop2(&mut self) -> (Value, Value) {
        let b = self.pop();
        (self.pop(), b)
    }

    /// The two values on top of the operand stack; the first is that which was pushed first.
    pub fn top2(&self) -> (Value, Value) {
        match *self.top(2) {
            [Operand::One(a), Operand::One(b)] => (a, b),
            _ => unreachable!("validated code has operands of the right types"),
        }
    }

    /// Takes three values off the operand stack; the first is that which was pushed first.
    pub fn pop3(&mut self) -> (Value, Value, Value) {
        let c = self.pop();
        let (a, b) = self.pop2();
        (a, b, c)
    }

    /// Takes `count` values off the operand stack, in the order in which they were pushed.
    pub fn pop_many(&mut self, count: usize) -> Vec<Operand> {
        self.stack.split_off(self.stack.len() - count)
    }

    /// The `count` values on top of the operand stack, in the order in which they were pushed.
    pub fn top(&self, count: usize) -> &[Operand] {
        &self.stack[self.stack.len() - count..]
    }

    /// Pushes a value onto the operand stack.
    pub fn push(&mut self, value: Value) {
        self.stack.push(Operand::One(value));
    }

    /// Pushes a vector in halves onto the operand stack.
    pub fn push_halves(&mut self, halves: [Value; 2]) {
        self.stack.push(Operand::Halves(halves));
    }
}

/// From lists of values of compiled code to WebAssembly values, and back.
impl FuncTranslator<'_, '_> {
    /// The values of `types` that `values` are, held as `held` says.
    fn operands(types: &[ValType], held: Vectors, mut values: &[Value]) -> Vec<Operand> {
        let operand = |ty: &ValType| {
            let (these, rest) = values.split_at(held.types(*ty).len());
            values = rest;
            match *these {
                [low, high] => Operand::Halves([low, high]),
                _ => Operand::One(these[0]),
            }
        };
        types.iter().map(operand).collect()
    }

    /// A block that takes values of `types`.
    pub fn block_with(&mut self, types: &[ValType]) -> Block {
        let block = self.builder.create_block();
        for ty in self.env.vectors.all_types(types) {
            self.builder.append_block_param(block, ty);
        }
        block
    }

    /// What a block takes that was made for values of `types`.
    pub fn block_operands(&self, block: Block, types: &[ValType]) -> Vec<Operand> {
        let values = self.builder.block_params(block);
        Self::operands(types, self.env.vectors, values)
    }

    /// What values of `types` are between functions: the arguments of a call, or results.
    pub fn passed(&mut self, types: &[ValType], operands: &[Operand]) -> Vec<Value> {
        if self.env.vectors == self.env.passed {
            return flat(operands);
        }
        let mut out = Vec::with_capacity(operands.len());
        for (ty, operand) in types.iter().zip(operands) {
            match *operand {
                Operand::Halves(halves) => out.push(vectors::join(&mut self.builder, halves)),
                Operand::One(vector) if *ty == ValType::V128 => {
                    out.extend(vectors::split(&mut self.builder, vector));
                }
                Operand::One(value) => out.push(value),
            }
        }
        out
    }

    /// What came from another function as values of `types`.
    pub fn received(&mut self, types: &[ValType], values: &[Value]) -> Vec<Operand> {
        let mut operands = Self::operands(types, self.env.passed, values);
        if self.env.vectors == self.env.passed {
            return operands;
        }
        for (ty, operand) in types.iter().zip(&mut operands) {
            *operand = match *operand {
                Operand::Halves(halves) => Operand::One(vectors::join(&mut self.builder, halves)),
                Operand::One(vector) if *ty == ValType::V128 => {
                    Operand::Halves(vectors::split(&mut self.builder, vector))
                }
                other => other,
            };
        }
        operands
    }
}

/// Locals.
impl FuncTranslator<'_, '_> {
    /// Declares locals for the function's parameters.
    pub fn declare_params(&mut self, params: &[ValType]) {
        let Some(entry) = self.builder.current_block() else {
            return;
        };
        let values = self.builder.block_params(entry)[1..].to_vec();
        let args = self.received(params, &values);
        self.declare_args(&args);
    }

    /// Declares locals for parameters that have these values.
    pub fn declare_args(&mut self, args: &[Operand]) {
        for arg in args {
            let local = match *arg {
                Operand::One(value) => Local::One(self.declare_local(value)),
                Operand::Halves(halves) => {
                    Local::Halves(halves.map(|value| self.declare_local(value)))
                }
            };
            self.locals.push(local);
        }
    }

    /// Declares locals that are zero at first.
    pub fn declare_locals(&mut self, count: u32, ty: ValType) {
        if count == 0 {
            return;
        }
        let types = self.env.vectors.types(ty);
        let zero = self.zero(types[0]);
        for _ in 0..count {
            let local = match types {
                [_, _] => Local::Halves([zero; 2].map(|zero| self.declare_local(zero))),
                _ => Local::One(self.declare_local(zero)),
            };
            self.locals.push(local);
        }
    }

    fn declare_local(&mut self, value: Value) -> Variable {
        let ty = self.builder.func.dfg.value_type(value);
        let variable = self.builder.declare_var(ty);
        self.builder.def_var(variable, value);
        variable
    }

    /// The value of a local.
    pub fn local(&mut self, index: u32) -> Operand {
        match self.locals[index as usize] {
            Local::One(variable) => Operand::One(self.builder.use_var(variable)),
            Local::Halves(both) => Operand::Halves(both.map(|half| self.builder.use_var(half))),
        }
    }

    /// Gives a local a value.
    pub fn set_local(&mut self, index: u32, value: Operand) {
        match (self.locals[index as usize], value) {
            (Local::One(variable), Operand::One(value)) => self.builder.def_var(variable, value),
            (Local::Halves(variables), Operand::Halves(halves)) => {
                for (variable, half) in variables.into_iter().zip(halves) {
                    self.builder.def_var(variable, half);
                }
            }
            _ => unreachable!("validated code has operands of the right types"),
        }
    }

    /// The value of `ty` whose bits are all zero: what locals and null references are.
    pub fn zero(&mut self, ty: Type) -> Value {
        use cranelift_codegen::ir::InstBuilder;
        use cranelift_codegen::ir::types::{F32, F64};
        match ty {
            F32 => self.builder.ins().f32const(0.0),
            F64 => self.builder.ins().f64const(0.0),
            _ if ty.is_vector() => {
                let data = self.builder.func.dfg.constants.insert(vec![0; 16].into());
                self.builder.ins().vconst(ty, data)
            }
            _ => self.builder.ins().iconst(ty, 0),
        }
    }
}
