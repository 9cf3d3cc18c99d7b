//! Types of functions as text.

use crate::error::{Error, Kind};
use crate::ffi::Failure;
use prefab_runtime::{FuncType, ValType};

/// The type that a signature such as `i32 i64 -> f64` says. Commas and brackets are as good as
/// blanks, so that what the runtime prints, `(i32, i64) -> (f64)`, is one too.
pub(crate) fn parse(text: &str) -> Result<FuncType, Failure> {
    let (params, results) = text.split_once("->").unwrap_or((text, ""));
    Ok(FuncType::new(types(text, params)?, types(text, results)?))
}

fn types(signature: &str, list: &str) -> Result<Vec<ValType>, Failure> {
    let words = list.split(|c: char| c.is_whitespace() || "(),".contains(c));
    let words = words.filter(|word| !word.is_empty());
    words
        .map(|word| {
            val_type(word).ok_or_else(|| {
                let text = format!(
                    "the signature {signature:?}: {word:?} is none of i32, i64, f32, f64, v128, \
                     funcref, externref"
                );
                Error::new(Kind::Type, text)
            })
        })
        .collect()
}

fn val_type(word: &str) -> Option<ValType> {
    Some(match word {
        "i32" => ValType::I32,
        "i64" => ValType::I64,
        "f32" => ValType::F32,
        "f64" => ValType::F64,
        "v128" => ValType::V128,
        "funcref" => ValType::FuncRef,
        "externref" => ValType::ExternRef,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use prefab_runtime::{FuncType, ValType};

    #[test]
    fn what_is_printed_can_be_read() {
        let all = [
            ValType::I32,
            ValType::I64,
            ValType::F32,
            ValType::F64,
            ValType::V128,
            ValType::FuncRef,
            ValType::ExternRef,
        ];
        for ty in [
            FuncType::new(all, all),
            FuncType::new([], []),
            FuncType::new([], [ValType::I32]),
            FuncType::new([ValType::F32], []),
        ] {
            assert_eq!(parse(&ty.to_string()).unwrap(), ty);
        }
        assert_eq!(parse("").unwrap(), FuncType::new([], []));
        assert_eq!(parse("i32").unwrap(), FuncType::new([ValType::I32], []));
        assert!(
            parse("int -> i32")
                .unwrap_err()
                .message()
                .contains("\"int\"")
        );
        assert!(parse("i32 -> i32 -> i32").is_err());
    }
}
