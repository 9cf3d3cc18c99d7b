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

use super::host::{read_value, write_value};
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

    /// Calls the function at `function` with `context`, `code` and the arguments.
    ///
    /// # Safety
    /// It is a native entry trampoline of these parameters, for a function with this context and
    /// code.
    #[doc(hidden)]
    unsafe fn call_entry(bits: &Self::Bits, function: u64, context: u64, code: u64) -> Returned;
}

/// What a native entry trampoline returns.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Returned {
    /// The bits of the result, if there is one.
    pub(crate) bits: u64,
    /// 0, or 1 if the guest was stopped.
    pub(crate) status: u64,
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

    /// What holds the result of a native function.
    #[doc(hidden)]
    type Register: Copy;

    /// Whether functions with these results are [native](prefab_abi::func::is_native).
    #[doc(hidden)]
    const IS_NATIVE: bool;

    /// The result, of which there is one at most, as a native function returns it.
    #[doc(hidden)]
    fn into_register(self, store: &StoreInner) -> Result<Self::Register, Error>;

    /// The result that has these bits.
    ///
    /// # Safety
    /// As for [`load`](Self::load).
    #[doc(hidden)]
    unsafe fn from_register(bits: u64, store: &StoreInner) -> Self;
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

/// What there is only for at most one result.
macro_rules! register {
    (@type) => {
        ()
    };
    (@type $ty:ident) => {
        <$ty as WasmTy>::First
    };
    (@type $($ty:ident)*) => {
        ()
    };
    (@is_native) => {
        true
    };
    // A vector has two halves.
    (@is_native $ty:ident) => {
        size_of::<<$ty as WasmTy>::Second>() == 0
    };
    (@is_native $($ty:ident)*) => {
        false
    };
    (@split $store:ident $ty:ident $value:expr,) => {
        Ok($ty::split($value.into_bits($store)?).0)
    };
    (@split $store:ident $($ty:ident $value:expr,)*) => {
        Ok(())
    };
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
            ) -> Returned {
                type Entry<$($ty),*> = unsafe extern "C" fn(
                    u64,
                    u64
                    $(, <$ty as WasmTy>::First, <$ty as WasmTy>::Second)*
                ) -> Returned;
                let function = address::pointer::<()>(function);
                $(let ($first, $second) = $ty::split(_bits[$index]);)*
                // SAFETY: the caller says that it is a function of this signature.
                let entry: Entry<$($ty),*> = unsafe { std::mem::transmute(function) };
                // SAFETY: the caller says what the arguments are.
                unsafe { entry(context, code $(, $first, $second)*) }
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

            type Register = register!(@type $($ty)*);
            const IS_NATIVE: bool = register!(@is_native $($ty)*);

            #[inline]
            fn into_register(self, _store: &StoreInner) -> Result<Self::Register, Error> {
                register!(@split _store $($ty tuple!(@get self $access),)*)
            }

            #[inline]
            unsafe fn from_register(_bits: u64, _store: &StoreInner) -> Self {
                tuple!(@make [$($access)*] $($ty::from_bits(_bits.into(), _store),)*)
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
