//! Decoding and validation: bytes to [`Module`].
//!
//! Sections are read in order, functions in parallel. The walk over every function body that
//! validation needs also collects what compilation must know of a function beforehand.

use crate::error::CompileError;
use crate::limits::{LOCALS, check_section, with_number};
use crate::module::{Body, Data, Element, Export, Global, Import, Items, Memory, Module, Table};
use crate::unsupported;
use prefab_abi::context::{ContextLayout, Counts};
use prefab_abi::meta::{ExternKind, SegmentMode};
use prefab_abi::types::{FuncType, ValType};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use wasmparser::{
    CompositeInnerType, DataKind, ElementItems, ElementKind, ExternalKind, FuncToValidate,
    FuncValidatorAllocations, FunctionBody, KnownCustom, Name, NameSectionReader, Operator, Parser,
    Payload, RefType, TableInit, TypeRef, ValidPayload, Validator, ValidatorResources,
    WasmFeatures,
};

/// What the bodies of a module do, as far as compilation must know it beforehand.
#[derive(Debug, Default)]
pub struct Usage {
    /// Tables that an instruction writes, reads or measures, other than by indirect calls.
    pub touched_tables: BTreeSet<u32>,
    /// Tables and types of indirect calls.
    pub indirect_calls: BTreeSet<(u32, u32)>,
    /// Functions that `ref.func` names.
    pub referenced_funcs: BTreeSet<u32>,
    /// Data segments that an instruction copies from or drops.
    pub referenced_data: BTreeSet<u32>,
}

impl Usage {
    fn merge(mut self, mut other: Self) -> Self {
        self.touched_tables.append(&mut other.touched_tables);
        self.indirect_calls.append(&mut other.indirect_calls);
        self.referenced_funcs.append(&mut other.referenced_funcs);
        self.referenced_data.append(&mut other.referenced_data);
        self
    }

    fn note(&mut self, op: &Operator<'_>) {
        match *op {
            Operator::CallIndirect {
                type_index,
                table_index,
            }
            | Operator::ReturnCallIndirect {
                type_index,
                table_index,
            } => {
                self.indirect_calls.insert((table_index, type_index));
            }
            Operator::TableCopy {
                dst_table,
                src_table,
            } => {
                self.touched_tables.extend([dst_table, src_table]);
            }
            Operator::TableInit { table, .. }
            | Operator::TableGet { table }
            | Operator::TableSet { table }
            | Operator::TableGrow { table }
            | Operator::TableSize { table }
            | Operator::TableFill { table } => {
                self.touched_tables.insert(table);
            }
            Operator::RefFunc { function_index } => {
                self.referenced_funcs.insert(function_index);
            }
            Operator::MemoryInit { data_index, .. } | Operator::DataDrop { data_index } => {
                self.referenced_data.insert(data_index);
            }
            _ => {}
        }
    }
}

/// Decodes and validates a module.
pub fn decode(wasm: &[u8], features: WasmFeatures) -> Result<(Module<'_>, Usage), CompileError> {
    if !wasm.starts_with(b"\0asm") {
        return Err(CompileError::at(
            0,
            "not a WebAssembly module: it does not start with \"\\0asm\"",
        ));
    }
    decode_valid(wasm, features).map_err(|error| unsupported::explain(wasm, features, error))
}

fn decode_valid(wasm: &[u8], features: WasmFeatures) -> Result<(Module<'_>, Usage), CompileError> {
    let mut decoder = Decoder::default();
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut funcs = Vec::new();
    for payload in parser.parse_all(wasm) {
        let payload = payload?;
        if let Payload::Version {
            encoding: wasmparser::Encoding::Component,
            ..
        } = payload
        {
            return Err(CompileError::at(
                4,
                "a component: only core modules can be compiled",
            ));
        }
        check_section(&payload)?;
        if let ValidPayload::Func(func, body) = validator.payload(&payload)? {
            funcs.push((func, body));
        }
        decoder.payload(payload)?;
    }
    let module = decoder.finish(wasm)?;
    let usage = validate_funcs(&module, funcs)?;
    Ok((module, usage))
}

