//! What `prefab inspect` says of an object; `--json` prints it as it stands here.

use super::artifact::Artifact;
use object::{Object, ObjectSection, SectionFlags, elf};
use prefab_abi::builtin::Builtin;
use prefab_abi::bytes::FormatError;
use prefab_abi::meta::{ExternKind, Import, Meta, ModuleKind, NO_MAX, SlotKind};
use prefab_abi::types::ValType;
use serde::Serialize;
use std::fmt::Write;

/// An object.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub target: String,
    pub abi_revision: u32,
    pub compiler: String,
    pub options: String,
    pub module_sha256: String,
    pub content_sha256: String,
    pub cpu_features: Vec<String>,
    pub memory_plan: &'static str,
    pub traps: &'static str,
    pub interruptible: bool,
    pub fuel: bool,
    pub guard_size_bytes: u64,
    pub max_memory_bytes: u64,
    pub page_size: u64,
    pub kind: &'static str,
    pub start: Option<u32>,
    pub file_size_bytes: usize,
    pub sections: Vec<Section>,
    pub imports: Vec<Item>,
    pub exports: Vec<Item>,
    pub runtime_symbols: Vec<&'static str>,
    pub memories: Vec<Limits>,
    pub tables: Vec<Limits>,
    pub counts: Counts,
}

/// A section of the file.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub name: String,
    pub size_bytes: u64,
    pub align_bytes: u64,
    pub flags: String,
    pub relocations: usize,
}

/// An import or an export.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    pub name: String,
    pub kind: &'static str,
    #[serde(rename = "type")]
    pub ty: String,
}

/// The size of a memory (in pages) or a table (in elements).
#[derive(Debug, Serialize)]
pub(super) struct Limits {
    pub min: u64,
    pub max: Option<u64>,
}

/// How many of each thing there are.
#[derive(Debug, Serialize)]
pub(super) struct Counts {
    pub types: u32,
    pub functions: u32,
    pub globals: u32,
    pub element_segments: u32,
    pub data_segments: u32,
    pub static_tables: u32,
    pub trap_sites: usize,
    pub addresses: usize,
    pub import_slots: u32,
    pub instance_bytes: u32,
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

impl Report {
    /// Reads everything that is said.
    pub fn new(artifact: &Artifact<'_>, file_size_bytes: usize) -> Result<Self, String> {
        let Artifact { note, meta, .. } = artifact;
        let lists = Lists::new(meta).map_err(|error| error.to_string())?;
        let counts = counts(artifact).map_err(|error| error.to_string())?;
        Ok(Self {
            target: note.target.clone(),
            abi_revision: note.abi_revision,
            compiler: note.compiler.clone(),
            options: note.options.clone(),
            module_sha256: hex(&note.module_sha256),
            content_sha256: hex(&note.content_sha256),
            cpu_features: note.cpu_features.clone(),
            memory_plan: note.memory_plan.name(),
            traps: note.traps.name(),
            interruptible: note.is_interruptible,
            fuel: note.uses_fuel,
            guard_size_bytes: note.guard_size_bytes,
            max_memory_bytes: note.max_memory_bytes,
            page_size: note.page_size,
            kind: match meta.kind() {
                ModuleKind::Command => "command",
                ModuleKind::Reactor => "reactor",
                ModuleKind::Library => "library",
            },
            start: meta.start(),
            file_size_bytes,
            sections: sections(artifact),
            imports: lists.imports,
            exports: lists.exports,
            runtime_symbols: lists.runtime_symbols,
            memories: lists.memories,
            tables: lists.tables,
            counts,
        })
    }
}

fn counts(artifact: &Artifact<'_>) -> Result<Counts, FormatError> {
    let meta = &artifact.meta;
    Ok(Counts {
        types: meta.types()?.len(),
        functions: meta.funcs()?.len(),
        globals: meta.globals()?.len(),
        element_segments: meta.elements()?.len(),
        data_segments: meta.data_segments()?.len(),
        static_tables: meta.static_tables()?.len(),
        trap_sites: artifact.sites().filter(|site| site.trap.is_some()).count(),
        addresses: artifact
            .sites()
            .filter(|site| site.wasm_offset.is_some())
            .count(),
        import_slots: meta.slots()?.len(),
        instance_bytes: meta.layout().size(),
    })
}

fn sections(artifact: &Artifact<'_>) -> Vec<Section> {
    let sections = artifact.elf.sections().filter_map(|section| {
        let name = section.name().ok()?.to_string();
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
            return None;
        };
        let flags = [
            (elf::SHF_ALLOC, 'a'),
            (elf::SHF_WRITE, 'w'),
            (elf::SHF_EXECINSTR, 'x'),
        ];
        let flags = flags
            .iter()
            .filter(|(bit, _)| sh_flags & u64::from(*bit) != 0)
            .map(|(_, letter)| *letter)
            .collect();
        Some(Section {
            name,
            size_bytes: section.size(),
            align_bytes: section.align(),
            flags,
            relocations: section.relocations().count(),
        })
    });
    sections.collect()
}

