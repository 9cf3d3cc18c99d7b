//! Values as a host handles them.

use crate::error::Error;
use crate::externref::ExternRef;
use crate::func::Func;
use crate::store::StoreInner;
use prefab_abi::types::ValType;

/// A value.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Val, ValType};
///
/// let half = Val::from(0.5_f32);
/// assert_eq!(half.ty(), ValType::F32);
/// assert_eq!(half.f32(), Some(0.5));
/// assert_eq!(half.i32(), None);
/// assert_eq!(Val::default_for(ValType::I64).i64(), Some(0));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// A 32-bit float, by its bits.
    F32(u32),
    /// A 64-bit float, by its bits.
    F64(u64),
    /// A 128-bit vector.
    V128(u128),
    /// A function or null.
    FuncRef(Option<Func>),
    /// Something of the host's or null.
    ExternRef(Option<ExternRef>),
}

/// A 128-bit vector, as host functions take and return it. Byte 0 of the vector is the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct V128(pub u128);

impl Val {
    /// The value's type.
    #[must_use]
    pub const fn ty(&self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
            Self::FuncRef(_) => ValType::FuncRef,
            Self::ExternRef(_) => ValType::ExternRef,
        }
    }

    /// The value of this type that variables start with: zero or null.
    #[must_use]
    pub const fn default_for(ty: ValType) -> Self {
        match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0),
            ValType::F64 => Self::F64(0),
            ValType::V128 => Self::V128(0),
            ValType::FuncRef => Self::FuncRef(None),
            ValType::ExternRef => Self::ExternRef(None),
        }
    }

    /// The 32-bit integer, if it is one.
    #[must_use]
    pub const fn i32(&self) -> Option<i32> {
        match self {
            Self::I32(value) => Some(*value),
            _ => None,
        }
    }

    /// The 64-bit integer, if it is one.
    #[must_use]
    pub const fn i64(&self) -> Option<i64> {
        match self {
            Self::I64(value) => Some(*value),
            _ => None,
        }
    }

    /// The 32-bit float, if it is one.
    #[must_use]
    pub fn f32(&self) -> Option<f32> {
        match self {
            Self::F32(bits) => Some(f32::from_bits(*bits)),
            _ => None,
        }
    }

    /// The 64-bit float, if it is one.
    #[must_use]
    pub fn f64(&self) -> Option<f64> {
        match self {
            Self::F64(bits) => Some(f64::from_bits(*bits)),
            _ => None,
        }
    }

    /// The bits that compiled code has for the value in `store`.
    pub(crate) fn to_raw(self, store: &StoreInner) -> Result<RawVal, Error> {
        let bits = match self {
            Self::I32(value) => u128::from(value.cast_unsigned()),
            Self::I64(value) => u128::from(value.cast_unsigned()),
            Self::F32(bits) => bits.into(),
            Self::F64(bits) => bits.into(),
            Self::V128(bits) => bits,
            Self::FuncRef(func) => store.func_ref_bits(func)?.into(),
            Self::ExternRef(reference) => store.extern_ref_bits(reference)?.into(),
        };
        Ok(RawVal {
            ty: self.ty(),
            bits,
        })
    }
}

/// A value as compiled code has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawVal {
    pub(crate) ty: ValType,
    /// Narrower values in the low bits, the others zero.
    pub(crate) bits: u128,
}

impl RawVal {
    /// The value that a host sees. A reference is one that `store` or code in it made.
    pub(crate) fn to_val(self, store: &StoreInner) -> Val {
        match self.ty {
            ValType::I32 => Val::I32((self.bits as u32).cast_signed()),
            ValType::I64 => Val::I64((self.bits as u64).cast_signed()),
            ValType::F32 => Val::F32(self.bits as u32),
            ValType::F64 => Val::F64(self.bits as u64),
            ValType::V128 => Val::V128(self.bits),
            ValType::FuncRef => Val::FuncRef(store.func_of_bits(self.bits as u64)),
            ValType::ExternRef => Val::ExternRef(store.extern_ref_of_bits(self.bits as u64)),
        }
    }
}

impl From<i32> for Val {
    fn from(value: i32) -> Self {
        Self::I32(value)
    }
}

impl From<i64> for Val {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}

impl From<f32> for Val {
    fn from(value: f32) -> Self {
        Self::F32(value.to_bits())
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Self::F64(value.to_bits())
    }
}

impl From<V128> for Val {
    fn from(value: V128) -> Self {
        Self::V128(value.0)
    }
}
