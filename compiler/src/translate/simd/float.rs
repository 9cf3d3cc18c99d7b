//! Arithmetic on lanes of floats.

use super::super::FuncTranslator;
use super::{binary, unary};
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32X4, F64X2};
use cranelift_codegen::ir::{InstBuilder, Type, Value};
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    match op {
        Operator::F32x4Ceil => unary(t, F32X4, |ins, a| ins.ceil(a)),
        Operator::F32x4Floor => unary(t, F32X4, |ins, a| ins.floor(a)),
        Operator::F32x4Trunc => unary(t, F32X4, |ins, a| ins.trunc(a)),
        Operator::F32x4Nearest => unary(t, F32X4, |ins, a| ins.nearest(a)),
        Operator::F32x4Abs => unary(t, F32X4, |ins, a| ins.fabs(a)),
        Operator::F32x4Neg => unary(t, F32X4, |ins, a| ins.fneg(a)),
        Operator::F32x4Sqrt => unary(t, F32X4, |ins, a| ins.sqrt(a)),
        Operator::F32x4Add => binary(t, F32X4, |ins, a, b| ins.fadd(a, b)),
        Operator::F32x4Sub => binary(t, F32X4, |ins, a, b| ins.fsub(a, b)),
        Operator::F32x4Mul => binary(t, F32X4, |ins, a, b| ins.fmul(a, b)),
        Operator::F32x4Div => binary(t, F32X4, |ins, a, b| ins.fdiv(a, b)),
        Operator::F32x4Min => binary(t, F32X4, |ins, a, b| ins.fmin(a, b)),
        Operator::F32x4Max => binary(t, F32X4, |ins, a, b| ins.fmax(a, b)),
        Operator::F32x4PMin => pmin(t, F32X4),
        Operator::F32x4PMax => pmax(t, F32X4),

        Operator::F64x2Ceil => unary(t, F64X2, |ins, a| ins.ceil(a)),
        Operator::F64x2Floor => unary(t, F64X2, |ins, a| ins.floor(a)),
        Operator::F64x2Trunc => unary(t, F64X2, |ins, a| ins.trunc(a)),
        Operator::F64x2Nearest => unary(t, F64X2, |ins, a| ins.nearest(a)),
        Operator::F64x2Abs => unary(t, F64X2, |ins, a| ins.fabs(a)),
        Operator::F64x2Neg => unary(t, F64X2, |ins, a| ins.fneg(a)),
        Operator::F64x2Sqrt => unary(t, F64X2, |ins, a| ins.sqrt(a)),
        Operator::F64x2Add => binary(t, F64X2, |ins, a, b| ins.fadd(a, b)),
        Operator::F64x2Sub => binary(t, F64X2, |ins, a, b| ins.fsub(a, b)),
        Operator::F64x2Mul => binary(t, F64X2, |ins, a, b| ins.fmul(a, b)),
        Operator::F64x2Div => binary(t, F64X2, |ins, a, b| ins.fdiv(a, b)),
        Operator::F64x2Min => binary(t, F64X2, |ins, a, b| ins.fmin(a, b)),
        Operator::F64x2Max => binary(t, F64X2, |ins, a, b| ins.fmax(a, b)),
        Operator::F64x2PMin => pmin(t, F64X2),
        Operator::F64x2PMax => pmax(t, F64X2),

        _ => return false,
    }
    true
}

/// `b < a ? b : a`, without regard to NaNs and the signs of zeros. One instruction of some
/// machines does just that, and their back ends look for this very shape.
fn pmin(t: &mut FuncTranslator<'_, '_>, ty: Type) {
    let (a, b) = t.pop2_vector(ty);
    select_less(t, ty, (b, a), (b, a));
}

/// `a < b ? b : a`; see [`pmin`].
fn pmax(t: &mut FuncTranslator<'_, '_>, ty: Type) {
    let (a, b) = t.pop2_vector(ty);
    select_less(t, ty, (a, b), (b, a));
}

fn select_less(
    t: &mut FuncTranslator<'_, '_>,
    ty: Type,
    less: (Value, Value),
    select: (Value, Value),
) {
    let mask = t.builder.ins().fcmp(FloatCC::LessThan, less.0, less.1);
    let mask = t.cast_vector(mask, ty);
    let value = t.builder.ins().bitselect(mask, select.0, select.1);
    t.push_vector(value);
}
