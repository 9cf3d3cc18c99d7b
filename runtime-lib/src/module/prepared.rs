//! What all instances of a module share beside what its object has: made when the first one is.

use super::types;
use crate::const_expr::{self, Env};
use crate::error::Error;
use crate::value::RawVal;
use prefab_abi::builtin::Builtin;
use prefab_abi::meta::{ExternKind, Meta, ModuleKind, SegmentMode, SlotKind};

const START: &str = "_start";
const INITIALIZE: &str = "_initialize";

/// What instances of a module share.
pub(crate) struct Prepared {
    /// One pointer per slot: a runtime function's address, or a type's identity.
    pub(super) import_table: Box<[u64]>,
    /// The data segments that are copied when an instance is made: the image has the others, of
    /// which there may be very many.
    pub(crate) active_data: Box<[u32]>,
    /// The element segments that are copied then.
    pub(crate) active_elements: Box<[u32]>,
    /// The tables whose elements lie in the object, by their indices.
    pub(crate) static_tables: Box<[u32]>,
    /// The values of the module's globals at first; 0 where that is not the same for all instances.
    pub(crate) globals: Box<[u128]>,
    /// The globals whose value at first is each instance's own.
    pub(crate) own_globals: Box<[u32]>,
    /// The function that hosts may call once for each instance: a command's `_start`, a reactor's
    /// `_initialize`.
    pub(crate) once: Option<u32>,
}

impl Prepared {
    /// What instances of the module with this metadata share, where `address_of` says
    /// where the runtime function of a slot is.
    ///
    /// # Errors
    /// If the metadata is malformed, or it needs a runtime function that is not known here.
    pub(super) fn new(
        meta: &Meta<'_>,
        address_of: impl Fn(u32, Builtin) -> u64,
    ) -> Result<Self, Error> {
        let (globals, own_globals) = globals(meta)?;
        let mut static_tables = Vec::new();
        for table in meta.static_tables()?.iter() {
            static_tables.push(table?.table);
        }
        let mut active_data = Vec::new();
        for (index, segment) in (0..).zip(meta.data_segments()?.iter()) {
            if is_active(segment?.mode) {
                active_data.push(index);
            }
        }
        let mut active_elements = Vec::new();
        for (index, segment) in (0..).zip(meta.elements()?.iter()) {
            if is_active(segment?.mode) {
                active_elements.push(index);
            }
        }
        Ok(Self {
            import_table: import_table(meta, address_of)?,
            active_data: active_data.into(),
            active_elements: active_elements.into(),
            static_tables: static_tables.into(),
            globals: globals.into(),
            own_globals: own_globals.into(),
            once: function_to_call_once(meta)?,
        })
    }
}

fn is_active(mode: u32) -> bool {
    SegmentMode::from_number(mode) == Some(SegmentMode::Active)
}

fn import_table(
    meta: &Meta<'_>,
    address_of: impl Fn(u32, Builtin) -> u64,
) -> Result<Box<[u64]>, Error> {
    let mut table = Vec::new();
    for (index, slot) in (0..).zip(meta.slots()?.iter()) {
        let slot = slot?;
        let pointer = match SlotKind::from_number(slot.kind) {
            Some(SlotKind::Builtin) => {
                let builtin = Builtin::from_number(slot.index);
                builtin.map(|builtin| address_of(index, builtin))
            }
            Some(SlotKind::Type) => {
                let ty = meta.types()?.get(slot.index)?;
                Some(crate::interner::intern_type(meta.bytes(ty.canonical)?))
            }
            None => None,
        };
        let unknown = || Error::format("slot", "is not known", slot.index.into());
        table.push(pointer.ok_or_else(unknown)?);
    }
    Ok(table.into())
}

/// Values that are the same for all instances.
struct Constant;

impl Env for Constant {
    fn global(&mut self, index: u32) -> Result<RawVal, Error> {
        Err(Error::format(
            "global",
            "is an instance's own",
            index.into(),
        ))
    }

    fn func_ref(&mut self, index: u32) -> Result<u64, Error> {
        Err(Error::format(
            "function",
            "is an instance's own",
            index.into(),
        ))
    }
}

fn globals(meta: &Meta<'_>) -> Result<(Vec<u128>, Vec<u32>), Error> {
    let (mut values, mut own) = (Vec::new(), Vec::new());
    for (index, global) in (0..).zip(meta.globals()?.iter()) {
        let global = global?;
        let (ty, init) = (types::val_type(global.ty)?, meta.bytes(global.init)?);
        // What is malformed is found to be so when an instance is made.
        let value = const_expr::evaluate_as(ty, init, &mut Constant);
        values.push(value.as_ref().map_or(0, |value| value.bits));
        if value.is_err() {
            own.push(index);
        }
    }
    Ok((values, own))
}

fn function_to_call_once(meta: &Meta<'_>) -> Result<Option<u32>, Error> {
    let name = match meta.kind() {
        ModuleKind::Command => START,
        ModuleKind::Reactor => INITIALIZE,
        ModuleKind::Library => return Ok(None),
    };
    let export = meta.export(name)?;
    let func = export.filter(|export| export.kind == ExternKind::Func as u32);
    Ok(func.map(|func| func.index))
}
