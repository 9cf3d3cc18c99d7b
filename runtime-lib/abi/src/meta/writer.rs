//! Writing metadata.

use super::{Export, MAGIC, ModuleKind, NONE, Range, Record, Section};
use crate::bytes::{put_u32, put_u64};
use crate::context::Counts;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Collects records and writes the section.
#[derive(Debug, Default)]
pub struct MetaWriter {
    tables: [Vec<u8>; Section::ALL.len()],
    ranges: BTreeMap<Vec<u8>, Range>,
    export_names: Vec<(Vec<u8>, u32)>,
}

impl MetaWriter {
    /// A writer that has no record yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The range of `bytes` in the table of bytes; equal short strings are kept once.
    ///
    /// # Panics
    /// If the table would have more than 4 GiB.
    pub fn bytes(&mut self, bytes: &[u8]) -> Range {
        const KEPT_ONCE: usize = 64;
        if bytes.is_empty() {
            return Range::default();
        }
        if let Some(range) = self.ranges.get(bytes) {
            return *range;
        }
        let table = &mut self.tables[Section::Bytes as usize];
        let range = Range {
            offset: u32::try_from(table.len()).expect("metadata is smaller than 4 GiB"),
            len: u32::try_from(bytes.len()).expect("metadata is smaller than 4 GiB"),
        };
        table.extend_from_slice(bytes);
        if bytes.len() <= KEPT_ONCE {
            self.ranges.insert(bytes.to_vec(), range);
        }
        range
    }

    /// Appends a record to `section`.
    pub fn push(&mut self, section: Section, record: &impl Record) {
        record.write(&mut self.tables[section as usize]);
    }

    /// Appends an export.
    pub fn push_export(&mut self, name: &[u8], export: Export) {
        let index = self.export_names.len() as u32;
        self.export_names.push((name.to_vec(), index));
        self.push(Section::Exports, &export);
    }

    /// The section's bytes.
    ///
    /// # Panics
    /// If they would be more than 4 GiB.
    #[must_use]
    pub fn finish(mut self, counts: Counts, start: Option<u32>, kind: ModuleKind) -> Vec<u8> {
        self.export_names.sort_unstable();
        for (_, index) in &self.export_names {
            put_u32(&mut self.tables[Section::ExportsByName as usize], *index);
        }
        let mut out = Vec::new();
        out.extend_from_slice(&MAGIC);
        for count in [
            counts.imported_funcs,
            counts.imported_tables,
            counts.imported_memories,
            counts.imported_globals,
            counts.defined_tables,
            counts.defined_memories,
            counts.defined_globals,
        ] {
            put_u32(&mut out, count);
        }
        put_u32(&mut out, start.unwrap_or(NONE));
        put_u64(&mut out, kind as u64);
        let mut offset = super::HEADER_SIZE as usize;
        for section in Section::ALL {
            let len = self.tables[section as usize].len();
            put_u32(
                &mut out,
                u32::try_from(offset).expect("metadata is smaller than 4 GiB"),
            );
            put_u32(&mut out, (len / section.record_size() as usize) as u32);
            offset += len;
        }
        for table in &self.tables {
            out.extend_from_slice(table);
        }
        out
    }
}
