//! Making an instance (WebAssembly 2.0, §4.5.4).
//!
//! # Safety
//!
//! Unsafe for calling the start function, through the entry trampoline of its type.
#![allow(unsafe_code, reason = "calls the start function")]

use super::Extern;
use super::Instance;
use super::data::{ImportedSource, InstanceData, InstanceEnv, imported_host};
use super::fields::{Backing, Fields};
use super::imports::{Imports, Provided};
use crate::address;
use crate::aliased::Aliased;
use crate::const_expr::evaluate_as;
use crate::error::Error;
use crate::func::{Adapters, Binding, FuncKind, call_guest};
use crate::memory::{MemoryData, Place, Reservation};
use crate::module::Module;
use crate::module::types::{memory_type, table_type, val_type};
use crate::pages::PageSize;
use crate::store::{StoreInner, growth};
use crate::table::{self, TableData};
use crate::types::MemoryType;
use prefab_abi::func::ImportedFunc;
use prefab_abi::meta::{DefinedMemory, NONE, SegmentMode};
use prefab_abi::types::FuncType;
use std::collections::{HashMap, HashSet};
use std::ptr::NonNull;

const PAGE_SIZE_LOG2: u32 = 16;

fn defined_memory_type(memory: &DefinedMemory) -> Result<MemoryType, Error> {
    if memory.page_size_log2 != PAGE_SIZE_LOG2 {
        return Err(Error::Unsupported("memories with pages of another size"));
    }
    memory_type(memory.flags, memory.min, memory.max)
}

/// Makes an instance of `module` in the store and runs its start function.
///
/// # Safety
/// `store` is a store that nothing holds a reference to.
pub(crate) unsafe fn instantiate(
    store: NonNull<StoreInner>,
    module: &Module,
    imports: Imports,
) -> Result<Instance, Error> {
    {
        // SAFETY: the caller says that there is no other reference.
        let inner = unsafe { &mut *store.as_ptr() };
        inner.check_fuel(module)?;
        inner.prepare_interrupts(module)?;
    }
    let allocate = |inner: &mut StoreInner| inner.allocate(store, module, imports);
    // SAFETY: as above.
    let instance = unsafe { growth::new_instance(store, module, allocate) }?;
    {
        // SAFETY: as above.
        let inner = unsafe { &mut *store.as_ptr() };
        inner.add_module(module, instance)?;
        inner.initialize_globals(instance)?;
        inner.initialize_tables(instance)?;
        inner.initialize_memories(instance)?;
    }
    if let Some(start) = module.meta().start() {
        // SAFETY: as above.
        unsafe { call_start(store, instance, start) }?;
    }
    // SAFETY: as above; the start function has returned.
    Ok(Instance::new_handle(unsafe { store.as_ref() }, instance))
}

/// Calls a function without parameters and results.
///
/// # Safety
/// As [`instantiate`].
unsafe fn call_start(store: NonNull<StoreInner>, instance: u32, start: u32) -> Result<(), Error> {
    let (exec, target, context, code) = {
        // SAFETY: the caller says that there is no other reference.
        let inner = unsafe { &mut *store.as_ptr() };
        let index = inner.func_of_instance(instance, start)?;
        if inner
            .func_type(crate::Func {
                store: inner.id(),
                index,
            })?
            .as_ref()
            != &FuncType::new([], [])
        {
            return Err(Error::format(
                "meta start",
                "is of another type",
                u64::from(start),
            ));
        }
        let record = inner.func(index);
        let target = match &record.kind {
            FuncKind::Guest { instance, func, .. } => Ok(inner.array_entry(*instance, *func)?),
            FuncKind::Host { host, .. } => Err(host.array()),
        };
        (inner.exec(), target, record.abi.context, record.abi.code)
    };
    let mut values = [0_u64; 2];
    match target {
        // SAFETY: the entry is that of the function's type, which has no values, in its module.
        Ok(entry) => unsafe { call_guest(exec, entry, context, code, values.as_mut_ptr()) },
        Err(shim) => {
            // SAFETY: the shim is the function's, bound by its record's context.
            let code = unsafe { crate::func::call_array(shim, context, values.as_mut_ptr()) };
            if code == 0 {
                return Ok(());
            }
            // SAFETY: the caller says that there is no other reference.
            Err(unsafe { &mut *store.as_ptr() }.host_stopped())
        }
    }
}

