//! Asynchronous closures as host functions.
//!
//! # Safety
//!
//! As for other [`HostFunc`]s: a shim is made for the type of its closure and for stores of one `T`
//! and `M`, and called by an adapter of the function's type.
#![allow(unsafe_code, reason = "called by compiled code")]

use super::fiber::Suspender;
use crate::caller::Caller;
use crate::error::Error;
use crate::func::{
    Binding, Func, HostFunc, WasmParams, WasmResults, WasmRet, call_host, with_vals,
};
use crate::linker::Linker;
use crate::store::{Allowed, AsContextMut, Mode};
use crate::value::Val;
use prefab_abi::types::FuncType;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

/// A closure that returns a future.
struct Async<F, P, R> {
    closure: F,
    /// What it was defined as, for the error if it cannot be waited for.
    name: Box<str>,
    marker: PhantomData<fn(P) -> R>,
}

const UNNAMED: &str = "an asynchronous function";

fn name_of(module: &str, name: &str) -> Box<str> {
    format!("{module:?} {name:?}, an asynchronous function,").into()
}

/// By what the guest that calls through `binding` can be suspended.
///
/// # Safety
/// The binding's store lives, and waits for the shim that asks.
unsafe fn fiber_of(binding: *const Binding) -> Option<NonNull<Suspender>> {
    // SAFETY: the caller says that the store lives, and nothing refers to its state.
    unsafe { (*(*binding).exec()).fiber }
}

/// Waits for what the closure of a function returns.
///
/// # Safety
/// As for [`Suspender::wait`]; `fiber` is what [`fiber_of`] said.
unsafe fn wait<F: Future + Unpin>(
    fiber: Option<NonNull<Suspender>>,
    name: &str,
    future: impl FnOnce() -> F,
) -> Result<F::Output, Error> {
    let Some(fiber) = fiber else {
        let what = name.to_owned();
        return Err(Error::AsyncNeeded { what });
    };
    let future = make(future);
    // SAFETY: it is set only while its fiber runs, which called the shim: the suspender lies below.
    unsafe { fiber.as_ref().wait(future) }
}

/// Calls a closure of the host's. Not inlined into the shim, which may go on on another thread: where
/// the closure has found thread-local variables, nobody else may look for them.
#[inline(never)]
fn make<F>(future: impl FnOnce() -> F) -> F {
    future()
}

impl HostFunc {
    fn wrap_async<T, M: Mode, P, R, F>(closure: F, name: Box<str>) -> Self
    where
        P: WasmParams + WasmResults,
        R: WasmRet + 'static,
        F: for<'a> Fn(Caller<'a, T, M>, P) -> M::Future<'a, R> + Allowed<M> + 'static,
    {
        let ty = FuncType::new(<P as WasmParams>::types(), R::Ok::types());
        let function = Async {
            closure,
            name,
            marker: PhantomData::<fn(P) -> R>,
        };
        // SAFETY: the shim is made for this closure and the types of `ty`, and there is no other.
        unsafe { Self::new(ty, function, None, call_typed::<T, M, P, R, F>) }
    }

    fn new_async<T, M: Mode, F>(ty: FuncType, closure: F, name: Box<str>) -> Self
    where
        F: for<'a> Fn(
                Caller<'a, T, M>,
                &'a [Val],
                &'a mut [Val],
            ) -> M::Future<'a, Result<(), Error>>
            + Allowed<M>
            + 'static,
    {
        let function = Async {
            closure,
            name,
            marker: PhantomData::<fn(())>,
        };
        // SAFETY: the shim is made for this closure, and there is no other.
        unsafe { Self::new(ty, function, None, call_dynamic::<T, M, F>) }
    }
}

unsafe extern "C" fn call_typed<T, M: Mode, P, R, F>(
    binding: *const Binding,
    values: *mut u64,
) -> u32
where
    P: WasmParams + WasmResults,
    R: WasmRet,
    F: for<'a> Fn(Caller<'a, T, M>, P) -> M::Future<'a, R>,
{
    // SAFETY: the function's store waits for this shim.
    let fiber = unsafe { fiber_of(binding) };
    let run = |function: &Async<F, P, R>, store: NonNull<_>, caller: Caller<'_, T, M>| {
        let mut room = P::Room::default();
        let args = room.as_mut();
        // SAFETY: `values` has 16 bytes for each argument.
        unsafe { std::ptr::copy_nonoverlapping(values.cast(), args.as_mut_ptr(), args.len()) };
        // SAFETY: the adapter has stored arguments of these types; the closure is not called yet.
        let params = unsafe { P::load(&mut room, store.as_ref()) };
        // SAFETY: `call_host` has cleared the state's fiber; between the guest that it says and this
        // there are the adapter and this crate's frames.
        let result = unsafe { wait(fiber, &function.name, || (function.closure)(caller, params)) };
        let result = result?.into_result()?;
        // SAFETY: the future is gone; `values` has room for the results.
        unsafe { result.store(values, store.as_ref()) }
    };
    // SAFETY: this shim is only ever part of a `HostFunc` made by `wrap_async` for this `F`.
    unsafe { call_host::<T, M, Async<F, P, R>>(binding, run) }
}

