//! Numeric instructions on scalars.

use super::FuncTranslator;
use crate::error::CompileError;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
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
        Operator::I32DivS | Operator::I64DivS => ins!(t, sdiv, 2),
        Operator::I32DivU | Operator::I64DivU => ins!(t, udiv, 2),
        Operator::I32RemS | Operator::I64RemS => ins!(t, srem, 2),
        Operator::I32RemU | Operator::I64RemU => ins!(t, urem, 2),
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
        Operator::I32TruncF32S | Operator::I32TruncF64S => ins!(t, fcvt_to_sint, to I32),
        Operator::I32TruncF32U | Operator::I32TruncF64U => ins!(t, fcvt_to_uint, to I32),
        Operator::I64TruncF32S | Operator::I64TruncF64S => ins!(t, fcvt_to_sint, to I64),
        Operator::I64TruncF32U | Operator::I64TruncF64U => ins!(t, fcvt_to_uint, to I64),
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

impl FuncTranslator<'_, '_> {
    /// Pushes a condition as an `i32`.
    pub(super) fn push_bool(&mut self, condition: Value) {
        let value = self.builder.ins().uextend(I32, condition);
        self.push(value);
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
