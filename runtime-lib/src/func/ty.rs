//! Host types that stand for WebAssembly's.

use super::Func;
use crate::error::Error;
use crate::externref::ExternRef;
use crate::store::StoreInner;
use crate::value::V128;
use prefab_abi::types::ValType;

/// A type that host functions and [`TypedFunc`](super::TypedFunc) take and return.
///
/// By the conventions of [`prefab_abi::func`] a value is passed as one C argument or, a vector,
/// as two. `Second` is the type of the latter's second argument, and for all others a type
/// without size, which by the C conventions of our targets is not passed at all.
pub trait WasmTy: Sized + 'static {
    /// The WebAssembly type.
    const TYPE: ValType;
    /// The C argument, or its first half.
    #[doc(hidden)]
    type First: Copy;
    /// The second half.
    #[doc(hidden)]
    type Second: Copy;

    /// The value as compiled code has it.
    #[doc(hidden)]
    fn into_bits(self, store: &StoreInner) -> Result<u128, Error>;

    /// The value that compiled code has: of this type, and a reference only if it is one of
    /// `store`'s.
    #[doc(hidden)]
    fn from_bits(bits: u128, store: &StoreInner) -> Self;

    /// The C arguments.
    #[doc(hidden)]
    fn split(bits: u128) -> (Self::First, Self::Second);

    /// The bits of the C arguments.
    #[doc(hidden)]
    fn join(first: Self::First, second: Self::Second) -> u128;
}

/// Not passed by C conventions: it has no size.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Nothing {}

macro_rules! number {
    ($ty:ty, $val_type:ident, $first:ty, $value:ident => $to:expr, $bits:ident => $from:expr, $to_first:expr, $from_first:expr) => {
        impl WasmTy for $ty {
            const TYPE: ValType = ValType::$val_type;
            type First = $first;
            type Second = Nothing;

            #[inline]
            fn into_bits(self, _: &StoreInner) -> Result<u128, Error> {
                let $value = self;
                Ok(u128::from($to))
            }

            #[inline]
            fn from_bits($bits: u128, _: &StoreInner) -> Self {
                $from
            }

            #[inline]
            fn split(bits: u128) -> ($first, Nothing) {
                ($to_first(bits as _), Nothing {})
            }

            #[inline]
            fn join(first: $first, _: Nothing) -> u128 {
                $from_first(first).into()
            }
        }
    };
}

const fn same64(value: u64) -> u64 {
    value
}

// Compiled code says nothing of the rest of a register that holds 32 bits, of which C may know more.
number!(i32, I32, u64, v => v.cast_unsigned(), bits => (bits as u32).cast_signed(), same64, same64);
number!(u32, I32, u64, v => v, bits => bits as u32, same64, same64);
number!(i64, I64, u64, v => v.cast_unsigned(), bits => (bits as u64).cast_signed(), same64, same64);
number!(u64, I64, u64, v => v, bits => bits as u64, same64, same64);
number!(f32, F32, f32, v => v.to_bits(), bits => f32::from_bits(bits as u32), f32::from_bits, f32::to_bits);
number!(f64, F64, f64, v => v.to_bits(), bits => f64::from_bits(bits as u64), f64::from_bits, f64::to_bits);

impl WasmTy for V128 {
    const TYPE: ValType = ValType::V128;
    type First = u64;
    type Second = u64;

    fn into_bits(self, _: &StoreInner) -> Result<u128, Error> {
        Ok(self.0)
    }

    fn from_bits(bits: u128, _: &StoreInner) -> Self {
        Self(bits)
    }

    fn split(bits: u128) -> (u64, u64) {
        (bits as u64, (bits >> 64) as u64)
    }

    fn join(first: u64, second: u64) -> u128 {
        u128::from(first) | u128::from(second) << 64
    }
}

macro_rules! reference {
    ($ty:ty, $val_type:ident, $to:ident, $from:ident) => {
        impl WasmTy for Option<$ty> {
            const TYPE: ValType = ValType::$val_type;
            type First = u64;
            type Second = Nothing;

            fn into_bits(self, store: &StoreInner) -> Result<u128, Error> {
                Ok(store.$to(self)?.into())
            }

            fn from_bits(bits: u128, store: &StoreInner) -> Self {
                store.$from(bits as u64)
            }

            fn split(bits: u128) -> (u64, Nothing) {
                (bits as u64, Nothing {})
            }

            fn join(first: u64, _: Nothing) -> u128 {
                first.into()
            }
        }
    };
}

reference!(Func, FuncRef, func_ref_bits, func_of_bits);
reference!(ExternRef, ExternRef, extern_ref_bits, extern_ref_of_bits);