type Func<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

fn validate_funcs(module: &Module<'_>, funcs: Vec<Func<'_>>) -> Result<Usage, CompileError> {
    // The error that is reported is that of the first bad function, whichever was found first.
    let (usage, error) = funcs
        .into_par_iter()
        .enumerate()
        .fold(
            || (Usage::default(), None, FuncValidatorAllocations::default()),
            |(mut usage, mut error, allocations), (index, (func, body))| {
                let mut validator = func.into_validator(allocations);
                let func = module.imported_funcs() + index as u32;
                let params = module.func_type(func).params().len();
                if let Err(found) = validate_func(&mut validator, params, &body, &mut usage) {
                    let found = found.in_func(func, module.func_name(func));
                    error = first_error(error, Some((index, found)));
                }
                (usage, error, validator.into_allocations())
            },
        )
        .map(|(usage, error, _)| (usage, error))
        .reduce(
            || (Usage::default(), None),
            |(usage, error), (other_usage, other_error)| {
                (usage.merge(other_usage), first_error(error, other_error))
            },
        );
    error.map_or(Ok(usage), |(_, error)| Err(error))
}

type FoundError = Option<(usize, CompileError)>;

fn first_error(a: FoundError, b: FoundError) -> FoundError {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a.0 <= b.0 { a } else { b }),
        (a, b) => a.or(b),
    }
}

fn validate_func(
    validator: &mut wasmparser::FuncValidator<ValidatorResources>,
    params: usize,
    body: &FunctionBody<'_>,
    usage: &mut Usage,
) -> Result<(), CompileError> {
    let mut locals = params as u64;
    for group in body.get_locals_reader()? {
        locals += u64::from(group?.0);
        LOCALS.check(locals, body.range().start)?;
    }
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    reader.set_features(*validator.features());
    let mut ops = wasmparser::OperatorsReader::new(reader);
    while !ops.eof() {
        let (op, offset) = ops.read_with_offset()?;
        validator.op(offset, &op)?;
        usage.note(&op);
    }
    Ok(ops.finish()?)
}

impl From<wasmparser::BinaryReaderError> for CompileError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::at(error.offset(), with_number(error.message()))
    }
}

#[derive(Default)]
struct Decoder<'a> {
    types: Vec<FuncType>,
    imports: Vec<Import<'a>>,
    exports: Vec<Export<'a>>,
    funcs: Vec<u32>,
    tables: Vec<Table<'a>>,
    memories: Vec<Memory>,
    globals: Vec<Global<'a>>,
    start: Option<u32>,
    elements: Vec<Element<'a>>,
    data: Vec<Data<'a>>,
    bodies: Vec<Body>,
    func_names: Vec<(u32, &'a str)>,
    imported: Counts,
}

