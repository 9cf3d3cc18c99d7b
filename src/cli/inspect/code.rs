//! A function's instructions, found by following control from its entry.
//!
//! Code is not read line by line, because jump tables and constants lie between and behind it:
//! what no path leads to is not an instruction. That each target is the start of an instruction
//! therefore shows as instructions that do not overlap.

use prefab_targets::disasm::{Disassembler, Flow, Instruction, JumpTable};
use std::collections::BTreeMap;
use std::ops::Range;

/// What is wrong at a place in the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub at: u32,
    pub message: String,
}

/// A function's instructions and what they lead to.
#[derive(Debug, Default)]
pub(crate) struct Code {
    /// By their place.
    pub instructions: BTreeMap<u32, Instruction>,
    /// Where jump tables lie.
    pub tables: Vec<Range<u32>>,
    /// Calls, and jumps out of the function: `(place, target)`.
    pub outgoing: Vec<(u32, i64)>,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// How many instructions the disassembler does not know by name.
    pub unnamed: usize,
}

impl Code {
    /// Whether an instruction starts at `at`.
    pub fn starts(&self, at: u32) -> bool {
        self.instructions.contains_key(&at)
    }

    /// Whether the last byte of an instruction is at `at`.
    pub fn ends(&self, at: u32) -> bool {
        let before = self.instructions.range(..=at).next_back();
        before.is_some_and(|(start, found)| start + found.size as u32 == at + 1)
    }
}

struct Explorer<'a> {
    disassembler: &'a Disassembler,
    text: &'a [u8],
    range: Range<u32>,
    work: Vec<u32>,
    /// Where jump tables may lie: behind indirect jumps.
    pending: Vec<u32>,
    /// Addresses that the code computes.
    addresses: Vec<u32>,
    code: Code,
}

/// What a piece of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A function of the module: addresses that it computes are those of constants and tables.
    Function,
    /// A stub or trampoline: addresses that it computes are where traps land.
    Glue,
}

/// Finds the instructions of the code that is `range` of `text`.
pub(crate) fn explore(
    disassembler: &Disassembler,
    text: &[u8],
    range: Range<u32>,
    role: Role,
) -> Code {
    let mut explorer = Explorer {
        disassembler,
        text: text.get(..range.end as usize).unwrap_or(text),
        work: vec![range.start],
        range,
        pending: Vec::new(),
        addresses: Vec::new(),
        code: Code::default(),
    };
    loop {
        while let Some(at) = explorer.work.pop() {
            explorer.follow(at);
        }
        explorer.pending.sort_unstable();
        if let Some(table) = explorer.pending.pop() {
            explorer.table(table);
        } else if role == Role::Function || !explorer.landing_pads() {
            break;
        }
    }
    explorer.code
}

