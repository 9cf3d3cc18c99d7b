//! Comparisons: a lane of the result is all ones where the comparison holds, else zero.

use super::super::super::FuncTranslator;
use super::super::compare::{float_comparison, int_comparison};
use super::swar::Lanes;
use super::{binary, float};
use cranelift_codegen::ir::condcodes::{CondCode, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value};
use wasmparser::Operator;

/// Translates `op` if it is one of this family, and says whether it is.
pub(super) fn translate(t: &mut FuncTranslator<'_, '_>, op: &Operator<'_>) -> bool {
    if let Some((condition, shape)) = int_comparison(op) {
        binary(t, shape, |lanes, a, b| compare(lanes, condition, a, b));
    } else if let Some((condition, shape)) = float_comparison(op) {
        binary(t, shape, |lanes, a, b| {
            float::compare(lanes, condition, a, b)
        });
    } else {
        return false;
    }
    true
}

fn compare(lanes: &mut Lanes<'_, '_>, condition: IntCC, a: Value, b: Value) -> Value {
    match condition {
        IntCC::Equal => lanes.equal(a, b),
        IntCC::SignedLessThan => lanes.less_s(a, b),
        IntCC::SignedGreaterThan => lanes.less_s(b, a),
        IntCC::UnsignedLessThan => lanes.less_u(a, b),
        IntCC::UnsignedGreaterThan => lanes.less_u(b, a),
        IntCC::NotEqual
        | IntCC::SignedGreaterThanOrEqual
        | IntCC::SignedLessThanOrEqual
        | IntCC::UnsignedGreaterThanOrEqual
        | IntCC::UnsignedLessThanOrEqual => {
            let opposite = compare(lanes, condition.complement(), a, b);
            lanes.ins().bnot(opposite)
        }
    }
}