impl StoreInner {
    /// Maps an instance, fills in its header and imports, and makes its memories and tables.
    fn allocate(
        &mut self,
        store: NonNull<Self>,
        module: &Module,
        imports: Imports,
    ) -> Result<u32, Error> {
        let meta = module.meta();
        let own_memory = if meta.layout().owns_memory_0() {
            Some(defined_memory_type(&meta.memories()?.get(0)?)?)
        } else {
            None
        };
        let index = crate::store::index_of(self.instances.len());
        let (fields, backing) = Fields::map(module, own_memory)?;
        let exec = address::of(self.exec());
        fields.set_header(module, store, exec, index);
        let mut data = InstanceData {
            module: module.clone(),
            fields,
            _mapping: None,
            imported_funcs: Vec::new(),
            bindings: Aliased::new(Box::default()),
            tables: imports.tables,
            memories: imports.memories,
            imported_globals: imports.globals,
            funcs: HashMap::new(),
            globals: HashMap::new(),
            dropped_elements: HashSet::new(),
            dropped_data: HashSet::new(),
        };
        let fill = || {
            self.import(&data)?;
            self.import_funcs(store, &mut data, imports.funcs)?;
            match backing {
                Backing::Fields(mapping) => data._mapping = Some(mapping),
                Backing::Memory(memory) => data.memories.push(self.add_memory(memory)),
            }
            self.define(&mut data)
        };
        // Even if it failed half-way, the store has tables whose definitions are in its fields.
        let filled = fill();
        self.instances.push(data);
        filled.map(|()| index)
    }

    fn import(&self, data: &InstanceData) -> Result<(), Error> {
        let counts = data.module.meta().counts();
        let agrees = data.tables.len() == counts.imported_tables as usize
            && data.memories.len() == counts.imported_memories as usize
            && data.imported_globals.len() == counts.imported_globals as usize;
        if !agrees {
            return Err(Error::format("meta counts", "do not fit the imports", 0));
        }
        for (index, table) in (0..).zip(&data.tables) {
            let address = self.tables[*table as usize].definition();
            data.fields.set_imported_table(index, address);
        }
        for (index, memory) in (0..).zip(&data.memories) {
            let address = self.memories[*memory as usize].definition();
            data.fields.set_imported_memory(index, address);
        }
        for (index, global) in (0..).zip(&data.imported_globals) {
            let address = self.globals[*global as usize].address();
            data.fields.set_imported_global(index, address);
        }
        Ok(())
    }

    fn import_funcs(
        &mut self,
        store: NonNull<Self>,
        data: &mut InstanceData,
        funcs: Vec<Provided>,
    ) -> Result<(), Error> {
        if funcs.len() != data.module.meta().counts().imported_funcs as usize {
            return Err(Error::format("meta counts", "do not fit the imports", 0));
        }
        let (exec, context) = (self.exec_address(), data.fields.context());
        let mut bindings = Vec::new();
        for provided in funcs {
            let source = match provided {
                Provided::Host(host) => Ok(host),
                Provided::Extern(Extern::Func(func)) => match &self.func_of(func)?.kind {
                    FuncKind::Host { host, .. } => Ok(std::sync::Arc::clone(host)),
                    FuncKind::Guest { .. } => Err(func.index),
                },
                // `Imports` has only functions here.
                Provided::Extern(_) => continue,
            };
            data.imported_funcs.push(match source {
                Ok(host) => {
                    bindings.push(host.bind(store, exec, context));
                    ImportedSource::Host(host, bindings.len() - 1)
                }
                Err(index) => ImportedSource::Func(index),
            });
        }
        data.bindings = Aliased::new(bindings.into_boxed_slice());
        for (index, source) in (0..).zip(&data.imported_funcs) {
            let func = match source {
                ImportedSource::Func(func) => {
                    let abi = self.func(*func).abi;
                    ImportedFunc {
                        code: abi.code,
                        context: abi.context,
                    }
                }
                ImportedSource::Host(host, binding) => {
                    let bindings = data.bindings.as_ptr().cast::<Binding>();
                    let binding = bindings.wrapping_add(*binding);
                    imported_host(&data.module, index, host, binding)?
                }
            };
            data.fields.set_imported_func(index, func);
        }
        Ok(())
    }

    /// Makes the memories, other than memory 0 behind the context, and tables.
    fn define(&mut self, data: &mut InstanceData) -> Result<(), Error> {
        let module = data.module.clone();
        let meta = module.meta();
        let own = u32::from(meta.layout().owns_memory_0());
        let memories = meta.memories()?;
        for index in own..memories.len() {
            let ty = defined_memory_type(&memories.get(index)?)?;
            let place = Place::Defined(data.fields.defined_memory(index));
            let reservation = Reservation::of_module(module.assumptions(), ty);
            let memory = MemoryData::new(ty, reservation, place, PageSize::of_system())?;
            data.memories.push(self.add_memory(memory));
        }
        let mut statics = HashSet::new();
        for table in meta.static_tables()?.iter() {
            statics.insert(table?.table);
        }
        for (index, record) in (0..).zip(meta.tables()?.iter()) {
            let record = record?;
            let mut ty = table_type(record.element_type, record.flags, record.min, record.max)?;
            if statics.contains(&(meta.counts().imported_tables + index)) {
                // Its elements lie in the object, and no runtime function is ever asked for them.
                (ty.min, ty.max) = (0, Some(0));
            }
            let place = table::Place::Defined(data.fields.defined_table(index));
            data.tables.push(self.add_table(TableData::new(ty, place)?));
        }
        Ok(())
    }

