//! What runs once: the functions that run before an instance is used, and commands.
//!
//! ```text
//! Unready ── start function ──► Starting ──► Ready ── run_command ──► HasRun     any ── reset ──► Unready
//!                                   │ a reactor made by `Instance::new`
//!                                   ╰──► Waiting ── `_initialize` ──► Ready
//! ```
//!
//! A trap, error or panic on the way to `Ready` leads back to `Unready`.
//!
//! # Safety
//!
//! Unsafe for calling functions of the instance; the store is let go of for that.
#![allow(
    unsafe_code,
    reason = "calls functions while nothing refers to the store"
)]

use super::Instance;
use super::data::Phase;
use crate::error::Error;
use crate::func::{Func, FuncKind, call_record};
use crate::store::{AsContextMut, StoreInner};
use prefab_abi::meta::ModuleKind;
use prefab_abi::types::FuncType;
use std::ptr::NonNull;

const INITIALIZE: &str = "_initialize";

/// Who calls a reactor's `_initialize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initialize {
    /// We do, at once.
    Now,
    /// The host does, later.
    Later,
}

/// Something of an instance runs that must return for the instance to be used: if it does not,
/// the instance is not ready.
struct Starting {
    store: NonNull<StoreInner>,
    instance: u32,
    /// Of the instance when it has returned.
    then: Phase,
}

impl Starting {
    /// # Safety
    /// Nothing refers to the store, until this is dropped but for what it runs.
    unsafe fn begin(store: NonNull<StoreInner>, instance: u32) -> Self {
        let mut starting = Self {
            store,
            instance,
            then: Phase::Unready,
        };
        starting.set(Phase::Starting);
        starting
    }

    fn set(&mut self, phase: Phase) {
        // SAFETY: `begin` was promised that there is no reference; this one ends here.
        let inner = unsafe { self.store.as_mut() };
        inner.instances[self.instance as usize].phase = phase;
    }

    fn end(mut self, then: Phase) {
        self.then = then;
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        self.set(self.then);
    }
}

/// Runs what has to run before an instance is used: the start function, then a reactor's
/// `_initialize` if `initialize` says so.
///
/// # Safety
/// `store` is a store that nothing holds a reference to.
pub(crate) unsafe fn start(
    store: NonNull<StoreInner>,
    instance: u32,
    initialize: Initialize,
) -> Result<(), Error> {
    // SAFETY: the caller says so; only `call` runs something.
    let starting = unsafe { Starting::begin(store, instance) };
    let (start, once) = {
        // SAFETY: the caller says that there is no other reference; this one ends here.
        let data = &unsafe { store.as_ref() }.instances[instance as usize];
        let is_reactor = data.module().kind() == ModuleKind::Reactor;
        (
            data.module().meta().start(),
            data.once.filter(|_| is_reactor),
        )
    };
    if let Some(start) = start {
        // SAFETY: as above.
        unsafe { call(store, instance, start) }?;
    }
    if let Some(once) = once {
        if initialize == Initialize::Later {
            starting.end(Phase::Waiting);
            return Ok(());
        }
        // SAFETY: as above.
        unsafe { call(store, instance, once) }?;
    }
    starting.end(Phase::Ready);
    Ok(())
}

/// Calls a function of the instance that has neither parameters nor results, whether or not it
/// was called before.
///
/// # Safety
/// As [`start`].
unsafe fn call(store: NonNull<StoreInner>, instance: u32, func: u32) -> Result<(), Error> {
    let index = {
        // SAFETY: the caller says that there is no other reference; this one ends here.
        let inner = unsafe { &mut *store.as_ptr() };
        let index = inner.func_of_instance(instance, func)?;
        inner.expect_plain(index)?;
        match inner.func(index).kind {
            FuncKind::Once { func, .. } => func,
            _ => index,
        }
    };
    let mut values = [0_u64; 2];
    // SAFETY: as above; the function takes and returns no values.
    unsafe { call_record(store, index, values.as_mut_ptr()) }
}

