//! Parameters and results of host types, up to 16 of each.
//!
//! # Safety
//!
//! Signatures made here are those of [`prefab_abi::func`]: each argument is its type's
//! [`First`](WasmTy::First) and [`Second`](WasmTy::Second).
#![allow(
    unsafe_code,
    reason = "calls compiled code by signatures made from types"
)]

use super::host::{Binding, read_value, write_value};
use super::ty::WasmTy;
use crate::address;
use crate::error::Error;
use crate::store::StoreInner;
use prefab_abi::types::ValType;

/// What a [`TypedFunc`](super::TypedFunc) takes: a type, or a tuple of up to 16.
pub trait WasmParams: 'static {
    /// The arguments as compiled code has them. They lie on the stack of a call that may be suspended
    /// and go on on another thread.
    #[doc(hidden)]
    type Bits: AsRef<[u128]> + Copy + Send;

    /// The WebAssembly types.
    #[doc(hidden)]
    fn types() -> Vec<ValType>;

    /// The arguments as compiled code has them.
    #[doc(hidden)]
    fn into_bits(self, store: &StoreInner) -> Result<Self::Bits, Error>;

    /// Calls the function at `function` with `context`, `code`, `results` and the arguments.
    ///
    /// # Safety
    /// It is a native entry trampoline of these parameters, for a function with this context and
    /// code; `results` has room for what it returns.
    #[doc(hidden)]
    unsafe fn call_entry(
        bits: &Self::Bits,
        function: u64,
        context: u64,
        code: u64,
        results: *mut u64,
    ) -> u32;

    /// Calls the function at `function` with `binding`, `results` and the arguments.
    ///
    /// # Safety
    /// It is the native shim of a host function of these parameters, bound by `binding`;
    /// `results` has room for what it returns.
    #[doc(hidden)]
    unsafe fn call_host(bits: &Self::Bits, function: u64, binding: u64, results: *mut u64) -> u32;
}

/// What a host function or a [`TypedFunc`](super::TypedFunc) returns: nothing, a type, or a tuple
/// of up to 16.
pub trait WasmResults: Sized {
    /// Room for the results, likewise.
    #[doc(hidden)]
    type Room: Default + AsMut<[[u64; 2]]> + Send;

    /// The WebAssembly types.
    #[doc(hidden)]
    fn types() -> Vec<ValType>;

    /// The results that were stored.
    ///
    /// # Safety
    /// They are of these types, and references are `store`'s.
    #[doc(hidden)]
    unsafe fn load(room: &mut Self::Room, store: &StoreInner) -> Self;

    /// Stores the results.
    ///
    /// # Safety
    /// There is room for them at `at`.
    #[doc(hidden)]
    unsafe fn store(self, at: *mut u64, store: &StoreInner) -> Result<(), Error>;
}

/// What a host function may return: results, or an error instead.
pub trait WasmRet {
    /// The results.
    #[doc(hidden)]
    type Ok: WasmResults;

    /// The results or the error.
    #[doc(hidden)]
    fn into_result(self) -> Result<Self::Ok, Error>;
}

impl<R: WasmResults> WasmRet for R {
    type Ok = R;

    #[inline]
    fn into_result(self) -> Result<R, Error> {
        Ok(self)
    }
}

impl<R: WasmResults> WasmRet for Result<R, Error> {
    type Ok = R;

    #[inline]
    fn into_result(self) -> Self {
        self
    }
}

macro_rules! count {
    ($($ty:ident)*) => { 0 $(+ { let _ = stringify!($ty); 1 })* };
}

