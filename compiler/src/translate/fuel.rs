//! Fuel: how many instructions a guest may still execute.
//!
//! A *run* is a sequence of instructions that are executed one after another: it begins at the
//! start of a function, behind an instruction that branches or calls, and where a branch may come
//! from elsewhere (`loop`, `else`, `end`). When it begins, all of it is paid for, so that what is
//! paid depends on the module alone.
//!
//! What is left is in a variable, for loops to keep it in a register. It is looked at where a guest
//! that goes on for ever comes by, at the start of a function and at the head of a loop; and before
//! instructions that are the host's or may take long. It is stored where others look: before calls,
//! at returns, and at the head of a loop, for a trap to leave it there.

use super::FuncTranslator;
use super::operand::Operand;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{
    AliasRegion, Inst, InstBuilder, InstructionData, Opcode, Value, ValueDef,
};
use cranelift_frontend::Variable;
use prefab_abi::builtin::Builtin;
use prefab_abi::context::ContextHeader;
use prefab_abi::exec::ExecState;
use wasmparser::Operator;

/// The fuel of a function that counts it.
pub(crate) struct Fuel {
    /// What is left.
    left: Variable,
    /// Where it is stored.
    region: AliasRegion,
    /// What the current run costs, if one has begun.
    run: Option<Run>,
    /// What is done when the next run has been paid for.
    next: Next,
}

/// What is done behind a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Nothing: that comes soon enough.
    GoOn,
    /// What is left is looked at.
    Look,
    /// It is stored and looked at.
    StoreAndLook,
}

struct Run {
    /// The constant that says so.
    constant: Inst,
    cost: i64,
}

/// What an instruction costs: nothing, if it only says where a block starts or ends.
const fn weight(op: &Operator<'_>) -> i64 {
    match op {
        Operator::Block { .. } | Operator::Loop { .. } | Operator::Else | Operator::End => 0,
        _ => 1,
    }
}

/// Of an instruction that costs more the more it is to do, which its topmost operand says: the
/// logarithm (to the base of 2) of how much costs 1, in bytes or elements.
const fn unit_log2(op: &Operator<'_>) -> Option<i64> {
    match op {
        Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } | Operator::MemoryInit { .. } => {
            Some(6)
        }
        Operator::TableCopy { .. }
        | Operator::TableFill { .. }
        | Operator::TableInit { .. }
        | Operator::TableGrow { .. } => Some(0),
        _ => None,
    }
}

/// Whether the instruction behind this one begins a new run.
const fn ends_run(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Unreachable
    ) || calls(op)
        || matches!(
            op,
            Operator::ReturnCall { .. } | Operator::ReturnCallIndirect { .. }
        )
}

const fn calls(op: &Operator<'_>) -> bool {
    matches!(op, Operator::Call { .. } | Operator::CallIndirect { .. })
}

impl FuncTranslator<'_, '_> {
    /// Begins to count, if that is asked for.
    pub fn start_fuel(&mut self) {
        if !self.env.uses_fuel {
            return;
        }
        self.fuel = Some(Fuel {
            left: self.builder.declare_var(I64),
            region: self.regions.fuel,
            run: None,
            next: Next::Look,
        });
        self.load_fuel();
    }

