//! Modules made by hand: metadata, data and an image, but no code.
//!
//! # Safety
//!
//! Unsafe for saying where a module's parts are: in vectors that the module owns.
#![allow(unsafe_code, reason = "makes modules from parts")]

use super::{ImageSource, Module, ModuleParts, RuntimeFunctions};
use crate::address;
use crate::{Error, InstancePool, Linker, Store, TrapCode, Val};
use prefab_abi::context::Counts;
use prefab_abi::descriptor::{Descriptor, Part};
use prefab_abi::meta::{
    DataSegment, DefinedGlobal, DefinedMemory, DefinedTable, ElementSegment, Export, ExternKind,
    ImageChunk, ItemKind, MetaWriter, ModuleKind, NO_MAX, Section, SegmentMode,
};
use prefab_abi::note::{Assumptions, MemoryPlan, Traps};
use prefab_abi::types::ValType;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

const PAGE: usize = 4096;

/// Metadata with one of everything that needs no code.
fn meta() -> Vec<u8> {
    let mut writer = MetaWriter::new();
    let zero = writer.bytes(&[0x41, 0, 0x0b]);
    let five = writer.bytes(&[0x41, 5, 0x0b]);
    let null = writer.bytes(&[0xd0, 0x6f, 0x0b]);
    let mut items = Vec::new();
    prefab_abi::meta::Record::write(&null, &mut items);
    let items = writer.bytes(&items);
    let table = DefinedTable {
        element_type: ValType::ExternRef.to_byte().into(),
        flags: 0,
        min: 2,
        max: NO_MAX,
        init: null,
    };
    writer.push(Section::Tables, &table);
    let memory = DefinedMemory {
        min: 1,
        max: 2,
        flags: 0,
        page_size_log2: 16,
    };
    writer.push(Section::Memories, &memory);
    let global = DefinedGlobal {
        ty: ValType::I32.to_byte().into(),
        mutable: 1,
        init: five,
    };
    writer.push(Section::Globals, &global);
    let elements = ElementSegment {
        mode: SegmentMode::Active as u32,
        table: 0,
        element_type: table.element_type,
        item_kind: ItemKind::Exprs as u32,
        offset: zero,
        items,
        count: 1,
    };
    writer.push(Section::Elements, &elements);
    let data = DataSegment {
        mode: SegmentMode::Active as u32,
        memory: 0,
        offset: five,
        data_offset: 1,
        data_size: 2,
    };
    writer.push(Section::DataSegments, &data);
    let chunk = ImageChunk {
        memory: 0,
        reserved: 0,
        memory_offset: 2 * PAGE as u64,
        image_offset: 0,
        size: PAGE as u64,
    };
    writer.push(Section::Image, &chunk);
    for (name, kind) in [
        ("t", ExternKind::Table),
        ("m", ExternKind::Memory),
        ("g", ExternKind::Global),
    ] {
        let range = writer.bytes(name.as_bytes());
        let export = Export {
            name: range,
            kind: kind as u32,
            index: 0,
        };
        writer.push_export(name.as_bytes(), export);
    }
    let counts = Counts {
        defined_tables: 1,
        defined_memories: 1,
        defined_globals: 1,
        ..Counts::default()
    };
    writer.finish(counts, None, ModuleKind::Library)
}

fn module(meta: &[u8], image: ImageSource) -> Result<Module, Error> {
    let parts: [(Part, Vec<u8>); 4] = [
        (Part::Meta, meta.to_vec()),
        (Part::AddressMap, vec![0; 4]),
        (Part::Data, b"abcd".to_vec()),
        (Part::Image, vec![9; PAGE]),
    ];
    let mut descriptor = vec![];
    descriptor.extend(Descriptor::new([0; Part::ALL.len()], 0).to_bytes());
    for (part, bytes) in &parts {
        let at = part.pointer_offset() as usize;
        let address = address::of(bytes.as_ptr());
        descriptor[at..at + 8].copy_from_slice(&address.to_le_bytes());
        descriptor[at + 8..at + 16].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
    }
    let parts = ModuleParts {
        descriptor: Descriptor::from_bytes(&descriptor)?,
        meta_header: meta.to_vec(),
        runtime_functions: RuntimeFunctions::Named(crate::builtin_address),
        image,
        owner: Box::new(parts),
        name: "by hand".to_owned(),
        assumptions: Assumptions {
            memory_plan: MemoryPlan::Guarded,
            guard_size_bytes: 1 << 16,
            max_memory_bytes: 1 << 32,
            traps: Traps::Signals,
            is_interruptible: false,
            uses_fuel: false,
            has_direct_calls: true,
        },
    };
    // SAFETY: the owner keeps the parts, and without code nobody reads an import table.
    unsafe { Module::from_parts(parts) }
}

