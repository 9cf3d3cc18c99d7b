//! Element and data segments.

use super::data::InstanceEnv;
use crate::const_expr::{evaluate, evaluate_as};
use crate::error::Error;
use crate::module::Module;
use crate::module::types::val_type;
use crate::store::StoreInner;
use prefab_abi::bytes::Reader;
use prefab_abi::meta::{ElementSegment, ItemKind, Range, Record, SegmentMode};
use prefab_abi::trap::TrapCode;
use prefab_abi::types::ValType;

impl StoreInner {
    /// Where an active segment goes.
    pub(super) fn segment_offset(&mut self, instance: u32, expr: &[u8]) -> Result<u64, Error> {
        let mut env = InstanceEnv {
            store: self,
            instance,
        };
        let value = evaluate(expr, &mut env)?;
        match value.ty {
            ValType::I32 | ValType::I64 => Ok(value.bits as u64),
            _ => Err(Error::format("segment offset", "is not an integer", 0)),
        }
    }

    /// Copies `len` items of an element segment, from `from` on, to a table of the store at `to`.
    ///
    /// # Errors
    /// Outside, if the metadata is malformed; inside, the trap.
    pub(crate) fn copy_elements(
        &mut self,
        instance: u32,
        segment: u32,
        table: u32,
        [to, from, len]: [u64; 3],
    ) -> Result<Result<(), TrapCode>, Error> {
        const OUTSIDE: Result<Result<(), TrapCode>, Error> = Ok(Err(TrapCode::TableOutOfBounds));
        let data = &self.instances[instance as usize];
        let module = data.module.clone();
        let record = module.meta().elements()?.get(segment)?;
        let is_dropped =
            record.mode == SegmentMode::Dropped as u32 || data.dropped_elements.contains(&segment);
        let count = if is_dropped {
            0
        } else {
            u64::from(record.count)
        };
        if from.checked_add(len).is_none_or(|end| end > count) {
            return OUTSIDE;
        }
        let size = self.tables[table as usize].len();
        if to.checked_add(len).is_none_or(|end| end > size) {
            return OUTSIDE;
        }
        self.instances[instance as usize]
            .funcs
            .reserve(len as usize);
        for index in 0..len {
            let bits = self.element(instance, &module, &record, (from + index) as u32)?;
            if let Err(trap) = self.table_fill(table, to + index, bits, 1) {
                return Ok(Err(trap));
            }
        }
        Ok(Ok(()))
    }

    /// The reference that an item of a segment is.
    fn element(
        &mut self,
        instance: u32,
        module: &Module,
        segment: &ElementSegment,
        index: u32,
    ) -> Result<u64, Error> {
        let meta = module.meta();
        let items = Reader(meta.bytes(segment.items)?);
        match ItemKind::from_number(segment.item_kind) {
            Some(ItemKind::Funcs) => {
                let func = items.u32("element segment items", 4 * u64::from(index))?;
                let func = self.func_of_instance(instance, func)?;
                Ok(self.func_address(func))
            }
            Some(ItemKind::Exprs) => {
                let offset = u64::from(Range::SIZE) * u64::from(index);
                let expr = meta.bytes(Range::read(items, offset)?)?;
                let ty = val_type(segment.element_type)?;
                let mut env = InstanceEnv {
                    store: self,
                    instance,
                };
                Ok(evaluate_as(ty, expr, &mut env)?.bits as u64)
            }
            None => Err(Error::format("element segment items", "are not known", 0)),
        }
    }

    /// Copies `len` bytes of a data segment, from `from` on, to a memory of the store at `to`.
    ///
    /// # Errors
    /// Outside, if the metadata is malformed; inside, the trap.
    pub(crate) fn copy_data(
        &mut self,
        instance: u32,
        segment: u32,
        memory: u32,
        [to, from, len]: [u64; 3],
    ) -> Result<Result<(), TrapCode>, Error> {
        const OUTSIDE: Result<Result<(), TrapCode>, Error> = Ok(Err(TrapCode::MemoryOutOfBounds));
        let data = &self.instances[instance as usize];
        let record = data.module.meta().data_segments()?.get(segment)?;
        let is_dropped =
            record.mode == SegmentMode::Dropped as u32 || data.dropped_data.contains(&segment);
        let module = data.module.clone();
        let bytes = if is_dropped {
            &[]
        } else {
            let all = Reader(module.data());
            all.bytes("data segment", record.data_offset, record.data_size)?
        };
        let to_bytes = self.memories[memory as usize].bytes_mut();
        let range = |start: u64| Some(start as usize..start.checked_add(len)? as usize);
        let from = range(from).and_then(|range| bytes.get(range));
        let to = range(to).and_then(|range| to_bytes.get_mut(range));
        let (Some(from), Some(to)) = (from, to) else {
            return OUTSIDE;
        };
        to.copy_from_slice(from);
        Ok(Ok(()))
    }

    /// Drops an element segment: it has no items any more.
    pub(crate) fn drop_elements(&mut self, instance: u32, segment: u32) {
        let data = &mut self.instances[instance as usize];
        data.dropped_elements.insert(segment);
    }

    /// Drops a data segment: it has no bytes any more.
    pub(crate) fn drop_data(&mut self, instance: u32, segment: u32) {
        let data = &mut self.instances[instance as usize];
        data.dropped_data.insert(segment);
    }
}