unsafe extern "C" fn call_dynamic<T, M: Mode, F>(binding: *const Binding, values: *mut u64) -> u32
where
    F: for<'a> Fn(Caller<'a, T, M>, &'a [Val], &'a mut [Val]) -> M::Future<'a, Result<(), Error>>,
{
    // SAFETY: as in `call_typed`.
    let fiber = unsafe { fiber_of(binding) };
    let run = |function: &Async<F, (), ()>, store: NonNull<_>, caller: Caller<'_, T, M>| {
        // SAFETY: the binding is this function's, and `values` what its adapter passes.
        let call = |args: &[Val], results: &mut [Val]| unsafe {
            // As in `call_typed`.
            wait(fiber, &function.name, || {
                (function.closure)(caller, args, results)
            })?
        };
        // SAFETY: as above.
        unsafe { with_vals(binding, values, store, call) }
    };
    // SAFETY: this shim is only ever part of a `HostFunc` made by `new_async` for this `F`.
    unsafe { call_host::<T, M, Async<F, (), ()>>(binding, run) }
}

impl Func {
    /// An asynchronous host function: a closure that returns a boxed future of its result. Its
    /// arguments are the caller, and one value or a tuple of up to 16.
    ///
    /// While the future is not ready, whoever awaits the guest's call waits. In the mode
    /// [`Shared`](crate::Shared) the future has to be `Send`, never `Sync`; in
    /// [`Local`](crate::Local) neither. It is polled on the stack of whoever awaits.
    pub fn wrap_async<C, P, R, F>(mut store: C, function: F) -> Self
    where
        C: AsContextMut,
        P: WasmParams + WasmResults,
        R: WasmRet + 'static,
        F: for<'a> Fn(Caller<'a, C::Data, C::Mode>, P) -> <C::Mode as Mode>::Future<'a, R>
            + Allowed<C::Mode>
            + 'static,
    {
        let host = HostFunc::wrap_async::<C::Data, C::Mode, P, R, F>(function, UNNAMED.into());
        Self::of_host(&mut store.as_context_mut(), Arc::new(host))
    }

    /// An asynchronous host function that takes and returns [`Val`]s. The results are preset to
    /// zeros and nulls.
    pub fn new_async<C, F>(mut store: C, ty: FuncType, function: F) -> Self
    where
        C: AsContextMut,
        F: for<'a> Fn(
                Caller<'a, C::Data, C::Mode>,
                &'a [Val],
                &'a mut [Val],
            ) -> <C::Mode as Mode>::Future<'a, Result<(), Error>>
            + Allowed<C::Mode>
            + 'static,
    {
        let host = HostFunc::new_async::<C::Data, C::Mode, F>(ty, function, UNNAMED.into());
        Self::of_host(&mut store.as_context_mut(), Arc::new(host))
    }
}

impl<T, M: Mode> Linker<T, M> {
    /// Defines an asynchronous host function: a closure that returns a boxed future of its result.
    /// Its arguments are the caller, and one value or a tuple of up to 16.
    ///
    /// While the future is not ready, whoever awaits the guest's call waits. In the mode
    /// [`Shared`](crate::Shared) the future has to be `Send`, never `Sync`; in
    /// [`Local`](crate::Local) neither. It is polled on the stack of whoever awaits.
    ///
    /// A guest that calls the function must itself have been called by
    /// [`call_async`](crate::TypedFunc::call_async) or the like, and not by a host function in
    /// between that does not await: else it is stopped with [`Error::AsyncNeeded`].
    ///
    /// # Errors
    /// If the name is taken.
    pub fn func_wrap_async<P, R, F>(
        &mut self,
        module: &str,
        name: &str,
        function: F,
    ) -> Result<&mut Self, Error>
    where
        P: WasmParams + WasmResults,
        R: WasmRet + 'static,
        F: for<'a> Fn(Caller<'a, T, M>, P) -> M::Future<'a, R> + Allowed<M> + 'static,
    {
        let host = HostFunc::wrap_async::<T, M, P, R, F>(function, name_of(module, name));
        self.define_host(module, name, host)
    }

    /// As [`func_wrap_async`](Self::func_wrap_async), for a closure that takes and returns
    /// [`Val`]s. The results are preset to zeros and nulls.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn func_new_async<F>(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        function: F,
    ) -> Result<&mut Self, Error>
    where
        F: for<'a> Fn(
                Caller<'a, T, M>,
                &'a [Val],
                &'a mut [Val],
            ) -> M::Future<'a, Result<(), Error>>
            + Allowed<M>
            + 'static,
    {
        let host = HostFunc::new_async::<T, M, F>(ty, function, name_of(module, name));
        self.define_host(module, name, host)
    }
}
