//! Types of imports and exports, here and there.

use prefab_runtime as prefab;
use wasm_runtime_layer::{
    ExternType, FuncType, GlobalType, MemoryType, RefType, TableType, ValType,
};

pub(crate) fn val_type(ty: prefab::ValType) -> ValType {
    match ty {
        prefab::ValType::I32 => ValType::I32,
        prefab::ValType::I64 => ValType::I64,
        prefab::ValType::F32 => ValType::F32,
        prefab::ValType::F64 => ValType::F64,
        prefab::ValType::V128 => ValType::V128,
        prefab::ValType::FuncRef => ValType::FuncRef,
        prefab::ValType::ExternRef => ValType::ExternRef,
    }
}

pub(crate) fn to_val_type(ty: ValType) -> prefab::ValType {
    match ty {
        ValType::I32 => prefab::ValType::I32,
        ValType::I64 => prefab::ValType::I64,
        ValType::F32 => prefab::ValType::F32,
        ValType::F64 => prefab::ValType::F64,
        ValType::V128 => prefab::ValType::V128,
        ValType::FuncRef => prefab::ValType::FuncRef,
        ValType::ExternRef => prefab::ValType::ExternRef,
    }
}

/// A size. Memories and tables with 32-bit indices, which are all there are, have no greater ones.
pub(crate) fn size(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

pub(crate) fn func_type(ty: &prefab::FuncType) -> FuncType {
    let types =
        |types: &[prefab::ValType]| -> Vec<_> { types.iter().map(|ty| val_type(*ty)).collect() };
    FuncType::new(types(ty.params()), types(ty.results()))
}

pub(crate) fn to_func_type(ty: &FuncType) -> prefab::FuncType {
    let types = |types: &[ValType]| -> Vec<_> { types.iter().map(|ty| to_val_type(*ty)).collect() };
    prefab::FuncType::new(types(ty.params()), types(ty.results()))
}

pub(crate) fn global_type(ty: prefab::GlobalType) -> GlobalType {
    GlobalType::new(val_type(ty.content), ty.mutable)
}

pub(crate) fn memory_type(ty: prefab::MemoryType) -> MemoryType {
    MemoryType::new(size(ty.min), ty.max.map(size))
}

pub(crate) fn to_memory_type(ty: MemoryType) -> prefab::MemoryType {
    let max = ty.maximum_pages().map(u64::from);
    prefab::MemoryType::new(ty.initial_pages().into(), max)
}

pub(crate) fn table_type(ty: prefab::TableType) -> TableType {
    let element = match ty.element {
        prefab::ValType::ExternRef => RefType::ExternRef,
        _ => RefType::FuncRef,
    };
    TableType::new(element, size(ty.min), ty.max.map(size))
}

pub(crate) fn to_table_type(ty: TableType) -> prefab::TableType {
    let element = to_val_type(ty.element().into());
    let max = ty.maximum().map(u64::from);
    prefab::TableType::new(element, ty.minimum().into(), max)
}

pub(crate) fn extern_type(ty: &prefab::ExternType) -> ExternType {
    match ty {
        prefab::ExternType::Func(ty) => func_type(ty).into(),
        prefab::ExternType::Table(ty) => table_type(*ty).into(),
        prefab::ExternType::Memory(ty) => memory_type(*ty).into(),
        prefab::ExternType::Global(ty) => global_type(*ty).into(),
    }
}
