//! `.note.prefab`: what an object needs of a machine and a runtime.
//!
//! An ELF note (gABI, "Note Section") of the owner `Prefab` and type 1. Its description is a list
//! of fields, each `tag: u32, size: u32, value, padding to 4`; all integers little-endian. A tag
//! below `0x8000_0000` must be understood by whoever loads the object; others may be passed over.

use crate::bytes::{FormatError, Reader, put_u32};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The owner of the note, with its terminating zero.
pub const OWNER: &[u8; 7] = b"Prefab\0";
/// The note's type.
pub const TYPE: u32 = 1;

const REQUIRED_TAGS_END: u32 = 0x8000_0000;

/// How linear memories are reserved and accesses to them checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MemoryPlan {
    /// 4 GiB and a guard are reserved; accesses are not checked.
    Guarded = 1,
    /// What the memory may grow to is reserved; accesses are checked.
    Bounded = 2,
}

impl MemoryPlan {
    /// The plan with this number, if there is one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Guarded),
            2 => Some(Self::Bounded),
            _ => None,
        }
    }

    /// The plan's name: what `--memory` takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guarded => "guarded",
            Self::Bounded => "bounded",
        }
    }
}

/// How the code finds that it has to trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Traps {
    /// Also by faults and trap instructions: the runtime must handle the signals.
    Signals = 1,
    /// By comparisons and calls alone: no signal handler is needed.
    Explicit = 2,
}

impl Traps {
    /// The way with this number, if there is one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Signals),
            2 => Some(Self::Explicit),
            _ => None,
        }
    }

    /// The way's name: what `--traps` takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signals => "signals",
            Self::Explicit => "explicit",
        }
    }
}

/// The contents of the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The ABI revision of the code.
    pub abi_revision: u32,
    /// The compiler's version, for people.
    pub compiler: String,
    /// The target triple.
    pub target: String,
    /// The CPU features that the code uses, by the names that `--features` takes.
    pub cpu_features: Vec<String>,
    /// The greatest page size, in bytes, that the file's layout is aligned for.
    pub page_size: u64,
    /// How memories are reserved.
    pub memory_plan: MemoryPlan,
    /// The size of the guard behind each memory's reservation that the code relies on, in bytes.
    pub guard_size_bytes: u64,
    /// The size that a memory may grow to if it declares no lesser maximum, in bytes: with
    /// [`MemoryPlan::Bounded`] no more is reserved for it.
    pub max_memory_bytes: u64,
    /// How the code traps.
    pub traps: Traps,
    /// Whether loops and functions that call others look whether they are to stop: whether
    /// [`ExecState`](crate::exec::ExecState)'s `poll` or `interrupt` is used.
    pub is_interruptible: bool,
    /// Whether the code counts what it executes, in `ExecState`'s `fuel`.
    pub uses_fuel: bool,
    /// Whether traps and addresses are in one [`code_map`](crate::code_map), not in two tables.
    pub has_code_map: bool,
    /// Whether functions stand inside of others: whether the code map says which.
    pub has_inlined: bool,
    /// Whether native trampolines and adapters are those of [`func`](crate::func), which pass results
    /// in registers.
    pub has_direct_calls: bool,
    /// The options that the module was compiled with, for people.
    pub options: String,
    /// The SHA-256 of the module that was compiled.
    pub module_sha256: [u8; 32],
    /// The SHA-256 of everything else in the object that is loaded: the parts of which
    /// [`is_hashed`](crate::descriptor::Part::is_hashed) says so, in the order of
    /// [`Part::ALL`](crate::descriptor::Part::ALL).
    pub content_sha256: [u8; 32],
}

const ABI_REVISION: u32 = 1;
const TARGET: u32 = 2;
const CPU_FEATURES: u32 = 3;
const PAGE_SIZE: u32 = 4;
const MEMORY_PLAN: u32 = 5;
const GUARD_SIZE: u32 = 6;
const TRAPS: u32 = 7;
const MAX_MEMORY: u32 = 8;
const INTERRUPTIBLE: u32 = 9;
const FUEL: u32 = 10;
const CODE_MAP: u32 = 11;
const INLINED: u32 = 12;
const DIRECT_CALLS: u32 = 13;
const REQUIRED: u32 = DIRECT_CALLS;
const COMPILER: u32 = REQUIRED_TAGS_END;
const OPTIONS: u32 = REQUIRED_TAGS_END + 1;
const MODULE_SHA256: u32 = REQUIRED_TAGS_END + 2;
const CONTENT_SHA256: u32 = REQUIRED_TAGS_END + 3;