struct Lists {
    imports: Vec<Item>,
    exports: Vec<Item>,
    runtime_symbols: Vec<&'static str>,
    memories: Vec<Limits>,
    tables: Vec<Limits>,
}

impl Lists {
    fn new(meta: &Meta<'_>) -> Result<Self, FormatError> {
        let mut imports = Vec::new();
        for import in meta.imports()?.iter() {
            let import = import?;
            imports.push(Item {
                module: Some(meta.str(import.module)?.to_string()),
                name: meta.str(import.name)?.to_string(),
                kind: kind_name(import.kind),
                ty: import_type(meta, &import)?,
            });
        }
        let mut exports = Vec::new();
        for export in meta.exports()?.iter() {
            let export = export?;
            exports.push(Item {
                module: None,
                name: meta.str(export.name)?.to_string(),
                kind: kind_name(export.kind),
                ty: entity_type(meta, export.kind, export.index)?,
            });
        }
        let mut runtime_symbols = Vec::new();
        for slot in meta.slots()?.iter() {
            let slot = slot?;
            if SlotKind::from_number(slot.kind) == Some(SlotKind::Builtin) {
                runtime_symbols.extend(Builtin::from_number(slot.index).map(Builtin::symbol));
            }
        }
        let mut memories = Vec::new();
        for memory in meta.memories()?.iter() {
            let memory = memory?;
            memories.push(limits(memory.min, memory.max));
        }
        let mut tables = Vec::new();
        for table in meta.tables()?.iter() {
            let table = table?;
            tables.push(limits(table.min, table.max));
        }
        Ok(Self {
            imports,
            exports,
            runtime_symbols,
            memories,
            tables,
        })
    }
}

fn limits(min: u64, max: u64) -> Limits {
    Limits {
        min,
        max: (max != NO_MAX).then_some(max),
    }
}

fn kind_name(kind: u32) -> &'static str {
    match ExternKind::from_number(kind) {
        Some(ExternKind::Func) => "func",
        Some(ExternKind::Table) => "table",
        Some(ExternKind::Memory) => "memory",
        Some(ExternKind::Global) => "global",
        None => "unknown",
    }
}

fn range(min: u64, max: u64) -> String {
    match limits(min, max) {
        Limits { min, max: None } => format!("{min}.."),
        Limits {
            min,
            max: Some(max),
        } => format!("{min}..{max}"),
    }
}

fn val_type(byte: u32) -> String {
    let ty = u8::try_from(byte).ok().and_then(ValType::from_byte);
    ty.map_or_else(|| format!("type {byte:#x}"), |ty| ty.to_string())
}

fn global_type(ty: u32, mutable: u32) -> String {
    let ty = val_type(ty);
    if mutable == 0 {
        ty
    } else {
        format!("mut {ty}")
    }
}

fn import_type(meta: &Meta<'_>, import: &Import) -> Result<String, FormatError> {
    Ok(match ExternKind::from_number(import.kind) {
        Some(ExternKind::Func) => meta.func_type(import.ty)?.to_string(),
        Some(ExternKind::Table) => {
            format!("{} {}", range(import.min, import.max), val_type(import.ty))
        }
        Some(ExternKind::Memory) => format!("{} pages", range(import.min, import.max)),
        Some(ExternKind::Global) => global_type(import.ty, import.flags),
        None => String::new(),
    })
}

/// The type of the thing of this index: an import, or one that the module defines.
fn entity_type(meta: &Meta<'_>, kind: u32, index: u32) -> Result<String, FormatError> {
    let counts = meta.counts();
    let (Some(kind), number) = (ExternKind::from_number(kind), kind) else {
        return Ok(String::new());
    };
    let imported = match kind {
        ExternKind::Func => counts.imported_funcs,
        ExternKind::Table => counts.imported_tables,
        ExternKind::Memory => counts.imported_memories,
        ExternKind::Global => counts.imported_globals,
    };
    let Some(defined) = index.checked_sub(imported) else {
        let mut left = index;
        for import in meta.imports()?.iter() {
            let import = import?;
            if import.kind == number {
                if left == 0 {
                    return import_type(meta, &import);
                }
                left -= 1;
            }
        }
        return Ok(String::new());
    };
    Ok(match kind {
        ExternKind::Func => meta
            .func_type(meta.funcs()?.get(defined)?.type_index)?
            .to_string(),
        ExternKind::Table => {
            let table = meta.tables()?.get(defined)?;
            let element = val_type(table.element_type);
            format!("{} {element}", range(table.min, table.max))
        }
        ExternKind::Memory => {
            let memory = meta.memories()?.get(defined)?;
            format!("{} pages", range(memory.min, memory.max))
        }
        ExternKind::Global => {
            let global = meta.globals()?.get(defined)?;
            global_type(global.ty, global.mutable)
        }
    })
}
