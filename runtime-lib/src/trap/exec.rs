//! The state of one store's execution.
//!
//! # Safety
//! Unsafe for sending the state between threads (it points at activations) and for replacing the
//! list of modules under the eyes of the signal handler.
#![allow(
    unsafe_code,
    reason = "the state is shared with compiled code and with the signal handler"
)]

use super::backtrace::Pcs;
use super::enter::Activation;
use crate::fuel::Fuel;
use crate::interrupt::Interrupt;
use crate::pages::PageSize;
use prefab_abi::code_map::CodeMap;
use prefab_abi::exec::ExecState;
use prefab_abi::meta::Meta;
use prefab_abi::trap::TrapCode;
use std::any::Any;
use std::error::Error;
use std::ops::Range;
use std::ptr;
#[cfg(feature = "async")]
use std::ptr::NonNull;
use std::sync::Arc;

/// What trap handling knows of a module. The signal handler asks [`text`](Self::text) and
/// [`code_map`](Self::code_map): they take no lock and no memory.
pub(crate) trait Code: Send + Sync {
    /// Where the code is.
    fn text(&self) -> Range<u64>;
    /// Which of its instructions trap, and which of the module's they came from.
    fn code_map(&self) -> Option<CodeMap<'_>>;
    /// The module's metadata.
    fn meta(&self) -> &Meta<'_>;
    /// The module's name.
    fn name(&self) -> &Arc<str>;
    /// Whether the code traps by faults and trap instructions, too.
    fn needs_signals(&self) -> bool;
}

/// Why the guest is about to be stopped, noted by the runtime function or host function that says
/// so to the stub or adapter that called it.
pub(crate) enum Pending {
    /// It trapped.
    Trap(TrapCode),
    /// A host function returned an error.
    Error(Box<dyn Error + Send + Sync>),
    /// A host function panicked.
    Panic(Box<dyn Any + Send>),
}

/// The modules of a store, sorted by where their code is.
type Modules = Vec<Arc<dyn Code>>;

/// The state of a store's execution: one per store, at an address that does not change.
///
/// While a guest runs there is no reference to it: compiled code, the signal handler and the
/// functions of this module reach it through the pointer that [`Exec::enter`] was given.
#[repr(C)]
pub(crate) struct Exec {
    /// What compiled code knows of it. First, so that a pointer to it points at all.
    pub(crate) abi: ExecState,
    /// Owned; replaced as a whole, so that a fault in the host at any time finds it consistent.
    modules: *mut Modules,
    /// Sorted, without overlaps. Only looked at by the handler when compiled code faulted, when
    /// nobody is changing it.
    memories: Vec<Range<u64>>,
    pub(super) pending: Option<Pending>,
    /// What the store shares with those who may interrupt its guests.
    pub(crate) interrupt: Option<Arc<Interrupt>>,
    /// The size of a poll page, in bytes.
    pub(crate) poll_size_bytes: u64,
    /// The fuel that is not in `abi.fuel`.
    pub(crate) fuel: Fuel,
    /// Whether a guest was ever stopped: by a trap, or by a host function's error or panic.
    pub(crate) was_stopped: bool,
    /// Whether a module needs the signal handler.
    pub(super) needs_signals: bool,
    /// Where the guest was when it was stopped.
    pub(super) pcs: Pcs,
    /// The activations of this store that go on when the innermost one is left.
    pub(super) activations: *const Activation,
    /// How many fibers run guests of the store or have suspended them. Those of futures that were
    /// leaked stay suspended for ever.
    pub(crate) fibers: usize,
    /// How much of a stack is left to the host, in bytes; 0 for the default.
    pub(crate) host_reserve_bytes: u64,
    /// By what compiled code that is running suspends the fiber that it runs on, if it does.
    /// Cleared while the host runs: its frames must not be suspended.
    #[cfg(feature = "async")]
    pub(crate) fiber: Option<NonNull<crate::asynchronous::Suspender>>,
}

