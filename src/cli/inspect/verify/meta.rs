//! The metadata: every index in range, every list in order, every expression and string readable.

use super::Findings;
use crate::cli::inspect::artifact::Artifact;
use prefab_abi::bytes::FormatError;
use prefab_abi::func::StaticElement;
use prefab_abi::meta::{ExternKind, ItemKind, Meta, NO_MAX, NONE, Section, SegmentMode};
use prefab_abi::object::{SECTION_META, SECTION_STATIC_TABLES};
use prefab_abi::types::ValType;

pub(super) fn check(artifact: &Artifact<'_>, findings: &mut Findings) {
    let check = Check {
        artifact,
        meta: &artifact.meta,
        text_size: artifact.text.len() as u64,
        findings,
    };
    if let Err(error) = check.all() {
        findings.problem(SECTION_META, error.offset, error.to_string());
    }
}

struct Check<'a, 'b> {
    artifact: &'a Artifact<'b>,
    meta: &'a Meta<'b>,
    text_size: u64,
    findings: &'a mut Findings,
}

impl Check<'_, '_> {
    fn all(mut self) -> Result<(), FormatError> {
        self.types()?;
        self.imports()?;
        self.exports()?;
        self.funcs()?;
        self.entities()?;
        self.segments()?;
        self.image()?;
        self.static_tables()?;
        self.names()
    }

    fn problem(&mut self, section: Section, index: usize, message: &str) {
        let message = format!("{} {index}: {message}", section.name());
        self.findings.problem(SECTION_META, None, message);
    }

    fn assert(&mut self, holds: bool, section: Section, index: usize, message: &str) {
        if !holds {
            self.problem(section, index, message);
        }
    }

    /// How many things of a kind there are: imports and own.
    fn total(&self, kind: ExternKind) -> Result<u64, FormatError> {
        let counts = self.meta.counts();
        let (imported, defined) = match kind {
            ExternKind::Func => (counts.imported_funcs, self.meta.funcs()?.len()),
            ExternKind::Table => (counts.imported_tables, counts.defined_tables),
            ExternKind::Memory => (counts.imported_memories, counts.defined_memories),
            ExternKind::Global => (counts.imported_globals, counts.defined_globals),
        };
        Ok(u64::from(imported) + u64::from(defined))
    }

    fn types(&mut self) -> Result<(), FormatError> {
        let types = self.meta.types()?;
        let slots = self.meta.slots()?.len();
        for (index, ty) in types.iter().enumerate() {
            let ty = ty?;
            let bytes = self.meta.func_type(index as u32)?.to_canonical_bytes();
            let canonical = ty.canonical_index;
            let same = canonical <= index as u32
                && self
                    .meta
                    .func_type(canonical)
                    .is_ok_and(|ty| ty.to_canonical_bytes() == bytes);
            self.assert(
                same,
                Section::Types,
                index,
                "the canonical index is of another type",
            );
            let slot = ty.slot == NONE || ty.slot < slots;
            self.assert(slot, Section::Types, index, "the slot does not exist");
            for code in [
                ty.native_entry,
                ty.array_entry,
                ty.native_adapter,
                ty.array_adapter,
            ] {
                let start = code == NONE || self.starts_code(code);
                self.assert(
                    start,
                    Section::Types,
                    index,
                    "no code starts at a trampoline",
                );
            }
        }
        Ok(())
    }

    fn starts_code(&self, at: u32) -> bool {
        u64::from(at) < self.text_size
            && self
                .artifact
                .symbol_at(at)
                .is_some_and(|(_, distance)| distance == 0)
    }

    fn imports(&mut self) -> Result<(), FormatError> {
        let types = self.meta.types()?.len();
        let mut counts = [0; 4];
        for (index, import) in self.meta.imports()?.iter().enumerate() {
            let import = import?;
            self.meta.str(import.module)?;
            self.meta.str(import.name)?;
            let Some(kind) = ExternKind::from_number(import.kind) else {
                self.problem(Section::Imports, index, "the kind is not known");
                continue;
            };
            counts[kind as usize] += 1;
            let known = match kind {
                ExternKind::Func => import.ty < types,
                ExternKind::Table | ExternKind::Global => is_type(import.ty),
                ExternKind::Memory => true,
            };
            self.assert(known, Section::Imports, index, "the type is not known");
            let limits = import.max == NO_MAX || import.min <= import.max;
            let limited = matches!(kind, ExternKind::Table | ExternKind::Memory);
            self.assert(
                !limited || limits,
                Section::Imports,
                index,
                "the limits are reversed",
            );
        }
        let expected = self.meta.counts();
        let expected = [
            expected.imported_funcs,
            expected.imported_tables,
            expected.imported_memories,
            expected.imported_globals,
        ];
        self.assert(
            counts == expected,
            Section::Imports,
            0,
            "the counts are others",
        );
        Ok(())
    }

