//! Calls without a look at types, for bindings of other languages.
//!
//! # Safety
//!
//! Who calls has looked at the function's type once and passes as many values as it says.
#![allow(unsafe_code, reason = "calls compiled code")]

use super::Func;
use super::host::{Binding, HostFunc, call_host};
use crate::caller::Caller;
use crate::error::Error;
use crate::externref::ExternRef;
use crate::linker::Linker;
use crate::store::{Allowed, AsContext, AsContextMut, Mode};
use prefab_abi::types::FuncType;
use std::slice;

/// A value as compiled code passes it: a number in the low bits, the others anything; a vector's
/// low half first; a reference as [`Func::to_bits`] and [`ExternRef::to_bits`] say.
pub type RawValue = [u64; 2];

impl Func {
    /// Calls the function with its arguments in `values`, where its results then are.
    ///
    /// # Errors
    /// If the function is another store's; or what stopped the guest.
    ///
    /// # Panics
    /// If a host function that the guest calls panics.
    ///
    /// # Safety
    /// There are as many values as the function has parameters, or results if it has more of
    /// those. Arguments are of the parameters' types; references are of this store.
    pub unsafe fn call_unchecked(
        &self,
        mut store: impl AsContextMut,
        values: &mut [RawValue],
    ) -> Result<(), Error> {
        self.call_raw(&mut store.as_context_mut(), values)
    }

    /// What compiled code has for this function in its own store; 0 stands for null.
    ///
    /// # Errors
    /// If the function is another store's.
    pub fn to_bits(self, store: impl AsContext) -> Result<u64, Error> {
        store.as_context().inner().func_ref_bits(Some(self))
    }

    /// The function that compiled code has these bits for; `None` for null.
    ///
    /// # Safety
    /// Code in this store, or [`to_bits`](Self::to_bits) for it, has made the bits.
    pub unsafe fn from_bits(store: impl AsContext, bits: u64) -> Option<Self> {
        store.as_context().inner().func_of_bits(bits)
    }
}

impl ExternRef {
    /// What compiled code has for this reference in its own store; 0 stands for null.
    ///
    /// # Errors
    /// If the reference is another store's.
    pub fn to_bits(self, store: impl AsContext) -> Result<u64, Error> {
        store.as_context().inner().extern_ref_bits(Some(self))
    }

    /// The reference that compiled code has these bits for; `None` for null.
    pub fn from_bits(store: impl AsContext, bits: u64) -> Option<Self> {
        store.as_context().inner().extern_ref_of_bits(bits)
    }
}

impl<T, M: Mode> Linker<T, M> {
    /// Defines a host function that takes its arguments from raw values and puts its results
    /// there. There are as many values as the type has parameters, or results if it has more.
    ///
    /// # Errors
    /// If the name is taken.
    ///
    /// # Safety
    /// The results that the function leaves are of the type's; references are of the caller's
    /// store.
    pub unsafe fn func_new_unchecked<F>(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        function: F,
    ) -> Result<&mut Self, Error>
    where
        F: Fn(Caller<'_, T, M>, &mut [RawValue]) -> Result<(), Error> + Allowed<M> + 'static,
    {
        self.define_host(module, name, HostFunc::unchecked::<T, M, F>(ty, function))
    }
}

impl HostFunc {
    /// A host function that takes its arguments from raw values, and puts its results there.
    pub(crate) fn unchecked<T, M: Mode, F>(ty: FuncType, closure: F) -> Self
    where
        F: Fn(Caller<'_, T, M>, &mut [RawValue]) -> Result<(), Error> + Allowed<M> + 'static,
    {
        // SAFETY: the shim is made for this `F`, and there is no other.
        unsafe { Self::new(ty, closure, None, call_unchecked::<T, M, F>) }
    }
}

unsafe extern "C" fn call_unchecked<T, M: Mode, F>(binding: *const Binding, values: *mut u64) -> u32
where
    F: Fn(Caller<'_, T, M>, &mut [RawValue]) -> Result<(), Error>,
{
    // SAFETY: the binding and the function it points at live as long as the store.
    let ty = unsafe { (*binding).ty() };
    let len = ty.params().len().max(ty.results().len());
    // SAFETY: `values` has 16 bytes for each parameter and for each result, and is the callee's.
    let values = unsafe { slice::from_raw_parts_mut(values.cast::<RawValue>(), len) };
    let run = |closure: &F, _, caller: Caller<'_, T, M>| closure(caller, values);
    // SAFETY: this shim is only ever part of a `HostFunc` made by `unchecked` for this `F`.
    unsafe { call_host::<T, M, F>(binding, run) }
}