impl<'a> Decoder<'a> {
    fn payload(&mut self, payload: Payload<'a>) -> Result<(), CompileError> {
        match payload {
            Payload::TypeSection(section) => self.types(section)?,
            Payload::ImportSection(section) => self.imports(section)?,
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.funcs.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    let table = table?;
                    let init = match &table.init {
                        TableInit::RefNull => &[][..],
                        TableInit::Expr(expr) => expr_bytes(expr),
                    };
                    self.tables.push(Table {
                        init,
                        ..table_type(&table.ty)?
                    });
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories.push(memory_type(&memory?)?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    let init = expr_bytes(&global.init_expr);
                    self.globals.push(Global {
                        init,
                        ..global_type(&global.ty)?
                    });
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let kind = extern_kind(export.kind)?;
                    self.exports.push(Export {
                        name: export.name,
                        kind,
                        index: export.index,
                    });
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                for element in section {
                    self.elements.push(element_segment(element?)?);
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    let (mode, memory, offset) = match &data.kind {
                        DataKind::Passive => (SegmentMode::Passive, 0, &[][..]),
                        DataKind::Active {
                            memory_index,
                            offset_expr,
                        } => (SegmentMode::Active, *memory_index, expr_bytes(offset_expr)),
                    };
                    self.data.push(Data {
                        mode,
                        memory,
                        offset,
                        bytes: data.data,
                    });
                }
            }
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                let range = range.start as usize..range.end as usize;
                self.bodies.push(Body { range });
            }
            Payload::CustomSection(section) => {
                // A malformed name section is not a malformed module (WebAssembly 2.0, §7.4.1).
                if let KnownCustom::Name(names) = section.as_known() {
                    self.names(names);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn types(&mut self, section: wasmparser::TypeSectionReader<'a>) -> Result<(), CompileError> {
        for group in section {
            for ty in group?.into_types() {
                let CompositeInnerType::Func(func) = &ty.composite_type.inner else {
                    return Err(CompileError::new(
                        "types other than functions are not supported",
                    ));
                };
                let params = func
                    .params()
                    .iter()
                    .map(val_type)
                    .collect::<Result<Vec<_>, _>>()?;
                let results = func
                    .results()
                    .iter()
                    .map(val_type)
                    .collect::<Result<Vec<_>, _>>()?;
                self.types.push(FuncType::new(params, results));
            }
        }
        Ok(())
    }

    fn imports(
        &mut self,
        section: wasmparser::ImportSectionReader<'a>,
    ) -> Result<(), CompileError> {
        for import in section.into_imports() {
            let import = import?;
            let (kind, index) = match import.ty {
                TypeRef::Func(ty) => {
                    self.funcs.push(ty);
                    self.imported.imported_funcs += 1;
                    (ExternKind::Func, self.funcs.len())
                }
                TypeRef::Table(ty) => {
                    self.tables.push(table_type(&ty)?);
                    self.imported.imported_tables += 1;
                    (ExternKind::Table, self.tables.len())
                }
                TypeRef::Memory(ty) => {
                    self.memories.push(memory_type(&ty)?);
                    self.imported.imported_memories += 1;
                    (ExternKind::Memory, self.memories.len())
                }
                TypeRef::Global(ty) => {
                    self.globals.push(global_type(&ty)?);
                    self.imported.imported_globals += 1;
                    (ExternKind::Global, self.globals.len())
                }
                TypeRef::Tag(_) | TypeRef::FuncExact(_) => {
                    return Err(CompileError::new(format!(
                        "import {}.{}: tags and exact types are not supported",
                        import.module, import.name
                    )));
                }
            };
            let (module, name, index) = (import.module, import.name, index as u32 - 1);
            self.imports.push(Import {
                module,
                name,
                kind,
                index,
            });
        }
        Ok(())
    }

    fn names(&mut self, names: NameSectionReader<'a>) {
        for name in names {
            let Ok(Name::Function(map)) = name else {
                continue;
            };
            self.func_names.extend(
                map.into_iter()
                    .map_while(Result::ok)
                    .map(|n| (n.index, n.name)),
            );
        }
    }

    fn finish(mut self, wasm: &'a [u8]) -> Result<Module<'a>, CompileError> {
        let counts = Counts {
            defined_tables: self.tables.len() as u32 - self.imported.imported_tables,
            defined_memories: self.memories.len() as u32 - self.imported.imported_memories,
            defined_globals: self.globals.len() as u32 - self.imported.imported_globals,
            ..self.imported
        };
        let layout = ContextLayout::new(counts)
            .ok_or_else(|| CompileError::new("too many imports, globals or tables"))?;
        let mut first = HashMap::new();
        let canonical_types = (0..).zip(&self.types);
        let canonical_types = canonical_types
            .map(|(index, ty)| *first.entry(ty).or_insert(index))
            .collect();
        self.func_names.sort_by_key(|(index, _)| *index);
        self.func_names.dedup_by_key(|(index, _)| *index);
        self.func_names
            .retain(|(index, _)| (*index as usize) < self.funcs.len());
        Ok(Module {
            wasm,
            canonical_types,
            types: self.types,
            imports: self.imports,
            exports: self.exports,
            funcs: self.funcs,
            tables: self.tables,
            memories: self.memories,
            globals: self.globals,
            start: self.start,
            elements: self.elements,
            data: self.data,
            bodies: self.bodies,
            func_names: self.func_names,
            layout,
        })
    }
}

fn expr_bytes<'a>(expr: &wasmparser::ConstExpr<'a>) -> &'a [u8] {
    let mut reader = expr.get_binary_reader();
    let len = reader.bytes_remaining();
    reader.read_bytes(len).unwrap_or_default()
}

fn element_segment(element: wasmparser::Element<'_>) -> Result<Element<'_>, CompileError> {
    let (mode, table, offset) = match &element.kind {
        ElementKind::Passive => (SegmentMode::Passive, 0, &[][..]),
        ElementKind::Declared => (SegmentMode::Dropped, 0, &[][..]),
        ElementKind::Active {
            table_index,
            offset_expr,
        } => (
            SegmentMode::Active,
            table_index.unwrap_or(0),
            expr_bytes(offset_expr),
        ),
    };
    let (ty, items) = match element.items {
        ElementItems::Functions(funcs) => (
            ValType::FuncRef,
            Items::Funcs(funcs.into_iter().collect::<Result<_, _>>()?),
        ),
        ElementItems::Expressions(ty, exprs) => {
            let exprs = exprs
                .into_iter()
                .map(|expr| expr.map(|expr| expr_bytes(&expr)));
            (
                ref_type(ty)?,
                Items::Exprs(exprs.collect::<Result<_, _>>()?),
            )
        }
    };
    Ok(Element {
        mode,
        table,
        offset,
        ty,
        items,
    })
}

/// The value type that corresponds to the parser's.
pub fn val_type(ty: &wasmparser::ValType) -> Result<ValType, CompileError> {
    Ok(match *ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ref_type(ty)?,
    })
}

fn ref_type(ty: RefType) -> Result<ValType, CompileError> {
    match ty {
        RefType::FUNCREF => Ok(ValType::FuncRef),
        RefType::EXTERNREF => Ok(ValType::ExternRef),
        other => Err(CompileError::new(format!(
            "the reference type {other} is not supported"
        ))),
    }
}

fn extern_kind(kind: ExternalKind) -> Result<ExternKind, CompileError> {
    match kind {
        ExternalKind::Func => Ok(ExternKind::Func),
        ExternalKind::Table => Ok(ExternKind::Table),
        ExternalKind::Memory => Ok(ExternKind::Memory),
        ExternalKind::Global => Ok(ExternKind::Global),
        ExternalKind::Tag | ExternalKind::FuncExact => Err(CompileError::new(
            "exported tags and exact types are not supported",
        )),
    }
}

fn table_type<'a>(ty: &wasmparser::TableType) -> Result<Table<'a>, CompileError> {
    if ty.table64 || ty.shared {
        return Err(CompileError::new(
            "64-bit and shared tables are not supported",
        ));
    }
    let element = ref_type(ty.element_type)?;
    Ok(Table {
        element,
        min: ty.initial,
        max: ty.maximum,
        init: &[],
    })
}

fn memory_type(ty: &wasmparser::MemoryType) -> Result<Memory, CompileError> {
    if ty.memory64 || ty.shared || ty.page_size_log2.is_some() {
        let problem = "64-bit memories, shared memories and custom page sizes are not supported";
        return Err(CompileError::new(problem));
    }
    Ok(Memory {
        min: ty.initial,
        max: ty.maximum,
    })
}

fn global_type<'a>(ty: &wasmparser::GlobalType) -> Result<Global<'a>, CompileError> {
    Ok(Global {
        ty: val_type(&ty.content_type)?,
        mutable: ty.mutable,
        init: &[],
    })
}
