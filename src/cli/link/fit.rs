//! Whether the objects of a program fit together: what the program would find when it starts, found
//! when it is linked.
//!
//! The program instantiates the other objects in the order of the command line, then the command.
//! Each may import what WASI has and what the objects before it export.

use prefab::wasi::{FUNCTIONS, Snapshot, WasmType};
use prefab::{ExportType, ExternType, FuncType, ImportType, ValType};
use prefab_abi::meta::{ExternKind, Meta};
use prefab_abi::note::{Assumptions, MemoryPlan};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What a module takes from others and gives to others.
pub(super) struct Interface {
    imports: Vec<ImportType>,
    exports: Vec<ExportType>,
    /// Per export, the import that it is, by its place in `imports`: of memories alone.
    reexported: Vec<Option<usize>>,
    assumptions: Assumptions,
}

impl Interface {
    /// Reads the interface of a module with this metadata.
    ///
    /// # Errors
    /// If the metadata is malformed.
    pub fn new(meta: &Meta<'_>, assumptions: Assumptions) -> Result<Self, prefab::Error> {
        let imports = ImportType::all(meta)?;
        let memories: Vec<usize> = (0..imports.len())
            .filter(|at| matches!(imports[*at].ty, ExternType::Memory(_)))
            .collect();
        let records = meta.exports()?;
        let reexported = records.iter().map(|export| {
            let export = export?;
            let is_memory = export.kind == ExternKind::Memory as u32;
            let import = memories.get(export.index as usize).filter(|_| is_memory);
            Ok(import.copied())
        });
        Ok(Self {
            exports: ExportType::all(meta)?,
            reexported: reexported.collect::<Result<_, prefab::Error>>()?,
            imports,
            assumptions,
        })
    }
}

/// An object, as far as this matters.
pub(super) struct Part<'a> {
    /// What messages call it.
    pub file: String,
    /// What others import its exports by.
    pub name: &'a str,
    /// Whether it is the program.
    pub is_command: bool,
    pub interface: &'a Interface,
}

/// Something that can be imported.
#[derive(Clone)]
struct Definition {
    ty: ExternType,
    /// Of a memory: what the module that defines it was compiled for.
    memory: Option<Assumptions>,
}

