//! A module's metadata, as instantiation and inspection read it.

use crate::codegen::abi::Symbol;
use crate::codegen::slots::Slots;
use crate::codegen::{Code, ModuleCode};
use crate::image::Image;
use crate::layout::Text;
use crate::module::{Items, Module};
use crate::plan::Plan;
use prefab_abi::func::StaticElement;
use prefab_abi::meta::{
    DataSegment, DefinedFunc, DefinedGlobal, DefinedMemory, DefinedTable, ElementSegment, Export,
    ExternKind, Import, ItemKind, MetaWriter, NO_MAX, NONE, Name, Record, Section, SegmentMode,
    Slot, SlotKind, StaticTable, Type,
};

/// The sections of read-only data that the metadata is about.
#[derive(Debug)]
pub struct Metadata {
    /// `.rodata.prefab.meta`
    pub meta: Vec<u8>,
    /// `.rodata.prefab.data`
    pub data: Vec<u8>,
    /// `.rodata.prefab.tables`
    pub static_tables: Vec<u8>,
}

/// Writes the metadata.
pub fn write(
    module: &Module<'_>,
    plan: &Plan,
    code: &ModuleCode,
    text: &Text,
    image: &Image,
) -> Metadata {
    let mut writer = Writer {
        writer: MetaWriter::new(),
        module,
        plan,
        text,
    };
    writer.types();
    writer.imports();
    writer.exports();
    writer.funcs(&code.code);
    writer.definitions();
    writer.elements();
    let data = writer.data(image);
    writer.slots(&code.slots);
    let static_tables = writer.static_tables();
    let counts = module.layout.counts();
    let meta = writer.writer.finish(counts, module.start, module.kind());
    Metadata {
        meta,
        data,
        static_tables,
    }
}

struct Writer<'a> {
    writer: MetaWriter,
    module: &'a Module<'a>,
    plan: &'a Plan,
    text: &'a Text,
}

