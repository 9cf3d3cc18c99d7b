//! Numeric instructions on scalars.

use super::FuncTranslator;
use crate::error::CompileError;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
use prefab_abi::note::Traps;
use prefab_abi::trap::TrapCode;
use wasmparser::Operator;

pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    Ok(constant(t, op) || compare(t, op) || unary(t, op) || binary(t, op) || convert(t, op))
}

/// Pops operands, pushes what the builder's instruction of this name makes of them.
macro_rules! ins {
    ($t:ident, $name:ident, 1) => {{
        let a = $t.pop();
        let value = $t.builder.ins().$name(a);
        $t.push(value);
    }};
    ($t:ident, $name:ident, 2) => {{
        let (a, b) = $t.pop2();
        let value = $t.builder.ins().$name(a, b);
        $t.push(value);
    }};
    ($t:ident, $name:ident, to $ty:expr) => {{
        let a = $t.pop();
        let value = $t.builder.ins().$name($ty, a);
        $t.push(value);
    }};
}

fn constant(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    let value = match *op {
        Operator::I32Const { value } => t
            .builder
            .ins()
            .iconst(I32, i64::from(value.cast_unsigned())),
        Operator::I64Const { value } => t.builder.ins().iconst(I64, value),
        Operator::F32Const { value } => t.builder.ins().f32const(Ieee32::with_bits(value.bits())),
        Operator::F64Const { value } => t.builder.ins().f64const(Ieee64::with_bits(value.bits())),
        _ => return false,
    };
    t.push(value);
    true
}

fn compare(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    let int = match op {
        Operator::I32Eqz | Operator::I64Eqz => {
            let a = t.pop();
            let value = t.builder.ins().icmp_imm_s(IntCC::Equal, a, 0);
            t.push_bool(value);
            return true;
        }
        Operator::I32Eq | Operator::I64Eq => Some(IntCC::Equal),
        Operator::I32Ne | Operator::I64Ne => Some(IntCC::NotEqual),
        Operator::I32LtS | Operator::I64LtS => Some(IntCC::SignedLessThan),
        Operator::I32LtU | Operator::I64LtU => Some(IntCC::UnsignedLessThan),
        Operator::I32GtS | Operator::I64GtS => Some(IntCC::SignedGreaterThan),
        Operator::I32GtU | Operator::I64GtU => Some(IntCC::UnsignedGreaterThan),
        Operator::I32LeS | Operator::I64LeS => Some(IntCC::SignedLessThanOrEqual),
        Operator::I32LeU | Operator::I64LeU => Some(IntCC::UnsignedLessThanOrEqual),
        Operator::I32GeS | Operator::I64GeS => Some(IntCC::SignedGreaterThanOrEqual),
        Operator::I32GeU | Operator::I64GeU => Some(IntCC::UnsignedGreaterThanOrEqual),
        _ => None,
    };
    if let Some(condition) = int {
        let (a, b) = t.pop2();
        let value = t.builder.ins().icmp(condition, a, b);
        t.push_bool(value);
        return true;
    }
    let condition = match op {
        Operator::F32Eq | Operator::F64Eq => FloatCC::Equal,
        Operator::F32Ne | Operator::F64Ne => FloatCC::NotEqual,
        Operator::F32Lt | Operator::F64Lt => FloatCC::LessThan,
        Operator::F32Gt | Operator::F64Gt => FloatCC::GreaterThan,
        Operator::F32Le | Operator::F64Le => FloatCC::LessThanOrEqual,
        Operator::F32Ge | Operator::F64Ge => FloatCC::GreaterThanOrEqual,
        _ => return false,
    };
    let (a, b) = t.pop2();
    let value = t.builder.ins().fcmp(condition, a, b);
    t.push_bool(value);
    true
}

fn unary(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I32Clz | Operator::I64Clz => ins!(t, clz, 1),
        Operator::I32Ctz | Operator::I64Ctz => ins!(t, ctz, 1),
        Operator::I32Popcnt | Operator::I64Popcnt => ins!(t, popcnt, 1),
        Operator::F32Abs | Operator::F64Abs => ins!(t, fabs, 1),
        Operator::F32Neg | Operator::F64Neg => ins!(t, fneg, 1),
        Operator::F32Ceil | Operator::F64Ceil => ins!(t, ceil, 1),
        Operator::F32Floor | Operator::F64Floor => ins!(t, floor, 1),
        Operator::F32Trunc | Operator::F64Trunc => ins!(t, trunc, 1),
        Operator::F32Nearest | Operator::F64Nearest => ins!(t, nearest, 1),
        Operator::F32Sqrt | Operator::F64Sqrt => ins!(t, sqrt, 1),
        _ => return false,
    }
    true
}

