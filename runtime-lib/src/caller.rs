//! What a host function knows of who called it.

use crate::error::Error;
use crate::instance::{Extern, Instance};
use crate::memory::Memory;
use crate::store::{AsContext, AsContextMut, Mode, Shared, StoreContext, StoreContextMut};

/// The store, as a host function has it while a guest waits for it to return. It can do what a
/// `&mut Store` can: call functions, grow memories, make instances.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Caller, Error, Func, Memory, MemoryType, Store};
///
/// let mut store = Store::new(0_usize);
/// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
/// memory.write(&mut store, 100, b"text")?;
/// // Takes the text where it lies, with the data beside it: nothing is copied.
/// let count = move |mut caller: Caller<'_, usize>, at: u32, len: u32| -> Result<(), Error> {
///     let (bytes, vowels) = caller.data_and_memory(memory)?;
///     let end = at.saturating_add(len) as usize;
///     let text = bytes.get(at as usize..end);
///     let text = text.ok_or_else(|| Error::host("outside the memory"))?;
///     *vowels += text.iter().filter(|byte| b"aeiou".contains(byte)).count();
///     Ok(())
/// };
/// let count = Func::wrap(&mut store, count).typed::<(u32, u32), ()>(&store)?;
/// count.call(&mut store, (100, 4))?;
/// assert!(count.call(&mut store, (65_536, 1)).is_err());
/// assert_eq!(*store.data(), 1);
/// # Ok::<(), Error>(())
/// ```
pub struct Caller<'a, T, M: Mode = Shared> {
    store: StoreContextMut<'a, T, M>,
    instance: Option<Instance>,
}

impl<'a, T, M: Mode> Caller<'a, T, M> {
    pub(crate) const fn new(store: StoreContextMut<'a, T, M>, instance: Option<Instance>) -> Self {
        Self { store, instance }
    }

    /// The host's data.
    #[must_use]
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// The instance that imported the function. `None` if none did: the host called it itself, or
    /// put it into a table.
    #[must_use]
    pub const fn instance(&self) -> Option<Instance> {
        self.instance
    }

    /// What the [instance](Self::instance) exports by this name.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        let found = self.instance?.find_early(self.store.inner_mut(), name);
        found.ok()?
    }

    /// A memory's bytes and the host's data, both at once.
    ///
    /// # Errors
    /// If the memory is another store's.
    pub fn data_and_memory(&mut self, memory: Memory) -> Result<(&mut [u8], &mut T), Error> {
        self.store.inner().check(memory.store, "memory")?;
        Ok(memory.data_and_store_mut(&mut self.store))
    }
}

/// What guests may still execute: the guest that waits, too.
impl<T, M: Mode> Caller<'_, T, M> {
    /// How many instructions guests may still execute.
    ///
    /// # Errors
    /// As [`Store::get_fuel`](crate::Store::get_fuel).
    pub fn get_fuel(&mut self) -> Result<u64, Error> {
        self.store.get_fuel()
    }

    /// Lets guests execute so many instructions from now on.
    ///
    /// # Errors
    /// As [`Store::set_fuel`](crate::Store::set_fuel).
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        self.store.set_fuel(fuel)
    }
}

impl<T, M: Mode> AsContext for Caller<'_, T, M> {
    type Data = T;
    type Mode = M;

    fn as_context(&self) -> StoreContext<'_, T, M> {
        self.store.as_context()
    }
}

impl<T, M: Mode> AsContextMut for Caller<'_, T, M> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T, M> {
        self.store.as_context_mut()
    }
}
