//! Values, here and there.

use crate::{Engine, ExternRef, Func};
use prefab_runtime as prefab;
use wasm_runtime_layer::backend::{Extern, Ref, Val};

pub(crate) fn to_layer(value: prefab::Val) -> Val<Engine> {
    match value {
        prefab::Val::I32(value) => Val::I32(value),
        prefab::Val::I64(value) => Val::I64(value),
        prefab::Val::F32(bits) => Val::F32(f32::from_bits(bits)),
        prefab::Val::F64(bits) => Val::F64(f64::from_bits(bits)),
        prefab::Val::V128(value) => Val::V128(value),
        prefab::Val::FuncRef(func) => Val::FuncRef(func.map(Func)),
        prefab::Val::ExternRef(reference) => Val::ExternRef(reference.map(ExternRef)),
    }
}

pub(crate) fn from_layer(value: &Val<Engine>) -> prefab::Val {
    match value {
        Val::I32(value) => prefab::Val::I32(*value),
        Val::I64(value) => prefab::Val::I64(*value),
        Val::F32(value) => prefab::Val::F32(value.to_bits()),
        Val::F64(value) => prefab::Val::F64(value.to_bits()),
        Val::V128(value) => prefab::Val::V128(*value),
        Val::FuncRef(func) => prefab::Val::FuncRef(func.map(|func| func.0)),
        Val::ExternRef(reference) => prefab::Val::ExternRef(reference.map(|it| it.0)),
    }
}

/// The reference that `value` is.
pub(crate) fn reference(value: prefab::Val) -> Option<Ref<Engine>> {
    match to_layer(value) {
        Val::FuncRef(func) => Some(Ref::FuncRef(func)),
        Val::ExternRef(reference) => Some(Ref::ExternRef(reference)),
        _ => None,
    }
}

pub(crate) fn extern_from_layer(item: &Extern<Engine>) -> prefab::Extern {
    match item {
        Extern::Global(global) => global.0.into(),
        Extern::Table(table) => table.0.into(),
        Extern::Memory(memory) => memory.0.into(),
        Extern::Func(func) => func.0.into(),
    }
}

pub(crate) fn extern_to_layer(item: prefab::Extern) -> Extern<Engine> {
    match item {
        prefab::Extern::Func(func) => Extern::Func(Func(func)),
        prefab::Extern::Table(table) => Extern::Table(crate::Table(table)),
        prefab::Extern::Memory(memory) => Extern::Memory(crate::Memory(memory)),
        prefab::Extern::Global(global) => Extern::Global(crate::Global(global)),
    }
}
