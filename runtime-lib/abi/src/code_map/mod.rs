//! From code offsets back to the module: which instructions trap, and where the code came from.
//!
//! Code offsets are bytes from the start of `.text`. The map has instructions that trap, and calls;
//! a call is entered at the byte before its return address, because the return address itself may
//! be that of an instruction that traps. Sites are sorted, and lie in blocks of [`BLOCK`].
//!
//! ```text
//! 0      count                                          u32
//! 4      blocks: {code_offset, wasm_offset, position}   u32 × 3 × ⌈count / BLOCK⌉
//! …      the blocks' bits; positions count bytes from here
//! …      what is inlined (`inlined.rs`), if the count's highest bit says so
//! ```
//!
//! A site is what it adds to the one before, or to the block's record: as exponential Golomb codes,
//! whose orders suit the code that compilers make, and bits.
//!
//! ```text
//! code offset   order 3      distance
//! what it is    0            traps: out of bounds memory access
//!               1 0          a call
//!               1 1 u8       traps: the TrapCode of this number
//! module offset order 4      1 + distance forwards, or 0, and then
//!               order 8      distance backwards, or 0: comes from no place in the module
//! ```
//!
//! Opening a map looks at its header alone; looking up takes no lock and no memory: the signal
//! handler does.
//!
//! Objects whose note does not say that they have such a map have two tables instead (`tables.rs`).

mod bits;
mod inlined;
mod tables;

pub use inlined::{InlineTable, InlinedFunc};

use crate::bytes::{FormatError, Reader, put_u32};
use crate::trap::TrapCode;
use alloc::vec::Vec;
use core::fmt;
use inlined::Inlined;
use tables::Tables;

/// Sites in a block: looking one up reads half a block.
pub const BLOCK: usize = 64;

/// The size of a block's record, in bytes.
const RECORD_SIZE: usize = 12;

/// The orders of the codes of distances: between code offsets, between module offsets, and between
/// module offsets backwards.
const CODE_ORDER: u32 = 3;
const FORWARDS_ORDER: u32 = 4;
const BACKWARDS_ORDER: u32 = 8;

/// A place in the code that the map knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// Where it is, in bytes from the start of the code.
    pub code_offset: u32,
    /// Why the instruction traps when it does; a call does not.
    pub trap: Option<TrapCode>,
    /// Where in the module the instruction is that it belongs to, if it belongs to one, in bytes.
    pub wasm_offset: Option<u32>,
}

/// The map's bytes.
///
/// # Panics
/// If the sites' code offsets are not strictly ascending, or the map would have more than 4 GiB.
#[must_use]
pub fn write_code_map(sites: &[Site], inlined: &InlineTable) -> Vec<u8> {
    let ascending = sites.is_sorted_by(|a, b| a.code_offset < b.code_offset);
    assert!(ascending, "sites are sorted");
    let mut out = Vec::with_capacity(4 + RECORD_SIZE * sites.len().div_ceil(BLOCK));
    let mut bits = bits::Writer::default();
    let has_inlined = !inlined.inlined.is_empty();
    let flag = if has_inlined { inlined::IS_THERE } else { 0 };
    put_u32(&mut out, sites.len() as u32 | flag);
    let (mut code, mut wasm) = (0, 0);
    for (index, site) in sites.iter().enumerate() {
        if index % BLOCK == 0 {
            let position = u32::try_from(bits.align()).expect("a map is smaller than 4 GiB");
            (code, wasm) = (site.code_offset, site.wasm_offset.unwrap_or(wasm));
            put_u32(&mut out, code);
            put_u32(&mut out, wasm);
            put_u32(&mut out, position);
        }
        bits.put_golomb(site.code_offset - code, CODE_ORDER);
        code = site.code_offset;
        match site.trap {
            Some(TrapCode::MemoryOutOfBounds) => bits.put(0, 1),
            None => bits.put(0b01, 2),
            Some(trap) => bits.put(0b11 | u64::from(trap.number()) << 2, 10),
        }
        match site.wasm_offset {
            Some(at) if at >= wasm && at - wasm < u32::MAX => {
                bits.put_golomb(at - wasm + 1, FORWARDS_ORDER);
            }
            at => {
                bits.put_golomb(0, FORWARDS_ORDER);
                // An offset of `u32::MAX`, 4 GiB behind the one before, is none: modules end there.
                let backwards = at.map_or(0, |at| wasm.saturating_sub(at));
                bits.put_golomb(backwards, BACKWARDS_ORDER);
            }
        }
        wasm = site.wasm_offset.unwrap_or(wasm);
    }
    out.extend_from_slice(&bits.finish());
    if has_inlined {
        inlined.write(&mut out);
    }
    out
}

/// A module's code map, in memory.
#[derive(Clone, Copy)]
pub struct CodeMap<'a>(Form<'a>);

