//! Keeps what addresses are made of in 64 bits, with zeros above.
//!
//! WebAssembly's addresses have 32 bits, and machines' 64: each access by a counter or pointer that a
//! loop carries from turn to turn extends it first, into a register of its own. Where what comes in is
//! the result of an instruction that leaves zeros above anyway, which the back end knows, it is carried
//! extended, and what needs 32 bits takes the lower half, which costs nothing. The same goes for what is
//! loaded.
//!
//! Right, because an extended parameter is, on each way in, the extension of what the way passed
//! before; its lower half is that again, and extending the half gives the parameter.

use super::{constant, def};
use cranelift_codegen::Context;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    BlockArg, Function, Inst, InstBuilder, InstructionData, Opcode, Value, ValueDef,
};
use std::collections::HashMap;

/// Extends parameters of blocks that are used extended more often than it costs to extend what is
/// passed to them, and what is loaded.
pub(super) fn run(context: &mut Context) {
    let Some(uses) = Uses::new(context) else {
        return;
    };
    let func = &mut context.func;
    let mut wide = HashMap::new();
    for param in chosen(func, &uses) {
        widen_param(func, param, &mut wide);
    }
    let passed = uses.ways.iter().filter(|way| wide.contains_key(&way.param));
    let sources = passed.filter_map(|way| way.arg);
    let extended = uses.extensions.iter().map(|extension| extension.of);
    let mut sources: Vec<Value> = sources.chain(extended).collect();
    sources.sort_unstable();
    sources.dedup();
    for source in sources {
        widen_load(func, source, &mut wide);
    }
    for branch in uses.branches {
        pass(func, branch, &wide);
    }
    for Extension { inst, of, .. } in uses.extensions {
        if let Some(&value) = wide.get(&of) {
            let result = func.dfg.first_result(inst);
            func.dfg.clear_results(inst);
            func.dfg.change_to_alias(result, value);
            func.layout.remove_inst(inst);
        }
    }
    func.dfg.resolve_all_aliases();
}

/// An extension from 32 bits to 64.
struct Extension {
    inst: Inst,
    of: Value,
    /// How often it is executed, as far as loops tell.
    weight: u64,
}

/// What is passed to a parameter of a block.
struct Way {
    param: Value,
    /// Nothing where it is what a call returns.
    arg: Option<Value>,
    weight: u64,
}

struct Uses {
    extensions: Vec<Extension>,
    /// Of parameters with 32 bits, in the order of the parameters.
    ways: Vec<Way>,
    /// That pass something.
    branches: Vec<Inst>,
}

impl Uses {
    /// What a function does with values of 32 bits, if it extends any.
    fn new(context: &Context) -> Option<Self> {
        let func = &context.func;
        let (mut extensions, mut ways, mut branches) = (Vec::new(), Vec::new(), Vec::new());
        for block in func.layout.blocks() {
            let level = context.loop_analysis.loop_level(block).level();
            let weight = 1 << (3 * level.min(10));
            for inst in func.layout.block_insts(block) {
                if let Some(of) = extended(func, inst) {
                    extensions.push(Extension { inst, of, weight });
                }
            }
            let Some(branch) = func.layout.last_inst(block) else {
                continue;
            };
            let before = ways.len();
            for (param, arg) in passed(func, branch) {
                if func.dfg.value_type(param) == I32 {
                    ways.push(Way { param, arg, weight });
                }
            }
            if ways.len() > before {
                branches.push(branch);
            }
        }
        ways.sort_by_key(|way| way.param);
        let some = !extensions.is_empty();
        some.then_some(Self {
            extensions,
            ways,
            branches,
        })
    }

    /// The ways into a parameter's block.
    fn into(&self, param: Value) -> &[Way] {
        let from = self.ways.partition_point(|way| way.param < param);
        let to = self.ways.partition_point(|way| way.param <= param);
        &self.ways[from..to]
    }
}

/// What an instruction extends from 32 bits to 64, by zeros.
fn extended(func: &Function, inst: Inst) -> Option<Value> {
    match func.dfg.insts[inst] {
        InstructionData::Unary {
            opcode: Opcode::Uextend,
            arg,
        } => {
            let from = func.dfg.value_type(arg);
            let to = func.dfg.value_type(func.dfg.first_result(inst));
            (from == I32 && to == I64).then_some(arg)
        }
        _ => None,
    }
}

/// The parameters that a branch gives values to, with these.
fn passed(func: &Function, branch: Inst) -> impl Iterator<Item = (Value, Option<Value>)> {
    let data = &func.dfg;
    let calls = data.insts[branch].branch_destination(&data.jump_tables, &data.exception_tables);
    calls.iter().flat_map(|call| {
        let params = data.block_params(call.block(&data.value_lists));
        let args = call.args(&data.value_lists).map(|arg| arg.as_value());
        params.iter().copied().zip(args)
    })
}

