//! How large a value can be, as far as the instructions say that compute it.

use super::FuncTranslator;
use cranelift_codegen::ir::{InstructionData, Opcode, Value, ValueDef};

/// How many instructions back it is looked: a bound stands close to where it is of use.
const DEPTH: u32 = 6;

impl FuncTranslator<'_, '_> {
    /// The sum that `value` is, as a value and a constant, if it cannot wrap.
    pub fn sum(&self, value: Value) -> Option<(Value, u64)> {
        let (Opcode::Iadd, [a, b]) = self.binary(value)? else {
            return None;
        };
        let (rest, constant) = match (self.constant(a), self.constant(b)) {
            (_, Some(constant)) => (a, constant),
            (Some(constant), None) => (b, constant),
            (None, None) => return None,
        };
        let sum = self.bound(rest, DEPTH).checked_add(constant)?;
        (sum <= self.greatest(value)).then_some((rest, constant))
    }

    /// The greatest number that a value of the type of `value` can be.
    fn greatest(&self, value: Value) -> u64 {
        u64::MAX >> (64 - self.builder.func.dfg.value_type(value).bits().clamp(1, 64))
    }

    fn binary(&self, value: Value) -> Option<(Opcode, [Value; 2])> {
        let dfg = &self.builder.func.dfg;
        let ValueDef::Result(inst, 0) = dfg.value_def(value) else {
            return None;
        };
        match dfg.insts[inst] {
            InstructionData::Binary { opcode, args } => Some((opcode, args)),
            _ => None,
        }
    }

    /// A number that `value`, an integer, is not above.
    fn bound(&self, value: Value, depth: u32) -> u64 {
        let greatest = self.greatest(value);
        let dfg = &self.builder.func.dfg;
        let (Some(depth), ValueDef::Result(inst, 0)) = (depth.checked_sub(1), dfg.value_def(value))
        else {
            return greatest;
        };
        if let Some(constant) = self.constant(value) {
            return constant;
        }
        let of = |value| self.bound(value, depth);
        let found = match dfg.insts[inst] {
            InstructionData::Binary {
                opcode,
                args: [a, b],
            } => self.of_binary(opcode, a, b, depth),
            InstructionData::Load { opcode, .. } => match opcode {
                Opcode::Uload8 => Some(0xff),
                Opcode::Uload16 => Some(0xffff),
                Opcode::Uload32 => Some(0xffff_ffff),
                _ => None,
            },
            InstructionData::Unary { opcode, arg } => match opcode {
                Opcode::Uextend => Some(of(arg)),
                Opcode::Ireduce => Some(of(arg)).filter(|bound| *bound <= greatest),
                _ => None,
            },
            InstructionData::IntCompare { .. } | InstructionData::FloatCompare { .. } => Some(1),
            InstructionData::Ternary {
                opcode: Opcode::Select,
                args: [_, a, b],
            } => Some(of(a).max(of(b))),
            _ => None,
        };
        found.unwrap_or(greatest)
    }

    fn of_binary(&self, opcode: Opcode, a: Value, b: Value, depth: u32) -> Option<u64> {
        let greatest = self.greatest(a);
        let of = |value| self.bound(value, depth);
        // A machine shifts by as many bits as the type has, and no more.
        let shift = || Some((self.constant(b)? % u64::from(64 - greatest.leading_zeros())) as u32);
        let found = match opcode {
            Opcode::Band => of(a).min(of(b)),
            Opcode::Bor | Opcode::Bxor => u64::MAX.checked_shr((of(a) | of(b)).leading_zeros())?,
            Opcode::Ushr => of(a) >> shift()?,
            Opcode::Ishl => of(a).checked_mul(1 << shift()?)?,
            Opcode::Iadd => of(a).checked_add(of(b))?,
            Opcode::Imul => of(a).checked_mul(of(b))?,
            Opcode::Udiv => of(a) / self.constant(b).filter(|by| *by != 0)?,
            Opcode::Urem => self.constant(b)?.checked_sub(1)?,
            _ => return None,
        };
        (found <= greatest).then_some(found)
    }
}