    /// Pays for `op`, which is translated next.
    pub fn pay(&mut self, op: &Operator<'_>) {
        let Some(fuel) = &mut self.fuel else {
            return;
        };
        let cost = weight(op);
        if cost > 0 {
            let run = match fuel.run.take() {
                Some(run) => run,
                None => self.begin_run(),
            };
            self.add_to_run(run, cost);
        }
        match op {
            // The function that is called looks at once.
            Operator::Call { function_index } | Operator::ReturnCall { function_index }
                if *function_index >= self.env.module.imported_funcs() =>
            {
                self.store_fuel();
            }
            // What is called may be the host's.
            Operator::Call { .. }
            | Operator::ReturnCall { .. }
            | Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. } => {
                self.store_fuel();
                self.look_at_fuel();
            }
            Operator::Unreachable => self.store_fuel(),
            _ => {}
        }
        if let Some(unit_log2) = unit_log2(op)
            && let Some(Operand::One(amount)) = self.stack.last().copied()
        {
            let amount = self.builder.ins().uextend(I64, amount);
            let cost = self.builder.ins().ushr_imm_u(amount, unit_log2);
            self.take_fuel(cost);
            self.store_fuel();
            self.look_at_fuel();
        }
    }

    /// Notes that `op` has been translated.
    pub fn paid(&mut self, op: &Operator<'_>) {
        let Some(fuel) = &mut self.fuel else {
            return;
        };
        if ends_run(op) {
            fuel.run = None;
        }
        if matches!(op, Operator::Loop { .. }) {
            fuel.next = Next::StoreAndLook;
        }
        if calls(op) {
            self.load_fuel();
        }
    }

    fn begin_run(&mut self) -> Run {
        let cost = self.builder.ins().iconst(I64, 0);
        let ValueDef::Result(constant, _) = self.builder.func.dfg.value_def(cost) else {
            unreachable!("a constant is an instruction's result");
        };
        self.take_fuel(cost);
        let next = self
            .fuel
            .as_mut()
            .map(|fuel| std::mem::replace(&mut fuel.next, Next::GoOn));
        if next == Some(Next::StoreAndLook) {
            self.store_fuel();
        }
        if next != Some(Next::GoOn) {
            self.look_at_fuel();
        }
        Run { constant, cost: 0 }
    }

    fn add_to_run(&mut self, mut run: Run, cost: i64) {
        run.cost += cost;
        self.builder.func.dfg.insts[run.constant] = InstructionData::UnaryImm {
            opcode: Opcode::Iconst,
            imm: run.cost.into(),
        };
        if let Some(fuel) = &mut self.fuel {
            fuel.run = Some(run);
        }
    }

    /// Takes `cost` from what is left.
    fn take_fuel(&mut self, cost: Value) {
        let Some(Fuel { left, .. }) = self.fuel else {
            return;
        };
        let before = self.builder.use_var(left);
        let after = self.builder.ins().isub(before, cost);
        self.builder.def_var(left, after);
    }

    /// If more was taken than there was, the runtime says how it goes on.
    fn look_at_fuel(&mut self) {
        let Some(Fuel { left, .. }) = self.fuel else {
            return;
        };
        let value = self.builder.use_var(left);
        let is_too_little = self
            .builder
            .ins()
            .icmp_imm_s(IntCC::SignedLessThan, value, 0);
        let out = self.builder.create_block();
        let next = self.builder.create_block();
        self.builder.ins().brif(is_too_little, out, [], next, []);
        self.cold(out, |t| {
            t.store_fuel();
            t.call_builtin(Builtin::OutOfFuel, &[]);
            t.load_fuel();
            t.builder.ins().jump(next, []);
        });
        self.builder.switch_to_block(next);
        self.builder.seal_block(next);
    }

    /// Stores what is left for others, if it is counted.
    pub fn store_fuel(&mut self) {
        let Some(Fuel { left, region, .. }) = self.fuel else {
            return;
        };
        let exec = self.constant_field(ContextHeader::EXEC);
        let value = self.builder.use_var(left);
        let flags = FuncTranslator::trusted(region);
        self.builder
            .ins()
            .store(flags, value, exec, ExecState::FUEL);
    }

    /// Reads what others have left.
    fn load_fuel(&mut self) {
        let Some(Fuel { left, region, .. }) = self.fuel else {
            return;
        };
        let exec = self.constant_field(ContextHeader::EXEC);
        let flags = FuncTranslator::trusted(region);
        let value = self.builder.ins().load(I64, flags, exec, ExecState::FUEL);
        self.builder.def_var(left, value);
    }
}
