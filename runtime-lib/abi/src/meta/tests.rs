use super::*;
use crate::context::Counts;
use crate::types::{FuncType, ValType};
use alloc::vec::Vec;

fn sample() -> Vec<u8> {
    let mut writer = MetaWriter::new();
    let ty = FuncType::new([ValType::I32], [ValType::I64]);
    let canonical = writer.bytes(&ty.to_canonical_bytes());
    writer.push(
        Section::Types,
        &Type {
            canonical,
            slot: NONE,
            ..Type::default()
        },
    );
    let (module, name) = (writer.bytes(b"env"), writer.bytes(b"f"));
    writer.push(
        Section::Imports,
        &Import {
            module,
            name,
            max: NO_MAX,
            ..Import::default()
        },
    );
    for (index, name) in ["zebra", "ant", "mole"].iter().enumerate() {
        let range = writer.bytes(name.as_bytes());
        writer.push_export(
            name.as_bytes(),
            Export {
                name: range,
                kind: 0,
                index: index as u32,
            },
        );
    }
    for index in 0..10 {
        let func = DefinedFunc {
            code_offset: 16 * index,
            code_size: 12,
            type_index: 0,
        };
        writer.push(Section::Funcs, &func);
    }
    let name = writer.bytes(b"main");
    writer.push(Section::FuncNames, &Name { func: 3, name });
    let counts = Counts {
        imported_funcs: 1,
        ..Counts::default()
    };
    writer.finish(counts, Some(3), ModuleKind::Library)
}

#[test]
fn round_trip() {
    let bytes = sample();
    let meta = Meta::new(&bytes).unwrap();
    assert_eq!(meta.start(), Some(3));
    assert_eq!(meta.kind(), ModuleKind::Library);
    assert_eq!(
        meta.func_type(0).unwrap(),
        FuncType::new([ValType::I32], [ValType::I64])
    );
    assert!(meta.func_type(1).is_err());
    let import = meta.imports().unwrap().get(0).unwrap();
    assert_eq!(
        (meta.str(import.module), meta.str(import.name)),
        (Ok("env"), Ok("f"))
    );
    for (index, name) in ["zebra", "ant", "mole"].iter().enumerate() {
        assert_eq!(meta.export(name).unwrap().unwrap().index, index as u32);
    }
    assert_eq!(meta.export("bee").unwrap(), None);
    assert_eq!(meta.func_name(3), Some("main"));
    assert_eq!(meta.func_name(4), None);
    assert_eq!(meta.func_at(0), Some(0));
    assert_eq!(meta.func_at(16 * 9 + 11), Some(9));
    assert_eq!(meta.func_at(13), None);
    assert_eq!(meta.func_at(1000), None);
}

#[test]
fn truncated_metadata_is_refused() {
    let bytes = sample();
    for len in 0..bytes.len() {
        assert!(Meta::new(&bytes[..len]).is_err(), "{len}");
    }
}

#[test]
fn forged_metadata_does_not_panic() {
    let bytes = sample();
    for index in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut forged = bytes.clone();
            forged[index] ^= flip;
            let Ok(meta) = Meta::new(&forged) else {
                continue;
            };
            let _ = (
                meta.func_type(0),
                meta.export("mole"),
                meta.func_name(3),
                meta.func_at(20),
            );
            for import in meta.imports().unwrap().iter().flatten() {
                let _ = (meta.str(import.module), meta.str(import.name));
            }
        }
    }
}
