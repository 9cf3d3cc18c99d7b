//! The part of a store that does not depend on the host's data.
//!
//! # Safety
//!
//! Function records and the execution state are shared with compiled code: they lie in
//! allocations of their own, which the store owns, never moves and frees when it is dropped.
#![allow(unsafe_code, reason = "owns what compiled code points at")]

use super::limiter::Vtable;
use super::{Limits, StoreId};
use crate::address;
use crate::aliased::Aliased;
use crate::error::Error;
use crate::externref::ExternRef;
use crate::func::{Adapters, Func, FuncKind, FuncRecord, HostFunc};
use crate::global::GlobalData;
use crate::instance::{InstanceData, Spares};
use crate::memory::MemoryData;
use crate::table::TableData;
use crate::trap::{Backtrace, Exec, Pending, Stopped};
use prefab_abi::func::FuncRef;
use prefab_abi::trap::TrapCode;
use std::any::Any;
use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::Arc;

/// What lives in a store.
pub struct StoreInner {
    id: StoreId,
    exec: Aliased<Exec>,
    pub(crate) instances: Vec<InstanceData>,
    /// The numbers of the modules that they are instances of, each with its first instance.
    pub(crate) modules: Vec<(u64, u32)>,
    /// How many of the modules have been searched for host adapters.
    pub(crate) modules_searched: usize,
    pub(crate) memories: Vec<MemoryData>,
    pub(crate) tables: Vec<TableData>,
    pub(crate) globals: Vec<GlobalData>,
    funcs: Vec<Aliased<FuncRecord>>,
    /// Sendable if the store's mode asked that of them.
    externs: Vec<Box<dyn Any>>,
    /// The host adapters of the instantiated modules, by the types' identities.
    adapters: HashMap<u64, Adapters>,
    /// Host functions for whose type there is no adapter yet.
    unadapted: HashMap<u64, Vec<u32>>,
    pub(super) limits: Limits,
    /// Where the mappings of its instances come from and go to, if not with those of all stores.
    pub(crate) spares: Option<Arc<Spares>>,
    /// Whether it has given a handle to interrupt its guests.
    pub(crate) has_handles: bool,
    /// Whether there is a limiter.
    pub(super) is_limited: bool,
    /// For what depends on the host's data.
    pub(super) vtable: &'static Vtable,
    /// How large the stacks of its asynchronous calls are.
    #[cfg(feature = "async")]
    pub(crate) async_stack_size_bytes: usize,
}

impl StoreInner {
    pub(super) fn new(id: StoreId, vtable: &'static Vtable) -> Self {
        Self {
            id,
            exec: Aliased::new(Box::default()),
            instances: Vec::new(),
            modules: Vec::new(),
            modules_searched: 0,
            memories: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            funcs: Vec::new(),
            externs: Vec::new(),
            adapters: HashMap::new(),
            unadapted: HashMap::new(),
            limits: Limits::NONE,
            spares: None,
            has_handles: false,
            is_limited: false,
            vtable,
            #[cfg(feature = "async")]
            async_stack_size_bytes: crate::asynchronous::DEFAULT_SIZE_BYTES,
        }
    }

    pub(crate) const fn id(&self) -> StoreId {
        self.id
    }

    /// That a handle, of this kind and store, is of this store.
    #[inline]
    pub(crate) fn check(&self, store: StoreId, kind: &'static str) -> Result<(), Error> {
        if store == self.id {
            Ok(())
        } else {
            Err(Error::WrongStore(kind))
        }
    }

    pub(crate) const fn exec(&self) -> *mut Exec {
        self.exec.as_ptr()
    }

    pub(crate) const fn exec_address(&self) -> NonNull<Exec> {
        self.exec.as_non_null()
    }

    pub(crate) fn exec_mut(&mut self) -> &mut Exec {
        // SAFETY: the store owns it, and nobody else has a reference while the store is borrowed.
        unsafe { self.exec.get_mut() }
    }

    /// What a caller is told of a guest that was stopped. Resumes a host function's panic.
    #[cold]
    pub(crate) fn stopped(stopped: Stopped) -> Error {
        match stopped {
            Stopped::Trap(trap) => Error::Trap(trap),
            Stopped::Host { error, backtrace } => Error::of_host(error, backtrace),
            Stopped::Panic(payload) => std::panic::resume_unwind(payload),
            Stopped::System(error) => Error::resource("handle traps on this thread", error),
        }
    }

    /// What a caller is told of a host function that the host itself called and that did not
    /// return. Resumes a panic.
    pub(crate) fn host_stopped(&mut self) -> Error {
        match self.exec_mut().take_pending() {
            Some(Pending::Error(error)) => Error::of_host(error, Backtrace::default()),
            Some(Pending::Panic(payload)) => std::panic::resume_unwind(payload),
            Some(Pending::Trap(code)) => code.into(),
            // Whoever says that it did not return has noted why.
            None => TrapCode::Unreachable.into(),
        }
    }

    /// How much there is in the store: what only hosts and instantiation add to, then what looking
    /// at exports adds to.
    pub(crate) const fn census(&self) -> ([usize; 4], [usize; 2]) {
        let made = [
            self.instances.len(),
            self.memories.len(),
            self.tables.len(),
            self.externs.len(),
        ];
        (made, [self.globals.len(), self.funcs.len()])
    }

    /// Gives a function to the store; its handle's index.
    pub(crate) fn add_func(&mut self, abi: FuncRef, kind: FuncKind) -> u32 {
        let index = index_of(self.funcs.len());
        let record = Box::new(FuncRecord { abi, index, kind });
        self.funcs.push(Aliased::new(record));
        index
    }

