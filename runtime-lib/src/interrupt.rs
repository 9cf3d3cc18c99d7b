//! Stopping a guest from outside.
//!
//! Interruptible code looks again and again whether it is to stop: by a load from a page, which a
//! request makes unreadable, or, where traps are explicit, at a flag. Page and flag belong to the
//! store and its handles together, so that a handle may outlive the store.

use crate::address;
use crate::error::Error;
use crate::mapping::Mapping;
use crate::module::Module;
use crate::pages::PageSize;
use crate::store::{AsContextMut, Mode, Store, StoreContextMut, StoreInner};
use crate::trap::Exec;
use prefab_abi::note::Traps;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Stops the guest of a store, from any thread.
///
/// A request is served by the first guest code of the store that looks: the loops and calls of the
/// guest that runs now; or, if none runs, the next one that is called, before it has done anything.
/// That guest traps with [`TrapCode::Interrupted`](crate::TrapCode::Interrupted), and the request
/// is over. What was asked for several times before is asked for once. A host function that the
/// guest has called is not disturbed: the guest stops after it has returned.
///
/// Clones are handles of the same store. They may outlive it; then they do nothing.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::Store;
///
/// let mut store = Store::new(());
/// let handle = store.interrupt_handle()?;
/// let elsewhere = handle.clone();
/// std::thread::spawn(move || elsewhere.interrupt()).join().unwrap();
/// // No guest runs: the next one would stop at once.
/// assert!(handle.is_pending());
/// handle.clear();
/// assert!(!handle.is_pending());
/// # Ok::<(), prefab::Error>(())
/// ```
#[derive(Clone)]
pub struct InterruptHandle(Arc<Interrupt>);

impl InterruptHandle {
    /// Asks the guest to stop.
    ///
    /// # Panics
    /// If the system refuses to protect a page, for which it has no reason: the page is a mapping
    /// by itself.
    pub fn interrupt(&self) {
        self.0.ask(true);
    }

    /// Takes back what no guest has been stopped by yet.
    ///
    /// # Panics
    /// As [`interrupt`](Self::interrupt).
    pub fn clear(&self) {
        self.0.ask(false);
    }

    /// Whether a guest is asked to stop, and none has been stopped by it yet.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.0.is_asked()
    }
}

impl fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterruptHandle")
            .field("is_pending", &self.is_pending())
            .finish()
    }
}

/// What a store and its handles share.
#[derive(Default)]
pub(crate) struct Interrupt {
    /// 1 if the guest is asked to stop.
    flag: AtomicU32,
    /// The poll page, once there is code that needs one. Whoever changes it or the flag holds the
    /// lock; code and the signal handler only look, without.
    page: Mutex<Option<PollPage>>,
}

impl Interrupt {
    fn lock(&self) -> MutexGuard<'_, Option<PollPage>> {
        // What it protects is whole after each step.
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, is_asked: bool) {
        let mut page = self.lock();
        if self.flag.swap(u32::from(is_asked), Ordering::SeqCst) == u32::from(is_asked) {
            return;
        }
        if let Some(page) = &mut *page {
            page.set_readable(!is_asked)
                .expect("the protection of a whole mapping can be changed");
        }
    }

    fn is_asked(&self) -> bool {
        self.flag.load(Ordering::SeqCst) != 0
    }

    /// The address of the poll page, which is made if there is none.
    fn page(&self) -> Result<u64, Error> {
        let mut page = self.lock();
        if let Some(page) = &*page {
            return Ok(page.address());
        }
        let failed = |error| Error::resource("make a page to interrupt guests by", error);
        let mut new = PollPage::new(PageSize::of_system()).map_err(failed)?;
        new.set_readable(!self.is_asked()).map_err(failed)?;
        Ok(page.insert(new).address())
    }
}

/// A page that is readable or not, between two that are writable and never used: so it is always a
/// mapping by itself for the system, whose protection changes without another one being needed.
struct PollPage(Mapping);

impl PollPage {
    fn new(page: PageSize) -> Result<Self, rustix::io::Errno> {
        let size = page.bytes();
        let mut mapping = Mapping::reserve(3 * size, page)?;
        mapping.make_accessible(0, size)?;
        mapping.make_accessible(2 * size, size)?;
        Ok(Self(mapping))
    }

    fn address(&self) -> u64 {
        self.0.base().addr().get() as u64 + self.0.page().bytes() as u64
    }

    fn set_readable(&mut self, is_readable: bool) -> Result<(), rustix::io::Errno> {
        let size = self.0.page().bytes();
        self.0.set_readable(size, size, is_readable)
    }
}

impl Exec {
    /// What the store shares with its handles.
    fn interrupt(&mut self) -> &Arc<Interrupt> {
        let interrupt = self.interrupt.get_or_insert_default();
        self.abi.interrupt = address::of(&raw const interrupt.flag);
        interrupt
    }

