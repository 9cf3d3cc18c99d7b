//! Constant expressions whose value is known when the module is compiled.

use wasmparser::{BinaryReader, ConstExpr, Operator};

/// The value of an expression that is one `i32.const`.
pub fn i32_const(expr: &[u8]) -> Option<u32> {
    match single(expr)? {
        Operator::I32Const { value } => Some(value as u32),
        _ => None,
    }
}

/// What a constant expression of a reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `ref.null`
    Null,
    /// `ref.func`
    Func(u32),
    /// Something that only an instance knows.
    Other,
}

/// What an expression of a reference is.
pub fn reference(expr: &[u8]) -> Reference {
    match single(expr) {
        Some(Operator::RefNull { .. }) => Reference::Null,
        Some(Operator::RefFunc { function_index }) => Reference::Func(function_index),
        _ => Reference::Other,
    }
}

fn single(expr: &[u8]) -> Option<Operator<'_>> {
    let expr = ConstExpr::new(BinaryReader::new(expr, 0));
    let mut ops = expr.get_operators_reader();
    let first = ops.read().ok()?;
    matches!(ops.read(), Ok(Operator::End)).then_some(first)
}
