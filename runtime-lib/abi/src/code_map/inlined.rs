//! Which functions' code stands inside of others', for backtraces to have a frame for each.
//!
//! The table is the end of a code map, whose count says that it is there ([`IS_THERE`]).
//!
//! ```text
//! 0      runs: {code_offset, inlined}              u32 × 2 × run count
//! …      inlined: {func, call_offset, outer}       u32 × 3 × inlined count
//! …      run count, inlined count                  u32 × 2
//! ```
//!
//! From a run's code offset to the next one's, sites belong to the function that is `inlined` there,
//! or, if that is [`NONE`], to the function whose code it is.

use super::u32_at;
use crate::bytes::{FormatError, Reader, put_u32};
use crate::meta::NONE;
use alloc::vec::Vec;
use core::iter;

/// The bit of a code map's count that says that there is such a table.
pub(super) const IS_THERE: u32 = 1 << 31;

/// The sizes of a run, of an inlined function and of the counts, in bytes.
const RUN_SIZE: usize = 8;
const INLINED_SIZE: usize = 12;
const COUNTS_SIZE: usize = 8;

/// A function whose code stands where it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InlinedFunc {
    /// Its index.
    pub func: u32,
    /// Where in the module the call is, in bytes.
    pub call_offset: u32,
    /// What has the call: another inlined function, by its place in the table, which is before this
    /// one's; or, if there is none, the function whose code it is.
    pub outer: Option<u32>,
}

/// The inlined functions of a module, and where their code is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InlineTable {
    /// From where on the code is of which of them, or of none; by code offsets, ascending.
    pub runs: Vec<(u32, Option<u32>)>,
    /// The functions.
    pub inlined: Vec<InlinedFunc>,
}

impl InlineTable {
    /// Adds a function's code, which starts at `code_offset`: places and code offsets of `table`
    /// are counted from its start.
    pub fn append(&mut self, code_offset: u32, table: &Self) {
        let first = self.inlined.len() as u32;
        let moved = |place: Option<u32>| place.map(|place| first + place);
        let runs = table.runs.iter();
        self.runs
            .extend(runs.map(|(at, inlined)| (code_offset + at, moved(*inlined))));
        let inlined = table.inlined.iter();
        self.inlined.extend(inlined.map(|inlined| InlinedFunc {
            outer: moved(inlined.outer),
            ..*inlined
        }));
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (at, inlined) in &self.runs {
            put_u32(out, *at);
            put_u32(out, inlined.unwrap_or(NONE));
        }
        for inlined in &self.inlined {
            put_u32(out, inlined.func);
            put_u32(out, inlined.call_offset);
            put_u32(out, inlined.outer.unwrap_or(NONE));
        }
        put_u32(out, self.runs.len() as u32);
        put_u32(out, self.inlined.len() as u32);
    }
}

/// The table of a module, in memory.
#[derive(Clone, Copy)]
pub(super) struct Inlined<'a> {
    runs: &'a [[u8; RUN_SIZE]],
    inlined: &'a [[u8; INLINED_SIZE]],
}

impl<'a> Inlined<'a> {
    /// The table of a module that has inlined nothing.
    pub const NONE: Self = Self {
        runs: &[],
        inlined: &[],
    };

    /// The table at the end of `bytes`, and what stands before it. Looks at its counts alone.
    pub fn new(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), FormatError> {
        const COUNT: &str = "code map inlined count";
        let short = FormatError::new(COUNT, "lies outside its section", bytes.len() as u64);
        let (rest, counts) = bytes.split_last_chunk::<COUNTS_SIZE>().ok_or(short)?;
        let count = |offset| Reader(counts).u32(COUNT, offset);
        let (runs, inlined) = (u64::from(count(0)?), u64::from(count(4)?));
        let sizes = (runs * RUN_SIZE as u64, inlined * INLINED_SIZE as u64);
        let start = (rest.len() as u64).checked_sub(sizes.0 + sizes.1);
        let start = start.ok_or(short)?;
        let table = Self {
            runs: Reader(rest).bytes(COUNT, start, sizes.0)?.as_chunks().0,
            inlined: Reader(rest)
                .bytes(COUNT, start + sizes.0, sizes.1)?
                .as_chunks()
                .0,
        };
        Ok((table, Reader(rest).bytes(COUNT, 0, start)?))
    }

