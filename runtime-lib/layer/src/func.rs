//! Functions.

use crate::error::{self, of_this_store};
use crate::{Data, Engine, StoreContextMut, types, value};
use anyhow::Result;
use prefab_runtime::{self as prefab, Caller};
use wasm_runtime_layer::FuncType;
use wasm_runtime_layer::backend::{AsContext, AsContextMut, Val, WasmFunc};

/// A function of a store: a guest's or the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Func(pub(crate) prefab::Func);

impl WasmFunc<Engine> for Func {
    fn new<T: 'static>(
        mut ctx: impl AsContextMut<Engine, UserState = T>,
        ty: FuncType,
        func: impl 'static
        + Send
        + Sync
        + Fn(StoreContextMut<'_, T>, &[Val<Engine>], &mut [Val<Engine>]) -> Result<()>,
    ) -> Self {
        let ty = types::to_func_type(&ty);
        let function = move |mut caller: Caller<'_, Data<T>>, args: &[_], results: &mut [_]| {
            let args: Vec<_> = args.iter().copied().map(value::to_layer).collect();
            let presets = results.iter().copied();
            let mut returned: Vec<_> = presets.map(value::to_layer).collect();
            let store = StoreContextMut(prefab::AsContextMut::as_context_mut(&mut caller));
            func(store, &args, &mut returned).map_err(error::from_layer)?;
            for (result, returned) in results.iter_mut().zip(&returned) {
                *result = value::from_layer(returned);
            }
            Ok(())
        };
        Self(prefab::Func::new(ctx.as_context_mut(), ty, function))
    }

    fn ty(&self, ctx: impl AsContext<Engine>) -> FuncType {
        types::func_type(&of_this_store(self.0.ty(ctx.as_context())))
    }

    fn call<T>(
        &self,
        mut ctx: impl AsContextMut<Engine>,
        args: &[Val<Engine>],
        results: &mut [Val<Engine>],
    ) -> Result<()> {
        let args: Vec<_> = args.iter().map(value::from_layer).collect();
        let mut returned = vec![prefab::Val::I32(0); results.len()];
        match self.0.call(ctx.as_context_mut(), &args, &mut returned) {
            // A reactor's `_initialize`, which with other backends is the host's to call.
            Err(prefab::Error::AlreadyInitialized { .. }) if returned.is_empty() => {}
            called => called.map_err(error::to_layer)?,
        }
        for (result, returned) in results.iter_mut().zip(returned) {
            *result = value::to_layer(returned);
        }
        Ok(())
    }
}