fn binary(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I32Add | Operator::I64Add => ins!(t, iadd, 2),
        Operator::I32Sub | Operator::I64Sub => ins!(t, isub, 2),
        Operator::I32Mul | Operator::I64Mul => ins!(t, imul, 2),
        Operator::I32DivS | Operator::I64DivS => {
            t.check_divisor();
            t.check_quotient();
            ins!(t, sdiv, 2);
        }
        Operator::I32DivU | Operator::I64DivU => {
            t.check_divisor();
            ins!(t, udiv, 2);
        }
        Operator::I32RemS | Operator::I64RemS => {
            t.check_divisor();
            ins!(t, srem, 2);
        }
        Operator::I32RemU | Operator::I64RemU => {
            t.check_divisor();
            ins!(t, urem, 2);
        }
        Operator::I32And | Operator::I64And => ins!(t, band, 2),
        Operator::I32Or | Operator::I64Or => ins!(t, bor, 2),
        Operator::I32Xor | Operator::I64Xor => ins!(t, bxor, 2),
        Operator::I32Shl | Operator::I64Shl => ins!(t, ishl, 2),
        Operator::I32ShrS | Operator::I64ShrS => ins!(t, sshr, 2),
        Operator::I32ShrU | Operator::I64ShrU => ins!(t, ushr, 2),
        Operator::I32Rotl | Operator::I64Rotl => ins!(t, rotl, 2),
        Operator::I32Rotr | Operator::I64Rotr => ins!(t, rotr, 2),
        Operator::F32Add | Operator::F64Add => ins!(t, fadd, 2),
        Operator::F32Sub | Operator::F64Sub => ins!(t, fsub, 2),
        Operator::F32Mul | Operator::F64Mul => ins!(t, fmul, 2),
        Operator::F32Div | Operator::F64Div => ins!(t, fdiv, 2),
        Operator::F32Min | Operator::F64Min => ins!(t, fmin, 2),
        Operator::F32Max | Operator::F64Max => ins!(t, fmax, 2),
        Operator::F32Copysign | Operator::F64Copysign => ins!(t, fcopysign, 2),
        _ => return false,
    }
    true
}

fn convert(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::I32WrapI64 => ins!(t, ireduce, to I32),
        Operator::I64ExtendI32S => ins!(t, sextend, to I64),
        Operator::I64ExtendI32U => ins!(t, uextend, to I64),
        Operator::I32Extend8S => t.sign_extend(I8, I32),
        Operator::I32Extend16S => t.sign_extend(I16, I32),
        Operator::I64Extend8S => t.sign_extend(I8, I64),
        Operator::I64Extend16S => t.sign_extend(I16, I64),
        Operator::I64Extend32S => t.sign_extend(I32, I64),
        Operator::I32TruncF32S | Operator::I32TruncF64S => t.truncate(I32, true),
        Operator::I32TruncF32U | Operator::I32TruncF64U => t.truncate(I32, false),
        Operator::I64TruncF32S | Operator::I64TruncF64S => t.truncate(I64, true),
        Operator::I64TruncF32U | Operator::I64TruncF64U => t.truncate(I64, false),
        Operator::I32TruncSatF32S | Operator::I32TruncSatF64S => ins!(t, fcvt_to_sint_sat, to I32),
        Operator::I32TruncSatF32U | Operator::I32TruncSatF64U => ins!(t, fcvt_to_uint_sat, to I32),
        Operator::I64TruncSatF32S | Operator::I64TruncSatF64S => ins!(t, fcvt_to_sint_sat, to I64),
        Operator::I64TruncSatF32U | Operator::I64TruncSatF64U => ins!(t, fcvt_to_uint_sat, to I64),
        Operator::F32ConvertI32S | Operator::F32ConvertI64S => ins!(t, fcvt_from_sint, to F32),
        Operator::F32ConvertI32U | Operator::F32ConvertI64U => ins!(t, fcvt_from_uint, to F32),
        Operator::F64ConvertI32S | Operator::F64ConvertI64S => ins!(t, fcvt_from_sint, to F64),
        Operator::F64ConvertI32U | Operator::F64ConvertI64U => ins!(t, fcvt_from_uint, to F64),
        Operator::F32DemoteF64 => ins!(t, fdemote, to F32),
        Operator::F64PromoteF32 => ins!(t, fpromote, to F64),
        Operator::I32ReinterpretF32 => t.reinterpret(I32),
        Operator::I64ReinterpretF64 => t.reinterpret(I64),
        Operator::F32ReinterpretI32 => t.reinterpret(F32),
        Operator::F64ReinterpretI64 => t.reinterpret(F64),
        _ => return false,
    }
    true
}

/// The floats of the type `from` next to those that are numbers of the type `to` without their
/// fraction: the greatest below them and the least above.
fn float_bounds(from: Type, to: Type, signed: bool) -> (f64, f64) {
    let bits = to.bits() as i32;
    if !signed {
        return (-1.0, 2_f64.powi(bits));
    }
    let above = 2_f64.powi(bits - 1);
    let below = match (from, to) {
        // All integers of 32 bits are such floats, and there are more between them.
        (F64, I32) => -above - 1.0,
        (F64, _) => -above * (1.0 + f64::EPSILON),
        _ => -above * (1.0 + f64::from(f32::EPSILON)),
    };
    (below, above)
}

