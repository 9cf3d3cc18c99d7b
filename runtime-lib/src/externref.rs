//! References to things of the host's that guests can hold.

use crate::error::Error;
use crate::store::{AsContext, AsContextMut, StoreId};
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
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Result<Self, Error> {
        store
            .as_context_mut()
            .inner_mut()
            .add_extern(Box::new(value))
    }

    /// What the reference refers to.
    ///
    /// # Errors
    /// If it is another store's.
    pub fn data<'a, C: AsContext>(&self, store: &'a C) -> Result<&'a (dyn Any + Send + Sync), Error>
    where
        C::Data: 'a,
    {
        store.as_context().into_inner().extern_data(*self)
    }
}