impl Writer<'_> {
    fn code_offset(&self, symbol: Symbol) -> u32 {
        self.text.symbols.get(&symbol).copied().unwrap_or(NONE)
    }

    fn types(&mut self) {
        for (ty, canonical) in self.module.types.iter().zip(&self.module.canonical_types) {
            let identity = self.plan.identities.get(canonical);
            let record = Type {
                canonical: self.writer.bytes(&ty.to_canonical_bytes()),
                canonical_index: *canonical,
                slot: identity.map_or(NONE, |i| crate::codegen::slots::identity_slot(*i)),
                native_entry: self.code_offset(Symbol::NativeEntry(*canonical)),
                array_entry: self.code_offset(Symbol::ArrayEntry(*canonical)),
                native_adapter: self.code_offset(Symbol::NativeAdapter(*canonical)),
                array_adapter: self.code_offset(Symbol::ArrayAdapter(*canonical)),
            };
            self.writer.push(Section::Types, &record);
        }
    }

    fn imports(&mut self) {
        for import in &self.module.imports {
            let mut record = Import {
                module: self.writer.bytes(import.module.as_bytes()),
                name: self.writer.bytes(import.name.as_bytes()),
                kind: import.kind as u32,
                max: NO_MAX,
                ..Import::default()
            };
            let index = import.index as usize;
            match import.kind {
                ExternKind::Func => record.ty = self.module.funcs[index],
                ExternKind::Table => {
                    let table = &self.module.tables[index];
                    record.ty = table.element.to_byte().into();
                    (record.min, record.max) = (table.min, table.max.unwrap_or(NO_MAX));
                }
                ExternKind::Memory => {
                    let memory = &self.module.memories[index];
                    (record.min, record.max) = (memory.min, memory.max.unwrap_or(NO_MAX));
                }
                ExternKind::Global => {
                    let global = &self.module.globals[index];
                    record.ty = global.ty.to_byte().into();
                    record.flags = global.mutable.into();
                }
            }
            self.writer.push(Section::Imports, &record);
        }
    }

    fn exports(&mut self) {
        for export in &self.module.exports {
            let name = self.writer.bytes(export.name.as_bytes());
            let record = Export {
                name,
                kind: export.kind as u32,
                index: export.index,
            };
            self.writer.push_export(export.name.as_bytes(), record);
        }
    }

    fn funcs(&mut self, code: &[Code]) {
        let types = &self.module.funcs[self.module.imported_funcs() as usize..];
        let functions = self.text.functions(code);
        for (ty, (_, range)) in types.iter().zip(functions) {
            let record = DefinedFunc {
                code_offset: range.start,
                code_size: range.end - range.start,
                type_index: *ty,
            };
            self.writer.push(Section::Funcs, &record);
        }
        for (func, name) in &self.module.func_names {
            let name = self.writer.bytes(name.as_bytes());
            self.writer
                .push(Section::FuncNames, &Name { func: *func, name });
        }
    }

    fn definitions(&mut self) {
        let counts = self.module.layout.counts();
        for table in &self.module.tables[counts.imported_tables as usize..] {
            let record = DefinedTable {
                element_type: table.element.to_byte().into(),
                flags: 0,
                min: table.min,
                max: table.max.unwrap_or(NO_MAX),
                init: self.writer.bytes(table.init),
            };
            self.writer.push(Section::Tables, &record);
        }
        for memory in &self.module.memories[counts.imported_memories as usize..] {
            let (min, max) = (memory.min, memory.max.unwrap_or(NO_MAX));
            let record = DefinedMemory {
                min,
                max,
                flags: 0,
                page_size_log2: 16,
            };
            self.writer.push(Section::Memories, &record);
        }
        for global in &self.module.globals[counts.imported_globals as usize..] {
            let init = self.writer.bytes(global.init);
            let (ty, mutable) = (global.ty.to_byte().into(), global.mutable.into());
            self.writer
                .push(Section::Globals, &DefinedGlobal { ty, mutable, init });
        }
    }

    fn elements(&mut self) {
        for element in &self.module.elements {
            // The items of a segment that is dropped from the start can never be seen.
            let is_dropped = element.mode == SegmentMode::Dropped || self.plan.is_baked(element);
            let mut items = Vec::new();
            let (item_kind, count) = match &element.items {
                Items::Funcs(funcs) if !is_dropped => {
                    funcs.iter().for_each(|func| func.write(&mut items));
                    (ItemKind::Funcs, funcs.len())
                }
                Items::Exprs(exprs) if !is_dropped => {
                    exprs
                        .iter()
                        .for_each(|expr| self.writer.bytes(expr).write(&mut items));
                    (ItemKind::Exprs, exprs.len())
                }
                _ => (ItemKind::Funcs, 0),
            };
            let mode = if is_dropped {
                SegmentMode::Dropped
            } else {
                element.mode
            };
            let record = ElementSegment {
                mode: mode as u32,
                table: element.table,
                element_type: element.ty.to_byte().into(),
                item_kind: item_kind as u32,
                offset: self.writer.bytes(element.offset),
                items: self.writer.bytes(&items),
                count: count as u32,
            };
            self.writer.push(Section::Elements, &record);
        }
    }

    fn data(&mut self, image: &Image) -> Vec<u8> {
        let mut data = Vec::new();
        // What is in the image, and is not named by the code, is nobody's business any more.
        let copied = image.contains.iter().rposition(|is_in_image| !is_in_image);
        let count = copied.map_or(0, |last| last + 1);
        let count = count.max(self.plan.referenced_data as usize);
        let segments = self.module.data.iter().zip(&image.contains);
        for (segment, is_in_image) in segments.take(count) {
            let (mode, bytes) = if *is_in_image {
                (SegmentMode::Dropped, &[][..])
            } else {
                (segment.mode, segment.bytes)
            };
            let record = DataSegment {
                mode: mode as u32,
                memory: segment.memory,
                offset: self.writer.bytes(segment.offset),
                data_offset: data.len() as u64,
                data_size: bytes.len() as u64,
            };
            data.extend_from_slice(bytes);
            self.writer.push(Section::DataSegments, &record);
        }
        for chunk in &image.chunks {
            self.writer.push(Section::Image, chunk);
        }
        data
    }

    fn slots(&mut self, slots: &Slots) {
        for canonical in self.plan.identities.keys() {
            let record = Slot {
                kind: SlotKind::Type as u32,
                index: *canonical,
            };
            self.writer.push(Section::Slots, &record);
        }
        for builtin in slots.builtins() {
            let record = Slot {
                kind: SlotKind::Builtin as u32,
                index: builtin.number(),
            };
            self.writer.push(Section::Slots, &record);
        }
    }

    fn static_tables(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, table) in &self.plan.static_tables {
            debug_assert_eq!(
                out.len() as u64,
                table.offset,
                "static tables lie in their order"
            );
            let count = table.elements.len() as u32;
            let record = StaticTable {
                table: *index,
                count,
                offset: table.offset,
            };
            self.writer.push(Section::StaticTables, &record);
            for func in &table.elements {
                let element = match func {
                    None => StaticElement {
                        code_offset: 0,
                        type_index: StaticElement::NULL_TYPE,
                    },
                    Some(func) => {
                        let is_import = *func < self.module.imported_funcs();
                        let symbol = if is_import {
                            Symbol::Thunk(*func)
                        } else {
                            Symbol::Func(*func)
                        };
                        StaticElement {
                            code_offset: self.code_offset(symbol),
                            type_index: self.module.canonical_func_type(*func),
                        }
                    }
                };
                out.extend_from_slice(&element.to_bytes());
            }
        }
        out
    }
}