    /// Gives a host function to the store, with the adapter of its type if there is one.
    pub(crate) fn add_host_func(&mut self, store: NonNull<Self>, host: Arc<HostFunc>) -> u32 {
        let type_id = host.identity();
        if !self.knows_adapters(type_id) {
            // A module that is malformed has none that could be used.
            let _ = self.find_adapters();
        }
        let adapters = self.adapters.get(&type_id).copied();
        let adapted = adapters.map(|adapters| adapters.for_host(&host));
        let shim = adapted.map_or(0, |adapted| adapted.shim);
        let mut binding = Box::new(host.bind(store, self.exec_address(), shim, 0));
        binding.abi.caller = adapters.map_or(0, |adapters| adapters.context);
        let binding = Aliased::new(binding);
        let abi = FuncRef {
            code: adapted.map_or(0, |adapted| adapted.adapter),
            type_id,
            context: address::of(binding.as_ptr()),
        };
        let index = self.add_func(abi, FuncKind::Host { host, binding });
        if adapted.is_none() {
            self.unadapted.entry(type_id).or_default().push(index);
        }
        index
    }

    /// Makes the adapters of a type known, and gives them to the functions that wait for them.
    pub(crate) fn add_adapters(&mut self, type_id: u64, adapters: Adapters) {
        self.adapters.entry(type_id).or_insert(adapters);
        for index in self.unadapted.remove(&type_id).unwrap_or_default() {
            let reference = self.func_address(index);
            // SAFETY: no guest runs while the store is borrowed.
            let record = unsafe { self.funcs[index as usize].get_mut() };
            let FuncKind::Host { host, binding } = &mut record.kind else {
                continue;
            };
            let adapted = adapters.for_host(host);
            // SAFETY: as above.
            let bound = &mut unsafe { binding.get_mut() }.abi;
            (bound.caller, bound.function) = (adapters.context, adapted.shim);
            record.abi.code = adapted.adapter;
            let func = record.abi;
            for table in &mut self.tables {
                table.patch(reference, func);
            }
        }
    }

    /// Whether host functions wait for the adapters of their types.
    pub(crate) fn has_unadapted(&self) -> bool {
        !self.unadapted.is_empty()
    }

    pub(crate) fn knows_adapters(&self, type_id: u64) -> bool {
        self.adapters.contains_key(&type_id)
    }

    /// The record of a function of this store.
    pub(crate) fn func(&self, index: u32) -> &FuncRecord {
        &self.funcs[index as usize]
    }

    /// The funcref value of a function of this store.
    pub(crate) fn func_address(&self, index: u32) -> u64 {
        address::of(self.funcs[index as usize].as_ptr())
    }

    /// The record of `func`.
    pub(crate) fn func_of(&self, func: Func) -> Result<&FuncRecord, Error> {
        self.check(func.store, "function")?;
        Ok(self.func(func.index))
    }

    /// The funcref value of `func` in compiled code.
    pub(crate) fn func_ref_bits(&self, func: Option<Func>) -> Result<u64, Error> {
        let Some(func) = func else {
            return Ok(0);
        };
        self.check(func.store, "function")?;
        Ok(self.func_address(func.index))
    }

    /// The function whose funcref value this is.
    pub(crate) fn func_of_bits(&self, bits: u64) -> Option<Func> {
        let record = address::pointer::<FuncRecord>(bits);
        // SAFETY: funcref values are 0 or the address of one of the store's records: compiled code
        // makes none of its own, and records live as long as the store.
        let record = unsafe { record.as_ref() }?;
        Some(Func {
            store: self.id,
            index: record.index,
        })
    }

    /// What a table holds for the funcref value.
    pub(crate) fn func_ref_of_bits(&self, bits: u64) -> Option<FuncRef> {
        self.func_of_bits(bits)
            .map(|func| self.func(func.index).abi)
    }

    pub(crate) fn add_extern(&mut self, value: Box<dyn Any>) -> Result<ExternRef, Error> {
        let index = u32::try_from(self.externs.len() + 1)
            .map_err(|_| Error::OutOfBounds("the store has too many externrefs"))?
            - 1;
        self.externs.push(value);
        Ok(ExternRef {
            store: self.id,
            index,
        })
    }

    pub(crate) fn extern_data(&self, at: ExternRef) -> Result<&dyn Any, Error> {
        self.check(at.store, "externref")?;
        Ok(&*self.externs[at.index as usize])
    }

    /// The externref value in compiled code: one more than its index.
    pub(crate) fn extern_ref_bits(&self, reference: Option<ExternRef>) -> Result<u64, Error> {
        let Some(reference) = reference else {
            return Ok(0);
        };
        self.check(reference.store, "externref")?;
        Ok(u64::from(reference.index) + 1)
    }

    /// The reference whose value this is.
    pub(crate) fn extern_ref_of_bits(&self, bits: u64) -> Option<ExternRef> {
        let index = u32::try_from(bits.checked_sub(1)?).ok()?;
        Some(ExternRef {
            store: self.id,
            index,
        })
    }
}

impl Drop for StoreInner {
    fn drop(&mut self) {
        self.retire();
    }
}

/// `len` as an index. A store that would have 2³² of anything is out of memory long before.
pub(crate) fn index_of(len: usize) -> u32 {
    u32::try_from(len).expect("fewer than 2³² things fit into memory")
}