fn padded(len: usize) -> usize {
    len.next_multiple_of(4)
}

fn put_field(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    put_u32(out, tag);
    put_u32(out, value.len() as u32);
    out.extend_from_slice(value);
    out.resize(padded(out.len()), 0);
}

/// The only value of a field that is there if something is so, and is not there otherwise.
const YES: u32 = 1;

/// The size of the largest memory, in bytes: what a 32-bit address reaches.
pub const MEMORY_SIZE_LIMIT_BYTES: u64 = 1 << 32;

/// What code takes for granted of memories and of the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assumptions {
    /// How memories are reserved.
    pub memory_plan: MemoryPlan,
    /// The size of the guard behind each memory's reservation, in bytes.
    pub guard_size_bytes: u64,
    /// The size that a memory may grow to if it declares no lesser maximum, in bytes.
    pub max_memory_bytes: u64,
    /// How the code traps.
    pub traps: Traps,
    /// Whether loops and functions that call others look whether they are to stop.
    pub is_interruptible: bool,
    /// Whether the code counts what it executes.
    pub uses_fuel: bool,
    /// Whether native trampolines and adapters pass results in registers.
    pub has_direct_calls: bool,
}

impl Note {
    /// What the code takes for granted.
    #[must_use]
    pub const fn assumptions(&self) -> Assumptions {
        Assumptions {
            memory_plan: self.memory_plan,
            guard_size_bytes: self.guard_size_bytes,
            max_memory_bytes: self.max_memory_bytes,
            traps: self.traps,
            is_interruptible: self.is_interruptible,
            uses_fuel: self.uses_fuel,
            has_direct_calls: self.has_direct_calls,
        }
    }

    /// The section's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        put_field(&mut fields, ABI_REVISION, &self.abi_revision.to_le_bytes());
        put_field(&mut fields, TARGET, self.target.as_bytes());
        put_field(
            &mut fields,
            CPU_FEATURES,
            self.cpu_features.join(",").as_bytes(),
        );
        put_field(&mut fields, PAGE_SIZE, &self.page_size.to_le_bytes());
        put_field(
            &mut fields,
            MEMORY_PLAN,
            &(self.memory_plan as u32).to_le_bytes(),
        );
        put_field(
            &mut fields,
            GUARD_SIZE,
            &self.guard_size_bytes.to_le_bytes(),
        );
        put_field(&mut fields, TRAPS, &(self.traps as u32).to_le_bytes());
        if self.max_memory_bytes != MEMORY_SIZE_LIMIT_BYTES {
            let max = self.max_memory_bytes.to_le_bytes();
            put_field(&mut fields, MAX_MEMORY, &max);
        }
        for (tag, is_so) in [
            (INTERRUPTIBLE, self.is_interruptible),
            (FUEL, self.uses_fuel),
            (CODE_MAP, self.has_code_map),
            (INLINED, self.has_inlined),
            (DIRECT_CALLS, self.has_direct_calls),
        ] {
            if is_so {
                put_field(&mut fields, tag, &YES.to_le_bytes());
            }
        }
        put_field(&mut fields, COMPILER, self.compiler.as_bytes());
        put_field(&mut fields, OPTIONS, self.options.as_bytes());
        put_field(&mut fields, MODULE_SHA256, &self.module_sha256);
        put_field(&mut fields, CONTENT_SHA256, &self.content_sha256);
        let mut out = Vec::new();
        put_u32(&mut out, OWNER.len() as u32);
        put_u32(&mut out, fields.len() as u32);
        put_u32(&mut out, TYPE);
        out.extend_from_slice(OWNER);
        out.resize(padded(out.len()), 0);
        out.extend_from_slice(&fields);
        out
    }

    /// Reads the section's bytes.
    ///
    /// # Errors
    /// If they are not such a note, a field is malformed or missing, or a field that must be
    /// understood is not known here.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let reader = Reader(bytes);
        let owner_size = reader.u32("note owner", 0)?;
        let size = u64::from(reader.u32("note size", 4)?);
        let note_type = reader.u32("note type", 8)?;
        if owner_size != OWNER.len() as u32
            || reader.bytes("note owner", 12, u64::from(owner_size))? != OWNER
        {
            return Err(FormatError::new("note owner", "is not \"Prefab\"", 0));
        }
        if note_type != TYPE {
            return Err(FormatError::new("note type", "is not known", 8));
        }
        let fields = Fields::read(Reader(reader.bytes("note size", FIELDS, size)?))?;
        Ok(Self {
            abi_revision: fields.u32(ABI_REVISION, "note ABI revision")?,
            compiler: fields.string(COMPILER, "note compiler")?,
            target: fields.string(TARGET, "note target")?,
            cpu_features: fields
                .string(CPU_FEATURES, "note CPU features")?
                .split(',')
                .filter(|name| !name.is_empty())
                .map(ToString::to_string)
                .collect(),
            page_size: fields.u64(PAGE_SIZE, "note page size")?,
            memory_plan: fields.known(MEMORY_PLAN, "note memory plan", MemoryPlan::from_number)?,
            guard_size_bytes: fields.u64(GUARD_SIZE, "note guard size")?,
            max_memory_bytes: match fields.find(MAX_MEMORY) {
                Some(_) => fields.u64(MAX_MEMORY, "note maximum of memories")?,
                None => MEMORY_SIZE_LIMIT_BYTES,
            },
            traps: fields.known(TRAPS, "note traps", Traps::from_number)?,
            is_interruptible: fields.is_said(INTERRUPTIBLE, "note interruptible")?,
            uses_fuel: fields.is_said(FUEL, "note fuel")?,
            has_code_map: fields.is_said(CODE_MAP, "note code map")?,
            has_inlined: fields.is_said(INLINED, "note inlined functions")?,
            has_direct_calls: fields.is_said(DIRECT_CALLS, "note direct calls")?,
            options: fields.string(OPTIONS, "note options")?,
            module_sha256: fields.array(MODULE_SHA256, "note module SHA-256")?,
            content_sha256: fields.array(CONTENT_SHA256, "note content SHA-256")?,
        })
    }
}

