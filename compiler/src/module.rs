//! A module as the compiler sees it: what its sections say, in index spaces.

use prefab_abi::context::ContextLayout;
use prefab_abi::meta::{ExternKind, ModuleKind, SegmentMode};
use prefab_abi::types::{FuncType, ValType};
use std::ops::Range;

/// A table's type.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// The type of its elements.
    pub element: ValType,
    /// The least size, in elements.
    pub min: u64,
    /// The greatest size, in elements.
    pub max: Option<u64>,
    /// The constant expression that its elements are initialised with; empty for null.
    pub init: &'a [u8],
}

/// A memory's type.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// The least size, in pages.
    pub min: u64,
    /// The greatest size, in pages.
    pub max: Option<u64>,
}

/// A global.
#[derive(Clone, Copy, Debug)]
pub struct Global<'a> {
    /// The type of its value.
    pub ty: ValType,
    /// Whether it can be set.
    pub mutable: bool,
    /// Its initial value: a constant expression; empty when imported.
    pub init: &'a [u8],
}

/// An import.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// The module that it is imported from.
    pub module: &'a str,
    /// Its name there.
    pub name: &'a str,
    /// Its kind; its type stands in the kind's index space.
    pub kind: ExternKind,
    /// Its index in the kind's index space.
    pub index: u32,
}

/// An export.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its kind.
    pub kind: ExternKind,
    /// Its index in the kind's index space.
    pub index: u32,
}

/// The items of an element segment.
#[derive(Clone, Debug)]
pub enum Items<'a> {
    /// Function indices.
    Funcs(Vec<u32>),
    /// Constant expressions.
    Exprs(Vec<&'a [u8]>),
}

/// An element segment.
#[derive(Clone, Debug)]
pub struct Element<'a> {
    /// How it is used.
    pub mode: SegmentMode,
    /// Of an active segment: the table.
    pub table: u32,
    /// Of an active segment: where in the table, a constant expression.
    pub offset: &'a [u8],
    /// The type of its items.
    pub ty: ValType,
    /// Its items.
    pub items: Items<'a>,
}

/// A data segment.
#[derive(Clone, Debug)]
pub struct Data<'a> {
    /// How it is used.
    pub mode: SegmentMode,
    /// Of an active segment: the memory.
    pub memory: u32,
    /// Of an active segment: where in the memory, a constant expression.
    pub offset: &'a [u8],
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A function body.
#[derive(Clone, Debug)]
pub struct Body {
    /// Where its locals and code lie in the module, in bytes.
    pub range: Range<usize>,
}

/// A module.
#[derive(Debug)]
pub struct Module<'a> {
    /// The bytes that were read.
    pub wasm: &'a [u8],
    /// Function types.
    pub types: Vec<FuncType>,
    /// Per type, the lowest index of an equal one.
    pub canonical_types: Vec<u32>,
    /// Imports.
    pub imports: Vec<Import<'a>>,
    /// Exports.
    pub exports: Vec<Export<'a>>,
    /// The type index of every function.
    pub funcs: Vec<u32>,
    /// Every table.
    pub tables: Vec<Table<'a>>,
    /// Every memory.
    pub memories: Vec<Memory>,
    /// Every global.
    pub globals: Vec<Global<'a>>,
    /// The start function.
    pub start: Option<u32>,
    /// Element segments.
    pub elements: Vec<Element<'a>>,
    /// Data segments.
    pub data: Vec<Data<'a>>,
    /// The bodies of the functions that the module defines.
    pub bodies: Vec<Body>,
    /// Names of functions: (index, name), sorted.
    pub func_names: Vec<(u32, &'a str)>,
    /// How instances are laid out.
    pub layout: ContextLayout,
}

impl Module<'_> {
    /// The number of imported functions: the index of the first that the module defines.
    pub fn imported_funcs(&self) -> u32 {
        self.layout.counts().imported_funcs
    }

    /// The type of the function of this index.
    pub fn func_type(&self, func: u32) -> &FuncType {
        &self.types[self.funcs[func as usize] as usize]
    }

    /// The canonical index of the type of the function of this index.
    pub fn canonical_func_type(&self, func: u32) -> u32 {
        self.canonical_types[self.funcs[func as usize] as usize]
    }

    /// The name of the function of this index.
    pub fn func_name(&self, func: u32) -> Option<&str> {
        let found = self
            .func_names
            .binary_search_by_key(&func, |(index, _)| *index);
        found.ok().map(|at| self.func_names[at].1)
    }

    /// What the module is for.
    pub fn kind(&self) -> ModuleKind {
        let exports = |name| {
            self.exports
                .iter()
                .any(|export| export.kind == ExternKind::Func && export.name == name)
        };
        if exports("_start") {
            ModuleKind::Command
        } else if exports("_initialize") {
            ModuleKind::Reactor
        } else {
            ModuleKind::Library
        }
    }
}
