//! Giving an instance its first contents (WebAssembly 2.0, §4.5.4), when it is made and when it is
//! reset.

use super::data::InstanceEnv;
use crate::const_expr::evaluate_as;
use crate::error::Error;
use crate::module::types::val_type;
use crate::store::StoreInner;

/// What memories and tables lost by being made what they were: their sizes before and after, in
/// bytes and in elements.
pub(super) struct Shrunk {
    /// Whether all of them were.
    pub(super) result: Result<(), Error>,
    pub(super) memories: Vec<[u64; 2]>,
    pub(super) tables: Vec<[u64; 2]>,
}

impl StoreInner {
    /// Gives an instance its first contents: its memories and tables are as they were made, or as
    /// their `reset` has left them. What it shares with others is written to as well.
    pub(super) fn initialize(&mut self, instance: u32) -> Result<(), Error> {
        let data = &mut self.instances[instance as usize];
        data.dropped_elements.clear();
        data.dropped_data.clear();
        self.initialize_globals(instance)?;
        self.initialize_tables(instance)?;
        self.initialize_memories(instance)
    }

    /// Makes an instance's own memories and tables what they were when they were made. Nothing
    /// else is changed.
    pub(super) fn rewind(&mut self, instance: u32) -> Shrunk {
        let data = &self.instances[instance as usize];
        let counts = data.module.meta().counts();
        let mut shrunk = Shrunk {
            result: Ok(()),
            memories: Vec::new(),
            tables: Vec::new(),
        };
        for table in &data.tables[counts.imported_tables as usize..] {
            shrunk.tables.push(self.tables[*table as usize].reset());
        }
        for memory in &data.memories[counts.imported_memories as usize..] {
            match self.memories[*memory as usize].reset() {
                Ok(sizes) => shrunk.memories.push(sizes),
                Err(error) => {
                    shrunk.result = Err(error);
                    break;
                }
            }
        }
        shrunk
    }

    fn initialize_globals(&mut self, instance: u32) -> Result<(), Error> {
        let module = self.instances[instance as usize].module.clone();
        let meta = module.meta();
        let prepared = module.prepared()?;
        let data = &self.instances[instance as usize];
        data.fields.set_globals(&prepared.globals);
        for index in prepared.own_globals.iter().copied() {
            let global = meta.globals()?.get(index)?;
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
            let table = self.table_of(instance, imported + index)?;
            if init.is_empty() || self.tables[table as usize].is_pristine() {
                continue;
            }
            let mut env = InstanceEnv {
                store: self,
                instance,
            };
            let value = evaluate_as(val_type(record.element_type)?, init, &mut env)?;
            let len = self.tables[table as usize].len();
            self.table_fill(table, 0, value.bits as u64, len)?;
        }
        for index in module.prepared()?.active_elements.iter().copied() {
            let segment = meta.elements()?.get(index)?;
            let table = self.table_of(instance, segment.table)?;
            let is_own = segment.table >= imported;
            // What is constant is the same as it was.
            if !is_own || !self.tables[table as usize].is_pristine() {
                let at = self.segment_offset(instance, meta.bytes(segment.offset)?)?;
                self.copy_elements(instance, index, table, [at, 0, segment.count.into()])??;
            }
            self.drop_elements(instance, index);
        }
        let tables = &self.instances[instance as usize].tables;
        for table in &tables[imported as usize..] {
            self.tables[*table as usize].set_pristine();
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
        for index in module.prepared()?.active_data.iter().copied() {
            let segment = meta.data_segments()?.get(index)?;
            let at = self.segment_offset(instance, meta.bytes(segment.offset)?)?;
            let memory = self.memory_of(instance, segment.memory)?;
            self.copy_data(instance, index, memory, [at, 0, segment.data_size])??;
            self.drop_data(instance, index);
        }
        Ok(())
    }
}
