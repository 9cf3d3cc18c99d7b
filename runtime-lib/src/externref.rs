//! References to things of the host's that guests can hold.

use crate::error::Error;
use crate::store::{Allowed, AsContext, AsContextMut, Mode, StoreContext, StoreId};
use std::any::Any;

/// A reference to something of the host's, kept by a store for as long as the store lives.
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
