//! The object file.

use crate::codegen::abi::Symbol as CodeSymbol;
use crate::error::CompileError;
use crate::unwind::EhFrameSection;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_module::{DataDescription, DataId, FuncId, Linkage, Module as _, ModuleError};
use cranelift_object::{ObjectBuilder, ObjectModule};
use object::write::{Object, Relocation, SectionId, Symbol, SymbolId, SymbolSection};
use object::{
    RelocationFlags, SectionFlags, SectionKind, SymbolFlags, SymbolKind, SymbolScope, elf,
};
use prefab_abi::builtin::Builtin;
use prefab_abi::descriptor::{Descriptor, Part};
use prefab_abi::object as names;
use prefab_targets::Target;
use prefab_targets::reloc::{Section as RelocSection, Value as RelocValue};

/// A symbol for something in `.text`.
#[derive(Clone, Debug)]
pub struct TextSymbol {
    /// Its name.
    pub name: String,
    /// Where it starts, in bytes.
    pub offset: u32,
    /// Its size, in bytes.
    pub size: u32,
}

/// What an object is made of.
pub struct Contents<'a> {
    pub target: &'static Target,
    pub name: &'a str,
    /// The bytes of the parts, in the order of [`Part::ALL`].
    pub parts: [Vec<u8>; Part::ALL.len()],
    /// The hashes of the type identities, in the order of their slots.
    pub identities: Vec<[u8; 16]>,
    /// The runtime functions, in the order of their slots, which follow.
    pub builtins: Vec<Builtin>,
    pub text_symbols: Vec<TextSymbol>,
    pub eh_frame: EhFrameSection,
}

/// The name that a piece of code has in an object.
pub fn symbol_name(symbol: CodeSymbol, func_name: Option<&str>) -> String {
    match symbol {
        CodeSymbol::Func(index) | CodeSymbol::Body(index) => match func_name {
            // A zero byte would end the name before its end.
            Some(name) if !name.is_empty() => name.replace('\0', "\u{fffd}"),
            _ => format!("wasm_func_{index}"),
        },
        CodeSymbol::Builtin(builtin) => format!("prefab_stub.{}", builtin.symbol()),
        CodeSymbol::Trap(code) => format!("prefab_trap.{code:?}"),
        CodeSymbol::Thunk(index) => format!("prefab_thunk.{index}"),
        CodeSymbol::NativeEntry(ty) => format!("prefab_entry.{ty}"),
        CodeSymbol::ArrayEntry(ty) => format!("prefab_entry_array.{ty}"),
        CodeSymbol::NativeAdapter(ty) => format!("prefab_adapter.{ty}"),
        CodeSymbol::ArrayAdapter(ty) => format!("prefab_adapter_array.{ty}"),
    }
}

/// Writes the object.
pub fn emit(isa: OwnedTargetIsa, contents: Contents<'_>) -> Result<Vec<u8>, CompileError> {
    let failed = |what: &dyn std::fmt::Display| CompileError::new(format!("object file: {what}"));
    let builder = ObjectBuilder::new(
        isa,
        contents.name,
        cranelift_module::default_libcall_names(),
    )
    .map_err(|error| failed(&error))?;
    let mut module = ObjectModule::new(builder);
    let symbols = Externals::declare(&mut module, &contents).map_err(|error| failed(&error))?;
    let product = module.finish();
    let (descriptor, slots) = symbols.ids(&product);
    let mut writer = Writer {
        object: product.object,
        target: contents.target,
    };

    let text = writer.parts_and_descriptor(contents.parts, descriptor, &slots)?;
    for symbol in &contents.text_symbols {
        writer.object.add_symbol(Symbol {
            name: symbol.name.as_bytes().to_vec(),
            value: symbol.offset.into(),
            size: symbol.size.into(),
            kind: SymbolKind::Text,
            scope: SymbolScope::Compilation,
            weak: false,
            section: SymbolSection::Section(text),
            flags: SymbolFlags::None,
        });
    }
    writer.eh_frame(contents.eh_frame, text)?;
    writer.object.write().map_err(|error| failed(&error))
}

/// The symbols through which an object meets the rest of a program.
struct Externals {
    descriptor: DataId,
    identities: Vec<DataId>,
    builtins: Vec<FuncId>,
}

impl Externals {
    fn declare(
        module: &mut ObjectModule,
        contents: &Contents<'_>,
    ) -> Result<Self, Box<ModuleError>> {
        let identifier = names::identifier(contents.name);
        let name = format!("{}{identifier}", names::DESCRIPTOR_SYMBOL_PREFIX);
        let descriptor = module.declare_data(&name, Linkage::Export, false, false)?;
        let mut identities = Vec::new();
        for hash in &contents.identities {
            // Weak: where several modules have the type, a linker keeps one address for all.
            let name = names::type_symbol(*hash);
            let data = module.declare_data(&name, Linkage::Preemptible, false, false)?;
            let mut description = DataDescription::new();
            description.define(vec![0; 8].into());
            description.set_align(8);
            module.define_data(data, &description)?;
            identities.push(data);
        }
        let mut builtins = Vec::new();
        for builtin in &contents.builtins {
            // Only the address is used; the signature says nothing.
            let signature = module.make_signature();
            builtins.push(module.declare_function(
                builtin.symbol(),
                Linkage::Import,
                &signature,
            )?);
        }
        Ok(Self {
            descriptor,
            identities,
            builtins,
        })
    }

