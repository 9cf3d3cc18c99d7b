//! Stores: what instances, memories, tables, globals and functions live in.
//!
//! # Safety
//!
//! A store's contents lie in one allocation that [`Store`] owns and never moves, and are reached
//! through raw pointers alone: compiled code changes them too, and a host function called by it
//! gets at them anew. References to them live only between two such calls; each type of this
//! module hands them out for no longer than it is itself borrowed.
#![allow(
    unsafe_code,
    reason = "the store is shared with the compiled code that runs in it"
)]

#[cfg(feature = "async")]
mod async_limiter;
mod context;
pub(crate) mod growth;
mod inner;
mod limiter;
mod limits;

#[cfg(feature = "async")]
pub use async_limiter::AsyncResourceLimiter;
pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub use inner::StoreInner;
pub(crate) use inner::index_of;
pub use limiter::ResourceLimiter;
pub use limits::Limits;

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
#[cfg(feature = "async")]
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which store something belongs to. Never used twice in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoreId(u64);

impl StoreId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) const fn number(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// The least stack that host functions are left with: what the runtime's own functions need, and
/// functions of guests that call no others, which need not check the stack.
const MIN_HOST_RESERVE_BYTES: usize = 64 << 10;

mod sealed {
    pub trait Sealed {}
}

/// What a store asks of host functions, and whether it can be sent to another thread.
pub trait Mode: sealed::Sealed + 'static {
    /// What asynchronous host functions of such stores return: a boxed future, `Send` if the mode
    /// asks it.
    #[cfg(feature = "async")]
    type Future<'a, R>: Future<Output = R> + Unpin;
}

/// What may be a host function in stores of the mode `M`.
pub trait Allowed<M: Mode> {}

/// Host functions are `Send` and `Sync`; the store is `Send` if its data is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shared;

/// Nothing is asked of host functions and of what is given to guests: the store stays on its thread.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Func, LocalStore};
/// use std::rc::Rc;
///
/// let shared = Rc::new(5);
/// let mut store = LocalStore::local(());
/// let add = Func::wrap(&mut store, {
///     let shared = Rc::clone(&shared);
///     move |number: i32| number + *shared
/// });
/// assert_eq!(add.typed::<i32, i32>(&store)?.call(&mut store, 1)?, 6);
/// # Ok::<(), prefab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Local {
    /// Neither `Send` nor `Sync`.
    marker: PhantomData<*mut ()>,
}

impl sealed::Sealed for Shared {}
impl sealed::Sealed for Local {}

impl Mode for Shared {
    #[cfg(feature = "async")]
    type Future<'a, R> = Pin<Box<dyn Future<Output = R> + Send + 'a>>;
}

impl Mode for Local {
    #[cfg(feature = "async")]
    type Future<'a, R> = Pin<Box<dyn Future<Output = R> + 'a>>;
}

impl<F: Send + Sync> Allowed<Shared> for F {}
impl<F> Allowed<Local> for F {}

/// A store whose data and host functions need not be `Send`.
pub type LocalStore<T> = Store<T, Local>;

/// A store and the host's data in it, which host functions reach.
///
/// What is made in a store lives as long as the store. Handles to it ([`Instance`], [`Func`],
/// [`Memory`], …) can be copied freely; used with another store they give an error.
///
/// Nothing is asked of the data: it may borrow, and be bound to its thread. The store is then, too.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Caller, Func, Store};
///
/// let mut store = Store::new(String::from("so far"));
/// let note = Func::wrap(&mut store, |mut caller: Caller<'_, String>, number: i32| {
///     caller.data_mut().push_str(&format!(", {number}"));
/// });
/// note.typed::<i32, ()>(&store)?.call(&mut store, 5)?;
/// assert_eq!(store.into_data(), "so far, 5");
/// # Ok::<(), prefab::Error>(())
/// ```
///
/// [`Instance`]: crate::Instance
/// [`Func`]: crate::Func
/// [`Memory`]: crate::Memory
pub struct Store<T, M: Mode = Shared> {
    contents: NonNull<Contents<T>>,
    marker: PhantomData<(Cell<T>, M)>,
}

/// What a store owns. The part that does not depend on `T` comes first, at the same address.
#[repr(C)]
struct Contents<T> {
    inner: StoreInner,
    data: T,
    limiter: Option<limiter::Accessor<T>>,
    /// The same limiter, if it can wait.
    #[cfg(feature = "async")]
    async_limiter: Option<async_limiter::Wait<T>>,
}