impl FuncTranslator<'_, '_> {
    /// Pushes a condition as an `i32`.
    pub(super) fn push_bool(&mut self, condition: Value) {
        let value = self.builder.ins().uextend(I32, condition);
        self.push(value);
    }

    /// Where traps are explicit, traps if the divisor on top of the stack is 0.
    fn check_divisor(&mut self) {
        let (_, divisor) = self.top2();
        let known = self.constant(divisor);
        if self.env.traps == Traps::Signals || known.is_some_and(|divisor| divisor != 0) {
            return;
        }
        let is_zero = self.builder.ins().icmp_imm_s(IntCC::Equal, divisor, 0);
        self.trap_if(is_zero, TrapCode::IntegerDivideByZero);
    }

    /// Where traps are explicit, traps if the quotient of the two numbers on top of the stack has
    /// no room in their type: the least number divided by −1.
    fn check_quotient(&mut self) {
        let (dividend, divisor) = self.top2();
        let bits = self.builder.func.dfg.value_type(dividend).bits();
        let minus_one = u64::MAX >> (64 - bits);
        let known = self.constant(divisor);
        if self.env.traps == Traps::Signals || known.is_some_and(|divisor| divisor != minus_one) {
            return;
        }
        let least = i64::MIN >> (64 - bits);
        let is_minus_one = self.builder.ins().icmp_imm_s(IntCC::Equal, divisor, -1);
        let is_least = self.builder.ins().icmp_imm_s(IntCC::Equal, dividend, least);
        let overflows = self.builder.ins().band(is_minus_one, is_least);
        self.trap_if(overflows, TrapCode::IntegerOverflow);
    }

    /// Converts a float to an integer of the type `to`, or traps.
    fn truncate(&mut self, to: Type, signed: bool) {
        let float = self.pop();
        let explicit = self.env.traps == Traps::Explicit;
        if explicit {
            self.check_float(float, to, signed);
        }
        let ins = self.builder.ins();
        let value = match (signed, explicit) {
            (true, false) => ins.fcvt_to_sint(to, float),
            (false, false) => ins.fcvt_to_uint(to, float),
            // These never trap, and for what is left they are the same.
            (true, true) => ins.fcvt_to_sint_sat(to, float),
            (false, true) => ins.fcvt_to_uint_sat(to, float),
        };
        self.push(value);
    }

    /// Traps unless a float, without its fraction, is a number of the type `to`.
    fn check_float(&mut self, float: Value, to: Type, signed: bool) {
        let from = self.builder.func.dfg.value_type(float);
        let (below, above) = float_bounds(from, to, signed);
        let mut bound = |value: f64| match from {
            F32 => self.builder.ins().f32const(value as f32),
            _ => self.builder.ins().f64const(value),
        };
        let (below, above) = (bound(below), bound(above));
        let is_above = self.builder.ins().fcmp(FloatCC::GreaterThan, float, below);
        let is_below = self.builder.ins().fcmp(FloatCC::LessThan, float, above);
        let fits = self.builder.ins().band(is_above, is_below);
        let refused = self.builder.create_block();
        let next = self.builder.create_block();
        self.builder.ins().brif(fits, next, [], refused, []);
        self.cold(refused, |t| {
            let is_nan = t.builder.ins().fcmp(FloatCC::Unordered, float, float);
            t.trap_if(is_nan, TrapCode::InvalidConversionToInteger);
            t.mark_cold();
            t.trap(TrapCode::IntegerOverflow);
        });
        self.builder.switch_to_block(next);
        self.builder.seal_block(next);
    }

    fn sign_extend(&mut self, from: Type, to: Type) {
        let value = self.pop();
        let narrow = self.builder.ins().ireduce(from, value);
        let value = self.builder.ins().sextend(to, narrow);
        self.push(value);
    }

    fn reinterpret(&mut self, to: Type) {
        let value = self.pop();
        let value = self.builder.ins().bitcast(to, MemFlagsData::new(), value);
        self.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::{F32, F64, I32, I64, float_bounds};

    #[test]
    fn bounds_are_next_to_what_they_bound() {
        let f32_s32 = float_bounds(F32, I32, true);
        assert_eq!(f32_s32, (-2_147_483_904.0, 2_147_483_648.0));
        assert_eq!((f32_s32.0 as f32).next_up(), i32::MIN as f32);
        let (below, above) = float_bounds(F64, I32, true);
        assert_eq!((below, above), (-2_147_483_649.0, 2_147_483_648.0));
        assert_eq!(below.next_up().trunc(), f64::from(i32::MIN));
        let (below, above) = float_bounds(F32, I64, true);
        assert_eq!((below as f32).next_up(), i64::MIN as f32);
        assert_eq!(above, 9_223_372_036_854_775_808.0);
        let (below, _) = float_bounds(F64, I64, true);
        assert_eq!(below.next_up(), i64::MIN as f64);
        for from in [F32, F64] {
            assert_eq!(float_bounds(from, I32, false), (-1.0, 4_294_967_296.0));
            let above = 18_446_744_073_709_551_616.0;
            assert_eq!(float_bounds(from, I64, false), (-1.0, above));
        }
    }
}
