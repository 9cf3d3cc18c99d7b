//! Globals.

use crate::error::{self, of_this_store};
use crate::{Engine, types, value};
use anyhow::Result;
use prefab_runtime as prefab;
use wasm_runtime_layer::GlobalType;
use wasm_runtime_layer::backend::{AsContext, AsContextMut, Val, WasmGlobal};

/// A global of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global(pub(crate) prefab::Global);

impl WasmGlobal<Engine> for Global {
    fn new(mut ctx: impl AsContextMut<Engine>, value: Val<Engine>, mutable: bool) -> Self {
        let value = value::from_layer(&value);
        let ty = prefab::GlobalType::new(value.ty(), mutable);
        let global = prefab::Global::new(ctx.as_context_mut(), ty, value);
        Self(of_this_store(global))
    }

    fn ty(&self, ctx: impl AsContext<Engine>) -> GlobalType {
        types::global_type(of_this_store(self.0.ty(ctx.as_context())))
    }

    fn set(&self, mut ctx: impl AsContextMut<Engine>, new_value: Val<Engine>) -> Result<()> {
        let value = value::from_layer(&new_value);
        let set = self.0.set(ctx.as_context_mut(), value);
        set.map_err(error::to_layer)
    }

    fn get(&self, ctx: impl AsContextMut<Engine>) -> Val<Engine> {
        value::to_layer(of_this_store(self.0.get(ctx.as_context())))
    }
}