/// Has `call` call the function of the instance that hosts may call once, if it may be called now.
///
/// # Safety
/// As [`start`]; `call` calls that function.
pub(crate) unsafe fn once<R>(
    store: NonNull<StoreInner>,
    instance: u32,
    call: impl FnOnce() -> Result<R, Error>,
) -> Result<R, Error> {
    let is_command = {
        // SAFETY: the caller says that there is no other reference; this one ends here.
        let data = &mut unsafe { &mut *store.as_ptr() }.instances[instance as usize];
        let module = || data.module.name().to_owned();
        let is_command = data.module.kind() == ModuleKind::Command;
        match (data.phase, is_command) {
            (Phase::Ready, true) => data.phase = Phase::HasRun,
            (Phase::Waiting, _) => {}
            (Phase::HasRun, _) => return Err(Error::CommandAlreadyRun { module: module() }),
            (Phase::Ready, false) => return Err(Error::AlreadyInitialized { module: module() }),
            (Phase::Starting, false) => {
                return Err(Error::AlreadyInitialized { module: module() });
            }
            (phase @ (Phase::Unready | Phase::Starting), _) => {
                return Err(Error::NotInitialized {
                    module: module(),
                    has_failed: phase == Phase::Unready,
                });
            }
        }
        is_command
    };
    if is_command {
        return call();
    }
    // SAFETY: as above; only `call` runs something.
    let starting = unsafe { Starting::begin(store, instance) };
    let result = call()?;
    starting.end(Phase::Ready);
    Ok(result)
}

impl StoreInner {
    /// That the exports of an instance may be used.
    pub(super) fn expect_ready(&self, instance: u32) -> Result<(), Error> {
        let data = &self.instances[instance as usize];
        match data.phase {
            Phase::Ready | Phase::HasRun | Phase::Starting => Ok(()),
            Phase::Unready | Phase::Waiting => Err(Error::NotInitialized {
                module: data.module.name().to_owned(),
                has_failed: data.phase == Phase::Unready,
            }),
        }
    }

    /// Whether a reactor waits for the host to call the export of this name.
    pub(super) fn is_waiting_for(&self, instance: u32, name: &str) -> bool {
        self.instances[instance as usize].phase == Phase::Waiting && name == INITIALIZE
    }

    /// That a function has neither parameters nor results.
    fn expect_plain(&self, index: u32) -> Result<(), Error> {
        let store = self.id();
        let ty = self.func_type(Func { store, index })?;
        let plain = FuncType::new([], []);
        if **ty == plain {
            return Ok(());
        }
        Err(Error::Type(format!(
            "the type of a function that runs by itself is {ty}, not {plain}"
        )))
    }
}

impl Instance {
    /// Runs a command, from its `_start` to its end. It runs once: after that its instance can be
    /// [reset](Self::reset), or another one made.
    ///
    /// A program that ends itself (WASI's `proc_exit`) ends with the error of the host function
    /// that it called for that.
    ///
    /// # Errors
    /// [`Error::CommandAlreadyRun`] if it has run already, or runs now, by whatever way; then
    /// nothing of it has run again. [`Error::NotACommand`] if the module exports no `_start`.
    /// If the instance is another store's; or what stopped the guest.
    ///
    /// # Panics
    /// If a host function that the guest calls panics.
    pub fn run_command(&self, mut store: impl AsContextMut) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let inner = store.inner_mut();
        inner.check(self.store, "instance")?;
        let data = &inner.instances[self.index as usize];
        let Some(start) = data
            .once
            .filter(|_| data.module.kind() == ModuleKind::Command)
        else {
            let module = data.module.name().to_owned();
            return Err(Error::NotACommand { module });
        };
        self.call_once(store, start)
    }

    /// Makes a reactor that [`Instance::new`](Self::new) has made ready, by its `_initialize`.
    /// Other instances are ready when they are made, and this does nothing.
    ///
    /// # Errors
    /// [`Error::AlreadyInitialized`] if it has been called before, also by the linker that made
    /// the instance. If the instance is another store's; or what stopped the guest: then the
    /// instance is not ready, and can be [reset](Self::reset).
    ///
    /// # Panics
    /// If a host function that the guest calls panics.
    pub fn initialize(&self, mut store: impl AsContextMut) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let inner = store.inner_mut();
        inner.check(self.store, "instance")?;
        let data = &inner.instances[self.index as usize];
        match data
            .once
            .filter(|_| data.module.kind() == ModuleKind::Reactor)
        {
            Some(initialize) => self.call_once(store, initialize),
            None => inner.expect_ready(self.index),
        }
    }

    /// Calls the function that the host may call once.
    fn call_once(&self, mut store: impl AsContextMut, func: u32) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let inner = store.inner_mut();
        let index = inner.func_of_instance(self.index, func)?;
        inner.expect_plain(index)?;
        let mut values = [0_u64; 2];
        // SAFETY: the store is borrowed for everything, and nothing of it is referred to; the
        // function takes and returns no values.
        unsafe { call_record(store.inner_ptr(), index, values.as_mut_ptr()) }
    }
}
