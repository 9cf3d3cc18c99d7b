//! What an object looks like, whatever the target.

use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags};
use prefab_abi::descriptor::{Descriptor, Part};
use prefab_abi::meta::{Meta, SegmentMode};
use prefab_abi::note::Note;
use prefab_compiler::{CompileError, Options, compile};
use prefab_targets::{FeatureSet, Target};

fn compile_wat(text: &str, options: &Options) -> Vec<u8> {
    let wasm = wat::parse_str(text).expect("the test's text is a module");
    compile(&wasm, options, &|_, _| ()).expect("the test's module compiles")
}

fn host_independent() -> Options {
    Options::new(Target::ALL[0])
}

fn section(object: &[u8], name: &str) -> Vec<u8> {
    let file = object::File::parse(object).unwrap();
    file.section_by_name(name)
        .map_or(Vec::new(), |section| section.data().unwrap().to_vec())
}

const MODULE: &str = r#"
(module $sample
  (type $t (func (param i32 i64) (result i64)))
  (import "env" "f" (func $f (param i32 f64) (result i32 i64)))
  (memory (export "memory") 1 3)
  (global $g (mut i32) (i32.const 5))
  (table $private 4 funcref)
  (table $shared (export "table") 4 funcref)
  (elem (table $private) (i32.const 1) func $a $b)
  (elem (table $shared) (i32.const 0) func $a $f)
  (data (i32.const 70000) "a string")
  (func $a (type $t) (i64.add (local.get 1) (i64.load offset=8 (local.get 0))))
  (func $b (export "b") (type $t)
    (drop (drop (call $f (i32.const 1) (f64.const 2))))
    (call_indirect $private (type $t) (i32.const 1) (local.get 1) (local.get 0))
    (call_indirect $shared (type $t) (i32.const 1) (i64.const 0) (local.get 0))
    (i64.add)
    (global.set $g (i32.div_s (local.get 0) (i32.wrap_i64 (local.get 1))))
    (drop (memory.grow (i32.const 1)))))
"#;

#[test]
fn code_and_tables_have_no_relocations_and_the_rest_one_kind() {
    let text = MODULE.replace("70000", "7000");
    for target in Target::ALL.iter().copied() {
        let object = compile_wat(&text, &Options::new(target));
        let file = object::File::parse(&*object).unwrap();
        for section in file.sections() {
            let name = section.name().unwrap();
            let count = section.relocations().count();
            if name == ".text" || name.starts_with(".rodata") || name == ".prefab.image" {
                assert_eq!(count, 0, "{target}: {name}");
            }
            if name == ".data.rel.ro.prefab" {
                assert!(count > 8, "{target}: {count}");
                for (_, reloc) in section.relocations() {
                    let r_type = target.relocations().absolute_64;
                    assert_eq!(reloc.flags(), RelocationFlags::Elf { r_type }, "{target}");
                }
            }
            if name == ".text" || name == ".prefab.image" {
                assert_eq!(section.align(), target.page_size());
                let (offset, _) = section.file_range().unwrap();
                assert_eq!(offset % target.page_size(), 0);
            }
        }
        assert!(file.section_by_name(".note.GNU-stack").is_some());
        assert!(file.section_by_name(".eh_frame").is_some());
        let names: Vec<_> = file
            .symbols()
            .filter_map(|symbol| symbol.name().ok())
            .collect();
        for name in ["a", "b", "prefab_module_module", "prefab_rt_memory_grow"] {
            assert!(names.contains(&name), "{target}: no symbol {name}");
        }
    }
}

/// The greatest pages that a system of the target may have: by the psABI of each.
#[test]
fn what_is_mapped_by_itself_begins_a_page_of_any_system() {
    let pages = [
        ("x86_64", 4 << 10),
        ("aarch64", 64 << 10),
        ("riscv64", 4 << 10),
    ];
    assert_eq!(pages.len(), Target::ALL.len());
    let text = MODULE.replace("70000", "7000");
    for (target, page) in pages {
        let target = Target::from_triple(target).unwrap();
        let object = compile_wat(&text, &Options::new(target));
        let file = object::File::parse(&*object).unwrap();
        for name in [".text", ".prefab.image"] {
            let section = file.section_by_name(name).unwrap();
            assert_eq!(section.align(), page, "{target}: {name}");
            let (offset, size) = section.file_range().unwrap();
            assert_eq!(offset % page, 0, "{target}: {name}");
            // An image is mapped in whole pages.
            assert!(name == ".text" || size % page == 0, "{target}: {name}");
        }
        let note = Note::from_bytes(&section(&object, ".note.prefab")).unwrap();
        assert_eq!(note.page_size, page, "{target}");
    }
}

