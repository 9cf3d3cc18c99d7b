//! Functions whose types the host's compiler knows.
//!
//! # Safety
//!
//! A [`TypedFunc`] has the addresses of what it calls, found and checked when it was made: they
//! are valid as long as the store is, and it calls nothing without that very store.
#![allow(unsafe_code, reason = "calls compiled code")]

use super::host::{ArrayShim, Binding};
use super::tuples::{WasmParams, WasmResults};
use super::{Func, FuncKind};
use crate::address;
use crate::error::Error;
use crate::instance::once;
use crate::store::{AsContextMut, Mode, StoreContextMut, StoreInner};
use crate::trap::{Exec, Outermost};
use prefab_abi::types::FuncType;
use std::fmt;
use std::marker::PhantomData;

/// A function that takes `P` and returns `R`. Calling it takes no allocation and no look-up.
///
/// It is made by [`Instance::get_typed_func`](crate::Instance::get_typed_func) or
/// [`Func::typed`](crate::Func::typed), which check the types once.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Func, Store, TypedFunc};
///
/// let mut store = Store::new(());
/// let swap = Func::wrap(&mut store, |a: i32, b: f64| (b, a));
/// let typed: TypedFunc<(i32, f64), (f64, i32)> = swap.typed(&store)?;
/// assert_eq!(typed.call(&mut store, (1, 0.5))?, (0.5, 1));
///
/// let error = swap.typed::<i32, i32>(&store).unwrap_err();
/// assert!(error.to_string().contains("(i32, f64) -> (f64, i32)"));
/// # Ok::<(), prefab::Error>(())
/// ```
pub struct TypedFunc<P, R> {
    func: Func,
    target: Target,
    marker: PhantomData<fn(P) -> R>,
}

#[derive(Clone, Copy)]
enum Target {
    /// A guest function, through its type's native entry trampoline.
    Guest { entry: u64, context: u64, code: u64 },
    /// A host function, through its native shim.
    Native { shim: u64, binding: u64 },
    /// A host function, through its array shim.
    Array { shim: u64, binding: u64 },
    /// A function that the host may call once: `func` of the store, if `instance` may run it.
    Once { instance: u32, func: u32 },
}

impl Target {
    /// What calling a function of the store comes to.
    fn of(store: &StoreInner, func: u32) -> Result<Self, Error> {
        let record = store.func(func);
        let binding = record.abi.context;
        Ok(match &record.kind {
            FuncKind::Guest { instance, func, .. } => Self::Guest {
                entry: store.native_entry(*instance, *func)?,
                context: record.abi.context,
                code: record.abi.code,
            },
            FuncKind::Host { host, .. } => match host.native() {
                Some(shim) => Self::Native { shim, binding },
                None => Self::Array {
                    shim: host.array(),
                    binding,
                },
            },
            FuncKind::Once { instance, func } => Self::Once {
                instance: *instance,
                func: *func,
            },
        })
    }
}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for TypedFunc<P, R> {}