    /// All of it.
    pub fn read(self) -> InlineTable {
        let place = |place| Some(place).filter(|place| *place != NONE);
        let runs = self.runs.iter();
        let inlined = self.inlined.iter();
        InlineTable {
            runs: runs
                .map(|run| (u32_at(run, 0), place(u32_at(run, 4))))
                .collect(),
            inlined: inlined
                .map(|inlined| InlinedFunc {
                    func: u32_at(inlined, 0),
                    call_offset: u32_at(inlined, 4),
                    outer: place(u32_at(inlined, 8)),
                })
                .collect(),
        }
    }

    /// The functions that the site at `code_offset` is in, the innermost first, without the one
    /// whose code it is.
    pub fn at(self, code_offset: u32) -> impl Iterator<Item = InlinedFunc> + use<'a> {
        let after = self
            .runs
            .partition_point(|run| u32_at(run, 0) <= code_offset);
        let innermost = after.checked_sub(1).map(|run| u32_at(&self.runs[run], 4));
        let mut next = innermost.filter(|place| *place != NONE);
        iter::from_fn(move || {
            let place = next?;
            let inlined = self.inlined.get(place as usize)?;
            let outer = u32_at(inlined, 8);
            // Whatever the bytes are, this ends.
            next = Some(outer).filter(|outer| *outer < place);
            Some(InlinedFunc {
                func: u32_at(inlined, 0),
                call_offset: u32_at(inlined, 4),
                outer: next,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CodeMap, Site, write_code_map};
    use super::{InlineTable, InlinedFunc};
    use alloc::vec;
    use alloc::vec::Vec;

    fn site(code_offset: u32) -> Site {
        Site {
            code_offset,
            trap: None,
            wasm_offset: Some(1000 + code_offset),
        }
    }

    /// A function's table: it calls 7 at 20, which has 8 at 30 inside.
    fn table() -> InlineTable {
        let inlined = |func, call_offset, outer| InlinedFunc {
            func,
            call_offset,
            outer,
        };
        InlineTable {
            runs: vec![(10, Some(1)), (20, Some(0)), (30, None)],
            inlined: vec![inlined(7, 20, None), inlined(8, 30, Some(0))],
        }
    }

    fn map() -> Vec<u8> {
        let mut all = InlineTable::default();
        all.append(0, &InlineTable::default());
        all.append(100, &table());
        all.append(200, &table());
        let sites: Vec<Site> = (0..300).step_by(5).map(site).collect();
        write_code_map(&sites, &all)
    }

    fn funcs(map: &CodeMap<'_>, code_offset: u32) -> Vec<(u32, u32)> {
        let inlined = map.inlined(code_offset);
        inlined
            .map(|inlined| (inlined.func, inlined.call_offset))
            .collect()
    }

    #[test]
    fn sites_know_what_they_are_inlined_in() {
        let bytes = map();
        let map = CodeMap::new(&[], &bytes).unwrap();
        for start in [100, 200] {
            assert_eq!(funcs(&map, start + 5), []);
            assert_eq!(funcs(&map, start + 10), [(8, 30), (7, 20)]);
            assert_eq!(funcs(&map, start + 15), [(8, 30), (7, 20)]);
            assert_eq!(funcs(&map, start + 25), [(7, 20)]);
            assert_eq!(funcs(&map, start + 30), []);
        }
        let mut expected = table();
        expected.append(100, &table());
        let mut found = map.inline_table();
        found.runs.iter_mut().for_each(|(at, _)| *at -= 100);
        assert_eq!(found, expected);
        assert_eq!(map.wasm_offset(210), Some(1210));
        assert_eq!(map.iter().count(), 60);
    }

    /// Whatever the bytes are, reading them ends and does not panic.
    #[test]
    fn malformed_tables_end() {
        let bytes = map();
        for index in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[index] ^= 0xff;
            if let Ok(map) = CodeMap::new(&[], &forged) {
                let _ = (map.inlined(210).count(), map.iter().count());
            }
            if let Ok(map) = CodeMap::new(&[], &bytes[..index]) {
                let _ = map.inlined(210).count();
            }
        }
    }
}
