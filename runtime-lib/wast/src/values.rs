//! Arguments of scripts, and what scripts expect of results.

use crate::script::Host;
use prefab_runtime::{ExternRef, Store, Val};
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// The value of an argument.
pub(super) fn argument(store: &mut Store<Host>, arg: &WastArg<'_>) -> Result<Val, String> {
    let WastArg::Core(arg) = arg else {
        return Err(format!("the argument {arg:?} is not one of a module"));
    };
    Ok(match arg {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => Val::V128(u128::from_le_bytes(value.to_le_bytes())),
        WastArgCore::RefNull(ty) => null(ty)?,
        WastArgCore::RefExtern(value) => {
            let reference = ExternRef::new(store, *value).map_err(|error| error.to_string())?;
            Val::ExternRef(Some(reference))
        }
        WastArgCore::RefHost(_) => return Err("host references other than extern".to_string()),
    })
}

fn null(ty: &HeapType<'_>) -> Result<Val, String> {
    match ty {
        HeapType::Abstract {
            ty: AbstractHeapType::Func,
            ..
        } => Ok(Val::FuncRef(None)),
        HeapType::Abstract {
            ty: AbstractHeapType::Extern,
            ..
        } => Ok(Val::ExternRef(None)),
        other => Err(format!("null references of the type {other:?}")),
    }
}

/// Whether `value` is what `expected` describes.
pub(super) fn matches(
    store: &Store<Host>,
    value: &Val,
    expected: &WastRet<'_>,
) -> Result<bool, String> {
    match expected {
        WastRet::Core(expected) => core_matches(store, value, expected),
        other => Err(format!("the result {other:?} is not one of a module")),
    }
}

fn core_matches(
    store: &Store<Host>,
    value: &Val,
    expected: &WastRetCore<'_>,
) -> Result<bool, String> {
    Ok(match (value, expected) {
        (value, WastRetCore::Either(cases)) => {
            for case in cases {
                if core_matches(store, value, case)? {
                    return Ok(true);
                }
            }
            false
        }
        (Val::I32(value), WastRetCore::I32(expected)) => value == expected,
        (Val::I64(value), WastRetCore::I64(expected)) => value == expected,
        (Val::F32(value), WastRetCore::F32(expected)) => f32_matches(*value, expected),
        (Val::F64(value), WastRetCore::F64(expected)) => f64_matches(*value, expected),
        (Val::V128(value), WastRetCore::V128(expected)) => v128_matches(*value, expected),
        (Val::FuncRef(None) | Val::ExternRef(None), WastRetCore::RefNull(None)) => true,
        (value, WastRetCore::RefNull(Some(ty))) => matches!(
            (value, null(ty)?),
            (Val::FuncRef(None), Val::FuncRef(None)) | (Val::ExternRef(None), Val::ExternRef(None))
        ),
        (Val::FuncRef(value), WastRetCore::RefFunc(None)) => value.is_some(),
        (Val::ExternRef(Some(_)), WastRetCore::RefExtern(None)) => true,
        (Val::ExternRef(Some(value)), WastRetCore::RefExtern(Some(expected))) => {
            let data = value.data(&store).map_err(|error| error.to_string())?;
            data.downcast_ref::<u32>() == Some(expected)
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

/// A value for people: as the text format has it, with the bits of floats behind.
#[must_use]
pub(super) fn show(value: &Val) -> String {
    match value {
        Val::I32(value) => format!("{value} : i32"),
        Val::I64(value) => format!("{value} : i64"),
        Val::F32(bits) => format!("{} ({bits:#010x}) : f32", f32::from_bits(*bits)),
        Val::F64(bits) => format!("{} ({bits:#018x}) : f64", f64::from_bits(*bits)),
        Val::V128(value) => format!("{value:#034x} : v128"),
        Val::FuncRef(None) => "null : funcref".to_string(),
        Val::FuncRef(Some(_)) => "func : funcref".to_string(),
        Val::ExternRef(None) => "null : externref".to_string(),
        Val::ExternRef(Some(_)) => "extern : externref".to_string(),
    }
}
