//! A table's elements.
//!
//! # Safety
//!
//! Compiled code reads and writes the elements through the definition, which says where they are
//! and how many: it is brought up to date whenever they move. Functions in them are records of the
//! same store.
#![allow(
    unsafe_code,
    reason = "compiled code reads the definition and changes the elements"
)]

use crate::address;
use crate::error::Error;
use crate::store::StoreInner;
use crate::types::TableType;
use crate::value::RawVal;
use prefab_abi::context::TableDefinition;
use prefab_abi::func::{FuncRef, TableElement};
use prefab_abi::limits::TABLE_SIZE_LIMIT_ELEMENTS as MAX_ELEMENTS;
use prefab_abi::trap::TrapCode;
use prefab_abi::types::ValType;
use std::ops::Range;
use std::ptr::NonNull;

/// Where a table's definition lies.
pub(crate) enum Place {
    /// In an allocation of its own.
    Own,
    /// In an instance's fields.
    Defined(NonNull<TableDefinition>),
}

/// A table.
pub(crate) struct TableData {
    definition: NonNull<TableDefinition>,
    owns_definition: bool,
    elements: Elements,
    /// The size that it begins with, in elements.
    min: u64,
    max: Option<u64>,
    /// Whether nothing has changed since its instance's segments were copied to it.
    is_pristine: bool,
}

enum Elements {
    Funcs(Vec<TableElement>),
    Externs(Vec<u64>),
}

impl Elements {
    fn len(&self) -> usize {
        match self {
            Self::Funcs(elements) => elements.len(),
            Self::Externs(elements) => elements.len(),
        }
    }
}

fn grow<E: Clone>(elements: &mut Vec<E>, delta: usize, init: E) -> Result<(), Error> {
    elements
        .try_reserve_exact(delta)
        .map_err(|_| Error::resource("grow a table", rustix::io::Errno::NOMEM))?;
    elements.resize(elements.len() + delta, init);
    Ok(())
}

/// Leaves `min` elements, all `init`, and gives back the memory of the others.
fn clear<E: Clone>(elements: &mut Vec<E>, min: usize, init: E) {
    elements.truncate(min);
    elements.shrink_to_fit();
    elements.fill(init);
}

impl TableData {
    /// A table of the type's least size, of null references.
    pub(crate) fn new(ty: TableType, place: Place) -> Result<Self, Error> {
        let elements = match ty.element {
            ValType::FuncRef => Elements::Funcs(Vec::new()),
            ValType::ExternRef => Elements::Externs(Vec::new()),
            other => return Err(Error::Type(format!("there are no tables of {other}"))),
        };
        let (definition, owns_definition) = match place {
            Place::Own => (NonNull::from(Box::leak(Box::default())), true),
            Place::Defined(definition) => (definition, false),
        };
        let mut table = Self {
            definition,
            owns_definition,
            elements,
            min: ty.min,
            max: ty.max,
            is_pristine: false,
        };
        table.define();
        table.grow(ty.min, 0, None)?;
        Ok(table)
    }

    fn define(&mut self) {
        let (base, len) = match &mut self.elements {
            Elements::Funcs(elements) => (address::of(elements.as_mut_ptr()), elements.len()),
            Elements::Externs(elements) => (address::of(elements.as_mut_ptr()), elements.len()),
        };
        let definition = TableDefinition {
            base,
            size_elements: len as u64,
        };
        // SAFETY: the definition is the table's own or part of the fields of an instance of the
        // same store; no reference to it exists.
        unsafe { self.definition.write(definition) };
    }

    /// The address of the definition.
    pub(crate) fn definition(&self) -> u64 {
        address::of(self.definition.as_ptr())
    }

    /// The size, in elements.
    pub(crate) fn len(&self) -> u64 {
        self.elements.len() as u64
    }

    /// The type, with the current size for the least one.
    pub(crate) fn ty(&self) -> TableType {
        let element = match self.elements {
            Elements::Funcs(_) => ValType::FuncRef,
            Elements::Externs(_) => ValType::ExternRef,
        };
        TableType::new(element, self.len(), self.max)
    }

    /// The reference at `index`.
    pub(crate) fn get(&self, index: u64) -> Option<RawVal> {
        let index = usize::try_from(index).ok()?;
        let (ty, bits) = match &self.elements {
            Elements::Funcs(elements) => (ValType::FuncRef, elements.get(index)?.reference),
            Elements::Externs(elements) => (ValType::ExternRef, *elements.get(index)?),
        };
        Some(RawVal {
            ty,
            bits: bits.into(),
        })
    }

