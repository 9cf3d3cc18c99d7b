//! Tables.

use crate::error::{self, of_this_store};
use crate::{Engine, types, value};
use anyhow::Result;
use prefab_runtime as prefab;
use wasm_runtime_layer::TableType;
use wasm_runtime_layer::backend::{AsContext, AsContextMut, Ref, WasmTable};

/// A table of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table(pub(crate) prefab::Table);

impl WasmTable<Engine> for Table {
    fn new(mut ctx: impl AsContextMut<Engine>, ty: TableType, init: Ref<Engine>) -> Result<Self> {
        let (ty, init) = (types::to_table_type(ty), value::from_layer(&init.into()));
        let table = prefab::Table::new(ctx.as_context_mut(), ty, init);
        table.map(Self).map_err(error::to_layer)
    }

    fn ty(&self, ctx: impl AsContext<Engine>) -> TableType {
        types::table_type(of_this_store(self.0.ty(ctx.as_context())))
    }

    fn size(&self, ctx: impl AsContext<Engine>) -> u32 {
        types::size(of_this_store(self.0.size(ctx.as_context())))
    }

    fn grow(
        &self,
        mut ctx: impl AsContextMut<Engine>,
        delta: u32,
        init: Ref<Engine>,
    ) -> Result<u32> {
        let init = value::from_layer(&init.into());
        let before = self.0.grow(ctx.as_context_mut(), delta.into(), init);
        before.map(types::size).map_err(error::to_layer)
    }

    fn get(&self, ctx: impl AsContextMut<Engine>, index: u32) -> Option<Ref<Engine>> {
        match self.0.get(ctx.as_context(), index.into()) {
            Err(prefab::Error::OutOfBounds(_)) => None,
            found => value::reference(of_this_store(found)),
        }
    }

    fn set(&self, mut ctx: impl AsContextMut<Engine>, index: u32, elem: Ref<Engine>) -> Result<()> {
        let value = value::from_layer(&elem.into());
        let set = self.0.set(ctx.as_context_mut(), index.into(), value);
        set.map_err(error::to_layer)
    }
}
