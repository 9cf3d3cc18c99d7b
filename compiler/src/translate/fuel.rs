//! Fuel: how many instructions a guest may still execute.
//!
//! A *run* is a sequence of instructions that are executed one after another: it begins at the
//! start of a function, behind an instruction that branches or calls, and where a branch may come
//! from elsewhere (`loop`, `else`, `end`). When it begins, all of it is paid for; if there is not
//! fuel enough, none of it is executed. So what is paid depends on the module alone.
//!
//! The fuel is in a variable, which loops keep in a register, and each change is stored besides:
//! whoever looks, the host in a call or after a trap, finds it as it is.

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
        let left = self.builder.declare_var(I64);
        let region = self.regions.fuel;
        self.fuel = Some(Fuel {
            left,
            region,
            run: None,
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
        if let Some(unit_log2) = unit_log2(op)
            && let Some(Operand::One(amount)) = self.stack.last().copied()
        {
            let amount = self.builder.ins().uextend(I64, amount);
            let cost = self.builder.ins().ushr_imm_u(amount, unit_log2);
            self.take_fuel(cost);
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

    /// Takes `cost` from the fuel; if it does not suffice, the runtime says how it goes on.
    fn take_fuel(&mut self, cost: Value) {
        let Some(Fuel { left, region, .. }) = self.fuel else {
            return;
        };
        let exec = self.constant_field(ContextHeader::EXEC);
        let before = self.builder.use_var(left);
        let after = self.builder.ins().isub(before, cost);
        self.builder.def_var(left, after);
        let flags = FuncTranslator::trusted(region);
        self.builder
            .ins()
            .store(flags, after, exec, ExecState::FUEL);
        let is_too_little = self
            .builder
            .ins()
            .icmp_imm_s(IntCC::SignedLessThan, after, 0);
        let out = self.builder.create_block();
        let next = self.builder.create_block();
        self.builder.ins().brif(is_too_little, out, [], next, []);
        self.cold(out, |t| {
            t.call_builtin(Builtin::OutOfFuel, &[]);
            t.load_fuel();
            t.builder.ins().jump(next, []);
        });
        self.builder.switch_to_block(next);
        self.builder.seal_block(next);
    }

    /// Reads the fuel where it is stored, after others may have used some.
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