    /// Makes the module's code known to trap handling, and its host adapters to host functions
    /// that wait for them. Once per module.
    fn add_module(&mut self, module: &Module, instance: u32) -> Result<(), Error> {
        if !self.modules.insert(module.address()) {
            return Ok(());
        }
        self.exec_mut().add_module(module.clone());
        let context = self.instances[instance as usize].fields.context();
        let meta = module.meta();
        for (index, ty) in (0..).zip(meta.types()?.iter()) {
            let ty = ty?;
            let has_adapter = ty.native_adapter != NONE || ty.array_adapter != NONE;
            if ty.canonical_index != index || !has_adapter {
                continue;
            }
            let type_id = module.type_id(index)?;
            if self.knows_adapters(type_id) {
                continue;
            }
            let address = |offset: u32| match offset {
                NONE => Ok(None),
                offset => module.code_address(offset).map(Some),
            };
            let adapters = Adapters {
                context,
                native: address(ty.native_adapter)?,
                array: address(ty.array_adapter)?,
            };
            self.add_adapters(type_id, adapters);
        }
        Ok(())
    }

    fn initialize_globals(&mut self, instance: u32) -> Result<(), Error> {
        let module = self.instances[instance as usize].module.clone();
        let meta = module.meta();
        for (index, global) in (0..).zip(meta.globals()?.iter()) {
            let global = global?;
            let init = meta.bytes(global.init)?;
            let mut env = InstanceEnv {
                store: self,
                instance,
            };
            let value = evaluate_as(val_type(global.ty)?, init, &mut env)?;
            let data = &self.instances[instance as usize];
            data.fields.set_global(index, value.bits);
        }
        Ok(())
    }

    fn initialize_tables(&mut self, instance: u32) -> Result<(), Error> {
        let module = self.instances[instance as usize].module.clone();
        let meta = module.meta();
        let imported = meta.counts().imported_tables;
        for (index, record) in (0..).zip(meta.tables()?.iter()) {
            let record = record?;
            let init = meta.bytes(record.init)?;
            if init.is_empty() {
                continue;
            }
            let mut env = InstanceEnv {
                store: self,
                instance,
            };
            let value = evaluate_as(val_type(record.element_type)?, init, &mut env)?;
            let table = self.table_of(instance, imported + index)?;
            let len = self.tables[table as usize].len();
            self.table_fill(table, 0, value.bits as u64, len)?;
        }
        for (index, segment) in (0..).zip(meta.elements()?.iter()) {
            let segment = segment?;
            if SegmentMode::from_number(segment.mode) == Some(SegmentMode::Active) {
                let at = self.segment_offset(instance, meta.bytes(segment.offset)?)?;
                let table = self.table_of(instance, segment.table)?;
                self.copy_elements(instance, index, table, [at, 0, segment.count.into()])??;
                self.drop_elements(instance, index);
            }
        }
        Ok(())
    }

    fn initialize_memories(&mut self, instance: u32) -> Result<(), Error> {
        let module = self.instances[instance as usize].module.clone();
        let meta = module.meta();
        let imported = meta.counts().imported_memories;
        for chunk in meta.image()?.iter() {
            let chunk = chunk?;
            if chunk.memory < imported {
                let memory = u64::from(chunk.memory);
                return Err(Error::format(
                    "image chunk",
                    "is for an imported memory",
                    memory,
                ));
            }
            let memory = self.memory_of(instance, chunk.memory)?;
            self.memories[memory as usize].map_image(&module, &chunk)?;
        }
        for (index, segment) in (0..).zip(meta.data_segments()?.iter()) {
            let segment = segment?;
            if SegmentMode::from_number(segment.mode) == Some(SegmentMode::Active) {
                let at = self.segment_offset(instance, meta.bytes(segment.offset)?)?;
                let memory = self.memory_of(instance, segment.memory)?;
                self.copy_data(instance, index, memory, [at, 0, segment.data_size])??;
                self.drop_data(instance, index);
            }
        }
        Ok(())
    }
}