    /// Grows by `delta` elements, all the reference `bits`, which is `func` if it is a function's.
    pub(crate) fn grow(
        &mut self,
        delta: u64,
        bits: u64,
        func: Option<FuncRef>,
    ) -> Result<u64, Error> {
        let old = self.len();
        let max = self.max.unwrap_or(MAX_ELEMENTS).min(MAX_ELEMENTS);
        let fits = old.checked_add(delta).is_some_and(|new| new <= max);
        if !fits {
            return Err(Error::TooLarge {
                what: "table",
                size: old.saturating_add(delta),
                unit: "elements",
                limit: max,
            });
        }
        let delta = delta as usize;
        self.is_pristine = false;
        match &mut self.elements {
            Elements::Funcs(elements) => grow(elements, delta, element(bits, func))?,
            Elements::Externs(elements) => grow(elements, delta, bits)?,
        }
        self.define();
        Ok(old)
    }

    /// Whether the table is what its instance's initialisation made it.
    pub(crate) const fn is_pristine(&self) -> bool {
        self.is_pristine
    }

    /// Notes that the table is what its instance's initialisation has made it.
    pub(crate) const fn set_pristine(&mut self) {
        // Compiled code writes elements of the other kind by itself.
        self.is_pristine = matches!(self.elements, Elements::Funcs(_));
    }

    /// Makes the table what it was when it was made, unless it still is what its initialisation
    /// made it. Its sizes before and after, in elements.
    pub(crate) fn reset(&mut self) -> [u64; 2] {
        let from = self.len();
        if self.is_pristine {
            return [from; 2];
        }
        let min = self.min as usize;
        match &mut self.elements {
            Elements::Funcs(elements) => clear(elements, min, element(0, None)),
            Elements::Externs(elements) => clear(elements, min, 0),
        }
        self.define();
        [from, self.min]
    }

    fn range(&self, at: u64, len: u64) -> Result<Range<usize>, TrapCode> {
        let end = at.checked_add(len).filter(|end| *end <= self.len());
        let end = end.ok_or(TrapCode::TableOutOfBounds)?;
        Ok(at as usize..end as usize)
    }

    /// Makes `len` elements from `at` on the reference `bits`.
    pub(crate) fn fill(
        &mut self,
        at: u64,
        len: u64,
        bits: u64,
        func: Option<FuncRef>,
    ) -> Result<(), TrapCode> {
        let range = self.range(at, len)?;
        self.is_pristine = false;
        match &mut self.elements {
            Elements::Funcs(elements) => elements[range].fill(element(bits, func)),
            Elements::Externs(elements) => elements[range].fill(bits),
        }
        Ok(())
    }

    /// Copies inside the table; the ranges may overlap.
    pub(crate) fn copy_within(&mut self, to: u64, from: u64, len: u64) -> Result<(), TrapCode> {
        let (from, to) = (self.range(from, len)?, self.range(to, len)?);
        self.is_pristine = false;
        match &mut self.elements {
            Elements::Funcs(elements) => elements.copy_within(from, to.start),
            Elements::Externs(elements) => elements.copy_within(from, to.start),
        }
        Ok(())
    }

    /// Copies from another table.
    pub(crate) fn copy_from(
        &mut self,
        other: &Self,
        to: u64,
        from: u64,
        len: u64,
    ) -> Result<(), TrapCode> {
        let (from, to) = (other.range(from, len)?, self.range(to, len)?);
        self.is_pristine = false;
        match (&mut self.elements, &other.elements) {
            (Elements::Funcs(to_elements), Elements::Funcs(from_elements)) => {
                to_elements[to].copy_from_slice(&from_elements[from]);
            }
            (Elements::Externs(to_elements), Elements::Externs(from_elements)) => {
                to_elements[to].copy_from_slice(&from_elements[from]);
            }
            // No valid module copies between tables of different types.
            _ => return Err(TrapCode::TableOutOfBounds),
        }
        Ok(())
    }

    /// Brings the elements that refer to the function record at `reference` up to date.
    pub(crate) fn patch(&mut self, reference: u64, func: FuncRef) {
        if let Elements::Funcs(elements) = &mut self.elements {
            for place in elements.iter_mut().filter(|e| e.reference == reference) {
                *place = element(reference, Some(func));
            }
        }
    }
}

const fn element(reference: u64, func: Option<FuncRef>) -> TableElement {
    match func {
        Some(func) => TableElement {
            code: func.code,
            type_id: func.type_id,
            context: func.context,
            reference,
        },
        None => TableElement {
            code: 0,
            type_id: 0,
            context: 0,
            reference: 0,
        },
    }
}

impl StoreInner {
    /// Gives a table to the store; its index.
    pub(crate) fn add_table(&mut self, table: TableData) -> u32 {
        let index = crate::store::index_of(self.tables.len());
        self.tables.push(table);
        index
    }

    fn func_element(&self, table: u32, bits: u64) -> Option<FuncRef> {
        match self.tables[table as usize].elements {
            Elements::Funcs(_) => self.func_ref_of_bits(bits),
            Elements::Externs(_) => None,
        }
    }

    /// Grows a table; its size before.
    pub(crate) fn table_grow(&mut self, table: u32, delta: u64, bits: u64) -> Result<u64, Error> {
        let func = self.func_element(table, bits);
        self.tables[table as usize].grow(delta, bits, func)
    }