    /// Makes what code looks at that finds traps in this way.
    fn prepare_polls(&mut self, traps: Traps) -> Result<(), Error> {
        let interrupt = self.interrupt();
        if traps == Traps::Signals {
            self.abi.poll = interrupt.page()?;
        }
        Ok(())
    }

    /// Whether the guest is asked to stop.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt
            .as_ref()
            .is_some_and(|shared| shared.is_asked())
    }

    /// Notes that the guest has stopped because it was asked to.
    pub(crate) fn interrupted(&self) {
        if let Some(shared) = &self.interrupt {
            shared.ask(false);
        }
    }

    /// Whether `address` lies in the store's poll page. For the signal handler.
    pub(crate) fn is_poll(&self, address: u64) -> bool {
        let start = self.abi.poll;
        start != 0 && (start..start + self.poll_size_bytes).contains(&address)
    }
}

impl StoreInner {
    /// Makes ready what `module`'s code needs to be interrupted, if it can be; refuses it where the
    /// store has given a handle, and it cannot.
    pub(crate) fn prepare_interrupts(&mut self, module: &Module) -> Result<(), Error> {
        let assumptions = module.assumptions();
        if assumptions.is_interruptible {
            self.exec_mut().prepare_polls(assumptions.traps)
        } else if self.has_handles {
            Err(uninterruptible(module))
        } else {
            Ok(())
        }
    }

    fn interrupt_handle(&mut self) -> Result<InterruptHandle, Error> {
        let mut modules = self.instances.iter().map(|instance| instance.module());
        if let Some(module) = modules.find(|module| !module.assumptions().is_interruptible) {
            return Err(uninterruptible(module));
        }
        self.has_handles = true;
        Ok(InterruptHandle(Arc::clone(self.exec_mut().interrupt())))
    }
}

fn uninterruptible(module: &Module) -> Error {
    Error::CompiledWithout {
        module: module.name().to_owned(),
        flag: "--interruptible",
        why: "an interrupt handle of the store could not stop it",
    }
}

impl<T, M: Mode> StoreContextMut<'_, T, M> {
    /// A handle by which any thread stops the store's guest.
    ///
    /// From now on, only modules that were compiled with `prefab compile --interruptible` can be
    /// instantiated in the store.
    ///
    /// # Errors
    /// [`Error::CompiledWithout`], if there is an instance of another module.
    pub fn interrupt_handle(&mut self) -> Result<InterruptHandle, Error> {
        self.inner_mut().interrupt_handle()
    }
}

impl<T, M: Mode> Store<T, M> {
    /// A handle by which any thread stops the store's guest.
    ///
    /// From now on, only modules that were compiled with `prefab compile --interruptible` can be
    /// instantiated in the store.
    ///
    /// # Errors
    /// [`Error::CompiledWithout`], if there is an instance of another module.
    pub fn interrupt_handle(&mut self) -> Result<InterruptHandle, Error> {
        self.as_context_mut().interrupt_handle()
    }
}

#[cfg(test)]
mod tests {
    use super::{Interrupt, InterruptHandle, PollPage};
    use crate::Store;
    use crate::pages::PageSize;

    /// The access of the one mapping that holds all of these addresses, as `/proc/self/maps` has it. The
    /// kernel joins neighbours with the same access, so the mapping may be larger.
    fn access(start: u64, len: u64) -> Option<String> {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().find_map(|line| {
            let mut words = line.split(' ');
            let (from, to) = words.next()?.split_once('-')?;
            let hex = |text| u64::from_str_radix(text, 16).unwrap();
            let holds = hex(from) <= start && start + len <= hex(to);
            holds.then(|| words.next().unwrap().to_owned())
        })
    }

    #[test]
    fn a_page_of_any_size_has_one_access() {
        for size in PageSize::all() {
            let mut page = PollPage::new(size).unwrap();
            for is_readable in [true, false, false, true] {
                page.set_readable(is_readable).unwrap();
                let expected = if is_readable { "r--p" } else { "---p" };
                let found = access(page.address(), size.bytes() as u64);
                assert_eq!(found.as_deref(), Some(expected));
            }
        }
    }

    #[test]
    fn a_page_is_made_as_it_was_asked_for() {
        let interrupt = Interrupt::default();
        interrupt.ask(true);
        let start = interrupt.page().unwrap();
        assert_eq!(interrupt.page().unwrap(), start);
        let len = PageSize::of_system().bytes() as u64;
        assert_eq!(access(start, len).as_deref(), Some("---p"));
        interrupt.ask(false);
        assert_eq!(access(start, len).as_deref(), Some("r--p"));
    }

    #[test]
    fn handles_outlive_their_store() {
        fn is_shared<T: Clone + Send + Sync>() {}
        is_shared::<InterruptHandle>();
        let mut store = Store::new(());
        let handle = store.interrupt_handle().unwrap();
        let other = store.interrupt_handle().unwrap();
        drop(store);
        handle.interrupt();
        assert!(other.is_pending());
        other.clone().clear();
        assert!(!handle.is_pending());
    }
}