    fn exports(&mut self) -> Result<(), FormatError> {
        let exports = self.meta.exports()?;
        for (index, export) in exports.iter().enumerate() {
            let export = export?;
            self.meta.str(export.name)?;
            let known = match ExternKind::from_number(export.kind) {
                Some(kind) => u64::from(export.index) < self.total(kind)?,
                None => false,
            };
            self.assert(known, Section::Exports, index, "names nothing");
        }
        let order = self.meta.exports_by_name()?;
        let all = order.len() == exports.len();
        self.assert(
            all,
            Section::ExportsByName,
            0,
            "the count is not that of the exports",
        );
        let mut before: Option<&[u8]> = None;
        for (index, at) in order.iter().enumerate() {
            let name = self.meta.bytes(exports.get(at?)?.name)?;
            let sorted = before.is_none_or(|before| before < name);
            self.assert(sorted, Section::ExportsByName, index, "is not in order");
            before = Some(name);
        }
        Ok(())
    }

    fn funcs(&mut self) -> Result<(), FormatError> {
        let types = self.meta.types()?.len();
        let mut end = 0;
        for (index, func) in self.meta.funcs()?.iter().enumerate() {
            let func = func?;
            let start = u64::from(func.code_offset);
            self.assert(
                start >= end,
                Section::Funcs,
                index,
                "is not in the order of code",
            );
            end = start + u64::from(func.code_size);
            let inside = end <= self.text_size && func.code_size > 0;
            self.assert(
                inside,
                Section::Funcs,
                index,
                "the code is not inside .text",
            );
            self.assert(
                func.type_index < types,
                Section::Funcs,
                index,
                "has no type",
            );
        }
        if let Some(start) = self.meta.start() {
            let known = u64::from(start) < self.total(ExternKind::Func)?;
            self.assert(
                known,
                Section::Funcs,
                start as usize,
                "the start function is none",
            );
        }
        Ok(())
    }

    fn entities(&mut self) -> Result<(), FormatError> {
        for (index, table) in self.meta.tables()?.iter().enumerate() {
            let table = table?;
            self.meta.bytes(table.init)?;
            let sound = is_type(table.element_type) && table.min <= table.max;
            self.assert(sound, Section::Tables, index, "the type is not one");
        }
        for (index, memory) in self.meta.memories()?.iter().enumerate() {
            let memory = memory?;
            let sound = memory.min <= memory.max && memory.page_size_log2 <= 16;
            self.assert(sound, Section::Memories, index, "the type is not one");
        }
        for (index, global) in self.meta.globals()?.iter().enumerate() {
            let global = global?;
            let init = self.meta.bytes(global.init)?;
            let sound = is_type(global.ty) && global.mutable <= 1 && ends(init);
            self.assert(
                sound,
                Section::Globals,
                index,
                "the type or value is not one",
            );
        }
        Ok(())
    }

    fn segments(&mut self) -> Result<(), FormatError> {
        let (tables, memories) = (
            self.total(ExternKind::Table)?,
            self.total(ExternKind::Memory)?,
        );
        for (index, segment) in self.meta.elements()?.iter().enumerate() {
            let segment = segment?;
            let mode = SegmentMode::from_number(segment.mode);
            let offset = self.meta.bytes(segment.offset)?;
            let active = mode == Some(SegmentMode::Active);
            let place = !active || (u64::from(segment.table) < tables && ends(offset));
            let sound = mode.is_some() && is_type(segment.element_type) && place;
            self.assert(
                sound,
                Section::Elements,
                index,
                "the mode, type or place is not one",
            );
            let size = match ItemKind::from_number(segment.item_kind) {
                Some(ItemKind::Funcs) => 4,
                Some(ItemKind::Exprs) => 8,
                None => 0,
            };
            let items = self.meta.bytes(segment.items)?.len() as u64;
            let all = size > 0 && items == size * u64::from(segment.count);
            self.assert(all, Section::Elements, index, "the items are not as many");
        }
        let size = self
            .artifact
            .descriptor
            .part(prefab_abi::descriptor::Part::Data);
        for (index, segment) in self.meta.data_segments()?.iter().enumerate() {
            let segment = segment?;
            let mode = SegmentMode::from_number(segment.mode);
            let offset = self.meta.bytes(segment.offset)?;
            let active = mode == Some(SegmentMode::Active);
            let place = !active || (u64::from(segment.memory) < memories && ends(offset));
            self.assert(
                mode.is_some() && place,
                Section::DataSegments,
                index,
                "the place is none",
            );
            let end = segment.data_offset.checked_add(segment.data_size);
            let inside = end.is_some_and(|end| end <= size.size_bytes) || segment.data_size == 0;
            self.assert(
                inside,
                Section::DataSegments,
                index,
                "the bytes are not in its section",
            );
        }
        Ok(())
    }