impl Explorer<'_> {
    fn fault(&mut self, at: u32, message: impl Into<String>) {
        let message = message.into();
        self.code.faults.push(Fault { at, message });
    }

    fn inside(&self, target: i64) -> Option<u32> {
        u32::try_from(target)
            .ok()
            .filter(|target| self.range.contains(target))
    }

    /// Reads instructions from `at` on, until control cannot go on to the next one.
    fn follow(&mut self, mut at: u32) {
        while !self.code.starts(at) {
            if at >= self.range.end {
                return self.fault(at, "control runs out of the function");
            }
            if !at.is_multiple_of(self.disassembler.disasm().alignment) {
                return self.fault(at, "an instruction is not aligned");
            }
            let Some(found) = self.disassembler.decode(self.text, at as usize) else {
                return self.fault(at, "no instruction");
            };
            let (flow, next) = (found.flow, at + found.size as u32);
            if self.overlaps(at, next) {
                return self.fault(at, "a target is inside another instruction");
            }
            self.code.unnamed += usize::from(found.text.is_none());
            let address = found.address.and_then(|address| self.inside(address));
            self.addresses.extend(address);
            self.code.instructions.insert(at, found);
            if !self.flow(at, next, flow) {
                return;
            }
            at = next;
        }
    }

    fn overlaps(&self, start: u32, end: u32) -> bool {
        let instructions = &self.code.instructions;
        let before = instructions.range(..start).next_back();
        before.is_some_and(|(at, found)| at + found.size as u32 > start)
            || instructions.range(start..end).next().is_some()
            || self
                .code
                .tables
                .iter()
                .any(|table| table.start < end && start < table.end)
    }

    /// Notes where control goes from the instruction at `at`; whether also to the next one.
    fn flow(&mut self, at: u32, next: u32, flow: Flow) -> bool {
        match flow {
            Flow::Next | Flow::IndirectCall => true,
            Flow::Call(target) => {
                self.code.outgoing.push((at, target));
                true
            }
            Flow::Jump(target) | Flow::Branch(target) => {
                match self.inside(target) {
                    Some(target) => self.work.push(target),
                    None => self.code.outgoing.push((at, target)),
                }
                matches!(flow, Flow::Branch(_))
            }
            Flow::IndirectJump => {
                self.pending.push(next);
                false
            }
            Flow::Stop => false,
        }
    }

    /// Reads the jump table at `table`, if there is one.
    fn table(&mut self, table: u32) {
        let end = match self.disassembler.disasm().jump_table {
            JumpTable::Offsets if self.addresses.contains(&table) => self.offsets(table),
            JumpTable::Offsets => table,
            JumpTable::Jumps(size) => {
                // The entries are code like any other; each is an entry of its own.
                let mut at = table;
                while self.is_jump(at, size) {
                    self.work.push(at);
                    at += size;
                }
                table
            }
        };
        if end > table {
            self.code.tables.push(table..end);
        }
    }

    /// Whether `size` bytes of code at `at` do nothing but jump inside the function.
    fn is_jump(&self, at: u32, size: u32) -> bool {
        let mut place = at;
        while place < at + size {
            match self.disassembler.decode(self.text, place as usize) {
                Some(found) => {
                    place += found.size as u32;
                    if let Flow::Jump(target) = found.flow {
                        return place == at + size && self.inside(target).is_some();
                    }
                }
                None => return false,
            }
        }
        false
    }

    /// The greatest index into the table at `table` that the code before it lets through.
    fn index_max(&self, table: u32) -> Option<u32> {
        // The jump and what prepares it are one sequence, but for moves between registers.
        const SEQUENCE: usize = 24;
        let before = self.code.instructions.range(..table).rev().take(SEQUENCE);
        let bytes = before.filter_map(|(at, found)| {
            let at = *at as usize;
            self.text.get(at..at + found.size)
        });
        self.disassembler.index_max(bytes)
    }

    /// Reads a table of distances; returns its end.
    fn offsets(&mut self, table: u32) -> u32 {
        let next = self.code.instructions.range(table..).next();
        let mut limit = next.map_or(self.range.end, |(at, _)| *at);
        if let Some(max) = self.index_max(table) {
            limit = limit.min(table.saturating_add(max.saturating_add(1).saturating_mul(4)));
        }
        let mut at = table;
        while at + 4 <= limit {
            let bytes = self.text.get(at as usize..at as usize + 4);
            let Some(bytes) = bytes.and_then(|bytes| bytes.first_chunk::<4>()) else {
                break;
            };
            let target = i64::from(table) + i64::from(i32::from_le_bytes(*bytes));
            let Some(target) = self.inside(target) else {
                break;
            };
            if (table..at + 4).contains(&target) {
                break;
            }
            if target > at {
                limit = limit.min(target);
            }
            self.work.push(target);
            at += 4;
        }
        at
    }

    /// Addresses that glue computes are landing pads. Whether there was one that had not been
    /// followed.
    fn landing_pads(&mut self) -> bool {
        let addresses = std::mem::take(&mut self.addresses);
        let tables = &self.code.tables;
        let pads = addresses
            .into_iter()
            .filter(|at| !tables.iter().any(|table| table.contains(at)) && !self.code.starts(*at));
        self.work.extend(pads);
        !self.work.is_empty()
    }
}