#[test]
fn the_descriptor_describes_the_sections() {
    let object = compile_wat(MODULE, &host_independent());
    let descriptor = Descriptor::from_bytes(&section(&object, ".data.rel.ro.prefab")).unwrap();
    for part in Part::ALL {
        let size = section(&object, part.section()).len() as u64;
        assert_eq!(descriptor.part(part).size_bytes, size, "{}", part.section());
    }
    let note = Note::from_bytes(&section(&object, ".note.prefab")).unwrap();
    assert_eq!(note.target, Target::ALL[0].triple());
    assert_eq!(note.page_size, Target::ALL[0].page_size());
}

#[test]
fn only_private_tables_are_static() {
    let meta = |text: &str| {
        section(
            &compile_wat(text, &host_independent()),
            ".rodata.prefab.meta",
        )
    };
    let tables = |text: &str| {
        let meta = meta(text);
        let meta = Meta::new(&meta).unwrap();
        let tables = meta.static_tables().unwrap();
        tables
            .iter()
            .map(|table| table.unwrap().table)
            .collect::<Vec<_>>()
    };
    assert_eq!(tables(MODULE), [0]);
    let touched = MODULE.replace(
        "(drop (memory.grow",
        "(drop (table.size $private)) (drop (memory.grow",
    );
    assert_eq!(tables(&touched), [0; 0]);
    let outside = MODULE.replace(
        "(elem (table $private) (i32.const 1)",
        "(elem (table $private) (i32.const 3)",
    );
    assert_eq!(tables(&outside), [0; 0]);
    let bytes = meta(MODULE);
    let modes: Vec<_> = Meta::new(&bytes)
        .unwrap()
        .elements()
        .unwrap()
        .iter()
        .map(|e| e.unwrap().mode)
        .collect();
    assert_eq!(
        modes,
        [SegmentMode::Dropped as u32, SegmentMode::Active as u32]
    );
}

#[test]
fn only_data_that_is_certain_is_in_the_image() {
    let sizes = |text: &str| {
        let object = compile_wat(text, &host_independent());
        (
            section(&object, ".prefab.image").len(),
            section(&object, ".rodata.prefab.data").len(),
        )
    };
    let inside = MODULE.replace("70000", "7000");
    assert_eq!(sizes(&inside), (4096, 0));
    // Beyond the memory's first page: instantiation must trap, so it must copy.
    assert_eq!(sizes(MODULE), (0, 8));
    let imported = r#"(module (import "env" "memory" (memory 1)) (data (i32.const 0) "a string"))"#;
    assert_eq!(sizes(imported), (0, 8));
}

#[test]
fn the_number_of_jobs_does_not_change_a_byte() {
    for target in Target::ALL.iter().copied() {
        let mut options = Options::new(target);
        options.jobs = Some(1);
        let one = compile_wat(MODULE, &options);
        options.jobs = Some(4);
        assert!(one == compile_wat(MODULE, &options), "{target}");
    }
}

fn error_of(wasm: &[u8]) -> CompileError {
    compile(wasm, &host_independent(), &|_, _| ()).expect_err("the test's module is bad")
}

#[test]
fn errors_name_their_place() {
    let text = error_of(b"(module)").to_string();
    assert_eq!(
        text,
        "not a WebAssembly module: it does not start with \"\\0asm\" (at offset 0x0)"
    );
    let component = error_of(b"\0asm\x0d\0\x01\0").to_string();
    assert!(
        component.starts_with("a component: only core modules can be compiled"),
        "{component}"
    );

    let valid = wat::parse_str(r#"(module (func $first) (func $bad (result i32) i32.const 7))"#);
    let mut wasm = valid.unwrap();
    let at = wasm.windows(2).position(|pair| pair == [0x41, 7]).unwrap();
    wasm[at] = 0x42; // i64.const
    let error = error_of(&wasm);
    assert_eq!(error.func(), Some((1, Some("bad"))));
    assert_eq!(
        error.to_string(),
        format!(
            "type mismatch: expected i32, found i64 (at offset {:#x}, func 1 <bad>)",
            at + 2
        )
    );
}

#[test]
fn truncated_modules_are_errors() {
    let wasm = wat::parse_str(MODULE.replace("70000", "7000")).unwrap();
    for len in 0..wasm.len() {
        // Without its name section alone the module is whole.
        if let Ok(object) = compile(&wasm[..len], &host_independent(), &|_, _| ()) {
            assert!(object.starts_with(b"\x7fELF"));
        }
    }
}

#[test]
fn flipped_modules_do_not_panic() {
    let wasm = wat::parse_str(MODULE.replace("70000", "7000")).unwrap();
    for index in 0..wasm.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut forged = wasm.clone();
            forged[index] ^= flip;
            let _ = compile(&forged, &host_independent(), &|_, _| ());
        }
    }
}

#[test]
fn every_cpu_of_every_target_compiles() {
    for target in Target::ALL.iter().copied() {
        for cpu in target.features().cpus {
            let mut options = Options::new(target);
            options.features = FeatureSet::parse(target, Some(cpu.name), None).unwrap();
            compile_wat(&MODULE.replace("70000", "7000"), &options);
        }
    }
}