/// The parameters to extend: those that are used so, with all that is passed to them, if that is
/// worth it.
fn chosen(func: &Function, uses: &Uses) -> Vec<Value> {
    let is_param = |value: Value| {
        matches!(func.dfg.value_def(value), ValueDef::Param(block, _)
            if Some(block) != func.layout.entry_block())
    };
    let mut gains: HashMap<Value, u64> = HashMap::new();
    for extension in &uses.extensions {
        if is_param(extension.of) {
            *gains.entry(extension.of).or_default() += extension.weight;
        }
    }
    let mut found: Vec<Value> = gains.keys().copied().collect();
    found.sort_unstable();
    let mut group: HashMap<Value, usize> = found.iter().copied().zip(0..).collect();
    let mut groups = Groups((0..found.len()).collect());
    let mut costs: HashMap<Value, u64> = HashMap::new();
    let mut next = 0;
    while let Some(&param) = found.get(next) {
        for way in uses.into(param) {
            let cost = costs.entry(param).or_default();
            match way.arg {
                Some(arg) if is_param(arg) => {
                    let other = *group.entry(arg).or_insert_with(|| {
                        found.push(arg);
                        groups.0.push(groups.0.len());
                        found.len() - 1
                    });
                    groups.join(next, other);
                }
                Some(arg) if is_free(func, arg) => {}
                Some(_) => *cost += way.weight,
                // What a call returns has no place to be extended.
                None => *cost = u64::MAX >> 16,
            }
        }
        next += 1;
    }
    let mut balance = vec![(0, 0); found.len()];
    for (index, param) in found.iter().enumerate() {
        let (gain, cost) = &mut balance[groups.of(index)];
        *gain += gains.get(param).copied().unwrap_or(0);
        *cost += costs.get(param).copied().unwrap_or(0);
    }
    let worth = |&(index, _): &(usize, &Value)| {
        let (gain, cost) = balance[groups.of(index)];
        gain > cost
    };
    let chosen = found.iter().enumerate().filter(worth);
    chosen.map(|(_, &param)| param).collect()
}

/// Sets that can be joined: for each member another one, or itself, which stands for the set.
struct Groups(Vec<usize>);

impl Groups {
    fn of(&self, mut member: usize) -> usize {
        while self.0[member] != member {
            member = self.0[member];
        }
        member
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// Whether extending a value takes no instruction: it is known, loaded, or computed with zeros above.
fn is_free(func: &Function, value: Value) -> bool {
    let Some(inst) = def(func, value) else {
        return false;
    };
    matches!(
        func.dfg.insts[inst].opcode(),
        Opcode::Iconst
            | Opcode::Iadd
            | Opcode::Isub
            | Opcode::Imul
            | Opcode::Band
            | Opcode::Bor
            | Opcode::Bxor
            | Opcode::Ishl
            | Opcode::Ushr
            | Opcode::Uextend
    ) || is_load(func, inst)
}

fn is_load(func: &Function, inst: Inst) -> bool {
    let opcode = func.dfg.insts[inst].opcode();
    matches!(opcode, Opcode::Load | Opcode::Uload8 | Opcode::Uload16)
        && func.dfg.value_type(func.dfg.first_result(inst)) == I32
}

fn widen_param(func: &mut Function, param: Value, wide: &mut HashMap<Value, Value>) {
    let ValueDef::Param(block, _) = func.dfg.value_def(param) else {
        unreachable!("only parameters of blocks are chosen");
    };
    let value = func.dfg.replace_block_param(param, I64);
    let mut cursor = FuncCursor::new(func).at_first_insertion_point(block);
    cursor.ins().with_result(param).ireduce(I32, value);
    wide.insert(param, value);
}

/// Loads a value into 64 bits, if it is loaded.
fn widen_load(func: &mut Function, value: Value, wide: &mut HashMap<Value, Value>) {
    let Some(inst) = def(func, value).filter(|inst| is_load(func, *inst)) else {
        return;
    };
    let InstructionData::Load {
        opcode,
        arg,
        offset,
        ..
    } = func.dfg.insts[inst]
    else {
        return;
    };
    let flags = func.dfg.insts[inst].memflags_data(&func.dfg);
    let flags = flags.expect("a load has flags");
    let mut cursor = FuncCursor::new(func).at_inst(inst);
    cursor.use_srcloc(inst);
    let loaded = match opcode {
        Opcode::Uload8 => cursor.ins().uload8(I64, flags, arg, offset),
        Opcode::Uload16 => cursor.ins().uload16(I64, flags, arg, offset),
        _ => cursor.ins().uload32(flags, arg, offset),
    };
    cursor.func.dfg.detach_inst_results(inst);
    cursor.ins().with_result(value).ireduce(I32, loaded);
    cursor.remove_inst();
    wide.insert(value, loaded);
}

/// Has a branch pass extended values to the parameters that are extended now.
fn pass(func: &mut Function, branch: Inst, wide: &HashMap<Value, Value>) {
    let data = &func.dfg;
    let calls = data.insts[branch].branch_destination(&data.jump_tables, &data.exception_tables);
    for call in 0..calls.len() {
        let data = &func.dfg;
        let calls =
            data.insts[branch].branch_destination(&data.jump_tables, &data.exception_tables);
        let params = data.block_params(calls[call].block(&data.value_lists));
        let args = calls[call].args(&data.value_lists).zip(params);
        let pairs: Vec<(BlockArg, Value)> = args.map(|(arg, &param)| (arg, param)).collect();
        let mut args = Vec::with_capacity(pairs.len());
        for (arg, param) in pairs {
            let narrow = arg.as_value().filter(|value| {
                let types = [*value, param].map(|value| func.dfg.value_type(value));
                types == [I32, I64]
            });
            args.push(match narrow {
                Some(value) => BlockArg::Value(widened(func, branch, value, wide)),
                None => arg,
            });
        }
        let mut args = args.into_iter();
        let data = &mut func.dfg;
        let calls = data.insts[branch]
            .branch_destination_mut(&mut data.jump_tables, &mut data.exception_tables);
        calls[call].update_args(&mut data.value_lists, |arg| args.next().unwrap_or(arg));
    }
}

/// A value, extended before an instruction.
fn widened(func: &mut Function, before: Inst, value: Value, wide: &HashMap<Value, Value>) -> Value {
    if let Some(&value) = wide.get(&value) {
        return value;
    }
    let constant = constant(func, value);
    let mut cursor = FuncCursor::new(func).at_inst(before);
    match constant {
        Some(bits) => cursor.ins().iconst(I64, bits & i64::from(u32::MAX)),
        None => cursor.ins().uextend(I64, value),
    }
}
