//! Functions whose types the host's compiler knows.
//!
//! # Safety
//!
//! A [`TypedFunc`] has the addresses of what it calls, found and checked when it was made: they
//! are valid as long as the store is, and it calls nothing without that very store.
#![allow(unsafe_code, reason = "calls compiled code")]

use super::tuples::{WasmParams, WasmResults};
use super::{Func, FuncKind};
use crate::error::Error;
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

/// How many parameters and how many results there are at most.
const MAX_VALUES: usize = 16;

#[derive(Clone, Copy)]
enum Target {
    /// A guest function, through its type's native entry trampoline.
    Native { entry: u64, context: u64, code: u64 },
    /// Any function of the store, through an array of values.
    Any,
}

impl Target {
    /// What calling a function of the store comes to.
    fn of(store: &StoreInner, func: u32) -> Result<Self, Error> {
        let record = store.func(func);
        let FuncKind::Guest { instance, func, .. } = record.kind else {
            return Ok(Self::Any);
        };
        Ok(match store.native_entry(instance, func)? {
            Some(entry) => Self::Native {
                entry,
                context: record.abi.context,
                code: record.abi.code,
            },
            None => Self::Any,
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
        let bits = self.bits(&store, params)?;
        if let Target::Native {
            entry,
            context,
            code,
        } = self.target
        {
            // SAFETY: `new` has found the entry for a function of these types of this store, which
            // no reference is held to.
            if let Some(activation) = unsafe { Outermost::begin(store.inner().exec()) } {
                // SAFETY: as above; there is nothing to drop when the guest is stopped.
                let returned = unsafe { P::call_entry(&bits, entry, context, code) };
                if activation.is_usual_end(returned.status) {
                    // SAFETY: asynchronous calls go by `call_suspendable`.
                    unsafe { activation.end_on_same_thread() };
                } else {
                    let status = returned.status;
                    apart(move || activation.end(status).map_err(StoreInner::stopped))?;
                }
                // SAFETY: the result is of this type; a reference is its store's.
                return Ok(unsafe { R::from_register(returned.bits, store.inner()) });
            }
        }
        let store = &mut store;
        apart(move || self.call_bits(store, bits))
    }

    /// As [`call`](Self::call), on a stack that can be suspended meanwhile.
    #[cfg(feature = "async")]
    pub(crate) fn call_suspendable<T, M: Mode>(
        &self,
        mut store: StoreContextMut<'_, T, M>,
        params: P,
    ) -> Result<R, Error> {
        let bits = self.bits(&store, params)?;
        self.call_bits(&mut store, bits)
    }

    /// The arguments as compiled code has them.
    #[inline(always)]
    fn bits<T, M: Mode>(
        &self,
        store: &StoreContextMut<'_, T, M>,
        params: P,
    ) -> Result<P::Bits, Error> {
        store.inner().check(self.func.store, "function")?;
        params.into_bits(store.inner())
    }

    /// Calls the function, whatever it is and whether another guest waits or not.
    fn call_bits<T, M: Mode>(
        &self,
        store: &mut StoreContextMut<'_, T, M>,
        bits: P::Bits,
    ) -> Result<R, Error> {
        if let Target::Native {
            entry,
            context,
            code,
        } = self.target
        {
            let exec = store.inner().exec();
            let mut result = 0;
            // SAFETY: `new` has found the entry for a function of these types of this store, which
            // no reference is held to; the closure has nothing to drop.
            let outcome = unsafe {
                Exec::enter(exec, || {
                    let returned = P::call_entry(&bits, entry, context, code);
                    result = returned.bits;
                    returned.status
                })
            };
            outcome.map_err(StoreInner::stopped)?;
            // SAFETY: the result is of this type; a reference is its store's.
            return Ok(unsafe { R::from_register(result, store.inner()) });
        }
        let mut room = R::Room::default();
        let (args, len) = (bits.as_ref(), room.as_mut().len());
        let mut values = [[0; 2]; MAX_VALUES];
        for (value, bits) in values.iter_mut().zip(args) {
            *value = [*bits as u64, (*bits >> 64) as u64];
        }
        let used = &mut values[..args.len().max(len)];
        self.func.call_raw(store, used)?;
        room.as_mut().copy_from_slice(&used[..len]);
        // SAFETY: the callee has stored results of these types; references are its store's.
        Ok(unsafe { R::load(&mut room, store.inner()) })
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