// SAFETY: `modules` is owned. `activations` points to the stack of the thread that runs the store,
// or of a fiber, and is null when none does; while one does, the store is borrowed and does not move
// to another without the fiber. `fiber` is set only while a fiber runs.
unsafe impl Send for Exec {}
// SAFETY: nothing changes through a shared reference.
unsafe impl Sync for Exec {}

impl Default for Exec {
    fn default() -> Self {
        Self {
            abi: ExecState {
                fuel: Fuel::UNSET_SLICE,
                ..ExecState::default()
            },
            modules: Box::into_raw(Box::default()),
            memories: Vec::new(),
            pending: None,
            interrupt: None,
            poll_size_bytes: PageSize::of_system().bytes() as u64,
            fuel: Fuel::default(),
            was_stopped: false,
            needs_signals: false,
            pcs: Pcs::new(),
            activations: ptr::null(),
            fibers: 0,
            host_reserve_bytes: 0,
            #[cfg(feature = "async")]
            fiber: None,
        }
    }
}

impl Drop for Exec {
    fn drop(&mut self) {
        // SAFETY: it came from `Box::into_raw` and is not used again.
        drop(unsafe { Box::from_raw(self.modules) });
    }
}

impl Exec {
    /// Makes a module's code known: its traps are the store's.
    pub(crate) fn add_module(&mut self, code: Arc<dyn Code>) {
        self.needs_signals |= code.needs_signals();
        let start = code.text().start;
        let modules = self.modules();
        let index = modules.partition_point(|other| other.text().start < start);
        let known = modules.get(index);
        if code.text().is_empty() || known.is_some_and(|other| other.text().start == start) {
            return;
        }
        let mut new = Vec::with_capacity(modules.len() + 1);
        new.extend_from_slice(&modules[..index]);
        new.push(code);
        new.extend_from_slice(&modules[index..]);
        let old = std::mem::replace(&mut self.modules, Box::into_raw(Box::new(new)));
        // SAFETY: it came from `Box::into_raw`, and `modules` points elsewhere now.
        drop(unsafe { Box::from_raw(old) });
    }

    /// Makes a memory known: an access to its reservation, guard included, may trap.
    pub(crate) fn add_memory(&mut self, reservation: Range<u64>) {
        let memories = &mut self.memories;
        let index = memories.partition_point(|other| other.start < reservation.start);
        memories.insert(index, reservation);
    }

    /// Notes why the guest that called the runtime is about to be stopped.
    pub(crate) fn set_pending(&mut self, pending: Pending) {
        self.pending = Some(pending);
    }

    /// Why a host function that the host itself called did not return.
    pub(crate) fn take_pending(&mut self) -> Option<Pending> {
        self.pending.take()
    }

    /// Whether a guest of the store runs: the host is called by it, or by nobody.
    pub(crate) const fn is_running(&self) -> bool {
        !self.activations.is_null()
    }

    fn modules(&self) -> &Modules {
        // SAFETY: it came from `Box::into_raw` in `default` or `add_module` and is dropped only
        // when it is replaced, for which `add_module` borrows all of `self`.
        unsafe { &*self.modules }
    }

    /// The module whose code contains `pc`.
    pub(super) fn module_at(&self, pc: u64) -> Option<&dyn Code> {
        let modules = self.modules();
        let after = modules.partition_point(|module| module.text().start <= pc);
        let module = modules.get(after.checked_sub(1)?)?;
        module.text().contains(&pc).then_some(&**module)
    }

    /// Whether `address` belongs to a memory of the store, its guard included.
    pub(super) fn is_in_memory(&self, address: u64) -> bool {
        let after = self
            .memories
            .partition_point(|memory| memory.start <= address);
        after
            .checked_sub(1)
            .is_some_and(|index| self.memories[index].contains(&address))
    }
}