macro_rules! tuple {
    ([$self:ty] $($ty:ident $first:ident $second:ident $index:tt $access:tt)*) => {
        impl<$($ty: WasmTy),*> WasmParams for $self {
            type Bits = [u128; count!($($ty)*)];

            fn types() -> Vec<ValType> {
                vec![$($ty::TYPE),*]
            }

            #[inline]
            fn into_bits(self, _store: &StoreInner) -> Result<Self::Bits, Error> {
                Ok([$(tuple!(@get self $access).into_bits(_store)?),*])
            }

            #[inline]
            unsafe fn call_entry(
                _bits: &Self::Bits,
                function: u64,
                context: u64,
                code: u64,
                results: *mut u64,
            ) -> u32 {
                type Entry<$($ty),*> = unsafe extern "C" fn(
                    u64,
                    u64,
                    *mut u64
                    $(, <$ty as WasmTy>::First, <$ty as WasmTy>::Second)*
                ) -> u32;
                let function = address::pointer::<()>(function);
                $(let ($first, $second) = $ty::split(_bits[$index]);)*
                // SAFETY: the caller says that it is a function of this signature.
                let entry: Entry<$($ty),*> = unsafe { std::mem::transmute(function) };
                // SAFETY: the caller says what the arguments are.
                unsafe { entry(context, code, results $(, $first, $second)*) }
            }

            #[inline]
            unsafe fn call_host(
                _bits: &Self::Bits,
                function: u64,
                binding: u64,
                results: *mut u64,
            ) -> u32 {
                type Shim<$($ty),*> = unsafe extern "C" fn(
                    *const Binding,
                    *mut u64
                    $(, <$ty as WasmTy>::First, <$ty as WasmTy>::Second)*
                ) -> u32;
                let function = address::pointer::<()>(function);
                $(let ($first, $second) = $ty::split(_bits[$index]);)*
                // SAFETY: the caller says that it is a function of this signature.
                let shim: Shim<$($ty),*> = unsafe { std::mem::transmute(function) };
                let binding = address::pointer::<Binding>(binding);
                // SAFETY: the caller says what the arguments are.
                unsafe { shim(binding, results $(, $first, $second)*) }
            }
        }

        impl<$($ty: WasmTy),*> WasmResults for $self {
            type Room = [[u64; 2]; count!($($ty)*)];

            fn types() -> Vec<ValType> {
                vec![$($ty::TYPE),*]
            }

            #[inline]
            unsafe fn load(_room: &mut Self::Room, _store: &StoreInner) -> Self {
                $(
                    // SAFETY: the room has 16 bytes for each result.
                    let $first = unsafe { read_value(_room[$index].as_ptr(), $ty::TYPE) };
                )*
                tuple!(@make [$($access)*] $($ty::from_bits($first.bits, _store),)*)
            }

            #[inline]
            unsafe fn store(self, _at: *mut u64, _store: &StoreInner) -> Result<(), Error> {
                $(
                    let bits = tuple!(@get self $access).into_bits(_store)?;
                    // SAFETY: the caller says that there is room for each result.
                    unsafe { write_value(_at.add(2 * $index), bits) };
                )*
                Ok(())
            }
        }
    };
    (@get $self:ident (whole)) => { $self };
    (@get $self:ident $index:tt) => { $self.$index };
    (@make [(whole)] $value:expr,) => { $value };
    (@make [$($index:tt)*] $($value:expr,)*) => { ($($value,)*) };
}

tuple!([A0] A0 a0 b0 0 (whole));

/// Calls `$macro` with the type names, variables and indices of 0 to 16 parameters.
macro_rules! for_each_arity {
    ($macro:ident) => { for_each_arity!(@step $macro []
        A0 a0 b0 0; A1 a1 b1 1; A2 a2 b2 2; A3 a3 b3 3; A4 a4 b4 4; A5 a5 b5 5; A6 a6 b6 6;
        A7 a7 b7 7; A8 a8 b8 8; A9 a9 b9 9; A10 a10 b10 10; A11 a11 b11 11; A12 a12 b12 12;
        A13 a13 b13 13; A14 a14 b14 14; A15 a15 b15 15;); };
    (@step $macro:ident [$($done:tt)*]) => { $macro!($($done)*); };
    (@step $macro:ident [$($done:tt)*] $ty:ident $first:ident $second:ident $index:tt; $($rest:tt)*) => {
        $macro!($($done)*);
        for_each_arity!(@step $macro [$($done)* $ty $first $second $index] $($rest)*);
    };
}
pub(super) use for_each_arity;

macro_rules! plain_tuple {
    ($($ty:ident $first:ident $second:ident $index:tt)*) => {
        tuple!([($($ty,)*)] $($ty $first $second $index $index)*);
    };
}

for_each_arity!(plain_tuple);
