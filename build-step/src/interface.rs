//! What a module imports and exports.

use prefab_abi::types::{FuncType, ValType};
use std::collections::HashMap;
use wasmparser::{
    BinaryReaderError, CompositeInnerType, ExternalKind, KnownCustom, Name, NameSectionReader,
    Parser, Payload, TypeRef,
};

/// A module's interface.
#[derive(Debug, Default)]
pub struct Interface {
    /// Everything it imports, in its order.
    pub imports: Vec<Import>,
    /// Everything it exports, in its order.
    pub exports: Vec<Export>,
}

/// An import.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    /// The module that it is imported from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// Its type.
    pub ty: Extern,
}

/// An export.
#[derive(Debug)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Extern,
}

/// The type of an import or export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extern {
    /// A function, and what its parameters are called, as far as the module says.
    Func(FuncType, Vec<Option<String>>),
    /// A table.
    Table,
    /// A memory.
    Memory,
    /// A global of this type, and whether it can be changed.
    Global(ValType, bool),
}

#[derive(Default)]
struct Reader {
    types: Vec<FuncType>,
    /// The types of all functions, the imported ones first.
    funcs: Vec<u32>,
    globals: Vec<(ValType, bool)>,
    /// Functions among imports and exports: (function, whether imported, index there).
    imports: Vec<(String, String, Item)>,
    exports: Vec<(String, ExternalKind, u32)>,
    /// By function and local.
    local_names: HashMap<(u32, u32), String>,
}

enum Item {
    Func(u32),
    Other(Extern),
}

impl Interface {
    /// Reads the interface of a module that the compiler has found valid.
    ///
    /// # Errors
    /// If it is not.
    pub fn read(wasm: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut reader = Reader::default();
        for payload in Parser::new(0).parse_all(wasm) {
            reader.payload(payload?)?;
        }
        Ok(reader.finish())
    }
}

impl Reader {
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for ty in group?.into_types() {
                        self.types.push(func_type(&ty.composite_type.inner));
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    self.import(import.module, import.name, import.ty);
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.funcs.push(ty?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    self.globals.push(global_type(&global?.ty));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let name = export.name.to_owned();
                    self.exports.push((name, export.kind, export.index));
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.names(names);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, module: &str, name: &str, ty: TypeRef) {
        let item = match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.funcs.push(ty);
                Item::Func(self.funcs.len() as u32 - 1)
            }
            TypeRef::Table(_) => Item::Other(Extern::Table),
            TypeRef::Memory(_) => Item::Other(Extern::Memory),
            TypeRef::Global(ty) => {
                let (content, mutable) = global_type(&ty);
                self.globals.push((content, mutable));
                Item::Other(Extern::Global(content, mutable))
            }
            // The compiler has refused such a module.
            TypeRef::Tag(_) => return,
        };
        self.imports
            .push((module.to_owned(), name.to_owned(), item));
    }

    /// Names are a help, not a part of the module: what is malformed is left out.
    fn names(&mut self, names: NameSectionReader<'_>) {
        // An iterator may not end at the first error.
        for subsection in names.map_while(Result::ok) {
            let Name::Local(funcs) = subsection else {
                continue;
            };
            for func in funcs.into_iter().map_while(Result::ok) {
                for local in func.names.map_while(Result::ok) {
                    let key = (func.index, local.index);
                    self.local_names.insert(key, local.name.to_owned());
                }
            }
        }
    }

    fn func(&self, index: u32) -> Option<Extern> {
        let ty = self.types.get(*self.funcs.get(index as usize)? as usize)?;
        let params = 0..ty.params().len() as u32;
        let names = params.map(|param| self.local_names.get(&(index, param)).cloned());
        Some(Extern::Func(ty.clone(), names.collect()))
    }

    fn finish(mut self) -> Interface {
        let mut interface = Interface::default();
        for (module, name, item) in std::mem::take(&mut self.imports) {
            let ty = match item {
                Item::Func(index) => self.func(index),
                Item::Other(ty) => Some(ty),
            };
            let import = ty.map(|ty| Import { module, name, ty });
            interface.imports.extend(import);
        }
        for (name, kind, index) in std::mem::take(&mut self.exports) {
            let ty = match kind {
                ExternalKind::Func | ExternalKind::FuncExact => self.func(index),
                ExternalKind::Table => Some(Extern::Table),
                ExternalKind::Memory => Some(Extern::Memory),
                ExternalKind::Global => {
                    let global = self.globals.get(index as usize);
                    global.map(|(ty, mutable)| Extern::Global(*ty, *mutable))
                }
                ExternalKind::Tag => None,
            };
            interface.exports.extend(ty.map(|ty| Export { name, ty }));
        }
        interface
    }
}

fn func_type(ty: &CompositeInnerType) -> FuncType {
    match ty {
        CompositeInnerType::Func(ty) => FuncType::new(
            ty.params().iter().map(val_type).collect::<Vec<_>>(),
            ty.results().iter().map(val_type).collect::<Vec<_>>(),
        ),
        // The compiler has refused modules with such types.
        _ => FuncType::new([], []),
    }
}

fn global_type(ty: &wasmparser::GlobalType) -> (ValType, bool) {
    (val_type(&ty.content_type), ty.mutable)
}

fn val_type(ty: &wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) if ty.is_func_ref() => ValType::FuncRef,
        // The compiler has refused all other references.
        wasmparser::ValType::Ref(_) => ValType::ExternRef,
    }
}