#[derive(Clone, Copy)]
enum Form<'a> {
    Blocks(Blocks<'a>),
    Tables(Tables<'a>),
}

impl fmt::Debug for CodeMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeMap").finish_non_exhaustive()
    }
}

impl<'a> CodeMap<'a> {
    /// The map of a module with these parts. Looks at no site.
    ///
    /// # Errors
    /// If a part's size is not what its count says.
    pub fn new(traps: &'a [u8], address_map: &'a [u8]) -> Result<Self, FormatError> {
        // A trap table that has no entry has a count.
        Ok(Self(if traps.is_empty() {
            Form::Blocks(Blocks::new(address_map)?)
        } else {
            Form::Tables(Tables::new(traps, address_map)?)
        }))
    }

    /// The trap of the instruction at exactly `code_offset`, if it can trap.
    #[must_use]
    pub fn trap(&self, code_offset: u32) -> Option<TrapCode> {
        match &self.0 {
            Form::Blocks(blocks) => blocks.lookup(code_offset)?.trap,
            Form::Tables(tables) => tables.trap(code_offset),
        }
    }

    /// The module offset that the site at exactly `code_offset` belongs to.
    #[must_use]
    pub fn wasm_offset(&self, code_offset: u32) -> Option<u32> {
        match &self.0 {
            Form::Blocks(blocks) => blocks.lookup(code_offset)?.wasm_offset,
            Form::Tables(tables) => tables.wasm_offset(code_offset),
        }
    }

    /// The functions inlined where the site at exactly `code_offset` is, the innermost first: the
    /// site's module offset is in it, and that of its call in the next, or in the function whose code
    /// it is.
    pub fn inlined(&self, code_offset: u32) -> impl Iterator<Item = InlinedFunc> + use<'a> {
        let inlined = match &self.0 {
            Form::Blocks(blocks) => blocks.inlined,
            Form::Tables(_) => Inlined::NONE,
        };
        inlined.at(code_offset)
    }

    /// All that is inlined.
    #[must_use]
    pub fn inline_table(&self) -> InlineTable {
        match &self.0 {
            Form::Blocks(blocks) => blocks.inlined.read(),
            Form::Tables(_) => InlineTable::default(),
        }
    }

    /// Every site, in the map's order, up to the first that is malformed.
    pub fn iter(&self) -> impl Iterator<Item = Result<Site, FormatError>> + use<'a> {
        let (blocks, tables) = match self.0 {
            Form::Blocks(blocks) => (Some(blocks), None),
            Form::Tables(tables) => (None, Some(tables)),
        };
        let blocks = blocks.into_iter().flat_map(|blocks| blocks.iter());
        blocks.chain(tables.into_iter().flat_map(|tables| tables.iter()))
    }
}

#[derive(Clone, Copy)]
struct Blocks<'a> {
    count: usize,
    records: &'a [[u8; RECORD_SIZE]],
    bits: &'a [u8],
    inlined: Inlined<'a>,
}

impl<'a> Blocks<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, FormatError> {
        const COUNT: &str = "code map count";
        let reader = Reader(bytes);
        let count = reader.u32(COUNT, 0)?;
        let (inlined, bytes) = match count & inlined::IS_THERE {
            0 => (Inlined::NONE, bytes),
            _ => Inlined::new(bytes)?,
        };
        let count = (count & !inlined::IS_THERE) as usize;
        let reader = Reader(bytes);
        let size = RECORD_SIZE as u64 * count.div_ceil(BLOCK) as u64;
        let records = reader.bytes(COUNT, 4, size)?;
        Ok(Self {
            count,
            records: records.as_chunks().0,
            bits: &bytes[4 + records.len()..],
            inlined,
        })
    }

    fn lookup(&self, code_offset: u32) -> Option<Site> {
        let after = self
            .records
            .partition_point(|record| u32_at(record, 0) <= code_offset);
        let mut block = self.block(after.checked_sub(1)?);
        while let Some(site) = block.next()? {
            if site.code_offset >= code_offset {
                return (site.code_offset == code_offset).then_some(site);
            }
        }
        None
    }

    fn block(&self, index: usize) -> Block<'a> {
        let record = &self.records[index];
        let position = u32_at(record, 8) as usize;
        Block {
            left: (self.count - index * BLOCK).min(BLOCK),
            bits: bits::Reader::new(self.bits.get(position..).unwrap_or_default()),
            code_offset: u32_at(record, 0),
            wasm_offset: u32_at(record, 4),
        }
    }

    fn iter(self) -> impl Iterator<Item = Result<Site, FormatError>> + 'a {
        let blocks = (0..self.records.len()).flat_map(move |index| {
            let mut block = self.block(index);
            let malformed = FormatError::new("code map site", "is malformed", 4);
            core::iter::from_fn(move || match block.next() {
                Some(site) => site.map(Ok),
                None => {
                    block.left = 0;
                    Some(Err(malformed))
                }
            })
        });
        let mut is_good = true;
        blocks.take_while(move |site| core::mem::replace(&mut is_good, site.is_ok()))
    }
}