// SAFETY: a store owns its contents alone. The host functions in it were asked by `Allowed` for
// what the mode needs for them to be sent, and things given to guests are `Send + Sync`.
unsafe impl<T: Send, M: Mode + Send> Send for Store<T, M> {}
// SAFETY: through `&Store` nothing can be changed and no host function called.
unsafe impl<T: Sync, M: Mode + Sync> Sync for Store<T, M> {}

impl<T> Store<T> {
    /// A store that holds `data` and nothing else yet.
    #[must_use]
    pub fn new(data: T) -> Self {
        Self::with_mode(data)
    }
}

impl<T> LocalStore<T> {
    /// A store of the mode [`Local`] that holds `data` and nothing else yet.
    #[must_use]
    pub fn local(data: T) -> Self {
        Self::with_mode(data)
    }
}

impl<T, M: Mode> Store<T, M> {
    /// A store of any mode that holds `data` and nothing else yet.
    #[must_use]
    pub fn with_mode(data: T) -> Self {
        let contents = Box::new(Contents {
            inner: StoreInner::new(StoreId::next(), limiter::Vtable::of::<T>()),
            data,
            limiter: None,
            #[cfg(feature = "async")]
            async_limiter: None,
        });
        Self {
            contents: NonNull::from(Box::leak(contents)),
            marker: PhantomData,
        }
    }

    /// The host's data.
    #[must_use]
    pub fn data(&self) -> &T {
        // SAFETY: the contents live as long as the store, which is borrowed: no guest runs.
        unsafe { &(*self.contents.as_ptr()).data }
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: as in `data`, and nothing else is borrowed from the store.
        unsafe { &mut (*self.contents.as_ptr()).data }
    }

    /// Bounds what everything in the store may come to. What is there already stays.
    pub fn set_limits(&mut self, limits: Limits) {
        self.as_context_mut().inner_mut().set_limits(limits);
    }

    /// How much of a stack guests leave to the host functions that they call, in bytes. At first it is
    /// 256 KiB, or a quarter of a stack that is smaller than 1 MiB. Less than 64 KiB is taken for 64 KiB.
    ///
    /// It holds for guests that are called from now on, on the stacks of threads and of asynchronous
    /// calls. A guest that needs more than the rest of its stack traps with
    /// [`TrapCode::StackOverflow`](crate::TrapCode::StackOverflow). So does every guest on a thread's
    /// stack that is not larger than the reserve; stacks of asynchronous calls are made 128 KiB larger
    /// than the reserve at least.
    ///
    /// A host function that needs more than the reserve may overflow the stack, which ends the process.
    pub fn set_host_stack_reserve(&mut self, size_bytes: usize) {
        let size_bytes = size_bytes.max(MIN_HOST_RESERVE_BYTES) as u64;
        let mut store = self.as_context_mut();
        store.inner_mut().exec_mut().host_reserve_bytes = size_bytes;
    }

    /// Replaces the host's data. If there is a limiter in it, that in the old data gets back what
    /// the store holds, and that in the new data is asked for it.
    ///
    /// # Errors
    /// If it refuses. Then the store is of no use any more.
    pub(crate) fn replace_data(&mut self, data: T) -> Result<(), crate::Error> {
        self.give_back();
        *self.data_mut() = data;
        let store = self.as_context_mut().inner_ptr();
        // SAFETY: the store is borrowed for everything.
        unsafe { growth::take_over(store) }
    }

    /// The host's data, without the store.
    #[must_use]
    pub fn into_data(self) -> T {
        let mut store = ManuallyDrop::new(self);
        store.give_back();
        // SAFETY: `with_mode` leaked this box; `ManuallyDrop` keeps it from being taken twice.
        unsafe { Box::from_raw(store.contents.as_ptr()) }.data
    }
}

impl<T, M: Mode> Drop for Store<T, M> {
    fn drop(&mut self) {
        self.give_back();
        // SAFETY: `with_mode` leaked this box, and `into_data`, which also takes it, forgets the store.
        drop(unsafe { Box::from_raw(self.contents.as_ptr()) });
    }
}

impl<T: Default, M: Mode> Default for Store<T, M> {
    fn default() -> Self {
        Self::with_mode(T::default())
    }
}

impl<T: std::fmt::Debug, M: Mode> std::fmt::Debug for Store<T, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("data", self.data())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Store;

    #[test]
    fn data_may_borrow() {
        let mut log = vec![];
        let mut store: Store<&mut Vec<u8>> = Store::new(&mut log);
        store.data_mut().push(1);
        store.into_data().push(2);
        assert_eq!(log, [1, 2]);
    }

    #[test]
    fn a_store_of_sendable_data_can_be_sent() {
        fn is_send<T: Send>(_: &T) {}
        is_send(&Store::<Vec<u8>>::new(vec![]));
    }
}
