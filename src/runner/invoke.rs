//! Calling an exported function with arguments from the command line.

use super::error::Failure;
use super::output;
use super::{Host, Stop};
use crate::{Func, Store, Val, ValType};
use std::ffi::OsString;

/// Calls `func` and prints its results, one on each line.
pub(super) fn invoke(
    store: &mut Store<Host>,
    func: Func,
    args: &[OsString],
    failure: impl Fn(String) -> Failure,
) -> Result<(), Stop> {
    let ty = func.ty(&*store)?;
    let wanted = ty.params().len();
    if args.len() != wanted {
        let message = format!("the function takes {wanted} arguments, not {}", args.len());
        return Err(failure(message).into());
    }
    let mut values = Vec::new();
    for (arg, ty) in args.iter().zip(ty.params()) {
        let text = arg.to_string_lossy();
        let value = parse(&text, *ty).ok_or_else(|| {
            let message = format!("the argument {text:?} is no {ty}");
            failure(message)
        })?;
        values.push(value);
    }
    let mut results: Vec<Val> = ty
        .results()
        .iter()
        .map(|ty| Val::default_for(*ty))
        .collect();
    func.call(store, &values, &mut results)?;
    let text: String = results.iter().map(|value| show(value) + "\n").collect();
    Ok(output::print(&text)?)
}

/// A value of this type: integers signed or unsigned, in decimal or after `0x` in hexadecimal.
fn parse(text: &str, ty: ValType) -> Option<Val> {
    let integer = || -> Option<i128> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let value = match digits.strip_prefix("0x") {
            Some(digits) => i128::from_str_radix(digits, 16).ok()?,
            None => digits.parse().ok()?,
        };
        Some(if negative { -value } else { value })
    };
    Some(match ty {
        ValType::I32 => {
            let value = integer()?;
            Val::I32(
                i32::try_from(value)
                    .ok()
                    .or_else(|| u32::try_from(value).ok().map(u32::cast_signed))?,
            )
        }
        ValType::I64 => {
            let value = integer()?;
            Val::I64(
                i64::try_from(value)
                    .ok()
                    .or_else(|| u64::try_from(value).ok().map(u64::cast_signed))?,
            )
        }
        ValType::F32 => Val::F32(text.parse::<f32>().ok()?.to_bits()),
        ValType::F64 => Val::F64(text.parse::<f64>().ok()?.to_bits()),
        ValType::V128 => Val::V128(match text.strip_prefix("0x") {
            Some(digits) => u128::from_str_radix(digits, 16).ok()?,
            None => text.parse().ok()?,
        }),
        ValType::FuncRef => (text == "null").then_some(Val::FuncRef(None))?,
        ValType::ExternRef => (text == "null").then_some(Val::ExternRef(None))?,
    })
}

fn show(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => f32::from_bits(*bits).to_string(),
        Val::F64(bits) => f64::from_bits(*bits).to_string(),
        Val::V128(value) => format!("{value:#034x}"),
        Val::FuncRef(None) | Val::ExternRef(None) => "null".to_string(),
        Val::FuncRef(Some(_)) => "funcref".to_string(),
        Val::ExternRef(Some(_)) => "externref".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, show};
    use crate::ValType;

    #[test]
    fn values_round_trip() {
        for (text, ty, shown) in [
            ("-1", ValType::I32, "-1"),
            ("4294967295", ValType::I32, "-1"),
            ("0xff", ValType::I64, "255"),
            ("1.5", ValType::F32, "1.5"),
            ("-inf", ValType::F64, "-inf"),
            ("null", ValType::FuncRef, "null"),
        ] {
            let value = parse(text, ty).map(|value| show(&value));
            assert_eq!(value.as_deref(), Some(shown), "{text}");
        }
        for (text, ty) in [
            ("4294967296", ValType::I32),
            ("-2147483649", ValType::I32),
            ("", ValType::I32),
            ("x", ValType::F32),
            ("0", ValType::ExternRef),
        ] {
            assert!(parse(text, ty).is_none(), "{text}");
        }
    }
}
