//! Pools: instances of one module that are used again.
//!
//! ```text
//!          ╭─────────────── get ◄──────────────╮ a new store, at addresses that came back
//!   idle ──┤                                   │
//!    ▲     ╰─► PooledInstance ── drop ─► Fresh, or a guest was stopped ─► dropped
//!    ╰───────────────────────────── Reset, Keep
//! ```

mod slot;

use crate::error::Error;
use crate::instance::{Instance, Spares};
use crate::instance_pre::InstancePre;
use crate::linker::Linker;
use crate::module::Module;
use crate::store::{
    AsContext, AsContextMut, Local, Mode, Shared, Store, StoreContext, StoreContextMut,
};
use slot::Slot;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// What becomes of an instance of a pool that is given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReusePolicy {
    /// It is dropped with its store. The next one is made anew, at addresses that were reserved
    /// before, of which nothing is left.
    #[default]
    Fresh,
    /// It is [reset](Instance::reset): memory is given back at once, and what has to run first runs
    /// when it is taken again.
    Reset,
    /// It is handed out as it is.
    Keep,
}

/// Up to so many instances of one module, each in a store of its own, which are handed out, given
/// back and used again.
///
/// Address space is reserved for as many as were ever in use at once, and no more. An instance whose
/// guest was stopped, by a trap or by an error or panic of a host function, is never used again,
/// nor is one in whose store something was made that would stay there (other instances, memories,
/// tables, externrefs, functions of the host): another one takes its place.
///
/// A pool of the mode [`Shared`] can be shared by threads if `T` is `Send`; a pool of the mode
/// [`Local`] stays on its thread.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Error, InstancePool, Linker, Module, ReusePolicy};
/// use std::time::Duration;
///
/// /// A pool from which each request gets an instance as if it were new.
/// fn pool(module: &Module) -> InstancePool<()> {
///     InstancePool::new(Linker::new(), module, 100).with_policy(ReusePolicy::Reset)
/// }
///
/// fn answer(pool: &InstancePool<()>, request: u32) -> Result<u32, Error> {
///     // Waits until there is one, but not for ever. It is given back at the end of its scope.
///     let mut instance = pool.get_timeout((), Duration::from_secs(1))?;
///     let handle = instance.instance();
///     let answer = handle.get_typed_func::<u32, u32>(instance.store_mut(), "answer")?;
///     answer.call(instance.store_mut(), request)
/// }
/// ```
pub struct InstancePool<T, M: Mode = Shared> {
    linker: Linker<T, M>,
    module: Module,
    capacity: usize,
    policy: ReusePolicy,
    prepare: fn(&mut Store<T, M>) -> Result<(), Error>,
    spares: Arc<Spares>,
    /// The module with its imports, once there was an instance of it.
    pre: OnceLock<InstancePre<T, M>>,
    slots: Mutex<Slots<T, M>>,
    given_back: Condvar,
}

/// What a pool has: never more than its capacity, taken together.
struct Slots<T, M: Mode> {
    idle: Vec<Slot<T, M>>,
    in_use: usize,
    /// How many threads wait for one.
    waiting: usize,
}

/// The right to have an instance, and one if there is one.
type Taken<'a, T, M> = (Permit<'a, T, M>, Option<Slot<T, M>>);

impl<T, M: Mode> InstancePool<T, M> {
    /// A pool of up to `capacity` instances of `module`, with what `linker` has for its imports. They
    /// are made when they are needed.
    #[must_use]
    pub fn new(linker: Linker<T, M>, module: &Module, capacity: usize) -> Self {
        Self {
            linker,
            module: module.clone(),
            capacity,
            policy: ReusePolicy::default(),
            prepare: |_| Ok(()),
            spares: Arc::new(Spares::new(capacity)),
            pre: OnceLock::new(),
            slots: Mutex::new(Slots {
                idle: Vec::new(),
                in_use: 0,
                waiting: 0,
            }),
            given_back: Condvar::new(),
        }
    }

    /// What becomes of instances that are given back: [`ReusePolicy::Fresh`] if nothing is said.
    #[must_use]
    pub fn with_policy(mut self, policy: ReusePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// What is done with each new store before its instance is made: limits are set, say. What is
    /// set on a store stays as long as it is used again.
    #[must_use]
    pub fn with_prepare(mut self, prepare: fn(&mut Store<T, M>) -> Result<(), Error>) -> Self {
        self.prepare = prepare;
        self
    }

    /// How many instances can be in use at once.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many are.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.lock().in_use
    }

    /// An instance that is ready, in a store with this data: its start function and a reactor's
    /// `_initialize` have run, unless the policy is to keep instances as they are.
    ///
    /// # Errors
    /// [`Error::PoolFull`] if all are in use; if one cannot be made
    /// ([`Linker::instantiate`]), or a limiter refuses what it has.
    ///
    /// # Panics
    /// If a host function panics that the start function or `_initialize` calls.
    pub fn get(&self, data: T) -> Result<PooledInstance<'_, T, M>, Error> {
        let taken = self.take(&mut self.lock());
        let Some((permit, slot)) = taken else {
            let capacity = self.capacity;
            return Err(Error::PoolFull { capacity });
        };
        PooledInstance::new(permit, slot, data)
    }

    /// The module with its imports.
    fn pre(&self) -> Result<&InstancePre<T, M>, Error> {
        if let Some(pre) = self.pre.get() {
            return Ok(pre);
        }
        let pre = self.linker.instantiate_pre(&self.module)?;
        // Another thread's is as good.
        Ok(self.pre.get_or_init(|| pre))
    }

    fn lock(&self) -> MutexGuard<'_, Slots<T, M>> {
        // Nothing panics with it that leaves it half changed.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an instance, unless all are in use.
    fn take(&self, slots: &mut Slots<T, M>) -> Option<Taken<'_, T, M>> {
        if slots.in_use >= self.capacity {
            return None;
        }
        slots.in_use += 1;
        Some((Permit { pool: self }, slots.idle.pop()))
    }

    /// What an instance that is given back becomes, if it is used again.
    fn reuse(&self, mut slot: Slot<T, M>) -> Option<Slot<T, M>> {
        let is_clean = !std::thread::panicking() && slot.is_clean();
        match self.policy {
            ReusePolicy::Keep if is_clean => Some(slot),
            ReusePolicy::Reset if is_clean && slot.rewind().is_ok() => Some(slot),
            _ => None,
        }
    }
}

