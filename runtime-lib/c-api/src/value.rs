//! `prefab_val_t`: a value, of a type that its function, table or global tells.
//!
//! # Safety
//!
//! A value is 16 bytes of which every pattern is good for every type: numbers are bits, and
//! references are handles, which the runtime checks.
#![allow(unsafe_code, reason = "reads unions")]

use crate::ffi::Failure;
use crate::handle::Handle;
use crate::store::Context;
use prefab_runtime::{ExternRef, Func, RawValue, Val, ValType};

/// A 128-bit vector, as `prefab_v128_t` has it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Vector {
    low: u64,
    high: u64,
}

/// A value.
#[derive(Clone, Copy)]
#[repr(C)]
pub union Value {
    i32: i32,
    i64: i64,
    f32: f32,
    f64: f64,
    v128: Vector,
    reference: Handle,
    raw: RawValue,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value")
    }
}

impl Value {
    pub(crate) const ZERO: Self = Self { raw: [0; 2] };

    /// The value that C has for a value of the runtime.
    pub(crate) fn of(val: Val) -> Self {
        let mut value = Self::ZERO;
        match val {
            Val::I32(number) => value.i32 = number,
            Val::I64(number) => value.i64 = number,
            Val::F32(bits) => value.f32 = f32::from_bits(bits),
            Val::F64(bits) => value.f64 = f64::from_bits(bits),
            Val::V128(bits) => value.raw = [bits as u64, (bits >> 64) as u64],
            Val::FuncRef(func) => value.reference = func.map_or(Handle::NULL, Handle::from),
            Val::ExternRef(reference) => {
                value.reference = reference.map_or(Handle::NULL, Handle::from);
            }
        }
        value
    }

    /// The runtime's value of this type.
    pub(crate) fn to_val(self, ty: ValType) -> Result<Val, Failure> {
        // SAFETY: every pattern is good for every field, and C has written those of this type.
        Ok(unsafe {
            match ty {
                ValType::I32 => Val::I32(self.i32),
                ValType::I64 => Val::I64(self.i64),
                ValType::F32 => Val::F32(self.f32.to_bits()),
                ValType::F64 => Val::F64(self.f64.to_bits()),
                ValType::V128 => {
                    Val::V128(u128::from(self.v128.low) | u128::from(self.v128.high) << 64)
                }
                ValType::FuncRef if self.reference.is_null() => Val::FuncRef(None),
                ValType::FuncRef => Val::FuncRef(Some(self.reference.try_into()?)),
                ValType::ExternRef if self.reference.is_null() => Val::ExternRef(None),
                ValType::ExternRef => Val::ExternRef(Some(self.reference.try_into()?)),
            }
        })
    }

    /// What compiled code has for this value.
    pub(crate) fn to_raw(self, ty: ValType, store: &Context<'_>) -> Result<RawValue, Failure> {
        if !ty.is_ref() {
            // SAFETY: as above: numbers are the bits themselves.
            return Ok(unsafe { self.raw });
        }
        let bits = match self.to_val(ty)? {
            Val::FuncRef(Some(func)) => func.to_bits(store)?,
            Val::ExternRef(Some(reference)) => reference.to_bits(store)?,
            _ => 0,
        };
        Ok([bits, 0])
    }

    /// The value that compiled code has these bits for.
    ///
    /// # Safety
    /// If it is a reference, code in this store has made it.
    pub(crate) unsafe fn from_raw(raw: RawValue, ty: ValType, store: &Context<'_>) -> Self {
        match ty {
            ValType::FuncRef => {
                // SAFETY: the caller says so.
                Self::of(Val::FuncRef(unsafe { Func::from_bits(store, raw[0]) }))
            }
            ValType::ExternRef => Self::of(Val::ExternRef(ExternRef::from_bits(store, raw[0]))),
            _ => Self { raw },
        }
    }
}
