//! What objects have that say nothing of a code map: a trap table and an address map.
//!
//! # Trap table
//!
//! ```text
//! 0      count                 u32
//! 4      code offsets, sorted  u32 × count
//! 4+4n   trap codes            u8 × count
//! ```
//!
//! # Address map
//!
//! Trapping instructions and calls, with the offset in the module of the instruction they belong
//! to. Blocks of [`BLOCK`] entries; an index entry has a block's first entry, the
//! block's bytes have the others, each as its distance to the one before: a ULEB128 of code
//! offset, then an SLEB128 of module offset.
//!
//! ```text
//! 0      count                                          u32
//! 4      blocks: {code_offset, wasm_offset, position}   u32 × 3 × ⌈count / BLOCK⌉
//! …      bytes of the blocks; positions count from here
//! ```

use super::Site;
use crate::bytes::{FormatError, Reader};
use crate::trap::TrapCode;

/// Entries in a block of the address map.
const BLOCK: usize = 32;

/// Both of a module.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'a> {
    traps: TrapTable<'a>,
    addresses: AddressMap<'a>,
}

impl<'a> Tables<'a> {
    /// The tables that the bytes are. Looks at no entry.
    ///
    /// # Errors
    /// If the bytes are fewer than a count says, or more than the trap table's.
    pub fn new(traps: &'a [u8], addresses: &'a [u8]) -> Result<Self, FormatError> {
        Ok(Self {
            traps: TrapTable::new(traps)?,
            addresses: AddressMap::new(addresses)?,
        })
    }

    /// The trap of the instruction at `code_offset`, if it can trap.
    pub fn trap(&self, code_offset: u32) -> Option<TrapCode> {
        self.traps.lookup(code_offset)
    }

    /// The module offset of the entry at exactly `code_offset`.
    pub fn wasm_offset(&self, code_offset: u32) -> Option<u32> {
        self.addresses.lookup(code_offset)
    }

    /// What stands in either, sorted if the tables are, up to the first entry that is malformed.
    pub fn iter(self) -> impl Iterator<Item = Result<Site, FormatError>> + 'a {
        let mut traps = self.traps.iter().peekable();
        let mut addresses = self.addresses.iter().peekable();
        let mut left = self.addresses.count;
        core::iter::from_fn(move || {
            let (trap, address) = (traps.peek().copied(), addresses.peek().copied());
            let places = [trap.map(|trap| trap.0), address.map(|address| address.0)];
            let Some(code_offset) = places.into_iter().flatten().min() else {
                let is_cut = core::mem::take(&mut left) != 0;
                return is_cut.then_some(Err(FormatError::new("address map", "is malformed", 4)));
            };
            let trap = trap.filter(|trap| trap.0 == code_offset);
            let address = address.filter(|address| address.0 == code_offset);
            if trap.is_some() {
                traps.next();
            }
            if address.is_some() {
                addresses.next();
                left -= 1;
            }
            if let Some((_, None)) = trap {
                return Some(Err(FormatError::new("trap code", "is not known", 4)));
            }
            Some(Ok(Site {
                code_offset,
                trap: trap.and_then(|(_, code)| code),
                wasm_offset: address.map(|(_, wasm)| wasm),
            }))
        })
    }
}

/// A trap table in memory.
#[derive(Clone, Copy, Debug)]
struct TrapTable<'a> {
    offsets: &'a [[u8; 4]],
    codes: &'a [u8],
}

impl<'a> TrapTable<'a> {
    /// The table that `bytes` are. Looks at no entry.
    ///
    /// # Errors
    /// If the bytes are fewer or more than the count says.
    fn new(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let count = Reader(bytes).u32("trap table count", 0)? as usize;
        let rest = &bytes[4..];
        if rest.len() != count.saturating_mul(5) {
            return Err(FormatError::new(
                "trap table count",
                "does not fit its section",
                0,
            ));
        }
        let (offsets, codes) = rest.split_at(4 * count);
        Ok(Self {
            offsets: offsets.as_chunks().0,
            codes,
        })
    }

