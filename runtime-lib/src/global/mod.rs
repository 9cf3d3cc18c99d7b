//! Globals.
//!
//! # Safety
//!
//! A global's value lies in 16 bytes of its own or of an instance's fields, both of the store that
//! the global is part of, and compiled code changes it in place.
#![allow(unsafe_code, reason = "compiled code changes the value in place")]

use crate::address;
use crate::error::Error;
use crate::store::{AsContext, AsContextMut, StoreId, StoreInner};
use crate::types::GlobalType;
use crate::value::{RawVal, Val};
use prefab_abi::types::ValType;
use std::ptr::NonNull;

/// A global of a store.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Global, GlobalType, Store, Val, ValType};
///
/// let mut store = Store::new(());
/// let ty = GlobalType::new(ValType::I64, true);
/// let counter = Global::new(&mut store, ty, Val::I64(1))?;
/// counter.set(&mut store, Val::I64(2))?;
/// assert_eq!(counter.get(&store)?.i64(), Some(2));
/// assert!(counter.set(&mut store, Val::I32(3)).is_err());
/// # Ok::<(), prefab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    pub(crate) store: StoreId,
    pub(crate) index: u32,
}

/// Room for any value.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(16))]
pub(crate) struct Cell([u64; 2]);

/// A global.
pub(crate) struct GlobalData {
    cell: NonNull<Cell>,
    owns_cell: bool,
    ty: GlobalType,
}

impl GlobalData {
    /// A global whose value lies in a cell of its own.
    pub(crate) fn new(ty: GlobalType) -> Self {
        Self {
            cell: NonNull::from(Box::leak(Box::default())),
            owns_cell: true,
            ty,
        }
    }

    /// A global whose value lies in an instance's fields.
    pub(crate) const fn in_instance(ty: GlobalType, cell: NonNull<Cell>) -> Self {
        Self {
            cell,
            owns_cell: false,
            ty,
        }
    }

    pub(crate) const fn ty(&self) -> GlobalType {
        self.ty
    }

    /// The address of the value.
    pub(crate) fn address(&self) -> u64 {
        address::of(self.cell.as_ptr())
    }

    pub(crate) fn get(&self) -> RawVal {
        // SAFETY: the cell is part of the store, and while that is borrowed no guest changes it.
        unsafe { read_cell(self.cell, self.ty.content) }
    }

    pub(crate) fn set(&mut self, bits: u128) {
        // SAFETY: as in `get`.
        unsafe { write_cell(self.cell, bits) };
    }
}

/// The value of this type in a cell.
///
/// # Safety
/// The cell is there, and nothing else accesses it meanwhile.
pub(crate) unsafe fn read_cell(cell: NonNull<Cell>, ty: ValType) -> RawVal {
    // SAFETY: the caller says so.
    let Cell([low, high]) = unsafe { cell.read() };
    let bits = match ty {
        ValType::I32 | ValType::F32 => u128::from(low as u32),
        ValType::V128 => u128::from(low) | u128::from(high) << 64,
        _ => low.into(),
    };
    RawVal { ty, bits }
}

/// Puts a value into a cell.
///
/// # Safety
/// As [`read_cell`].
pub(crate) unsafe fn write_cell(cell: NonNull<Cell>, bits: u128) {
    // SAFETY: the caller says so.
    unsafe { cell.write(Cell([bits as u64, (bits >> 64) as u64])) };
}

impl Drop for GlobalData {
    fn drop(&mut self) {
        if self.owns_cell {
            // SAFETY: `new` leaked this box, and the global is dropped with its store: no compiled
            // code runs any more.
            drop(unsafe { Box::from_raw(self.cell.as_ptr()) });
        }
    }
}

// SAFETY: a global is part of a store, which is sent as a whole.
unsafe impl Send for GlobalData {}

impl StoreInner {
    /// Gives a global to the store; its index.
    pub(crate) fn add_global(&mut self, global: GlobalData) -> u32 {
        let index = crate::store::index_of(self.globals.len());
        self.globals.push(global);
        index
    }
}

fn checked(store: &StoreInner, ty: GlobalType, value: Val) -> Result<u128, Error> {
    if value.ty() != ty.content {
        let (found, expected) = (value.ty(), ty.content);
        return Err(Error::Type(format!(
            "a global of {expected} cannot hold a value of type {found}"
        )));
    }
    Ok(value.to_raw(store)?.bits)
}

impl Global {
    /// A new global with this value.
    ///
    /// # Errors
    /// If the value is of another type or store.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, value: Val) -> Result<Self, Error> {
        let mut store = store.as_context_mut();
        let inner = store.inner_mut();
        let bits = checked(inner, ty, value)?;
        let mut global = GlobalData::new(ty);
        global.set(bits);
        let index = inner.add_global(global);
        Ok(Self {
            store: inner.id(),
            index,
        })
    }

    fn of<'a>(&self, store: &'a StoreInner) -> Result<&'a GlobalData, Error> {
        store.check(self.store, "global")?;
        Ok(&store.globals[self.index as usize])
    }

    /// The global's type.
    ///
    /// # Errors
    /// If the global is another store's.
    pub fn ty(&self, store: impl AsContext) -> Result<GlobalType, Error> {
        Ok(self.of(store.as_context().inner())?.ty())
    }

    /// The global's value.
    ///
    /// # Errors
    /// If the global is another store's.
    pub fn get(&self, store: impl AsContext) -> Result<Val, Error> {
        let store = store.as_context();
        let raw = self.of(store.inner())?.get();
        Ok(raw.to_val(store.inner()))
    }

    /// Makes `value` the global's value.
    ///
    /// # Errors
    /// If the global is another store's or cannot be changed, or the value is of another type or
    /// store.
    pub fn set(&self, mut store: impl AsContextMut, value: Val) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let inner = store.inner_mut();
        let ty = self.of(inner)?.ty();
        if !ty.mutable {
            return Err(Error::Type("the global cannot be changed".to_owned()));
        }
        let bits = checked(inner, ty, value)?;
        inner.globals[self.index as usize].set(bits);
        Ok(())
    }
}
