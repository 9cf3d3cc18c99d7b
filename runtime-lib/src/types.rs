//! Types of what modules import and export.

use prefab_abi::types::{FuncType, ValType};
use std::fmt;

/// The size of a page of a memory, in bytes.
pub const PAGE_SIZE: u64 = 1 << 16;

/// The type of an import or export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
}

/// The type of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableType {
    /// The type of its elements.
    pub element: ValType,
    /// The least size, in elements.
    pub min: u64,
    /// The greatest size, in elements.
    pub max: Option<u64>,
}

/// The type of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryType {
    /// The least size, in pages of [`PAGE_SIZE`].
    pub min: u64,
    /// The greatest size, in pages.
    pub max: Option<u64>,
}

/// The type of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalType {
    /// The type of its value.
    pub content: ValType,
    /// Whether it can be changed.
    pub mutable: bool,
}

impl TableType {
    /// The type of tables of `element`s, with sizes from `min` to `max` elements.
    #[must_use]
    pub const fn new(element: ValType, min: u64, max: Option<u64>) -> Self {
        Self { element, min, max }
    }
}

impl MemoryType {
    /// The type of memories with sizes from `min` to `max` pages.
    #[must_use]
    pub const fn new(min: u64, max: Option<u64>) -> Self {
        Self { min, max }
    }
}

impl GlobalType {
    /// The type of globals that hold a `content`.
    #[must_use]
    pub const fn new(content: ValType, mutable: bool) -> Self {
        Self { content, mutable }
    }
}

/// Whether something of a size and a maximum can be imported where `min` and `max` are asked for
/// (WebAssembly 2.0, §4.5.2.2, "Limits").
const fn limits_match(size: u64, has_max: Option<u64>, min: u64, max: Option<u64>) -> bool {
    let fits = match (max, has_max) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(max), Some(has)) => has <= max,
    };
    size >= min && fits
}

impl ExternType {
    /// Whether something of this type, whose size (if it has one) is the type's minimum, can be
    /// imported where `import` is asked for.
    #[must_use]
    pub fn matches(&self, import: &Self) -> bool {
        match (self, import) {
            (Self::Func(a), Self::Func(b)) => a == b,
            (Self::Global(a), Self::Global(b)) => a == b,
            (Self::Table(a), Self::Table(b)) => {
                a.element == b.element && limits_match(a.min, a.max, b.min, b.max)
            }
            (Self::Memory(a), Self::Memory(b)) => limits_match(a.min, a.max, b.min, b.max),
            _ => false,
        }
    }
}

fn limits(f: &mut fmt::Formatter<'_>, min: u64, max: Option<u64>) -> fmt::Result {
    write!(f, "{min}")?;
    max.map_or(Ok(()), |max| write!(f, " {max}"))
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(ty) => write!(f, "(func {ty})"),
            Self::Table(ty) => {
                f.write_str("(table ")?;
                limits(f, ty.min, ty.max)?;
                write!(f, " {})", ty.element)
            }
            Self::Memory(ty) => {
                f.write_str("(memory ")?;
                limits(f, ty.min, ty.max)?;
                f.write_str(")")
            }
            Self::Global(ty) if ty.mutable => write!(f, "(global (mut {}))", ty.content),
            Self::Global(ty) => write!(f, "(global {})", ty.content),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ExternType, MemoryType};

    #[test]
    fn limits() {
        let memory = |min, max| ExternType::Memory(MemoryType::new(min, max));
        assert!(memory(2, Some(3)).matches(&memory(1, None)));
        assert!(memory(2, Some(3)).matches(&memory(2, Some(3))));
        assert!(!memory(2, Some(3)).matches(&memory(3, None)));
        assert!(!memory(2, Some(3)).matches(&memory(1, Some(2))));
        assert!(!memory(2, None).matches(&memory(1, Some(2))));
        assert_eq!(memory(2, Some(3)).to_string(), "(memory 2 3)");
    }
}
