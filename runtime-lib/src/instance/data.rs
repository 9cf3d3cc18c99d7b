//! What a store knows of an instance.

use super::fields::Fields;
use crate::address;
use crate::aliased::Aliased;
use crate::const_expr::Env;
use crate::error::Error;
use crate::func::{Adapted, Binding, FuncKind, HostFunc};
use crate::global::GlobalData;
use crate::mapping::Mapping;
use crate::module::Module;
use crate::module::types::val_type;
use crate::store::StoreInner;
use crate::types::GlobalType;
use crate::value::RawVal;
use prefab_abi::func::FuncRef;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// An instance.
pub(crate) struct InstanceData {
    pub(super) module: Module,
    pub(super) fields: Fields,
    /// The mapping of the fields, if memory 0 does not have it.
    pub(super) mapping: Option<Mapping>,
    pub(super) imported_funcs: Arc<[ImportedSource]>,
    /// The contexts of imported host functions: compiled code has their addresses.
    pub(super) bindings: Aliased<[Binding]>,
    /// The store's index of each table.
    pub(super) tables: Vec<u32>,
    /// The store's index of each memory.
    pub(super) memories: Vec<u32>,
    /// The store's index of each imported global.
    pub(super) imported_globals: Vec<u32>,
    /// The store's indices of functions, of those that somebody has asked for.
    pub(super) funcs: HashMap<u32, u32>,
    /// The store's indices of defined globals, of those that somebody has asked for.
    pub(super) globals: HashMap<u32, u32>,
    pub(super) dropped_elements: HashSet<u32>,
    pub(super) dropped_data: HashSet<u32>,
    /// The function that the host may call once: a command's `_start`, a reactor's `_initialize`.
    pub(super) once: Option<u32>,
    pub(super) phase: Phase,
}

/// How far an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// What has to run first has not yet, or has failed.
    Unready,
    /// What has to run first runs.
    Starting,
    /// Of what has to run first only `_initialize` is left, for the host to call.
    Waiting,
    /// The exports can be used.
    Ready,
    /// As `Ready`, and the command has been run.
    HasRun,
}

/// Where an imported function comes from.
pub(super) enum ImportedSource {
    /// From the store.
    Func(u32),
    /// From a linker.
    Host {
        host: Arc<HostFunc>,
        /// Which of the instance's bindings it has.
        binding: usize,
        /// How the instance's module calls it.
        adapted: Adapted,
    },
}

impl InstanceData {
    pub(crate) const fn module(&self) -> &Module {
        &self.module
    }

    /// How many globals and functions it has, imported ones included.
    pub(crate) fn sizes(&self) -> [usize; 2] {
        let meta = self.module.meta();
        let counts = meta.counts();
        let defined = meta.funcs().map_or(0, |funcs| funcs.len());
        [
            (counts.imported_globals + counts.defined_globals) as usize,
            (counts.imported_funcs + defined) as usize,
        ]
    }
}

fn missing(what: &'static str, index: u32) -> Error {
    Error::format(what, "has an index that is too large", u64::from(index))
}

impl StoreInner {
    fn instance(&self, instance: u32) -> &InstanceData {
        &self.instances[instance as usize]
    }

    /// The store's index of a memory of an instance.
    pub(crate) fn memory_of(&self, instance: u32, memory: u32) -> Result<u32, Error> {
        let memories = &self.instance(instance).memories;
        let found = memories.get(memory as usize).copied();
        found.ok_or_else(|| missing("memory", memory))
    }

    /// The store's index of a table of an instance.
    pub(crate) fn table_of(&self, instance: u32, table: u32) -> Result<u32, Error> {
        let tables = &self.instance(instance).tables;
        let found = tables.get(table as usize).copied();
        found.ok_or_else(|| missing("table", table))
    }

    /// The store's index of a global of an instance.
    pub(crate) fn global_of(&mut self, instance: u32, global: u32) -> Result<u32, Error> {
        let data = self.instance(instance);
        let imported = data.imported_globals.len() as u32;
        let Some(defined) = global.checked_sub(imported) else {
            return Ok(data.imported_globals[global as usize]);
        };
        if let Some(index) = data.globals.get(&defined) {
            return Ok(*index);
        }
        let record = data.module.meta().globals()?.get(defined)?;
        let ty = GlobalType::new(val_type(record.ty)?, record.mutable != 0);
        let cell = data.fields.defined_global(defined);
        let index = self.add_global(GlobalData::in_instance(ty, cell));
        let data = &mut self.instances[instance as usize];
        data.globals.insert(defined, index);
        Ok(index)
    }

    /// The store's index of a function of an instance.
    pub(crate) fn func_of_instance(&mut self, instance: u32, func: u32) -> Result<u32, Error> {
        if let Some(index) = self.instance(instance).funcs.get(&func) {
            return Ok(*index);
        }
        let mut index = self.make_func(instance, func)?;
        let data = self.instance(instance);
        if data.once == Some(func) {
            let abi = self.func(index).abi;
            let func = index;
            index = self.add_func(abi, FuncKind::Once { instance, func });
        }
        let data = &mut self.instances[instance as usize];
        data.funcs.insert(func, index);
        Ok(index)
    }

    /// As [`func_of_instance`](Self::func_of_instance), for a function that nobody has asked for.
    fn make_func(&mut self, instance: u32, func: u32) -> Result<u32, Error> {
        let data = self.instance(instance);
        let (abi, kind) = match data.imported_funcs.get(func as usize) {
            Some(ImportedSource::Func(index)) => return Ok(*index),
            Some(ImportedSource::Host {
                host,
                binding,
                adapted,
            }) => {
                let binding = Aliased::new(Box::new(data.bindings[*binding]));
                let abi = FuncRef {
                    code: adapted.adapter,
                    type_id: host.identity(),
                    context: address::of(binding.as_ptr()),
                };
                let host = Arc::clone(host);
                (abi, FuncKind::Host { host, binding })
            }
            None => {
                let module = &data.module;
                let defined = func - data.imported_funcs.len() as u32;
                let record = module.meta().funcs()?.get(defined)?;
                let abi = FuncRef {
                    code: module.code_address(record.code_offset)?,
                    type_id: module.type_id(record.type_index)?,
                    context: data.fields.context(),
                };
                let kind = FuncKind::Guest {
                    instance,
                    func,
                    ty: OnceLock::new(),
                    array_entry: OnceLock::new(),
                };
                (abi, kind)
            }
        };
        Ok(self.add_func(abi, kind))
    }
}

/// What constant expressions of an instance refer to.
pub(super) struct InstanceEnv<'a> {
    pub(super) store: &'a mut StoreInner,
    pub(super) instance: u32,
}

impl Env for InstanceEnv<'_> {
    fn global(&mut self, index: u32) -> Result<RawVal, Error> {
        let data = self.store.instance(self.instance);
        let imported = data.imported_globals.len() as u32;
        match index.checked_sub(imported) {
            None => {
                let global = data.imported_globals[index as usize];
                Ok(self.store.globals[global as usize].get())
            }
            Some(defined) => {
                let record = data.module.meta().globals()?.get(defined)?;
                let ty = val_type(record.ty)?;
                Ok(data.fields.global(defined, ty))
            }
        }
    }

    fn func_ref(&mut self, index: u32) -> Result<u64, Error> {
        let func = self.store.func_of_instance(self.instance, index)?;
        Ok(self.store.func_address(func))
    }
}
