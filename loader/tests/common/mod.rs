//! Objects to load, and to forge.
#![allow(dead_code, reason = "each test uses what it needs")]

use prefab_compiler::{Options, compile};
use prefab_targets::Target;

/// A module that has something of everything an object can have.
pub const EVERYTHING: &str = r#"
(module
  (type $unary (func (param i32) (result i32)))
  (import "host" "log" (func $log (param i32)))
  (import "host" "limit" (global $limit i32))
  (memory (export "memory") 2 4)
  (table $dynamic (export "table") 4 8 funcref)
  (table $static 2 funcref)
  (global (export "counter") (mut i32) (i32.const 7))
  (elem (table $dynamic) (i32.const 0) func $double)
  (elem (table $static) (i32.const 0) func $double $load)
  (data (i32.const 16) "the initial contents of a memory")
  (data $passive "copied by an instruction")
  (func $double (export "double") (type $unary)
    (i32.add (local.get 0) (local.get 0)))
  (func $load (export "load") (type $unary)
    (i32.load (local.get 0)))
  (func (export "indirect") (param i32 i32) (result i32)
    (call_indirect $dynamic (type $unary) (local.get 0) (local.get 1)))
  (func (export "static") (param i32 i32) (result i32)
    (call_indirect $static (type $unary) (local.get 0) (local.get 1)))
  (func (export "grow") (result i32)
    (call $log (i32.const 1))
    (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 4))
    (memory.grow (i32.const 1)))
  (func (export "divide") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1)))
  (func (export "trap") unreachable))
"#;

/// The object that a module in text becomes, for this machine.
pub fn object(wat: &str) -> Vec<u8> {
    let target = Target::host().expect("the tests run on a target");
    let wasm = wat::parse_str(wat).expect("the module is well-formed");
    compile(&wasm, &Options::new(target), &|_, _| ()).expect("the module compiles")
}

/// An ELF file whose fields can be read and forged.
#[derive(Clone)]
pub struct Elf(pub Vec<u8>);

/// A field of a structure: its name, its offset and its size in bytes.
pub type Field = (&'static str, usize, usize);

/// The ELF header (gABI, figure 4-3).
pub const HEADER: &[Field] = &[
    ("class", 4, 1),
    ("data", 5, 1),
    ("ident version", 6, 1),
    ("type", 16, 2),
    ("machine", 18, 2),
    ("version", 20, 4),
    ("entry", 24, 8),
    ("phoff", 32, 8),
    ("shoff", 40, 8),
    ("flags", 48, 4),
    ("ehsize", 52, 2),
    ("phentsize", 54, 2),
    ("phnum", 56, 2),
    ("shentsize", 58, 2),
    ("shnum", 60, 2),
    ("shstrndx", 62, 2),
];

/// A section header (gABI, figure 4-8).
pub const SECTION: &[Field] = &[
    ("name", 0, 4),
    ("type", 4, 4),
    ("flags", 8, 8),
    ("addr", 16, 8),
    ("offset", 24, 8),
    ("size", 32, 8),
    ("link", 40, 4),
    ("info", 44, 4),
    ("addralign", 48, 8),
    ("entsize", 56, 8),
];

/// A relocation with addend (gABI, figure 4-22).
pub const RELA: &[Field] = &[
    ("offset", 0, 8),
    ("type", 8, 4),
    ("sym", 12, 4),
    ("addend", 16, 8),
];

/// A symbol (gABI, figure 4-15).
pub const SYMBOL: &[Field] = &[
    ("name", 0, 4),
    ("info", 4, 1),
    ("other", 5, 1),
    ("shndx", 6, 2),
    ("value", 8, 8),
    ("size", 16, 8),
];

/// The field of this name.
pub fn field(table: &[Field], name: &str) -> Field {
    *table.iter().find(|field| field.0 == name).expect("a field")
}

impl Elf {
    pub fn read(&self, at: usize, size: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(&self.0[at..at + size]);
        u64::from_le_bytes(bytes)
    }

    pub fn write(&mut self, at: usize, size: usize, value: u64) {
        self.0[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }

    /// Where the header of section `index` is.
    pub fn section_header(&self, index: usize) -> usize {
        self.read(40, 8) as usize + 64 * index
    }

    pub fn section_count(&self) -> usize {
        self.read(60, 2) as usize
    }

    pub fn section_field(&self, index: usize, name: &str) -> u64 {
        let (_, offset, size) = field(SECTION, name);
        self.read(self.section_header(index) + offset, size)
    }

    pub fn forge_section(&mut self, index: usize, name: &str, value: u64) {
        let (_, offset, size) = field(SECTION, name);
        self.write(self.section_header(index) + offset, size, value);
    }

    pub fn section_name(&self, index: usize) -> String {
        let names = self.read(62, 2) as usize;
        let start = self.section_field(names, "offset") + self.section_field(index, "name");
        let bytes = self.0[start as usize..].iter().copied();
        let bytes: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
        String::from_utf8(bytes).expect("names are text")
    }

    /// The index of the section of this name.
    pub fn section(&self, name: &str) -> usize {
        (0..self.section_count())
            .find(|index| self.section_name(*index) == name)
            .unwrap_or_else(|| panic!("no section {name}"))
    }

    /// Where the section of this name is in the file, and how long it is.
    pub fn contents(&self, name: &str) -> std::ops::Range<usize> {
        let index = self.section(name);
        let start = self.section_field(index, "offset") as usize;
        start..start + self.section_field(index, "size") as usize
    }

    /// Where the relocations of the descriptor are.
    pub fn relocations(&self) -> Vec<usize> {
        self.contents(&format!(".rela{}", prefab_abi::object::SECTION_DESCRIPTOR))
            .step_by(24)
            .collect()
    }

    /// Where symbol `index` is.
    pub fn symbol(&self, index: usize) -> usize {
        self.contents(".symtab").start + 24 * index
    }
}
