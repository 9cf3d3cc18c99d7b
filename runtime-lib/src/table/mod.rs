//! Tables.

mod data;

pub(crate) use data::{Place, TableData};

use crate::error::Error;
use crate::store::{AsContext, AsContextMut, StoreId, StoreInner};
use crate::types::TableType;
use crate::value::Val;
use prefab_abi::types::ValType;

/// A table of a store: references, by index, that guests call through and keep.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Func, Store, Table, TableType, Val, ValType};
///
/// let mut store = Store::new(());
/// let ty = TableType::new(ValType::FuncRef, 2, Some(3));
/// let table = Table::new(&mut store, ty, Val::FuncRef(None))?;
/// let seven = Func::wrap(&mut store, || 7_i32);
/// table.set(&mut store, 1, Val::FuncRef(Some(seven)))?;
///
/// let Val::FuncRef(Some(found)) = table.get(&store, 1)? else { unreachable!("it is there") };
/// assert_eq!(found.typed::<(), i32>(&store)?.call(&mut store, ())?, 7);
/// assert_eq!(table.grow(&mut store, 1, Val::FuncRef(None))?, 2);
/// assert!(table.get(&store, 3).is_err());
/// # Ok::<(), prefab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    pub(crate) store: StoreId,
    pub(crate) index: u32,
}

const OUTSIDE: Error = Error::OutOfBounds("the element does not lie inside the table");

fn bits(store: &StoreInner, element: ValType, value: Val) -> Result<u64, Error> {
    if value.ty() != element {
        let found = value.ty();
        return Err(Error::Type(format!(
            "a table of {element} cannot hold a value of type {found}"
        )));
    }
    Ok(value.to_raw(store)?.bits as u64)
}

impl Table {
    /// A new table, of the type's least size, each of whose elements is `init`.
    ///
    /// # Errors
    /// If `init` is of another type or store, or there is no memory for the table.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Val) -> Result<Self, Error> {
        let mut store = store.as_context_mut();
        store.new_table(ty, |inner| {
            let bits = bits(inner, ty.element, init)?;
            let index = inner.add_table(TableData::new(TableType { min: 0, ..ty }, Place::Own)?);
            inner.table_grow(index, ty.min, bits)?;
            Ok(Self {
                store: inner.id(),
                index,
            })
        })
    }

    fn of<'a>(&self, store: &'a StoreInner) -> Result<&'a TableData, Error> {
        store.check(self.store, "table")?;
        Ok(&store.tables[self.index as usize])
    }

    /// The table's type. Its least size is that of the moment.
    ///
    /// # Errors
    /// If the table is another store's.
    pub fn ty(&self, store: impl AsContext) -> Result<TableType, Error> {
        Ok(self.of(store.as_context().inner())?.ty())
    }

    /// The size, in elements.
    ///
    /// # Errors
    /// If the table is another store's.
    pub fn size(&self, store: impl AsContext) -> Result<u64, Error> {
        Ok(self.of(store.as_context().inner())?.len())
    }

    /// The element at `index`.
    ///
    /// # Errors
    /// If the table is another store's or has no such element.
    pub fn get(&self, store: impl AsContext, index: u64) -> Result<Val, Error> {
        let store = store.as_context();
        let raw = self.of(store.inner())?.get(index).ok_or(OUTSIDE)?;
        Ok(raw.to_val(store.inner()))
    }

    /// Makes `value` the element at `index`.
    ///
    /// # Errors
    /// If the table is another store's or has no such element, or the value is of another type or
    /// store.
    pub fn set(&self, mut store: impl AsContextMut, index: u64, value: Val) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let inner = store.inner_mut();
        let bits = bits(inner, self.of(inner)?.ty().element, value)?;
        inner
            .table_fill(self.index, index, bits, 1)
            .map_err(|_| OUTSIDE)
    }

    /// Grows the table by `delta` elements, each of them `init`; its size before.
    ///
    /// # Errors
    /// If the table is another store's or would be larger than its maximum, there is no memory for
    /// it, or `init` is of another type or store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Val) -> Result<u64, Error> {
        let mut store = store.as_context_mut();
        let inner = store.inner_mut();
        let bits = bits(inner, self.of(inner)?.ty().element, init)?;
        store.table_grow(self.index, delta, bits)
    }
}