    /// The trap of the instruction at `code_offset`, if it can trap.
    fn lookup(&self, code_offset: u32) -> Option<TrapCode> {
        let found = self
            .offsets
            .binary_search_by_key(&code_offset, |at| u32::from_le_bytes(*at));
        found
            .ok()
            .and_then(|index| TrapCode::from_number(self.codes[index]))
    }

    /// Every entry; a trap code of `None` is a number that stands for none.
    fn iter(self) -> impl Iterator<Item = (u32, Option<TrapCode>)> + 'a {
        let codes = self.codes.iter().map(|code| TrapCode::from_number(*code));
        self.offsets
            .iter()
            .map(|at| u32::from_le_bytes(*at))
            .zip(codes)
    }
}

/// An address map in memory.
#[derive(Clone, Copy, Debug)]
struct AddressMap<'a> {
    count: usize,
    index: Reader<'a>,
    bytes: &'a [u8],
}

impl<'a> AddressMap<'a> {
    /// The map that `bytes` are. Looks at no entry.
    ///
    /// # Errors
    /// If the bytes are fewer than the count says.
    fn new(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let reader = Reader(bytes);
        let count = reader.u32("address map count", 0)? as usize;
        let index_len = 12 * count.div_ceil(BLOCK) as u64;
        let index = Reader(reader.bytes("address map count", 4, index_len)?);
        Ok(Self {
            count,
            index,
            bytes: &bytes[4 + index.0.len()..],
        })
    }

    /// The module offset of the entry at exactly `code_offset`.
    fn lookup(&self, code_offset: u32) -> Option<u32> {
        let (starts, _) = self.index.0.as_chunks::<12>();
        let after = starts.partition_point(|start| u32_at(start, 0) <= code_offset);
        let block = after.checked_sub(1)?;
        self.block(block)
            .find(|(at, _)| *at >= code_offset)
            .filter(|(at, _)| *at == code_offset)
            .map(|(_, wasm)| wasm)
    }

    /// Every entry, as far as the bytes are well-formed.
    fn iter(self) -> impl Iterator<Item = (u32, u32)> + 'a {
        let map = self;
        (0..self.count.div_ceil(BLOCK)).flat_map(move |block| map.block(block))
    }

    fn block(self, block: usize) -> impl Iterator<Item = (u32, u32)> + 'a {
        let start = &self.index.0[12 * block..12 * block + 12];
        let mut rest = self
            .bytes
            .get(u32_at(start, 8) as usize..)
            .unwrap_or_default();
        let first = (u32_at(start, 0), u32_at(start, 4));
        let len = (self.count - block * BLOCK).min(BLOCK);
        core::iter::successors(Some(first), move |(code, wasm)| {
            let code_delta = take_uleb(&mut rest)?;
            let wasm_delta = take_sleb(&mut rest)?;
            Some((
                code.checked_add(code_delta)?,
                u32::try_from(i64::from(*wasm) + wasm_delta).ok()?,
            ))
        })
        .take(len)
    }
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    Reader(bytes).u32("", offset as u64).unwrap_or(0)
}

fn take_leb(bytes: &mut &[u8]) -> Option<(u64, u32)> {
    let mut value = 0;
    for index in 0..6 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, 7 * (index + 1)));
        }
    }
    None
}

fn take_uleb(bytes: &mut &[u8]) -> Option<u32> {
    u32::try_from(take_leb(bytes)?.0).ok()
}

fn take_sleb(bytes: &mut &[u8]) -> Option<i64> {
    let (value, bits) = take_leb(bytes)?;
    Some((value << (64 - bits)) as i64 >> (64 - bits))
}

#[cfg(test)]
mod tests {
    use super::{AddressMap, BLOCK, Tables, TrapTable};
    use crate::bytes::put_u32;
    use crate::code_map::Site;
    use crate::trap::TrapCode;
    use alloc::vec::Vec;

