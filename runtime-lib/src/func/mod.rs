//! Functions.
//!
//! # Safety
//!
//! Unsafe for calling compiled code: through the entry trampoline that the function's own module
//! has for its type, with as many values as the type says.
#![allow(unsafe_code, reason = "calls compiled code")]

mod host;
mod record;
mod tuples;
mod ty;
mod typed;
mod unchecked;
mod wrap;

pub(crate) use host::{Adapted, Binding, HostFunc, call_array};
#[cfg(feature = "async")]
pub(crate) use host::{call_host, with_vals};
pub(crate) use record::{Adapters, FuncKind, FuncRecord};
#[cfg(test)]
pub(crate) use tuples::Returned;
pub use tuples::{WasmParams, WasmResults, WasmRet};
pub use ty::WasmTy;
pub use typed::TypedFunc;
pub use unchecked::RawValue;
pub use wrap::{IntoFunc, WithCaller};

use crate::address;
use crate::caller::Caller;
use crate::error::Error;
use crate::instance::once;
use crate::store::{Allowed, AsContext, AsContextMut, StoreContextMut, StoreId, StoreInner};
use crate::trap::Exec;
use crate::value::Val;
use host::{read_value, write_value};
use prefab_abi::types::FuncType;
use std::ptr::NonNull;
use std::sync::Arc;

/// A function of a store: a guest's or the host's. Either is called by either in the same way.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Func, FuncType, Store, Val, ValType};
///
/// let mut store = Store::new(());
/// // Its type is the closure's, and its arguments pass in registers:
/// let add = Func::wrap(&mut store, |a: i32, b: i32| a.wrapping_add(b));
/// // Its type is only known when the program runs:
/// let ty = FuncType::new([ValType::I32, ValType::I32], [ValType::I32]);
/// assert_eq!(add.ty(&store)?, ty);
/// let multiply = Func::new(&mut store, ty, |_, args, results| {
///     let [Val::I32(a), Val::I32(b)] = args else { unreachable!("the type says so") };
///     results[0] = Val::I32(a.wrapping_mul(*b));
///     Ok(())
/// });
///
/// let mut results = [Val::I32(0)];
/// multiply.call(&mut store, &[Val::I32(6), Val::I32(7)], &mut results)?;
/// assert_eq!(results[0].i32(), Some(42));
/// assert_eq!(add.typed::<(i32, i32), i32>(&store)?.call(&mut store, (2, 3))?, 5);
/// # Ok::<(), prefab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Func {
    pub(crate) store: StoreId,
    pub(crate) index: u32,
}