impl<P, R> fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.func).finish()
    }
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    pub(super) fn new(store: &StoreInner, func: Func) -> Result<Self, Error> {
        let found = store.func_type(func)?;
        let expected = FuncType::new(P::types(), R::types());
        if **found != expected {
            return Err(Error::Type(format!(
                "the function's type is {found}, not {expected}"
            )));
        }
        let target = Target::of(store, func.index)?;
        Ok(Self {
            func,
            target,
            marker: PhantomData,
        })
    }

    /// The function, of whatever type.
    #[must_use]
    pub const fn func(&self) -> Func {
        self.func
    }

    /// Calls the function.
    ///
    /// # Errors
    /// If it is another store's, or an argument is; or what stopped the guest.
    ///
    /// # Panics
    /// If a host function that the guest calls panics.
    #[inline(always)]
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<R, Error> {
        let mut store = store.as_context_mut();
        store.inner().check(self.func.store, "function")?;
        let bits = params.into_bits(store.inner())?;
        if let Target::Guest {
            entry,
            context,
            code,
        } = self.target
        {
            // SAFETY: `new` has found the entry for a function of these types of this store, which
            // no reference is held to.
            if let Some(activation) = unsafe { Outermost::begin(store.inner().exec()) } {
                let mut room = R::Room::default();
                let results = room.as_mut().as_mut_ptr().cast::<u64>();
                // SAFETY: as above; there is nothing to drop when the guest is stopped.
                let status = unsafe { P::call_entry(&bits, entry, context, code, results) };
                if !activation.is_usual_end(status) {
                    apart(move || activation.end(status).map_err(StoreInner::stopped))?;
                }
                // SAFETY: the callee has stored results of these types; references are its store's.
                return Ok(unsafe { R::load(&mut room, store.inner()) });
            }
        }
        let store = &mut store;
        apart(move || self.call_other(self.target, store, bits))
    }

    /// Calls what is no guest function, or one while another guest waits.
    fn call_other<T, M: Mode>(
        &self,
        target: Target,
        store: &mut StoreContextMut<'_, T, M>,
        bits: P::Bits,
    ) -> Result<R, Error> {
        let mut room = R::Room::default();
        let results = room.as_mut().as_mut_ptr().cast::<u64>();
        match target {
            Target::Guest {
                entry,
                context,
                code,
            } => {
                let exec = store.inner().exec();
                // SAFETY: `new` has found the entry for a function of these types of this store,
                // which no reference is held to; the closure has nothing to drop.
                let outcome = unsafe {
                    Exec::enter(exec, || P::call_entry(&bits, entry, context, code, results))
                };
                outcome.map_err(StoreInner::stopped)?;
            }
            Target::Native { shim, binding } => {
                // SAFETY: `new` has found the shim for a function of these types of this store,
                // which no reference is held to.
                if unsafe { P::call_host(&bits, shim, binding, results) } != 0 {
                    return Err(store.inner_mut().host_stopped());
                }
            }
            Target::Array { shim, binding } => {
                let len = room.as_mut().len();
                let mut values = vec![[0; 2]; bits.as_ref().len().max(len)];
                for (value, bits) in values.iter_mut().zip(bits.as_ref()) {
                    *value = [*bits as u64, (*bits >> 64) as u64];
                }
                // SAFETY: as above; `values` has the arguments and room for the results.
                if unsafe { call_array(shim, binding, values.as_mut_ptr().cast()) } != 0 {
                    return Err(store.inner_mut().host_stopped());
                }
                room.as_mut().copy_from_slice(&values[..len]);
            }
            Target::Once { instance, func } => {
                return self.call_once(instance, func, store, bits);
            }
        }
        // SAFETY: the callee has stored results of these types; references are its store's.
        Ok(unsafe { R::load(&mut room, store.inner()) })
    }

    #[cold]
    fn call_once<T, M: Mode>(
        &self,
        instance: u32,
        func: u32,
        store: &mut StoreContextMut<'_, T, M>,
        bits: P::Bits,
    ) -> Result<R, Error> {
        let inner = store.inner_ptr();
        let target = Target::of(store.inner(), func)?;
        let call = || self.call_other(target, store, bits);
        // SAFETY: the store is borrowed for everything; `func` is the instance's function.
        unsafe { once(inner, instance, call) }
    }
}

/// Runs `f`, which is seldom run, out of line. What it returns passes through a place of its own, so
/// that what is usually returned instead stays in registers.
#[inline(always)]
fn apart<R>(f: impl FnOnce() -> R) -> R {
    #[cold]
    #[inline(never)]
    fn run<R>(f: impl FnOnce() -> R, place: &mut Option<R>) {
        *place = Some(f());
    }
    let mut place = None;
    run(f, &mut place);
    place.expect("`run` has filled it")
}

/// Calls the array shim of a host function.
///
/// # Safety
/// The shim is that of a host function bound by `binding`, and `values` has its arguments and
/// room for its results.
pub(crate) unsafe fn call_array(shim: u64, binding: u64, values: *mut u64) -> u32 {
    let shim = address::pointer::<()>(shim);
    // SAFETY: the caller says that it is an array shim.
    let shim: ArrayShim = unsafe { std::mem::transmute(shim) };
    let binding = address::pointer::<Binding>(binding);
    // SAFETY: the caller says what the arguments are.
    unsafe { shim(binding, values) }
}