    fn image(&mut self) -> Result<(), FormatError> {
        let counts = self.meta.counts();
        let memories = self.meta.memories()?;
        let size = self
            .artifact
            .descriptor
            .part(prefab_abi::descriptor::Part::Image);
        let page_size = self.artifact.note.page_size;
        let mut before = None;
        for (index, chunk) in self.meta.image()?.iter().enumerate() {
            let chunk = chunk?;
            let aligned = [chunk.memory_offset, chunk.image_offset, chunk.size]
                .iter()
                .all(|value| value.checked_rem(page_size) == Some(0));
            self.assert(aligned, Section::Image, index, "is not aligned to pages");
            let end = chunk.image_offset.checked_add(chunk.size);
            let inside = end.is_some_and(|end| end <= size.size_bytes);
            self.assert(inside, Section::Image, index, "is not inside its section");
            let place = (chunk.memory, chunk.memory_offset);
            let sorted = before.is_none_or(|before| before <= place);
            self.assert(sorted, Section::Image, index, "is not in order");
            let end = chunk.memory_offset.saturating_add(chunk.size);
            before = Some((chunk.memory, end));
            let memory = chunk.memory.checked_sub(counts.imported_memories);
            let memory = memory.and_then(|memory| memories.get(memory).ok());
            let fits = memory.is_some_and(|memory| {
                end <= (memory.min << memory.page_size_log2.min(16)).next_multiple_of(page_size)
            });
            self.assert(fits, Section::Image, index, "is not inside its memory");
        }
        Ok(())
    }

    fn static_tables(&mut self) -> Result<(), FormatError> {
        let tables = self.total(ExternKind::Table)?;
        let section = self.artifact.section(SECTION_STATIC_TABLES);
        let section = section.ok().flatten().unwrap_or_default();
        for (index, table) in self.meta.static_tables()?.iter().enumerate() {
            let table = table?;
            let known = u64::from(table.table) < tables;
            self.assert(known, Section::StaticTables, index, "is of no table");
            let size = u64::from(table.count) * u64::from(StaticElement::SIZE);
            let bytes = prefab_abi::bytes::Reader(section).bytes(
                Section::StaticTables.name(),
                table.offset,
                size,
            )?;
            for bytes in bytes.as_chunks::<8>().0 {
                let element = StaticElement::from_bytes(*bytes);
                let null = element.type_index == StaticElement::NULL_TYPE;
                let sound = null
                    || (self.starts_code(element.code_offset)
                        && self.is_canonical(element.type_index));
                self.assert(
                    sound,
                    Section::StaticTables,
                    index,
                    "an element is no function",
                );
            }
        }
        Ok(())
    }

    fn is_canonical(&self, ty: u32) -> bool {
        let types = self.meta.types();
        types
            .and_then(|types| types.get(ty))
            .is_ok_and(|found| found.canonical_index == ty)
    }

    fn names(&mut self) -> Result<(), FormatError> {
        let funcs = self.total(ExternKind::Func)?;
        let mut before = None;
        for (index, name) in self.meta.func_names()?.iter().enumerate() {
            let name = name?;
            self.meta.str(name.name)?;
            let sorted = before.is_none_or(|before| before < name.func);
            let sound = sorted && u64::from(name.func) < funcs;
            self.assert(
                sound,
                Section::FuncNames,
                index,
                "is not in order or of no function",
            );
            before = Some(name.func);
        }
        Ok(())
    }
}

fn is_type(byte: u32) -> bool {
    u8::try_from(byte).is_ok_and(|byte| ValType::from_byte(byte).is_some())
}

/// Whether a constant expression ends as one does.
fn ends(expression: &[u8]) -> bool {
    expression.last() == Some(&0x0b)
}
