//! References to things of the host's.

use crate::error::{self, of_this_store};
use crate::{Engine, StoreContext};
use anyhow::{Result, anyhow};
use prefab_runtime as prefab;
use wasm_runtime_layer::backend::{AsContextMut, WasmExternRef};

/// A reference to something of the host's, which lives as long as the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternRef(pub(crate) prefab::ExternRef);

impl WasmExternRef<Engine> for ExternRef {
    fn new<T: 'static + Send + Sync>(mut ctx: impl AsContextMut<Engine>, object: T) -> Self {
        Self(of_this_store(prefab::ExternRef::new(
            ctx.as_context_mut(),
            object,
        )))
    }

    fn downcast<'a, 's: 'a, T: 'static, S: 'static>(
        &'a self,
        store: StoreContext<'s, S>,
    ) -> Result<&'a T> {
        let found = self.0.data_in(store.0).map_err(error::to_layer)?;
        found.downcast_ref().ok_or_else(|| {
            let name = std::any::type_name::<T>();
            anyhow!("the externref refers to no {name}")
        })
    }
}