/// Everything that is wrong with a program of these parts, a line each.
pub(super) fn problems(parts: &[Part<'_>]) -> Vec<String> {
    let mut defined = wasi();
    let mut problems = Vec::new();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    // The sort is stable: the others keep their order.
    order.sort_by_key(|at| parts[*at].is_command);
    for (turn, at) in order.iter().enumerate() {
        let part = &parts[*at];
        let mut found = Vec::with_capacity(part.interface.imports.len());
        for import in &part.interface.imports {
            let key = (import.module.clone(), import.name.clone());
            let definition = defined.get(&key).cloned();
            let problem = match &definition {
                None => Some(missing(import, parts, &order[turn..])),
                Some(definition) => unfit(import, definition, &part.interface.assumptions),
            };
            problems.extend(problem.map(|problem| format!("{}: {problem}", part.file)));
            found.push(definition);
        }
        problems.extend(entry(part));
        if part.is_command {
            continue;
        }
        let exports = &part.interface.exports;
        for (export, reexported) in exports.iter().zip(&part.interface.reexported) {
            let memory = match (&export.ty, reexported) {
                (ExternType::Memory(_), None) => Some(part.interface.assumptions),
                (_, Some(import)) => found[*import].as_ref().and_then(|it| it.memory),
                _ => None,
            };
            let ty = export.ty.clone();
            match defined.entry((part.name.to_owned(), export.name.clone())) {
                Entry::Vacant(entry) => {
                    entry.insert(Definition { ty, memory });
                }
                Entry::Occupied(_) => problems.push(format!(
                    "{}: {:?} {:?} is defined already, by WASI: give the object's module another \
                     name",
                    part.file, part.name, export.name
                )),
            }
        }
    }
    problems
}

/// The functions of WASI.
fn wasi() -> HashMap<(String, String), Definition> {
    let mut defined = HashMap::new();
    for snapshot in Snapshot::ALL {
        for function in FUNCTIONS.iter().filter(|it| it.is_in(snapshot)) {
            let params = function.params.iter().map(|ty| match ty {
                WasmType::I32 => ValType::I32,
                WasmType::I64 => ValType::I64,
            });
            let results = function.returns_errno.then_some(ValType::I32);
            let ty = FuncType::new(params, results);
            let definition = Definition {
                ty: ExternType::Func(ty),
                memory: None,
            };
            let key = (snapshot.module_name().to_owned(), function.name.to_owned());
            defined.insert(key, definition);
        }
    }
    defined
}

/// What is to be said of an import that nothing provides: `later` are the parts that are instantiated
/// no earlier than the one that imports.
fn missing(import: &ImportType, parts: &[Part<'_>], later: &[usize]) -> String {
    let ImportType { module, name, ty } = import;
    let what = format!("unknown import: {module:?} {name:?}, {ty}");
    let wasi = Snapshot::ALL.iter().any(|it| it.module_name() == *module);
    let Some(at) = parts.iter().position(|part| part.name == *module) else {
        return match wasi {
            true => format!("{what}: WASI has no function of this name"),
            false => format!("{what}: no object has a module {module:?}"),
        };
    };
    let part = &parts[at];
    let file = &part.file;
    let exports = part.interface.exports.iter().any(|it| it.name == *name);
    if part.is_command {
        format!("{what}: {file} is the program, which is instantiated last")
    } else if !exports {
        format!("{what}: {file} has no export of this name")
    } else if later.first() == Some(&at) {
        format!("{what}: a module cannot import what it exports itself")
    } else {
        format!("{what}: {file} exports it, but stands behind on the command line")
    }
}

/// What is to be said of an import that is not what it is to be.
fn unfit(import: &ImportType, found: &Definition, assumptions: &Assumptions) -> Option<String> {
    let ImportType { module, name, ty } = import;
    if !at_its_largest(&found.ty, ty).matches(ty) {
        let found = &found.ty;
        return Some(format!(
            "incompatible import type: {module:?} {name:?} is {found}, not {ty}"
        ));
    }
    let memory = found.memory?;
    let is_guarded = memory.memory_plan == MemoryPlan::Guarded
        && memory.guard_size_bytes >= assumptions.guard_size_bytes;
    (assumptions.memory_plan == MemoryPlan::Guarded && !is_guarded).then(|| {
        format!(
            "the memory {module:?} {name:?} that it imports is bounded, and it was compiled for \
             guarded ones: compile it with `prefab compile --memory bounded`, or what defines the \
             memory with `--memory guarded`"
        )
    })
}

/// `found`, grown to the size that `wanted` asks for if it can become that large: a start function may
/// grow a memory or a table before the size matters.
fn at_its_largest(found: &ExternType, wanted: &ExternType) -> ExternType {
    let grown = |min: u64, max: Option<u64>, wanted: u64| match max {
        Some(max) if max < wanted => min,
        _ => min.max(wanted),
    };
    let mut found = found.clone();
    match (&mut found, wanted) {
        (ExternType::Memory(a), ExternType::Memory(b)) => a.min = grown(a.min, a.max, b.min),
        (ExternType::Table(a), ExternType::Table(b)) => a.min = grown(a.min, a.max, b.min),
        _ => {}
    }
    found
}

/// What is wrong with the function that runs first: it has neither parameters nor results.
fn entry(part: &Part<'_>) -> Option<String> {
    let name = if part.is_command {
        "_start"
    } else {
        "_initialize"
    };
    let export = part.interface.exports.iter().find(|it| it.name == name)?;
    let ExternType::Func(ty) = &export.ty else {
        return None;
    };
    let is_plain = ty.params().is_empty() && ty.results().is_empty();
    let (file, ty) = (&part.file, &export.ty);
    (!is_plain)
        .then(|| format!("{file}: {name} is {ty}, but it must have neither parameters nor results"))
}
