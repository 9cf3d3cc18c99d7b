//! Arguments of scripts, and what scripts expect of results.

use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64, Index};
use wast::{WastArg, WastRet};

/// A value of a script, whatever runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// A 32-bit float, by its bits.
    F32(u32),
    /// A 64-bit float, by its bits.
    F64(u64),
    /// A 128-bit vector. Byte 0 is the lowest.
    V128(u128),
    /// Null, or a function, by a number that means something to the runtime that returned it. A
    /// script passes only null.
    FuncRef(Option<u32>),
    /// Null, or the host's thing of this number.
    ExternRef(Option<u32>),
}

/// The value of an argument.
pub(super) fn argument(arg: &WastArg<'_>) -> Result<Value, String> {
    let WastArg::Core(arg) = arg else {
        return Err(format!("the argument {arg:?} is not one of a module"));
    };
    Ok(match arg {
        WastArgCore::I32(value) => Value::I32(*value),
        WastArgCore::I64(value) => Value::I64(*value),
        WastArgCore::F32(value) => Value::F32(value.bits),
        WastArgCore::F64(value) => Value::F64(value.bits),
        WastArgCore::V128(value) => Value::V128(u128::from_le_bytes(value.to_le_bytes())),
        WastArgCore::RefNull(ty) => null(ty)?,
        WastArgCore::RefExtern(value) => Value::ExternRef(Some(*value)),
        WastArgCore::RefHost(_) => return Err("host references other than extern".to_string()),
    })
}

fn null(ty: &HeapType<'_>) -> Result<Value, String> {
    match ty {
        HeapType::Abstract {
            ty: AbstractHeapType::Func | AbstractHeapType::NoFunc,
            ..
        } => Ok(Value::FuncRef(None)),
        HeapType::Abstract {
            ty: AbstractHeapType::Extern | AbstractHeapType::NoExtern,
            ..
        } => Ok(Value::ExternRef(None)),
        other => Err(format!("null references of the type {other:?}")),
    }
}

/// Says whether a function, by its number, is the one of an index.
type IsFunc<'a> = &'a mut dyn FnMut(u32, u32) -> Result<bool, String>;

/// Whether `value` is what `expected` describes.
pub(super) fn matches(
    value: &Value,
    expected: &WastRet<'_>,
    is_func: IsFunc<'_>,
) -> Result<bool, String> {
    match expected {
        WastRet::Core(expected) => core_matches(value, expected, is_func),
        other => Err(format!("the result {other:?} is not one of a module")),
    }
}

fn core_matches(
    value: &Value,
    expected: &WastRetCore<'_>,
    is_func: IsFunc<'_>,
) -> Result<bool, String> {
    Ok(match (value, expected) {
        (value, WastRetCore::Either(cases)) => {
            for case in cases {
                if core_matches(value, case, is_func)? {
                    return Ok(true);
                }
            }
            false
        }
        (Value::I32(value), WastRetCore::I32(expected)) => value == expected,
        (Value::I64(value), WastRetCore::I64(expected)) => value == expected,
        (Value::F32(value), WastRetCore::F32(expected)) => f32_matches(*value, expected),
        (Value::F64(value), WastRetCore::F64(expected)) => f64_matches(*value, expected),
        (Value::V128(value), WastRetCore::V128(expected)) => v128_matches(*value, expected),
        (Value::FuncRef(None) | Value::ExternRef(None), WastRetCore::RefNull(None)) => true,
        (value, WastRetCore::RefNull(Some(ty))) => *value == null(ty)?,
        (Value::FuncRef(value), WastRetCore::RefFunc(None)) => value.is_some(),
        (Value::FuncRef(Some(func)), WastRetCore::RefFunc(Some(Index::Num(index, _)))) => {
            is_func(*func, *index)?
        }
        (_, WastRetCore::RefFunc(Some(Index::Id(id)))) => {
            return Err(format!(
                "a result names the function ${}: give its index",
                id.name()
            ));
        }
        (Value::ExternRef(Some(_)), WastRetCore::RefExtern(None)) => true,
        (Value::ExternRef(Some(value)), WastRetCore::RefExtern(Some(expected))) => {
            value == expected
        }
        _ => false,
    })
}

const F32_CANONICAL_NAN: u32 = 0x7fc0_0000;
const F64_CANONICAL_NAN: u64 = 0x7ff8_0000_0000_0000;

fn f32_matches(bits: u32, expected: &NanPattern<F32>) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == F32_CANONICAL_NAN,
        NanPattern::ArithmeticNan => bits & F32_CANONICAL_NAN == F32_CANONICAL_NAN,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn f64_matches(bits: u64, expected: &NanPattern<F64>) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == F64_CANONICAL_NAN,
        NanPattern::ArithmeticNan => bits & F64_CANONICAL_NAN == F64_CANONICAL_NAN,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn v128_matches(value: u128, expected: &V128Pattern) -> bool {
    let lane = |index: usize, bits: usize| (value >> (index * bits)) as u64;
    match expected {
        V128Pattern::I8x16(lanes) => lanes
            .iter()
            .enumerate()
            .all(|(index, expected)| lane(index, 8) as i8 == *expected),
        V128Pattern::I16x8(lanes) => lanes
            .iter()
            .enumerate()
            .all(|(index, expected)| lane(index, 16) as i16 == *expected),
        V128Pattern::I32x4(lanes) => lanes
            .iter()
            .enumerate()
            .all(|(index, expected)| lane(index, 32) as i32 == *expected),
        V128Pattern::I64x2(lanes) => lanes
            .iter()
            .enumerate()
            .all(|(index, expected)| lane(index, 64) as i64 == *expected),
        V128Pattern::F32x4(lanes) => lanes
            .iter()
            .enumerate()
            .all(|(index, expected)| f32_matches(lane(index, 32) as u32, expected)),
        V128Pattern::F64x2(lanes) => lanes
            .iter()
            .enumerate()
            .all(|(index, expected)| f64_matches(lane(index, 64), expected)),
    }
}

impl std::fmt::Display for Value {
    /// As the text format has it, with the bits of floats behind.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::I32(value) => write!(f, "{value} : i32"),
            Self::I64(value) => write!(f, "{value} : i64"),
            Self::F32(bits) => write!(f, "{} ({bits:#010x}) : f32", f32::from_bits(*bits)),
            Self::F64(bits) => write!(f, "{} ({bits:#018x}) : f64", f64::from_bits(*bits)),
            Self::V128(value) => write!(f, "{value:#034x} : v128"),
            Self::FuncRef(None) => f.write_str("null : funcref"),
            Self::FuncRef(Some(_)) => f.write_str("func : funcref"),
            Self::ExternRef(None) => f.write_str("null : externref"),
            Self::ExternRef(Some(value)) => write!(f, "extern {value} : externref"),
        }
    }
}
