//! Closures of host types as host functions.
//!
//! # Safety
//!
//! The shims made here have the signatures of [`prefab_abi::func`]: each argument is its type's
//! [`First`](WasmTy::First) and [`Second`](WasmTy::Second).
#![allow(unsafe_code, reason = "called by compiled code")]

use super::host::{Binding, HostFunc, call_host, call_host_or_raise, read_value};
use super::tuples::{WasmResults, WasmRet, for_each_arity};
use super::ty::WasmTy;
use crate::caller::Caller;
use crate::store::Mode;
use prefab_abi::types::FuncType;

/// A closure that can be a host function: `Fn(A, …) -> R` or `Fn(Caller<'_, T>, A, …) -> R` with
/// up to 16 arguments that are [`WasmTy`] and an `R` that is [`WasmRet`].
///
/// `Params` and `R` are found by the compiler.
pub trait IntoFunc<T, M: Mode, Params, R>: 'static {
    /// The host function.
    #[doc(hidden)]
    fn into_host(self) -> HostFunc;
}

/// Marks, in [`IntoFunc`]'s `Params`, closures that take the caller.
#[derive(Debug)]
pub struct WithCaller<Params>(Params);

macro_rules! into_func {
    ($($ty:ident $first:ident $second:ident $index:tt)*) => {
        into_func!(@impl [] [($($ty,)*)] $($ty $first $second $index)*);
        into_func!(@impl [Caller<'_, T, M>] [WithCaller<($($ty,)*)>] $($ty $first $second $index)*);
    };
    (@impl [$($caller:ty)?] [$params:ty] $($ty:ident $first:ident $second:ident $index:tt)*) => {
        impl<T, M, F, R, $($ty),*> IntoFunc<T, M, $params, R> for F
        where
            M: Mode,
            F: Fn($($caller,)? $($ty),*) -> R + 'static,
            $($ty: WasmTy,)*
            R: WasmRet,
        {
            fn into_host(self) -> HostFunc {
                unsafe extern "C" fn native<T, M, F, R, $($ty),*>(
                    binding: *const Binding
                    $(, $first: <$ty as WasmTy>::First, $second: <$ty as WasmTy>::Second)*
                ) -> <R::Ok as WasmResults>::Register
                where
                    M: Mode,
                    F: Fn($($caller,)? $($ty),*) -> R,
                    $($ty: WasmTy,)*
                    R: WasmRet,
                {
                    // SAFETY: this shim is only ever part of the `HostFunc` made below for `F`, and
                    // called by adapters; the store is referred to before the closure is called and
                    // after it has returned, not meanwhile. All there is are numbers.
                    unsafe {
                        call_host_or_raise::<T, M, F, _>(binding, |closure, _store, _caller| {
                            $(let $first = $ty::from_bits($ty::join($first, $second), _store.as_ref());)*
                            let result = into_func!(@call closure _caller [$($caller)?] $($first)*);
                            result.into_result()?.into_register(_store.as_ref())
                        })
                    }
                }

                unsafe extern "C" fn array<T, M, F, R, $($ty),*>(
                    binding: *const Binding,
                    values: *mut u64,
                ) -> u32
                where
                    M: Mode,
                    F: Fn($($caller,)? $($ty),*) -> R,
                    $($ty: WasmTy,)*
                    R: WasmRet,
                {
                    // SAFETY: this shim, too, is only part of that `HostFunc`, and the store is referred
                    // to likewise; `values` has the arguments and room for the results.
                    unsafe {
                        call_host::<T, M, F>(binding, |closure, _store, _caller| {
                            $(
                                let $first = read_value(values.add(2 * $index), $ty::TYPE);
                                let $first = $ty::from_bits($first.bits, _store.as_ref());
                            )*
                            let result = into_func!(@call closure _caller [$($caller)?] $($first)*);
                            result.into_result()?.store(values, _store.as_ref())
                        })
                    }
                }

                let ty = FuncType::new([$($ty::TYPE),*], R::Ok::types());
                let native = R::Ok::IS_NATIVE.then_some(native::<T, M, F, R, $($ty),*> as *const ());
                // SAFETY: both shims are made for this `F`, and for the types of `ty`.
                unsafe { HostFunc::new(ty, self, native, array::<T, M, F, R, $($ty),*>) }
            }
        }
    };
    (@call $closure:ident $caller:ident [] $($arg:ident)*) => { $closure($($arg),*) };
    (@call $closure:ident $caller:ident [$ty:ty] $($arg:ident)*) => { $closure($caller, $($arg),*) };
}

for_each_arity!(into_func);
