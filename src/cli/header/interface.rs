//! What of a module a C program sees, by its names in C.

use super::names::{Names, field, prefix};
use prefab_abi::bytes::FormatError;
use prefab_abi::meta::{Export, ExternKind, Meta, ModuleKind};
use prefab_abi::object::identifier;
use prefab_abi::types::FuncType;

/// The modules that the runtime itself provides, as WASI.
const WASI: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

/// A module.
#[derive(Debug)]
pub(super) struct Interface {
    /// Its name, as objects' symbols have it.
    pub identifier: String,
    /// What all names start with.
    pub prefix: String,
    pub kind: ModuleKind,
    pub funcs: Vec<ExportedFunc>,
    /// Exported memories, tables and globals.
    pub others: Vec<ExportedOther>,
    pub imports: Vec<ImportedFunc>,
    /// The names of imports that are no functions: only a linker can provide them.
    pub other_imports: Vec<(String, String)>,
    /// Whether WASI is imported.
    pub wasi: bool,
}

/// An exported function.
#[derive(Debug)]
pub(super) struct ExportedFunc {
    pub wasm_name: String,
    pub c_name: String,
    pub field: String,
    pub ty: FuncType,
}

/// Something else that is exported.
#[derive(Debug)]
pub(super) struct ExportedOther {
    pub wasm_name: String,
    pub field: String,
    /// `memory`, `table` or `global`.
    pub kind: &'static str,
}

/// An imported function.
#[derive(Debug)]
pub(super) struct ImportedFunc {
    pub module: String,
    pub name: String,
    pub c_name: String,
    /// The function that the runtime calls, which calls that.
    pub call_name: String,
    pub ty: FuncType,
}

impl Interface {
    /// What the metadata says.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn new(name: &str, meta: &Meta<'_>) -> Result<Self, FormatError> {
        let prefix = prefix(name);
        let taken = TAKEN.map(|name| format!("{prefix}_{name}"));
        let names = Names::without(taken.iter().map(String::as_str));
        let mut interface = Self {
            identifier: identifier(name),
            prefix,
            kind: meta.kind(),
            funcs: Vec::new(),
            others: Vec::new(),
            imports: Vec::new(),
            other_imports: Vec::new(),
            wasi: false,
        };
        let import_types = interface.imports(meta)?;
        interface.exports(meta, names, &import_types)?;
        Ok(interface)
    }

    /// Adds the imports; the type indices of the functions.
    fn imports(&mut self, meta: &Meta<'_>) -> Result<Vec<u32>, FormatError> {
        let (mut types, mut names) = (Vec::new(), Names::default());
        for import in meta.imports()?.iter() {
            let import = import?;
            let module = meta.str(import.module)?.to_owned();
            let name = meta.str(import.name)?.to_owned();
            if ExternKind::from_number(import.kind) != Some(ExternKind::Func) {
                self.other_imports.push((module, name));
                continue;
            }
            types.push(import.ty);
            if WASI.contains(&module.as_str()) {
                self.wasi = true;
                continue;
            }
            let known = self
                .imports
                .iter()
                .any(|known| known.module == module && known.name == name);
            // A name with a NUL cannot be said in C; an import that is there twice is defined once.
            if known || module.contains('\0') || name.contains('\0') {
                self.other_imports.push((module, name));
                continue;
            }
            let (prefix, rest) = (
                &self.prefix,
                format!("{}_{}", identifier(&module), identifier(&name)),
            );
            self.imports.push(ImportedFunc {
                c_name: names.give([format!("{prefix}_import_{rest}")]),
                call_name: names.give([format!("{prefix}_call_{rest}")]),
                module,
                name,
                ty: meta.func_type(import.ty)?,
            });
        }
        Ok(types)
    }

    fn exports(
        &mut self,
        meta: &Meta<'_>,
        mut names: Names,
        import_types: &[u32],
    ) -> Result<(), FormatError> {
        let mut fields = Names::default();
        for import in &self.imports {
            names.give([import.c_name.clone()]);
            names.give([import.call_name.clone()]);
        }
        for export in meta.exports()?.iter() {
            let export = export?;
            let wasm_name = meta.str(export.name)?.to_owned();
            if wasm_name.contains('\0') {
                continue;
            }
            let id = identifier(&wasm_name);
            let field = fields.give([field(&wasm_name)]);
            let kind = match ExternKind::from_number(export.kind) {
                Some(ExternKind::Table) => "table",
                Some(ExternKind::Memory) => "memory",
                Some(ExternKind::Global) => "global",
                _ => {
                    let plain = format!("{}_{id}", self.prefix);
                    let marked = format!("{}_export_{id}", self.prefix);
                    self.funcs.push(ExportedFunc {
                        wasm_name,
                        c_name: names.give([plain, marked]),
                        field,
                        ty: func_type(meta, export, import_types)?,
                    });
                    continue;
                }
            };
            self.others.push(ExportedOther {
                wasm_name,
                field,
                kind,
            });
        }
        Ok(())
    }
}

/// What follows the prefix in names that every header has.
const TAKEN: [&str; 6] = [
    "t",
    "instantiate",
    "instantiate_with",
    "define_imports",
    "run",
    "free",
];

fn func_type(
    meta: &Meta<'_>,
    export: Export,
    import_types: &[u32],
) -> Result<FuncType, FormatError> {
    let imported = meta.counts().imported_funcs;
    let index = match export.index.checked_sub(imported) {
        Some(defined) => meta.funcs()?.get(defined)?.type_index,
        None => import_types
            .get(export.index as usize)
            .copied()
            .unwrap_or(u32::MAX),
    };
    meta.func_type(index)
}