    /// Makes `len` elements of a table from `at` on the reference `bits`.
    pub(crate) fn table_fill(
        &mut self,
        table: u32,
        at: u64,
        bits: u64,
        len: u64,
    ) -> Result<(), TrapCode> {
        let func = self.func_element(table, bits);
        self.tables[table as usize].fill(at, len, bits, func)
    }

    /// Copies elements between tables, or inside one.
    pub(crate) fn table_copy(
        &mut self,
        [to_table, from_table]: [u32; 2],
        to: u64,
        from: u64,
        len: u64,
    ) -> Result<(), TrapCode> {
        let tables = [to_table as usize, from_table as usize];
        match self.tables.get_disjoint_mut(tables) {
            Ok([to_table, from_table]) => to_table.copy_from(from_table, to, from, len),
            Err(_) => self.tables[to_table as usize].copy_within(to, from, len),
        }
    }
}

impl Drop for TableData {
    fn drop(&mut self) {
        if self.owns_definition {
            // SAFETY: `new` leaked this box, and the table is dropped with its store: no compiled
            // code runs any more.
            drop(unsafe { Box::from_raw(self.definition.as_ptr()) });
        }
    }
}

// SAFETY: a table is part of a store, which is sent as a whole.
unsafe impl Send for TableData {}

#[cfg(test)]
mod tests {
    use super::{Place, TableData};
    use crate::address;
    use crate::types::TableType;
    use prefab_abi::trap::TrapCode;
    use prefab_abi::types::ValType;

    fn externs(min: u64, max: Option<u64>) -> TableData {
        TableData::new(TableType::new(ValType::ExternRef, min, max), Place::Own).unwrap()
    }

    fn contents(table: &TableData) -> Vec<u128> {
        let get = |index| table.get(index).unwrap().bits;
        (0..table.len()).map(get).collect()
    }

    #[test]
    fn the_definition_follows_the_elements() {
        let mut table = externs(2, Some(2000));
        assert_eq!(table.grow(1000, 7, None).unwrap(), 2);
        assert!(table.grow(1000, 7, None).is_err());
        // SAFETY: the table's own definition, which nobody else has.
        let definition = unsafe { table.definition.read() };
        assert_eq!(definition.size_elements, 1002);
        let last = address::pointer::<u64>(definition.base);
        // SAFETY: the definition says that there are 1002 elements.
        assert_eq!(unsafe { last.add(1001).read() }, 7);
    }

    #[test]
    fn copies_may_overlap_and_are_checked_first() {
        let mut table = externs(5, None);
        for index in 0..5 {
            table.fill(index, 1, index + 1, None).unwrap();
        }
        table.copy_within(1, 0, 4).unwrap();
        assert_eq!(contents(&table), [1, 1, 2, 3, 4]);
        let outside = Err(TrapCode::TableOutOfBounds);
        assert_eq!(table.copy_within(2, 0, 4), outside);
        assert_eq!(table.fill(4, 2, 9, None), outside);
        assert_eq!(table.fill(u64::MAX, 2, 9, None), outside);
        assert_eq!(table.fill(5, 0, 9, None), Ok(()));
        let mut other = externs(2, None);
        assert_eq!(other.copy_from(&table, 0, 3, 2), Ok(()));
        assert_eq!(contents(&other), [3, 4]);
        assert_eq!(other.copy_from(&table, 0, 4, 2), outside);
    }

    #[test]
    fn a_reset_leaves_nulls_and_the_least_size_unless_nothing_changed() {
        let mut table = externs(2, None);
        table.grow(3, 7, None).unwrap();
        table.fill(0, 2, 8, None).unwrap();
        assert_eq!(table.reset(), [5, 2]);
        assert_eq!(contents(&table), [0, 0]);
        // Compiled code writes such elements by itself.
        table.set_pristine();
        assert!(!table.is_pristine());

        let ty = TableType::new(ValType::FuncRef, 1, None);
        let new = || TableData::new(ty, Place::Own).unwrap();
        let changes: [fn(&mut TableData, &TableData); 4] = [
            |table, _| table.fill(0, 1, 0, None).unwrap(),
            |table, _| table.copy_within(0, 0, 1).unwrap(),
            |table, other| table.copy_from(other, 0, 0, 1).unwrap(),
            |table, _| assert_eq!(table.grow(1, 0, None).unwrap(), 1),
        ];
        for change in changes {
            let (mut table, other) = (new(), new());
            table.set_pristine();
            assert!(table.is_pristine());
            assert_eq!(table.reset(), [1, 1]);
            change(&mut table, &other);
            assert!(!table.is_pristine());
            let len = table.len();
            assert_eq!(table.reset(), [len, 1]);
        }
    }

    #[test]
    fn tables_of_numbers_do_not_exist() {
        assert!(TableData::new(TableType::new(ValType::I32, 0, None), Place::Own).is_err());
    }
}