impl<T> InstancePool<T> {
    /// As [`get`](Self::get); if all instances are in use, waits until one is given back, but no
    /// longer than `timeout`.
    ///
    /// # Errors
    /// As [`get`](Self::get): [`Error::PoolFull`] if none was given back in time.
    ///
    /// # Panics
    /// As [`get`](Self::get).
    pub fn get_timeout(&self, data: T, timeout: Duration) -> Result<PooledInstance<'_, T>, Error> {
        let start = Instant::now();
        let mut slots = self.lock();
        let (permit, slot) = loop {
            if let Some(taken) = self.take(&mut slots) {
                break taken;
            }
            let Some(rest) = timeout.checked_sub(start.elapsed()) else {
                let capacity = self.capacity;
                return Err(Error::PoolFull { capacity });
            };
            slots.waiting += 1;
            let waited = self.given_back.wait_timeout(slots, rest);
            (slots, _) = waited.unwrap_or_else(PoisonError::into_inner);
            slots.waiting -= 1;
        };
        drop(slots);
        PooledInstance::new(permit, slot, data)
    }
}

impl<T> InstancePool<T, Local> {
    /// As [`get`](Self::get): nobody else could give an instance back while this thread waits.
    ///
    /// # Errors
    /// As [`get`](Self::get), but [`Error::PoolDeadlock`] if all are in use.
    ///
    /// # Panics
    /// As [`get`](Self::get).
    pub fn get_timeout(
        &self,
        data: T,
        _timeout: Duration,
    ) -> Result<PooledInstance<'_, T, Local>, Error> {
        self.get(data).map_err(|error| match error {
            Error::PoolFull { capacity } => Error::PoolDeadlock { capacity },
            error => error,
        })
    }
}

impl<T, M: Mode> fmt::Debug for InstancePool<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstancePool")
            .field("module", &self.module)
            .field("capacity", &self.capacity)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// The right to have one of a pool's instances.
struct Permit<'a, T, M: Mode> {
    pool: &'a InstancePool<T, M>,
}

impl<T, M: Mode> Drop for Permit<'_, T, M> {
    fn drop(&mut self) {
        let mut slots = self.pool.lock();
        slots.in_use -= 1;
        let somebody_waits = slots.waiting > 0;
        drop(slots);
        if somebody_waits {
            self.pool.given_back.notify_one();
        }
    }
}

/// An instance of a pool, and its store, until it is dropped.
pub struct PooledInstance<'a, T, M: Mode = Shared> {
    /// There until it is dropped.
    slot: Option<Slot<T, M>>,
    instance: Instance,
    /// Given back when the instance is: fields are dropped in their order.
    permit: Permit<'a, T, M>,
}

impl<'a, T, M: Mode> PooledInstance<'a, T, M> {
    fn new(permit: Permit<'a, T, M>, slot: Option<Slot<T, M>>, data: T) -> Result<Self, Error> {
        let pool = permit.pool;
        let slot = match slot {
            Some(slot) => slot.with_data(data, pool.policy)?,
            None => {
                let mut store = Store::with_mode(data);
                let mut context = store.as_context_mut();
                context.inner_mut().spares = Some(Arc::clone(&pool.spares));
                (pool.prepare)(&mut store)?;
                let instance = pool.pre()?.instantiate(&mut store)?;
                Slot::new(store, instance)
            }
        };
        Ok(Self {
            instance: slot.instance(),
            slot: Some(slot),
            permit,
        })
    }

    /// The instance.
    #[must_use]
    pub const fn instance(&self) -> Instance {
        self.instance
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> &Store<T, M> {
        self.slot
            .as_ref()
            .expect("it is there until it is dropped")
            .store()
    }

    /// Its store.
    pub fn store_mut(&mut self) -> &mut Store<T, M> {
        let slot = self.slot.as_mut();
        slot.expect("it is there until it is dropped").store_mut()
    }

    /// The host's data in the store.
    #[must_use]
    pub fn data(&self) -> &T {
        self.store().data()
    }

    /// The host's data in the store.
    pub fn data_mut(&mut self) -> &mut T {
        self.store_mut().data_mut()
    }
}

impl<T, M: Mode> Drop for PooledInstance<'_, T, M> {
    fn drop(&mut self) {
        let pool = self.permit.pool;
        // What is not used again is dropped before the pool is asked for another.
        if let Some(slot) = self.slot.take().and_then(|slot| pool.reuse(slot)) {
            pool.lock().idle.push(slot);
        }
    }
}

impl<T, M: Mode> AsContext for PooledInstance<'_, T, M> {
    type Data = T;
    type Mode = M;

    fn as_context(&self) -> StoreContext<'_, T, M> {
        self.store().as_context()
    }
}

impl<T, M: Mode> AsContextMut for PooledInstance<'_, T, M> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T, M> {
        self.store_mut().as_context_mut()
    }
}

impl<T, M: Mode> fmt::Debug for PooledInstance<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledInstance")
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
