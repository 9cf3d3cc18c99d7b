//! Stores, and the two ways to borrow one.

use crate::Engine;
use prefab_runtime as prefab;
use std::ops::{Deref, DerefMut};
use wasm_runtime_layer::backend::{
    AsContext, AsContextMut, WasmStore, WasmStoreContext, WasmStoreContextMut,
};

/// What a store of Prefab's holds for the layer: the host's data, and the engine.
#[derive(Debug)]
pub struct Data<T> {
    engine: Engine,
    data: T,
}

impl<T> Data<T> {
    /// The host's data.
    pub const fn get(&self) -> &T {
        &self.data
    }

    /// The host's data.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

/// A store and the host's data in it.
#[derive(Debug)]
pub struct Store<T>(prefab::Store<Data<T>>);

/// A store, borrowed for reading.
pub struct StoreContext<'a, T>(pub(crate) prefab::StoreContext<'a, Data<T>>);

/// A store, borrowed for everything: the field `inner` of the layer's context.
///
/// What Prefab can do with a store and the layer has no words for is done with this. It is a context
/// of Prefab's, too, and has that one's methods.
///
/// ```
/// use prefab_runtime_layer::{Engine, Options, targets::host};
/// use wasm_runtime_layer::{AsContextMut, Extern, Imports, Instance, Module, Store, Val};
///
/// let mut options = Options::new(host::target());
/// options.uses_fuel = true;
/// let engine = wasm_runtime_layer::Engine::new(Engine::new(options));
/// let wasm = wat::parse_str(r#"(module (func (export "endless") (loop (br 0))))"#)?;
/// let mut store = Store::new(&engine, ());
/// store.as_context_mut().inner.set_fuel(10_000)?;
///
/// let instance = Instance::new(&mut store, &Module::new(&engine, &wasm)?, &Imports::new())?;
/// let endless = instance.get_export(&store, "endless").and_then(Extern::into_func).unwrap();
/// assert!(endless.call(&mut store, &[], &mut []).is_err());
/// assert_eq!(store.as_context_mut().inner.get_fuel()?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StoreContextMut<'a, T>(pub(crate) prefab::StoreContextMut<'a, Data<T>>);

impl<'a, T> Deref for StoreContextMut<'a, T> {
    type Target = prefab::StoreContextMut<'a, Data<T>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> DerefMut for StoreContextMut<'_, T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<T: 'static> WasmStore<T, Engine> for Store<T> {
    fn new(engine: &Engine, data: T) -> Self {
        let mut store = prefab::Store::new(Data {
            engine: engine.clone(),
            data,
        });
        store.set_limits(engine.limits());
        Self(store)
    }

    fn engine(&self) -> &Engine {
        &self.0.data().engine
    }

    fn data(&self) -> &T {
        &self.0.data().data
    }

    fn data_mut(&mut self) -> &mut T {
        &mut self.0.data_mut().data
    }

    fn into_data(self) -> T {
        self.0.into_data().data
    }
}

impl<'a, T: 'static> WasmStoreContext<'a, T, Engine> for StoreContext<'a, T> {
    fn engine(&self) -> &Engine {
        &self.0.data().engine
    }

    fn data(&self) -> &T {
        &self.0.data().data
    }
}

impl<'a, T: 'static> WasmStoreContext<'a, T, Engine> for StoreContextMut<'a, T> {
    fn engine(&self) -> &Engine {
        &self.0.data().engine
    }

    fn data(&self) -> &T {
        &self.0.data().data
    }
}

impl<'a, T: 'static> WasmStoreContextMut<'a, T, Engine> for StoreContextMut<'a, T> {
    fn data_mut(&mut self) -> &mut T {
        &mut self.0.data_mut().data
    }
}

/// Both the layer's contexts and Prefab's, of something that has a context of Prefab's in it.
macro_rules! contexts {
    ($($ty:ty),*) => {
        $(impl<T: 'static> AsContext<Engine> for $ty {
            type UserState = T;

            fn as_context(&self) -> StoreContext<'_, T> {
                StoreContext(prefab::AsContext::as_context(&self.0))
            }
        }

        impl<T: 'static> prefab::AsContext for $ty {
            type Data = Data<T>;
            type Mode = prefab::Shared;

            fn as_context(&self) -> prefab::StoreContext<'_, Data<T>> {
                prefab::AsContext::as_context(&self.0)
            }
        })*
    };
}

macro_rules! contexts_mut {
    ($($ty:ty),*) => {
        $(impl<T: 'static> AsContextMut<Engine> for $ty {
            fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
                StoreContextMut(prefab::AsContextMut::as_context_mut(&mut self.0))
            }
        }

        impl<T: 'static> prefab::AsContextMut for $ty {
            fn as_context_mut(&mut self) -> prefab::StoreContextMut<'_, Data<T>> {
                prefab::AsContextMut::as_context_mut(&mut self.0)
            }
        })*
    };
}

contexts!(Store<T>, StoreContext<'_, T>, StoreContextMut<'_, T>);
contexts_mut!(Store<T>, StoreContextMut<'_, T>);