fn contents(module: &Module) -> Vec<u8> {
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, module).unwrap();
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let bytes = memory.data(&store).to_vec();
    memory.data_mut(&mut store).fill(1);
    bytes
}

#[test]
fn an_instance_without_code() {
    let module = module(&meta(), ImageSource::Memory).unwrap();
    assert_eq!(module.exports().count(), 3);
    assert_eq!(module.kind(), ModuleKind::Library);
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let global = instance.get_global(&mut store, "g").unwrap();
    assert_eq!(global.get(&store).unwrap().i32(), Some(5));
    let table = instance.get_table(&mut store, "t").unwrap();
    assert!(matches!(table.get(&store, 1), Ok(Val::ExternRef(None))));
    let bytes = contents(&module);
    assert_eq!(bytes.len(), 1 << 16);
    assert_eq!(bytes[4..8], *b"\0bc\0");
    let is_image = |at: usize| (2 * PAGE..3 * PAGE).contains(&at);
    let rest = bytes.iter().enumerate().skip(8);
    assert!(
        rest.clone()
            .all(|(at, byte)| *byte == if is_image(at) { 9 } else { 0 })
    );
    // What the first instance wrote stayed its own.
    assert_eq!(contents(&module), bytes);
}

#[test]
#[cfg_attr(miri, ignore = "keeps nothing for later under Miri")]
fn an_instance_in_the_place_of_another_is_as_good_as_new() {
    let module = module(&meta(), ImageSource::Memory).unwrap();
    let first = contents(&module);
    let pool = InstancePool::new(Linker::new(), &module, 1);
    let mut addresses = vec![];
    // Untouched, written to, and grown.
    for grow_by in [None, Some(0), Some(1), None, Some(0)] {
        let mut pooled = pool.get(()).unwrap();
        let instance = pooled.instance();
        if let Some(pages) = grow_by {
            let memory = instance.get_memory(&mut pooled, "m").unwrap();
            assert_eq!(memory.data(&pooled), first);
            let start = memory.data(&pooled).as_ptr().addr();
            addresses.push(start);
            assert!(!is_accessible(start + first.len()));
            memory.grow(&mut pooled, pages).unwrap();
            memory.data_mut(&mut pooled).fill(7);
            let global = instance.get_global(&mut pooled, "g").unwrap();
            assert_eq!(global.get(&pooled).unwrap().i32(), Some(5));
            let table = instance.get_table(&mut pooled, "t").unwrap();
            assert!(matches!(table.get(&pooled, 0), Ok(Val::ExternRef(None))));
        }
    }
    assert!(addresses.iter().all(|address| *address == addresses[0]));
}

/// Whether something may be read at an address of this process.
fn is_accessible(address: usize) -> bool {
    let text = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = text.lines().find(|line| {
        let (start, rest) = line.split_once('-').unwrap();
        let end = rest.split(' ').next().unwrap();
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        (number(start)..number(end)).contains(&address)
    });
    line.is_some_and(|line| !line.contains(" ---p "))
}

#[test]
fn images_at_any_place_of_a_file() {
    let in_memory = contents(&module(&meta(), ImageSource::Memory).unwrap());
    for offset in [0, PAGE as u64, 16] {
        let fd = rustix::fs::memfd_create("test", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        let mut file = File::from(fd);
        file.write_all(&vec![0; offset as usize]).unwrap();
        file.write_all(&vec![9; PAGE]).unwrap();
        let source = ImageSource::File {
            file: Arc::new(file),
            offset,
        };
        let module = module(&meta(), source).unwrap();
        assert_eq!(contents(&module), in_memory, "{offset}");
    }
}

#[test]
fn forged_metadata_is_an_error_or_another_module() {
    let bytes = meta();
    for index in 0..bytes.len() {
        for flip in [0x01, 0x40, 0xff] {
            let mut forged = bytes.clone();
            forged[index] ^= flip;
            let Ok(module) = module(&forged, ImageSource::Memory) else {
                continue;
            };
            let _ = (module.imports().count(), module.exports().count());
            let mut store = Store::new(());
            let Ok(instance) = Linker::new().instantiate(&mut store, &module) else {
                continue;
            };
            let _ = instance.exports(&mut store);
        }
    }
}

#[test]
fn initialisation_traps_outside() {
    let bytes = meta();
    // The element segment's and the data segment's offsets, made negative.
    for (expr, code) in [
        ([0x41, 0, 0x0b], TrapCode::TableOutOfBounds),
        ([0x41, 5, 0x0b], TrapCode::MemoryOutOfBounds),
    ] {
        let at = bytes.windows(3).position(|window| window == expr).unwrap();
        let mut forged = bytes.clone();
        forged[at + 1] = 0x7f;
        let module = module(&forged, ImageSource::Memory).unwrap();
        let error = Linker::<()>::new().instantiate(&mut Store::new(()), &module);
        assert_eq!(error.unwrap_err().trap_code(), Some(code));
    }
}