/// The fields of a note that this runtime knows, each where [`place`] says; of several the first.
struct Fields<'a>([Option<Field<'a>>; REQUIRED as usize + OTHERS as usize]);

/// A field: its value, and where in the section the value lies, in bytes.
#[derive(Clone, Copy)]
struct Field<'a> {
    value: &'a [u8],
    offset: u64,
}

/// How many fields this runtime knows that it need not understand.
const OTHERS: u32 = CONTENT_SHA256 - REQUIRED_TAGS_END + 1;

/// Where in the section the fields start, in bytes.
const FIELDS: u64 = (12 + OWNER.len() as u64).next_multiple_of(4);

/// What a runtime says of a part of the note that its own revision does not have.
const UNKNOWN: &str = "asks for something that this runtime does not know: load the object with a \
                       newer Prefab, or recompile the module with `prefab compile` of this one";

/// Which of the known fields has this tag.
const fn place(tag: u32) -> Option<usize> {
    match tag {
        ABI_REVISION..=REQUIRED => Some((tag - ABI_REVISION) as usize),
        COMPILER..=CONTENT_SHA256 => Some((tag - COMPILER + REQUIRED) as usize),
        _ => None,
    }
}

impl<'a> Fields<'a> {
    fn read(reader: Reader<'a>) -> Result<Self, FormatError> {
        let mut fields = Self([None; REQUIRED as usize + OTHERS as usize]);
        let mut offset = 0;
        while offset < reader.0.len() as u64 {
            let tag = reader.u32("note field tag", offset)?;
            let size = u64::from(reader.u32("note field size", offset + 4)?);
            let value = reader.bytes("note field", offset + 8, size)?;
            let start = FIELDS + offset + 8;
            match place(tag) {
                Some(place) => {
                    fields.0[place].get_or_insert(Field {
                        value,
                        offset: start,
                    });
                }
                None if tag < REQUIRED_TAGS_END => {
                    return Err(FormatError::new("note field", UNKNOWN, start));
                }
                None => {}
            }
            offset += 8 + size.next_multiple_of(4);
        }
        Ok(fields)
    }

