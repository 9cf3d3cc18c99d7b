//! Making room for an instance: its fields with its imports, its memories and its tables, and what
//! its store has to know of its module.

use super::data::{ImportedSource, InstanceData, Phase};
use super::fields::{Backing, Fields};
use super::imports::Imports;
use crate::address;
use crate::aliased::Aliased;
use crate::error::Error;
use crate::func::{Adapters, Binding};
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

/// The memories that an instance of `module` defines, other than memory 0 behind the context.
fn new_memories(module: &Module, fields: &Fields) -> Result<Vec<MemoryData>, Error> {
    let meta = module.meta();
    let own = u32::from(meta.layout().owns_memory_0());
    let memories = meta.memories()?;
    let mut made = Vec::new();
    for index in own..memories.len() {
        let ty = defined_memory_type(&memories.get(index)?)?;
        let reservation = Reservation::of_module(module.assumptions(), ty);
        let page = PageSize::of_system();
        let mapping = reservation.map(0, page)?;
        let place = Place::Defined(mapping, fields.defined_memory(index));
        made.push(MemoryData::new(ty, reservation, place, page)?);
    }
    Ok(made)
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
        let index = crate::store::index_of(self.instances.len());
        let (fields, backing, memories) = match self.spares().take(module) {
            Some(spare) => {
                let fields = Fields::again(module, &spare.backing)?;
                (fields, spare.backing, Some(spare.memories))
            }
            None => {
                let own_memory = match meta.layout().owns_memory_0() {
                    true => Some(defined_memory_type(&meta.memories()?.get(0)?)?),
                    false => None,
                };
                let (fields, backing) = Fields::map(module, own_memory)?;
                (fields, backing, None)
            }
        };
        let exec = address::of(self.exec());
        fields.set_header(module, store, exec, index)?;
        let mut data = InstanceData {
            module: module.clone(),
            fields,
            mapping: None,
            imported_funcs: imports.funcs,
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
            self.import_funcs(store, &mut data, imports.bindings)?;
            match backing {
                Backing::Fields(mapping) => data.mapping = Some(mapping),
                Backing::Memory(memory) => data.memories.push(self.add_memory(memory)),
            }
            self.define(&mut data, memories)
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
        bindings: usize,
    ) -> Result<(), Error> {
        if data.imported_funcs.len() != data.module.meta().counts().imported_funcs as usize {
            return Err(Error::format("meta counts", "do not fit the imports", 0));
        }
        let (exec, context) = (self.exec_address(), data.fields.context());
        let mut bound = Vec::with_capacity(bindings);
        for source in &*data.imported_funcs {
            if let ImportedSource::Host { host, adapted, .. } = source {
                bound.push(host.bind(store, exec, adapted.shim, context));
            }
        }
        data.bindings = Aliased::new(bound.into_boxed_slice());
        for (index, source) in (0..).zip(&*data.imported_funcs) {
            let func = match source {
                ImportedSource::Func(func) => {
                    let abi = self.func(*func).abi;
                    ImportedFunc {
                        code: abi.code,
                        context: abi.context,
                    }
                }
                ImportedSource::Host {
                    binding, adapted, ..
                } => {
                    let bindings = data.bindings.as_ptr().cast::<Binding>();
                    ImportedFunc {
                        code: adapted.adapter,
                        context: address::of(bindings.wrapping_add(*binding)),
                    }
                }
            };
            data.fields.set_imported_func(index, func);
        }
        Ok(())
    }

    /// Makes the memories, other than memory 0 behind the context, and tables.
    fn define(
        &mut self,
        data: &mut InstanceData,
        memories: Option<Vec<MemoryData>>,
    ) -> Result<(), Error> {
        let module = data.module.clone();
        let meta = module.meta();
        let memories = match memories {
            Some(memories) => memories,
            None => new_memories(&module, &data.fields)?,
        };
        for memory in memories {
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

    /// Makes the module's code known to trap handling, and its host adapters if host functions wait
    /// for them. Once per module.
    pub(super) fn add_module(&mut self, module: &Module, instance: u32) -> Result<(), Error> {
        let number = module.number();
        if self.modules.iter().any(|(known, _)| *known == number) {
            return Ok(());
        }
        self.modules.push((number, instance));
        self.exec_mut().add_module(module.code());
        if self.has_unadapted() {
            self.find_adapters()?;
        }
        Ok(())
    }

    /// Makes the host adapters known of the modules that were added since this was called last.
    pub(crate) fn find_adapters(&mut self) -> Result<(), Error> {
        while let Some((_, instance)) = self.modules.get(self.modules_searched).copied() {
            self.modules_searched += 1;
            self.add_adapters_of(instance)?;
        }
        Ok(())
    }

    fn add_adapters_of(&mut self, instance: u32) -> Result<(), Error> {
        let data = &self.instances[instance as usize];
        let (module, context) = (data.module.clone(), data.fields.context());
        let meta = module.meta();
        for (index, ty) in (0..).zip(meta.types()?.iter()) {
            let ty = ty?;
            if ty.canonical_index != index || ty.array_adapter == NONE {
                continue;
            }
            let type_id = module.type_id(index)?;
            if self.knows_adapters(type_id) {
                continue;
            }
            let adapters = Adapters {
                context,
                native: module.native_address(ty.native_adapter)?,
                array: module.code_address(ty.array_adapter)?,
            };
            self.add_adapters(type_id, adapters);
        }
        Ok(())
    }
}