    /// The trap table's bytes.
    fn write_trap_table(sites: &[(u32, TrapCode)]) -> Vec<u8> {
        assert!(
            sites.windows(2).all(|pair| pair[0].0 < pair[1].0),
            "trap sites are sorted"
        );
        let mut out = Vec::with_capacity(4 + 5 * sites.len());
        put_u32(&mut out, sites.len() as u32);
        for (offset, _) in sites {
            put_u32(&mut out, *offset);
        }
        out.extend(sites.iter().map(|(_, code)| code.number()));
        out
    }

    /// The address map's bytes, from `(code offset, module offset)` pairs.
    fn write_address_map(entries: &[(u32, u32)]) -> Vec<u8> {
        assert!(
            entries.windows(2).all(|pair| pair[0].0 < pair[1].0),
            "addresses are sorted"
        );
        let mut out = Vec::new();
        let mut bytes = Vec::new();
        put_u32(&mut out, entries.len() as u32);
        for block in entries.chunks(BLOCK) {
            put_u32(&mut out, block[0].0);
            put_u32(&mut out, block[0].1);
            put_u32(&mut out, bytes.len() as u32);
            for pair in block.windows(2) {
                put_uleb(&mut bytes, pair[1].0 - pair[0].0);
                put_sleb(&mut bytes, i64::from(pair[1].1) - i64::from(pair[0].1));
            }
        }
        out.extend_from_slice(&bytes);
        out
    }

    fn put_uleb(out: &mut Vec<u8>, mut value: u32) {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    fn put_sleb(out: &mut Vec<u8>, mut value: i64) {
        while !(-0x40..0x40).contains(&value) {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8 & 0x7f);
    }

    #[test]
    fn trap_table_round_trip() {
        let sites: Vec<_> = TrapCode::ALL
            .iter()
            .enumerate()
            .map(|(i, code)| (7 * i as u32 + 3, *code))
            .collect();
        let bytes = write_trap_table(&sites);
        let table = TrapTable::new(&bytes).unwrap();
        for (offset, code) in &sites {
            assert_eq!(table.lookup(*offset), Some(*code));
            assert_eq!(table.lookup(offset + 1), None);
        }
        assert_eq!(table.iter().count(), sites.len());
        for len in 0..bytes.len() {
            assert!(TrapTable::new(&bytes[..len]).is_err());
        }
    }

    #[test]
    fn address_map_round_trip() {
        let entries: Vec<(u32, u32)> = (0..1000u32)
            .map(|i| (i * 5 + 1, (i * 7919) % 100_000 + (i << 20)))
            .collect();
        let bytes = write_address_map(&entries);
        let map = AddressMap::new(&bytes).unwrap();
        assert!(map.iter().eq(entries.iter().copied()));
        for (code, wasm) in &entries {
            assert_eq!(map.lookup(*code), Some(*wasm));
            assert_eq!(map.lookup(code + 1), None);
        }
        assert_eq!(map.lookup(0), None);
        // Whatever the bytes are, reading them ends and does not panic.
        for index in 0..bytes.len().min(600) {
            let mut forged = bytes.clone();
            forged[index] ^= 0xa5;
            if let Ok(map) = AddressMap::new(&forged) {
                let _ = (map.iter().count(), map.lookup(700));
            }
        }
    }

    #[test]
    fn sites_of_both_tables() {
        let traps = [(1, TrapCode::Unreachable), (7, TrapCode::IntegerOverflow)];
        let (traps, map) = (
            write_trap_table(&traps),
            write_address_map(&[(3, 9), (7, 4)]),
        );
        let tables = Tables::new(&traps, &map).unwrap();
        let site = |code_offset, trap, wasm_offset| Site {
            code_offset,
            trap,
            wasm_offset,
        };
        let expected = [
            site(1, Some(TrapCode::Unreachable), None),
            site(3, None, Some(9)),
            site(7, Some(TrapCode::IntegerOverflow), Some(4)),
        ];
        assert!(tables.iter().map(Result::unwrap).eq(expected));
        let cut = Tables::new(&traps, &map[..map.len() - 1]).unwrap();
        assert!(cut.iter().last().unwrap().is_err());
    }
}
