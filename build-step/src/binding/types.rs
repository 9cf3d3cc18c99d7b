//! WebAssembly's types in Rust.

use prefab_abi::types::{FuncType, ValType};

/// The greatest number of parameters, and of results, that the runtime's typed functions have.
pub const MAX_TYPED: usize = 16;

/// The Rust type of values of a type.
pub fn rust(ty: ValType, runtime: &str) -> String {
    match ty {
        ValType::I32 => "i32".to_owned(),
        ValType::I64 => "i64".to_owned(),
        ValType::F32 => "f32".to_owned(),
        ValType::F64 => "f64".to_owned(),
        ValType::V128 => format!("{runtime}::V128"),
        ValType::FuncRef => format!("Option<{runtime}::Func>"),
        ValType::ExternRef => format!("Option<{runtime}::ExternRef>"),
    }
}

/// The type of parameters: always a tuple.
pub fn params(types: &[ValType], runtime: &str) -> String {
    let types: Vec<_> = types.iter().map(|ty| rust(*ty, runtime)).collect();
    tuple(&types)
}

/// The type of results: nothing, a type, or a tuple.
pub fn results(types: &[ValType], runtime: &str) -> String {
    match types {
        [one] => rust(*one, runtime),
        _ => params(types, runtime),
    }
}

/// Things as a tuple, of types, values or patterns.
pub fn tuple(items: &[String]) -> String {
    match items {
        [one] => format!("({one},)"),
        _ => format!("({})", items.join(", ")),
    }
}

/// The value `value`, of a Rust type, as the runtime's `Val`.
pub fn to_val(ty: ValType, value: &str, runtime: &str) -> String {
    let variant = variant(ty, runtime);
    match ty {
        ValType::F32 | ValType::F64 => format!("{variant}({value}.to_bits())"),
        ValType::V128 => format!("{variant}({value}.0)"),
        _ => format!("{variant}({value})"),
    }
}

/// What `name`, which the pattern of [`variant`] has bound, is as a Rust value.
pub fn from_val(ty: ValType, name: &str, runtime: &str) -> String {
    match ty {
        ValType::F32 => format!("f32::from_bits({name})"),
        ValType::F64 => format!("f64::from_bits({name})"),
        ValType::V128 => format!("{runtime}::V128({name})"),
        _ => name.to_owned(),
    }
}

/// The variant of the runtime's `Val` that values of a type are.
pub fn variant(ty: ValType, runtime: &str) -> String {
    let variant = match ty {
        ValType::I32 => "I32",
        ValType::I64 => "I64",
        ValType::F32 => "F32",
        ValType::F64 => "F64",
        ValType::V128 => "V128",
        ValType::FuncRef => "FuncRef",
        ValType::ExternRef => "ExternRef",
    };
    format!("{runtime}::Val::{variant}")
}

/// The expression that makes a function's type at run time.
pub fn func_type(ty: &FuncType, runtime: &str) -> String {
    let list = |types: &[ValType]| {
        let types = types.iter().map(|ty| format!("{runtime}::ValType::{ty:?}"));
        types.collect::<Vec<_>>().join(", ")
    };
    let (params, results) = (list(ty.params()), list(ty.results()));
    format!("{runtime}::FuncType::new([{params}], [{results}])")
}

/// Whether the runtime's typed functions are too small for it.
pub fn is_large(ty: &FuncType) -> bool {
    ty.params().len() > MAX_TYPED || ty.results().len() > MAX_TYPED
}
