//! The types of a module's imports and exports, from its metadata.

use crate::error::Error;
use crate::types::{ExternType, GlobalType, MemoryType, TableType};
use prefab_abi::bytes::FormatError;
use prefab_abi::meta::{Export, ExternKind, Import, Meta, NO_MAX};
use prefab_abi::types::ValType;

/// Something that a module imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportType {
    /// The name of the module that it is imported from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// What it is.
    pub ty: ExternType,
}

/// Something that a module exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportType {
    /// Its name.
    pub name: String,
    /// What it is.
    pub ty: ExternType,
}

impl ImportType {
    /// Everything that a module with this metadata imports, in its order.
    ///
    /// # Errors
    /// If the metadata is malformed.
    pub fn all(meta: &Meta<'_>) -> Result<Vec<Self>, Error> {
        let imports = meta.imports()?;
        imports.iter().map(|it| import_type(meta, it?)).collect()
    }
}

impl ExportType {
    /// Everything that a module with this metadata exports, in its order.
    ///
    /// # Errors
    /// If the metadata is malformed.
    pub fn all(meta: &Meta<'_>) -> Result<Vec<Self>, Error> {
        let exports = meta.exports()?;
        exports.iter().map(|it| export_type(meta, it?)).collect()
    }
}

/// Bit 0 of a table's or memory's flags: 64-bit indices.
const FLAG_64: u32 = 1;

fn malformed(field: &'static str) -> Error {
    Error::Format(FormatError::new(field, "is not known", 0))
}

/// The value type of this byte.
pub(crate) fn val_type(byte: u32) -> Result<ValType, Error> {
    u8::try_from(byte)
        .ok()
        .and_then(ValType::from_byte)
        .ok_or_else(|| malformed("value type"))
}

pub(crate) fn table_type(element: u32, flags: u32, min: u64, max: u64) -> Result<TableType, Error> {
    if flags & FLAG_64 != 0 {
        return Err(Error::Unsupported("tables with 64-bit indices"));
    }
    let max = (max != NO_MAX).then_some(max);
    Ok(TableType::new(val_type(element)?, min, max))
}

pub(crate) fn memory_type(flags: u32, min: u64, max: u64) -> Result<MemoryType, Error> {
    if flags & FLAG_64 != 0 {
        return Err(Error::Unsupported("memories with 64-bit addresses"));
    }
    Ok(MemoryType::new(min, (max != NO_MAX).then_some(max)))
}

fn kind(number: u32) -> Result<ExternKind, Error> {
    ExternKind::from_number(number).ok_or_else(|| malformed("extern kind"))
}

/// What `import` asks for.
pub(crate) fn import_extern_type(meta: &Meta<'_>, import: &Import) -> Result<ExternType, Error> {
    Ok(match kind(import.kind)? {
        ExternKind::Func => ExternType::Func(meta.func_type(import.ty)?),
        ExternKind::Table => {
            ExternType::Table(table_type(import.ty, import.flags, import.min, import.max)?)
        }
        ExternKind::Memory => {
            ExternType::Memory(memory_type(import.flags, import.min, import.max)?)
        }
        ExternKind::Global => {
            ExternType::Global(GlobalType::new(val_type(import.ty)?, import.flags & 1 != 0))
        }
    })
}

pub(crate) fn import_type(meta: &Meta<'_>, import: Import) -> Result<ImportType, Error> {
    Ok(ImportType {
        module: meta.str(import.module)?.to_owned(),
        name: meta.str(import.name)?.to_owned(),
        ty: import_extern_type(meta, &import)?,
    })
}

/// The `index`-th import of this kind.
pub(crate) fn import_of_kind(
    meta: &Meta<'_>,
    wanted: ExternKind,
    index: u32,
) -> Result<Import, Error> {
    let mut left = index;
    for import in meta.imports()?.iter() {
        let import = import?;
        if kind(import.kind)? == wanted {
            if left == 0 {
                return Ok(import);
            }
            left -= 1;
        }
    }
    Err(Error::format(
        "import index",
        "is too large",
        u64::from(index),
    ))
}

/// The type index of the function of this index.
pub(crate) fn func_type_index(meta: &Meta<'_>, func: u32) -> Result<u32, Error> {
    match func.checked_sub(meta.counts().imported_funcs) {
        Some(defined) => Ok(meta.funcs()?.get(defined)?.type_index),
        None => Ok(import_of_kind(meta, ExternKind::Func, func)?.ty),
    }
}

pub(crate) fn export_type(meta: &Meta<'_>, export: Export) -> Result<ExportType, Error> {
    let counts = meta.counts();
    let imported = |kind| import_extern_type(meta, &import_of_kind(meta, kind, export.index)?);
    let kind = kind(export.kind)?;
    let count = match kind {
        ExternKind::Func => counts.imported_funcs,
        ExternKind::Table => counts.imported_tables,
        ExternKind::Memory => counts.imported_memories,
        ExternKind::Global => counts.imported_globals,
    };
    let ty = match (kind, export.index.checked_sub(count)) {
        (kind, None) => imported(kind)?,
        (ExternKind::Func, Some(_)) => {
            ExternType::Func(meta.func_type(func_type_index(meta, export.index)?)?)
        }
        (ExternKind::Table, Some(index)) => {
            let table = meta.tables()?.get(index)?;
            ExternType::Table(table_type(
                table.element_type,
                table.flags,
                table.min,
                table.max,
            )?)
        }
        (ExternKind::Memory, Some(index)) => {
            let memory = meta.memories()?.get(index)?;
            ExternType::Memory(memory_type(memory.flags, memory.min, memory.max)?)
        }
        (ExternKind::Global, Some(index)) => {
            let global = meta.globals()?.get(index)?;
            ExternType::Global(GlobalType::new(val_type(global.ty)?, global.mutable != 0))
        }
    };
    Ok(ExportType {
        name: meta.str(export.name)?.to_owned(),
        ty,
    })
}