/// What is left of a block.
struct Block<'a> {
    left: usize,
    bits: bits::Reader<'a>,
    /// Of the site before.
    code_offset: u32,
    /// Of the last site that has one.
    wasm_offset: u32,
}

impl Block<'_> {
    /// The next site, or `Some(None)` if there is none; `None` if it is malformed.
    fn next(&mut self) -> Option<Option<Site>> {
        let Some(left) = self.left.checked_sub(1) else {
            return Some(None);
        };
        let distance = self.bits.take_golomb(CODE_ORDER)?;
        self.code_offset = self.code_offset.checked_add(distance)?;
        let trap = if self.bits.take(1) == 0 {
            Some(TrapCode::MemoryOutOfBounds)
        } else if self.bits.take(1) == 0 {
            None
        } else {
            Some(TrapCode::from_number(self.bits.take(8) as u8)?)
        };
        let mut wasm_offset = None;
        match self.bits.take_golomb(FORWARDS_ORDER)?.checked_sub(1) {
            Some(distance) => wasm_offset = Some(self.wasm_offset.checked_add(distance)?),
            None => match self.bits.take_golomb(BACKWARDS_ORDER)? {
                0 => {}
                distance => wasm_offset = Some(self.wasm_offset.checked_sub(distance)?),
            },
        }
        self.wasm_offset = wasm_offset.unwrap_or(self.wasm_offset);
        self.left = left;
        Some(Some(Site {
            code_offset: self.code_offset,
            trap,
            wasm_offset,
        }))
    }
}

fn u32_at(record: &[u8], offset: u64) -> u32 {
    Reader(record).u32("", offset).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, CodeMap, InlineTable, Site, write_code_map};
    use crate::trap::TrapCode;
    use alloc::vec::Vec;

    /// Sites of every kind, some far from those before, forwards and backwards.
    fn sites(count: u32) -> Vec<Site> {
        let kinds = TrapCode::ALL.len() as u32;
        let site = |index: u32| Site {
            code_offset: index * 5 + 1 + ((index / 100) << 20),
            trap: match index % 3 {
                0 => Some(TrapCode::MemoryOutOfBounds),
                1 => None,
                _ => Some(TrapCode::ALL[(index / 3 % kinds) as usize]),
            },
            wasm_offset: match index % 11 {
                0 => None,
                1 => Some(u32::MAX - index),
                2 => Some(0),
                _ => Some(index * 7919 % 100_000),
            },
        };
        (0..count).map(site).collect()
    }

    #[test]
    fn sites_come_back() {
        for count in [0, 1, 2, BLOCK as u32, BLOCK as u32 + 1, 1000] {
            let sites = sites(count);
            let bytes = write_code_map(&sites, &InlineTable::default());
            let map = CodeMap::new(&[], &bytes).unwrap();
            assert!(map.iter().map(Result::unwrap).eq(sites.iter().copied()));
            for site in &sites {
                assert_eq!(map.trap(site.code_offset), site.trap);
                assert_eq!(map.wasm_offset(site.code_offset), site.wasm_offset);
                assert_eq!(map.trap(site.code_offset + 1), None);
                assert_eq!(map.wasm_offset(site.code_offset + 1), None);
            }
            assert_eq!(map.wasm_offset(0), None);
        }
    }

    #[test]
    fn a_site_of_common_code_takes_two_bytes() {
        let sites: Vec<Site> = (0..100_000u32)
            .map(|index| Site {
                code_offset: index * 16 + index % 5,
                trap: (index % 4 != 0).then_some(TrapCode::MemoryOutOfBounds),
                wasm_offset: Some(index * 9 + index % 7),
            })
            .collect();
        assert!(write_code_map(&sites, &InlineTable::default()).len() < 2 * sites.len());
    }

    /// Whatever the bytes are, reading them ends and does not panic.
    #[test]
    fn malformed_maps_end() {
        let sites = sites(200);
        let bytes = write_code_map(&sites, &InlineTable::default());
        for len in 0..bytes.len() {
            if let Ok(map) = CodeMap::new(&[], &bytes[..len]) {
                assert!(map.iter().count() <= sites.len());
                let _ = map.iter().last();
            }
        }
        let records = 4 + 12 * sites.len().div_ceil(BLOCK);
        assert!(CodeMap::new(&[], &bytes[..records - 1]).is_err());
        let cut = CodeMap::new(&[], &bytes[..records]).unwrap();
        assert!(cut.iter().next().unwrap().is_err());
        assert_eq!(cut.iter().count(), 1);
        for index in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[index] ^= 0xa5;
            if let Ok(map) = CodeMap::new(&[], &forged) {
                let _ = (map.iter().count(), map.trap(700), map.wasm_offset(1 << 20));
            }
        }
    }
}
