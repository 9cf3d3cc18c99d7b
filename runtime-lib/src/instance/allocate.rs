//! Making room for an instance: its fields with its imports, its memories and its tables, and what
//! its store has to know of its module.

use super::Extern;
use super::data::{ImportedSource, InstanceData, Phase, imported_host};
use super::fields::{Backing, Fields};
use super::imports::{Imports, Provided};
use crate::address;
use crate::aliased::Aliased;
use crate::error::Error;
use crate::func::{Adapters, Binding, FuncKind};
use crate::memory::{MemoryData, Place, Reservation};
use crate::module::Module;
use crate::module::types::{memory_type, table_type};
use crate::pages::PageSize;
use crate::store::StoreInner;
use crate::table::{self, TableData};
use crate::types::MemoryType;
use prefab_abi::func::ImportedFunc;
use prefab_abi::meta::{DefinedMemory, NONE};
use std::collections::{HashMap, HashSet};
use std::ptr::NonNull;

const PAGE_SIZE_LOG2: u32 = 16;

fn defined_memory_type(memory: &DefinedMemory) -> Result<MemoryType, Error> {
    if memory.page_size_log2 != PAGE_SIZE_LOG2 {
        return Err(Error::Unsupported("memories with pages of another size"));
    }
    memory_type(memory.flags, memory.min, memory.max)
}

impl StoreInner {
    /// Maps an instance, fills in its header and imports, and makes its memories and tables.
    pub(super) fn allocate(
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
        let (fields, backing) = Fields::map(module, own_memory, self.reservations.as_ref())?;
        let exec = address::of(self.exec());
        fields.set_header(module, store, exec, index)?;
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
            once: module.prepared()?.once,
            phase: Phase::Unready,
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
                    FuncKind::Guest { .. } | FuncKind::Once { .. } => Err(func.index),
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
            let reservation = Reservation::of_module(module.assumptions(), ty);
            let page = PageSize::of_system();
            let mapping = reservation.map(0, page, self.reservations.as_ref())?;
            let place = Place::Defined(mapping, data.fields.defined_memory(index));
            let memory = MemoryData::new(ty, reservation, place, page)?;
            data.memories.push(self.add_memory(memory));
        }
        let statics = &module.prepared()?.static_tables;
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
    pub(super) fn add_module(&mut self, module: &Module, instance: u32) -> Result<(), Error> {
        if !self.modules.insert(module.address()) {
            return Ok(());
        }
        self.exec_mut().add_module(module.code());
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
}