impl Func {
    /// A host function that takes and returns [`Val`]s. The results are preset to zeros and nulls.
    pub fn new<C, F>(mut store: C, ty: FuncType, function: F) -> Self
    where
        C: AsContextMut,
        F: Fn(Caller<'_, C::Data, C::Mode>, &[Val], &mut [Val]) -> Result<(), Error>
            + Allowed<C::Mode>
            + 'static,
    {
        let host = HostFunc::dynamic::<C::Data, C::Mode, F>(ty, function);
        Self::of_host(&mut store.as_context_mut(), Arc::new(host))
    }

    /// A host function whose type is that of a closure.
    pub fn wrap<C, Params, R>(
        mut store: C,
        function: impl IntoFunc<C::Data, C::Mode, Params, R> + Allowed<C::Mode>,
    ) -> Self
    where
        C: AsContextMut,
    {
        Self::of_host(&mut store.as_context_mut(), Arc::new(function.into_host()))
    }

    /// A function of the store's that calls `host`, which was made for stores of this type.
    pub(crate) fn of_host<T, M: crate::store::Mode>(
        store: &mut StoreContextMut<'_, T, M>,
        host: Arc<HostFunc>,
    ) -> Self {
        let address = store.inner_ptr();
        let inner = store.inner_mut();
        Self {
            index: inner.add_host_func(address, host),
            store: inner.id(),
        }
    }

    /// The function's type.
    ///
    /// # Errors
    /// If the function is another store's, or its module's metadata is malformed.
    pub fn ty(&self, store: impl AsContext) -> Result<FuncType, Error> {
        Ok((**store.as_context().inner().func_type(*self)?).clone())
    }

    /// The function, to be called with host types.
    ///
    /// # Errors
    /// If the function is another store's, or of another type.
    pub fn typed<P: WasmParams, R: WasmResults>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<P, R>, Error> {
        TypedFunc::new(store.as_context().inner(), *self)
    }

    /// Calls the function with `params`, and puts what it returns into `results`.
    ///
    /// # Errors
    /// If the function or an argument is another store's, or there are more, fewer or other values
    /// than the function takes and returns; or what stopped the guest.
    ///
    /// # Panics
    /// If a host function that the guest calls panics.
    pub fn call(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let ty = store.inner().func_type(*self)?;
        let expected = ty.params().iter().copied();
        let fits = params.iter().map(Val::ty).eq(expected) && results.len() == ty.results().len();
        if !fits {
            return Err(Error::Type(format!(
                "the function's type is {ty}, but it was called with {} arguments for {} results",
                params.len(),
                results.len()
            )));
        }
        let len = params.len().max(results.len());
        let (mut few, mut many) = ([[0_u64; 2]; 16], Vec::new());
        let values = few.get_mut(..len).unwrap_or_else(|| {
            many.resize(len, [0_u64; 2]);
            &mut many
        });
        for (value, param) in values.iter_mut().zip(params) {
            let bits = param.to_raw(store.inner())?.bits;
            // SAFETY: a value has 16 bytes.
            unsafe { write_value(value.as_mut_ptr(), bits) };
        }
        self.call_raw(&mut store, values)?;
        let ty = store.inner().func_type(*self)?;
        for ((result, ty), value) in results.iter_mut().zip(ty.results()).zip(values) {
            // SAFETY: a value has 16 bytes, and the callee has stored one of this type.
            let raw = unsafe { read_value(value.as_ptr(), *ty) };
            *result = raw.to_val(store.inner());
        }
        Ok(())
    }

    /// Calls the function, with as many values as the longer of its parameters and results.
    fn call_raw<T, M: crate::store::Mode>(
        &self,
        store: &mut StoreContextMut<'_, T, M>,
        values: &mut [[u64; 2]],
    ) -> Result<(), Error> {
        store.inner().check(self.store, "function")?;
        let values = values.as_mut_ptr().cast::<u64>();
        // SAFETY: the context borrows the store for everything; whoever calls this has looked at
        // the function's type.
        unsafe { call_record(store.inner_ptr(), self.index, values) }
    }
}

/// Calls a function of the store, whatever it is.
///
/// # Safety
/// Nothing holds a reference to the store; `values` has the arguments, of the function's types, and
/// room for the results.
pub(crate) unsafe fn call_record(
    store: NonNull<StoreInner>,
    func: u32,
    values: *mut u64,
) -> Result<(), Error> {
    // SAFETY: the caller says that there is no other reference; this one ends before each call.
    let inner = unsafe { store.as_ref() };
    let record = inner.func(func);
    let (context, code) = (record.abi.context, record.abi.code);
    match &record.kind {
        FuncKind::Guest {
            instance,
            func,
            array_entry,
            ..
        } => {
            let entry = match array_entry.get() {
                Some(entry) => *entry,
                None => *array_entry.get_or_init({
                    let found = inner.array_entry(*instance, *func)?;
                    move || found
                }),
            };
            let exec = inner.exec();
            // SAFETY: the entry is that of the function's type, in its own module.
            unsafe { call_guest(exec, entry, context, code, values) }
        }
        FuncKind::Host { host, .. } => {
            let shim = host.array();
            // SAFETY: the shim is the function's, bound by its record's context.
            if unsafe { call_array(shim, context, values) } != 0 {
                // SAFETY: as above; the function has returned.
                return Err(unsafe { &mut *store.as_ptr() }.host_stopped());
            }
            Ok(())
        }
        FuncKind::Once { instance, func } => {
            let (instance, func) = (*instance, *func);
            // SAFETY: as the caller says, also of this record's function, which is the same.
            unsafe { once(store, instance, || call_record(store, func, values)) }
        }
    }
}

/// Calls a guest function through an array entry trampoline.
///
/// # Safety
/// `entry` is that of the function's type; `values` has the arguments and room for the results;
/// nothing holds a reference to the store that `exec` belongs to.
#[inline(never)]
pub(crate) unsafe fn call_guest(
    exec: *mut Exec,
    entry: u64,
    context: u64,
    code: u64,
    values: *mut u64,
) -> Result<(), Error> {
    type Entry = unsafe extern "C" fn(u64, u64, *mut u64) -> u32;
    let entry = address::pointer::<()>(entry);
    // SAFETY: the caller says that it is such a trampoline.
    let entry: Entry = unsafe { std::mem::transmute(entry) };
    // SAFETY: the caller says what the arguments are, and that the store is not referred to.
    match unsafe { Exec::enter(exec, || u64::from(entry(context, code, values))) } {
        Ok(()) => Ok(()),
        Err(stopped) => Err(StoreInner::stopped(stopped)),
    }
}

impl StoreInner {
    /// The type of `func`.
    pub(crate) fn func_type(&self, func: Func) -> Result<&Arc<FuncType>, Error> {
        match &self.func_of(func)?.kind {
            FuncKind::Host { host, .. } => Ok(host.ty()),
            FuncKind::Once { func: index, .. } => self.func_type(Func {
                index: *index,
                ..func
            }),
            FuncKind::Guest {
                instance, func, ty, ..
            } => {
                if let Some(ty) = ty.get() {
                    return Ok(ty);
                }
                let module = self.instances[*instance as usize].module();
                let found = Arc::new(module.func_type(*func)?);
                Ok(ty.get_or_init(|| found))
            }
        }
    }

    /// The array entry trampoline of the type of a function that an instance's module defines.
    pub(crate) fn array_entry(&self, instance: u32, func: u32) -> Result<u64, Error> {
        let module = self.instances[instance as usize].module();
        module.code_address(module.type_of(func)?.array_entry)
    }

    /// The native one, if there is one.
    fn native_entry(&self, instance: u32, func: u32) -> Result<Option<u64>, Error> {
        let module = self.instances[instance as usize].module();
        module.native_address(module.type_of(func)?.native_entry)
    }
}
