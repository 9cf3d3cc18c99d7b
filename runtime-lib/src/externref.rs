//! References to things of the host's that guests can hold.

use crate::error::Error;
use crate::store::{Allowed, AsContext, AsContextMut, Mode, StoreContext, StoreId};
use std::any::Any;

/// A reference to something of the host's, kept by a store for as long as the store lives. A guest
/// can pass it on and keep it, but neither look into it nor make one.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{ExternRef, Store, Table, TableType, Val, ValType};
///
/// let mut store = Store::new(());
/// let file = ExternRef::new(&mut store, String::from("notes.txt"))?;
/// let ty = TableType::new(ValType::ExternRef, 8, None);
/// let open = Table::new(&mut store, ty, Val::ExternRef(None))?;
/// open.set(&mut store, 3, Val::ExternRef(Some(file)))?;
///
/// let Val::ExternRef(Some(found)) = open.get(&store, 3)? else { unreachable!("it is there") };
/// let name = found.data(&store)?.downcast_ref::<String>();
/// assert_eq!(name.map(String::as_str), Some("notes.txt"));
/// # Ok::<(), prefab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternRef {
    pub(crate) store: StoreId,
    pub(crate) index: u32,
}

impl ExternRef {
    /// Gives `value` to the store. It is dropped with the store, not before: a guest may hold a
    /// reference anywhere.
    ///
    /// # Errors
    /// If the store has 2³² − 1 references.
    pub fn new<C, V>(mut store: C, value: V) -> Result<Self, Error>
    where
        C: AsContextMut,
        V: Any + Allowed<C::Mode>,
    {
        store
            .as_context_mut()
            .inner_mut()
            .add_extern(Box::new(value))
    }

    /// What the reference refers to.
    ///
    /// # Errors
    /// If it is another store's.
    pub fn data<'a, C: AsContext>(&self, store: &'a C) -> Result<&'a dyn Any, Error>
    where
        C::Data: 'a,
    {
        self.data_in(store.as_context())
    }

    /// As [`data`](Self::data), for as long as the store is borrowed: longer than the context that
    /// stands for it, which is used up.
    ///
    /// # Errors
    /// If it is another store's.
    pub fn data_in<'a, T, M: Mode>(
        &self,
        store: StoreContext<'a, T, M>,
    ) -> Result<&'a dyn Any, Error> {
        store.into_inner().extern_data(*self)
    }
}
