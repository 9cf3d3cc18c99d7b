//! Calls, instantiation and growth that wait.

use super::future::OnFiber;
use crate::error::Error;
use crate::func::{Func, TypedFunc, WasmParams, WasmResults};
use crate::instance::{Extern, Instance};
use crate::linker::Linker;
use crate::memory::Memory;
use crate::module::Module;
use crate::store::{AsContextMut, Mode, Store};
use crate::table::Table;
use crate::types::{MemoryType, TableType};
use crate::value::Val;

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    /// Calls the function on a stack of its own: asynchronous functions that it calls suspend it.
    ///
    /// The future is `Send` if the store is. If it is dropped before it is ready, what is waited
    /// for is dropped, the guest is stopped as by a trap, and the store can be used again.
    ///
    /// # Errors
    /// As [`call`](Self::call); or if there is no memory for a stack.
    ///
    /// # Panics
    /// If a host function that the guest calls panics, or what it waits for does.
    pub async fn call_async(self, mut store: impl AsContextMut, params: P) -> Result<R, Error> {
        OnFiber::new(store.as_context_mut(), move |store| {
            self.call_suspendable(store, params)
        })
        .await
    }
}

impl Func {
    /// Calls the function with `params`, and puts what it returns into `results`, on a stack of its
    /// own: asynchronous functions that it calls suspend it.
    ///
    /// The future is `Send` if the store is. If it is dropped before it is ready, what is waited
    /// for is dropped, the guest is stopped as by a trap, and the store can be used again.
    ///
    /// # Errors
    /// As [`call`](Self::call); or if there is no memory for a stack.
    ///
    /// # Panics
    /// If a host function that the guest calls panics, or what it waits for does.
    pub async fn call_async(
        self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        OnFiber::new(store.as_context_mut(), move |store| {
            self.call(store, params, results)
        })
        .await
    }
}

impl<T, M: Mode> Linker<T, M> {
    /// As [`instantiate`](Self::instantiate), on a stack of its own: asynchronous functions that
    /// are called meanwhile suspend it.
    ///
    /// # Errors
    /// As [`instantiate`](Self::instantiate); or if there is no memory for a stack.
    ///
    /// # Panics
    /// If a host function that the guest calls panics, or what it waits for does.
    pub async fn instantiate_async(
        &self,
        mut store: impl AsContextMut<Data = T, Mode = M>,
        module: &Module,
    ) -> Result<Instance, Error> {
        OnFiber::new(store.as_context_mut(), |store| {
            self.instantiate(store, module)
        })
        .await
    }
}

impl Instance {
    /// As [`new`](Self::new), on a stack of its own: asynchronous functions that are called
    /// meanwhile suspend it.
    ///
    /// # Errors
    /// As [`new`](Self::new); or if there is no memory for a stack.
    ///
    /// # Panics
    /// If a host function that the guest calls panics, or what it waits for does.
    pub async fn new_async(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Self, Error> {
        OnFiber::new(store.as_context_mut(), |store| {
            Self::new(store, module, imports)
        })
        .await
    }

    /// As [`initialize`](Self::initialize), on a stack of its own: asynchronous functions that are
    /// called meanwhile suspend it.
    ///
    /// # Errors
    /// As [`initialize`](Self::initialize); or if there is no memory for a stack.
    ///
    /// # Panics
    /// If a host function that the guest calls panics, or what it waits for does.
    pub async fn initialize_async(self, mut store: impl AsContextMut) -> Result<(), Error> {
        OnFiber::new(store.as_context_mut(), move |store| self.initialize(store)).await
    }

    /// As [`run_command`](Self::run_command), on a stack of its own: asynchronous functions that
    /// are called meanwhile suspend it. If the future is dropped midway, the command has run.
    ///
    /// # Errors
    /// As [`run_command`](Self::run_command); or if there is no memory for a stack.
    ///
    /// # Panics
    /// If a host function that the guest calls panics, or what it waits for does.
    pub async fn run_command_async(self, mut store: impl AsContextMut) -> Result<(), Error> {
        OnFiber::new(store.as_context_mut(), move |store| self.run_command(store)).await
    }

    /// As [`reset`](Self::reset), on a stack of its own: asynchronous functions that are called
    /// meanwhile suspend it.
    ///
    /// # Errors
    /// As [`reset`](Self::reset); or if there is no memory for a stack.
    ///
    /// # Panics
    /// If a host function that the guest calls panics, or what it waits for does.
    pub async fn reset_async(self, mut store: impl AsContextMut) -> Result<(), Error> {
        OnFiber::new(store.as_context_mut(), move |store| self.reset(store)).await
    }
}

impl Memory {
    /// As [`new`](Self::new); the store's limiter may [wait](crate::AsyncResourceLimiter).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub async fn new_async(mut store: impl AsContextMut, ty: MemoryType) -> Result<Self, Error> {
        OnFiber::new(store.as_context_mut(), move |store| Self::new(store, ty)).await
    }

    /// As [`grow`](Self::grow); the store's limiter may [wait](crate::AsyncResourceLimiter).
    ///
    /// # Errors
    /// As [`grow`](Self::grow).
    pub async fn grow_async(self, mut store: impl AsContextMut, delta: u64) -> Result<u64, Error> {
        OnFiber::new(store.as_context_mut(), move |store| self.grow(store, delta)).await
    }
}

impl Table {
    /// As [`new`](Self::new); the store's limiter may [wait](crate::AsyncResourceLimiter).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub async fn new_async(
        mut store: impl AsContextMut,
        ty: TableType,
        init: Val,
    ) -> Result<Self, Error> {
        OnFiber::new(store.as_context_mut(), move |store| {
            Self::new(store, ty, init)
        })
        .await
    }

    /// As [`grow`](Self::grow); the store's limiter may [wait](crate::AsyncResourceLimiter).
    ///
    /// # Errors
    /// As [`grow`](Self::grow).
    pub async fn grow_async(
        self,
        mut store: impl AsContextMut,
        delta: u64,
        init: Val,
    ) -> Result<u64, Error> {
        OnFiber::new(store.as_context_mut(), move |store| {
            self.grow(store, delta, init)
        })
        .await
    }
}

impl<T, M: Mode> Store<T, M> {
    /// How large the stacks of asynchronous calls are, in bytes; at first 1 MiB. Less than 128 KiB
    /// is taken for as much.
    ///
    /// A part of it is left to the host's functions, as
    /// [`set_host_stack_reserve`](Self::set_host_stack_reserve) says; the rest is the guest's, which
    /// traps when it needs more. Stacks are taken from the system page by page, as
    /// they are used, but their addresses at once.
    pub fn set_async_stack_size(&mut self, size_bytes: usize) {
        self.as_context_mut().inner_mut().async_stack_size_bytes = size_bytes;
    }
}