    fn find(&self, tag: u32) -> Option<Field<'a>> {
        self.0[place(tag)?]
    }

    fn get(&self, tag: u32, name: &'static str) -> Result<Field<'a>, FormatError> {
        let missing = || FormatError::new(name, "is missing", 0);
        self.find(tag).ok_or_else(missing)
    }

    fn array<const N: usize>(&self, tag: u32, name: &'static str) -> Result<[u8; N], FormatError> {
        let Field { value, .. } = self.get(tag, name)?;
        value
            .try_into()
            .map_err(|_| FormatError::new(name, "has another size", 0))
    }

    fn u32(&self, tag: u32, name: &'static str) -> Result<u32, FormatError> {
        self.array(tag, name).map(u32::from_le_bytes)
    }

    /// A number that stands for something that this runtime knows.
    fn known<T>(
        &self,
        tag: u32,
        name: &'static str,
        from_number: fn(u32) -> Option<T>,
    ) -> Result<T, FormatError> {
        let number = self.u32(tag, name)?;
        let offset = self.get(tag, name)?.offset;
        from_number(number).ok_or_else(|| FormatError::new(name, UNKNOWN, offset))
    }

    /// Whether there is a field of this tag, which has only one value.
    fn is_said(&self, tag: u32, name: &'static str) -> Result<bool, FormatError> {
        if self.find(tag).is_none() {
            return Ok(false);
        }
        let yes = |number| (number == YES).then_some(true);
        self.known(tag, name, yes)
    }

    fn u64(&self, tag: u32, name: &'static str) -> Result<u64, FormatError> {
        self.array(tag, name).map(u64::from_le_bytes)
    }

    fn string(&self, tag: u32, name: &'static str) -> Result<String, FormatError> {
        let value = self.get(tag, name)?.value.to_vec();
        String::from_utf8(value).map_err(|_| FormatError::new(name, "is not UTF-8", 0))
    }
}

#[cfg(test)]
mod tests {
    use super::{MEMORY_SIZE_LIMIT_BYTES, MemoryPlan, Note, Traps};
    use alloc::string::ToString;

    fn note() -> Note {
        Note {
            abi_revision: 1,
            compiler: "prefab 0".to_string(),
            target: "some-target".to_string(),
            cpu_features: ["a".to_string(), "b".to_string()].to_vec(),
            page_size: 4096,
            memory_plan: MemoryPlan::Guarded,
            guard_size_bytes: 1 << 25,
            max_memory_bytes: 1 << 24,
            traps: Traps::Signals,
            is_interruptible: true,
            uses_fuel: true,
            has_code_map: true,
            has_inlined: true,
            has_direct_calls: true,
            options: "-O2".to_string(),
            module_sha256: [1; 32],
            content_sha256: [2; 32],
        }
    }

    #[test]
    fn round_trip() {
        let bytes = note().to_bytes();
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(Note::from_bytes(&bytes), Ok(note()));
    }

    #[test]
    fn the_greatest_maximum_need_not_be_said() {
        let mut note = note();
        let said = note.to_bytes().len();
        note.max_memory_bytes = MEMORY_SIZE_LIMIT_BYTES;
        assert!(note.to_bytes().len() < said);
        assert_eq!(Note::from_bytes(&note.to_bytes()), Ok(note));
    }

    #[test]
    fn what_is_not_so_is_not_said() {
        let mut note = note();
        let said = note.to_bytes().len();
        (note.is_interruptible, note.uses_fuel) = (false, false);
        note.has_direct_calls = false;
        (note.has_code_map, note.has_inlined) = (false, false);
        assert_eq!(note.to_bytes().len() + 5 * 12, said);
        assert_eq!(Note::from_bytes(&note.to_bytes()), Ok(note));
    }

    #[test]
    fn truncated_or_flipped_notes_are_no_notes_or_differ() {
        let bytes = note().to_bytes();
        for len in 0..bytes.len() {
            assert!(Note::from_bytes(&bytes[..len]).is_err(), "{len}");
        }
        for index in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[index] ^= 0xff;
            // An error or another note: padding alone may be anything.
            let _ = Note::from_bytes(&forged);
        }
    }
}
