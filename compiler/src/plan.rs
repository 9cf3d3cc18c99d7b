//! What compilation decides about a module as a whole before it compiles a function: which tables
//! are static, and which types need which help.

use crate::const_expr::{Reference, i32_const, reference};
use crate::decode::Usage;
use crate::module::{Element, Items, Module};
use prefab_abi::meta::{ExternKind, SegmentMode};
use prefab_abi::types::ValType;
use std::collections::{BTreeMap, BTreeSet};

/// A table that lies in the object: no instance has its own.
#[derive(Clone, Debug)]
pub struct StaticTable {
    /// Per element, the function, or `None` for null.
    pub elements: Vec<Option<u32>>,
    /// Where it starts among the module's static tables, in bytes.
    pub offset: u64,
    /// Per canonical type that few of the elements are of, these: their indices, ascending, and
    /// their functions, which are all the module's own.
    pub few: BTreeMap<u32, Vec<(u32, u32)>>,
}

/// How many elements are few. Processors predict comparisons better than addresses, so that finding
/// out which of them it is and calling that takes less time; but more code.
const FEW: usize = 8;

impl StaticTable {
    fn new(module: &Module<'_>, elements: Vec<Option<u32>>, offset: u64) -> Self {
        let mut of_type = BTreeMap::<u32, Vec<(u32, u32)>>::new();
        for (index, func) in (0..).zip(&elements) {
            if let Some(func) = func {
                let ty = module.canonical_func_type(*func);
                of_type.entry(ty).or_default().push((index, *func));
            }
        }
        let imported = module.imported_funcs();
        of_type.retain(|_, found| {
            found.len() <= FEW && found.iter().all(|(_, func)| *func >= imported)
        });
        Self {
            elements,
            offset,
            few: of_type,
        }
    }
}

/// The decisions.
#[derive(Debug, Default)]
pub struct Plan {
    /// Static tables, by table index.
    pub static_tables: BTreeMap<u32, StaticTable>,
    /// Canonical types that indirect calls compare an identity of, with their index among them.
    pub identities: BTreeMap<u32, u32>,
    /// Canonical types of functions that a host can call.
    pub entries: BTreeSet<u32>,
    /// Canonical types of functions that a host can provide.
    pub adapters: BTreeSet<u32>,
    /// Imported functions that stand in a static table: each gets a function of its own there.
    pub thunks: BTreeSet<u32>,
    /// How many data segments the code may refer to: none of a greater index.
    pub referenced_data: u32,
}

impl Plan {
    /// Decides.
    pub fn new(module: &Module<'_>, usage: &Usage) -> Self {
        let last_data = usage.referenced_data.last();
        let mut plan = Self {
            referenced_data: last_data.map_or(0, |last| last + 1),
            ..Self::default()
        };
        plan.find_static_tables(module, usage);
        plan.find_types(module, usage);
        plan
    }

    /// Whether the segment only fills a static table.
    pub fn is_baked(&self, element: &Element<'_>) -> bool {
        element.mode == SegmentMode::Active && self.static_tables.contains_key(&element.table)
    }

    fn find_static_tables(&mut self, module: &Module<'_>, usage: &Usage) {
        let counts = module.layout.counts();
        let exported: BTreeSet<u32> = module
            .exports
            .iter()
            .filter(|export| export.kind == ExternKind::Table)
            .map(|export| export.index)
            .collect();
        let mut offset = 0;
        for table in counts.imported_tables..module.tables.len() as u32 {
            if exported.contains(&table) || usage.touched_tables.contains(&table) {
                continue;
            }
            let Some(elements) = static_elements(module, table) else {
                continue;
            };
            let size = 8 * elements.len() as u64;
            let imported = elements
                .iter()
                .flatten()
                .filter(|func| **func < counts.imported_funcs);
            self.thunks.extend(imported);
            self.static_tables
                .insert(table, StaticTable::new(module, elements, offset));
            offset += size;
        }
    }

    fn find_types(&mut self, module: &Module<'_>, usage: &Usage) {
        let canonical = |ty: u32| module.canonical_types[ty as usize];
        let mut identities = BTreeSet::new();
        for (table, ty) in &usage.indirect_calls {
            if !self.static_tables.contains_key(table) {
                identities.insert(canonical(*ty));
            }
        }
        self.adapters.extend(&identities);
        self.adapters.extend(
            module.funcs[..module.imported_funcs() as usize]
                .iter()
                .map(|ty| canonical(*ty)),
        );
        self.identities = identities.into_iter().zip(0..).collect();
        for func in escaping_funcs(module, usage, |element| self.is_baked(element)) {
            self.entries.insert(module.canonical_func_type(func));
        }
    }
}

/// The elements of a table that only element segments of known offset and items fill, inside its
/// bounds; `None` if it is not such a table.
fn static_elements(module: &Module<'_>, table: u32) -> Option<Vec<Option<u32>>> {
    /// A larger table would make the object larger than initialising it is worth.
    const MAX_ELEMENTS: u64 = 1 << 20;
    let ty = &module.tables[table as usize];
    if ty.element != ValType::FuncRef || !ty.init.is_empty() || ty.min > MAX_ELEMENTS {
        return None;
    }
    let mut elements = vec![None; ty.min as usize];
    for segment in &module.elements {
        if segment.mode != SegmentMode::Active || segment.table != table {
            continue;
        }
        let start = i32_const(segment.offset)? as usize;
        let items = match &segment.items {
            Items::Funcs(funcs) => funcs
                .iter()
                .map(|func| Some(Some(*func)))
                .collect::<Option<_>>(),
            Items::Exprs(exprs) => exprs
                .iter()
                .map(|expr| match reference(expr) {
                    Reference::Null => Some(None),
                    Reference::Func(func) => Some(Some(func)),
                    Reference::Other => None,
                })
                .collect::<Option<Vec<_>>>(),
        }?;
        let end = start.checked_add(items.len())?;
        elements.get_mut(start..end)?.copy_from_slice(&items);
    }
    Some(elements)
}

fn escaping_funcs(
    module: &Module<'_>,
    usage: &Usage,
    is_baked: impl Fn(&Element<'_>) -> bool,
) -> BTreeSet<u32> {
    let mut funcs: BTreeSet<u32> = usage.referenced_funcs.clone();
    let exported = module
        .exports
        .iter()
        .filter(|export| export.kind == ExternKind::Func);
    funcs.extend(exported.map(|export| export.index));
    funcs.extend(module.start);
    let mut expr = |expr: &[u8]| {
        if let Reference::Func(func) = reference(expr) {
            funcs.insert(func);
        }
    };
    module.globals.iter().for_each(|global| expr(global.init));
    module.tables.iter().for_each(|table| expr(table.init));
    for element in module.elements.iter().filter(|element| !is_baked(element)) {
        match &element.items {
            Items::Funcs(list) => list.iter().for_each(|func| {
                funcs.insert(*func);
            }),
            Items::Exprs(exprs) => exprs.iter().for_each(|e| {
                if let Reference::Func(func) = reference(e) {
                    funcs.insert(func);
                }
            }),
        }
    }
    funcs
}
