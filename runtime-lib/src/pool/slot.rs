//! An instance of a pool with its store.

use super::ReusePolicy;
use crate::error::Error;
use crate::instance::Instance;
use crate::store::{AsContextMut, Mode, Store};

/// An instance, the only one in its store.
pub(super) struct Slot<T, M: Mode> {
    store: Store<T, M>,
    instance: Instance,
    /// What was in the store when the instance had been made.
    made: [usize; 4],
    /// How much more there can be by what looking at exports makes: globals and functions.
    most: [usize; 2],
}

impl<T, M: Mode> Slot<T, M> {
    pub(super) fn new(mut store: Store<T, M>, instance: Instance) -> Self {
        let context = store.as_context_mut();
        let (made, [globals, funcs]) = context.inner().census();
        let [own_globals, own_funcs] = context.inner().instances[instance.index as usize].sizes();
        Self {
            made,
            // A function that is called once has two records.
            most: [globals + own_globals, funcs + own_funcs + 1],
            store,
            instance,
        }
    }

    pub(super) const fn instance(&self) -> Instance {
        self.instance
    }

    pub(super) const fn store(&self) -> &Store<T, M> {
        &self.store
    }

    pub(super) const fn store_mut(&mut self) -> &mut Store<T, M> {
        &mut self.store
    }

    /// Whether the instance can be used again: its guest was never stopped and is not suspended (in a
    /// future that was leaked), and nothing was made in the store that would stay there.
    pub(super) fn is_clean(&mut self) -> bool {
        let mut context = self.store.as_context_mut();
        let inner = context.inner_mut();
        let (made, [globals, funcs]) = inner.census();
        let [most_globals, most_funcs] = self.most;
        inner.id() == self.instance.store
            && !inner.exec_mut().was_stopped
            && inner.exec_mut().fibers == 0
            && made == self.made
            && globals <= most_globals
            && funcs <= most_funcs
    }

    /// Forgets what was done, up to what has to run first.
    pub(super) fn rewind(&mut self) -> Result<(), Error> {
        self.instance.rewind(&mut self.store)
    }

    /// The instance for somebody else, whose data this is.
    pub(super) fn with_data(mut self, data: T, policy: ReusePolicy) -> Result<Self, Error> {
        self.store.replace_data(data)?;
        if policy == ReusePolicy::Reset {
            self.instance.restart(&mut self.store)?;
        }
        Ok(self)
    }
}