    /// The descriptor's symbol, and those that the slots hold.
    fn ids(&self, product: &cranelift_object::ObjectProduct) -> (SymbolId, Vec<SymbolId>) {
        let identities = self.identities.iter().map(|id| product.data_symbol(*id));
        let builtins = self.builtins.iter().map(|id| product.function_symbol(*id));
        (
            product.data_symbol(self.descriptor),
            identities.chain(builtins).collect(),
        )
    }
}

struct Writer {
    object: Object<'static>,
    target: &'static Target,
}

impl Writer {
    fn section(&mut self, name: &str, kind: SectionKind, flags: u32) -> SectionId {
        let id = self
            .object
            .add_section(Vec::new(), name.as_bytes().to_vec(), kind);
        *self.object.section_flags_mut(id) = SectionFlags::Elf {
            sh_flags: flags.into(),
        };
        id
    }

    /// Writes the parts, and the descriptor that points at them; returns `.text`.
    fn parts_and_descriptor(
        &mut self,
        parts: [Vec<u8>; Part::ALL.len()],
        symbol: SymbolId,
        slots: &[SymbolId],
    ) -> Result<SectionId, CompileError> {
        let sizes = parts.each_ref().map(|bytes| bytes.len() as u64);
        let descriptor = Descriptor::new(sizes, slots.len() as u32);
        let flags = elf::SHF_ALLOC | elf::SHF_WRITE;
        let kind = SectionKind::ReadOnlyDataWithRel;
        let section = self.section(names::SECTION_DESCRIPTOR, kind, flags);
        self.object
            .add_symbol_data(symbol, section, &descriptor.to_bytes(), 16);
        let page_size = self.target.page_size();
        let mut text = None;
        for (part, bytes) in Part::ALL.into_iter().zip(parts) {
            if bytes.is_empty() {
                continue;
            }
            let (kind, flags, align) = match part {
                Part::Text => (
                    SectionKind::Text,
                    elf::SHF_ALLOC | elf::SHF_EXECINSTR,
                    page_size,
                ),
                Part::Image => (SectionKind::ReadOnlyData, elf::SHF_ALLOC, page_size),
                Part::Note => (SectionKind::Note, elf::SHF_ALLOC, 4),
                _ => (SectionKind::ReadOnlyData, elf::SHF_ALLOC, 16),
            };
            let id = self.section(part.section(), kind, flags);
            self.object.set_section_data(id, bytes, align);
            let target = self.object.section_symbol(id);
            self.absolute(section, part.pointer_offset(), target)?;
            if part == Part::Text {
                text = Some(id);
            }
        }
        for (slot, target) in (0..).zip(slots) {
            self.absolute(section, Descriptor::slot_offset(slot), *target)?;
        }
        match text {
            Some(text) => Ok(text),
            None => Ok(self.section(
                names::SECTION_TEXT,
                SectionKind::Text,
                elf::SHF_ALLOC | elf::SHF_EXECINSTR,
            )),
        }
    }

    /// A pointer to `symbol` at `offset`.
    fn absolute(
        &mut self,
        section: SectionId,
        offset: u64,
        symbol: SymbolId,
    ) -> Result<(), CompileError> {
        let flags = RelocationFlags::Elf {
            r_type: self.target.relocations().absolute_64,
        };
        self.reloc(
            section,
            Relocation {
                offset,
                symbol,
                addend: 0,
                flags,
            },
        )
    }

    fn reloc(&mut self, section: SectionId, relocation: Relocation) -> Result<(), CompileError> {
        self.object
            .add_relocation(section, relocation)
            .map_err(|error| CompileError::new(format!("object file: {error}")))
    }

    fn eh_frame(&mut self, frames: EhFrameSection, text: SectionId) -> Result<(), CompileError> {
        if frames.bytes.is_empty() {
            return Ok(());
        }
        let kinds = self.target.relocations().kinds;
        let kind = kinds.iter().find(|kind| {
            kind.value == RelocValue::PcRelative
                && kind.bits == 32
                && kind.sections.contains(&RelocSection::Unwind)
        });
        let r_type = kind
            .ok_or_else(|| CompileError::new("the target has no relocation for unwind tables"))?
            .number;
        let section = self.section(".eh_frame", SectionKind::ReadOnlyData, elf::SHF_ALLOC);
        self.object.set_section_data(section, frames.bytes, 8);
        let symbol = self.object.section_symbol(text);
        for (offset, place) in frames.relocs {
            let flags = RelocationFlags::Elf { r_type };
            self.reloc(
                section,
                Relocation {
                    offset,
                    symbol,
                    addend: place as i64,
                    flags,
                },
            )?;
        }
        Ok(())
    }
}
