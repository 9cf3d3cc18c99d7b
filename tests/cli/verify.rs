//! `prefab inspect --verify`: sound objects pass, on every target; tampered ones do not.

use super::Place;
use object::elf::{FileHeader64, SectionHeader64};
use object::read::elf::FileHeader;
use object::{Endianness, Object, ObjectSection};
use prefab::targets::Target;
use std::path::Path;

const MODULE: &str = r#"(module
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1 2)
  (data (i32.const 16) "hello")
  (table 4 funcref)
  (elem (i32.const 0) $fac $switch)
  (global $g (mut i32) (i32.const 7))
  (func $fac (export "fac") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 1))
      (else (i32.mul (local.get 0) (call $fac (i32.sub (local.get 0) (i32.const 1)))))))
  (func $switch (param i32) (result i32)
    (block (block (block (block (br_table 0 1 2 3 (local.get 0)))
      (return (i32.const 10))) (return (i32.const 11))) (return (i32.const 12)))
    (i32.div_s (i32.load (local.get 0)) (local.get 0)))
  (func (export "indirect") (param i32 i32) (result i32)
    (call $log (global.get $g))
    (call_indirect (param i32) (result i32) (local.get 1) (local.get 0))))"#;

fn compile(place: &Place, target: &Target) -> Vec<u8> {
    place.write("good.wat", MODULE);
    place
        .prefab(["compile", "good.wat", "--target", target.triple()])
        .ok();
    std::fs::read(place.path("good.o")).unwrap()
}

/// What is found in `object`.
fn problems(place: &Place, object: &[u8]) -> String {
    place.write("tampered.o", object);
    let run = place.prefab(["inspect", "--verify", "tampered.o"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    run.stderr
}

/// Where a section's bytes are in the file.
fn section(object: &[u8], name: &str) -> usize {
    let file = object::File::parse(object).unwrap();
    let section = file.section_by_name(name).unwrap();
    section.file_range().unwrap().0 as usize
}

/// Where the header of a section is in the file.
fn section_header(object: &[u8], name: &str) -> usize {
    let header = FileHeader64::<Endianness>::parse(object).unwrap();
    let sections = header.sections(Endianness::Little, object).unwrap();
    let (index, _) = sections
        .section_by_name(Endianness::Little, name.as_bytes())
        .unwrap();
    let table = header.e_shoff.get(Endianness::Little) as usize;
    table + index.0 * size_of::<SectionHeader64<Endianness>>()
}

fn add(object: &mut [u8], at: usize, value: u32) {
    let bytes = object[at..at + 4].try_into().unwrap();
    let value = u32::from_le_bytes(bytes).wrapping_add(value);
    object[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn sound_objects_pass_on_every_target() {
    let place = Place::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut modules = vec![
        place.write("good.wat", MODULE),
        place.write("empty.wat", "(module)"),
        place.write(
            "data.wat",
            r#"(module (memory 1) (data (i32.const 0) "data"))"#,
        ),
        root.join("examples/mandelbrot.wasm"),
    ];
    for folder in ["codegen", "run"] {
        let entries = std::fs::read_dir(root.join("tests/cases").join(folder)).unwrap();
        modules.extend(entries.map(|entry| entry.unwrap().path()));
    }
    for target in Target::ALL {
        for level in ["-O0", "-O2"] {
            for module in &modules {
                let args = ["compile", "-o", "x.o", level, "--target", target.triple()];
                let args = args.iter().map(Path::new).chain([module.as_path()]);
                let compiled = place.prefab(args);
                if compiled.stderr.contains("is not enabled") {
                    // Not every target has every feature; that is said when it is compiled.
                    continue;
                }
                compiled.ok();
                let verified = place.prefab(["inspect", "--verify", "x.o"]).ok();
                assert!(verified.starts_with("x.o: ok: "), "{verified}");
                assert!(!verified.contains("does not know"), "{verified}");
            }
        }
    }
}

#[test]
fn tampered_objects_do_not() {
    let place = Place::new();
    for target in Target::ALL {
        let good = compile(&place, target);
        // Each changes one thing; what it is about must be among the problems.
        type Change = fn(&mut [u8]);
        let changes: &[(Change, &str)] = &[
            (
                |o| o[section(o, ".text")] ^= 1,
                ".note.prefab: the content's SHA-256 is ",
            ),
            (
                |o| o[section(o, ".prefab.image")] ^= 1,
                ".note.prefab: the content's SHA-256 is ",
            ),
            (
                |o| add(o, section(o, ".rodata.prefab.addrmap") + 4, 1 << 20),
                ".rodata.prefab.addrmap: code offset ",
            ),
            (
                |o| add(o, section(o, ".rodata.prefab.addrmap"), 1),
                ".rodata.prefab.addrmap: code map site: is malformed ",
            ),
            // The function of the last one that is inlined, which stands before the two counts.
            (
                |o| {
                    let file = object::File::parse(&*o).unwrap();
                    let map = file.section_by_name(".rodata.prefab.addrmap").unwrap();
                    let size = map.size() as usize;
                    add(o, section(o, ".rodata.prefab.addrmap") + size - 20, 1 << 20);
                },
                "is inlined, which is not one of the module's own",
            ),
            (
                |o| add(o, section(o, ".data.rel.ro.prefab") + 24, 1),
                ".data.rel.ro.prefab: .text: ",
            ),
            // Flags of the section: writable.
            (
                |o| o[section_header(o, ".text") + 8] |= 1,
                ".text: is writable and executable",
            ),
            // The section that the relocations are of.
            (
                |o| {
                    let at = section_header(o, ".rela.eh_frame") + 44;
                    let text = section_header(o, ".text") - section_header(o, "");
                    o[at..at + 4].copy_from_slice(&((text / 64) as u32).to_le_bytes());
                },
                ".text: a relocation: there may be none",
            ),
            (
                |o| add(o, section(o, ".rela.data.rel.ro.prefab") + 8, 777),
                ".data.rel.ro.prefab: relocation kind ",
            ),
            (
                |o| add(o, section(o, ".rela.data.rel.ro.prefab"), 1 << 20),
                "reaches out of its section",
            ),
            (
                |o| add(o, section(o, ".rela.data.rel.ro.prefab") + 16, 8),
                "the relocation does not lead to the section's start",
            ),
            (
                |o| add(o, section(o, ".rela.eh_frame") + 16, 1 << 20),
                ".eh_frame: an entry is about ",
            ),
            // The end of a function's rules: `DW_CFA_restore_state`, `DW_CFA_remember_state`.
            (
                |o| {
                    let at = section(o, ".eh_frame");
                    let end = o[at..].windows(2).position(|bytes| bytes == [0x0b, 0x0a]);
                    o[at + end.unwrap()] = 0;
                },
                " goes on where it begins",
            ),
        ];
        for (change, expected) in changes {
            let mut object = good.clone();
            change(&mut object);
            assert!(object != good);
            let found = problems(&place, &object);
            assert!(found.contains(expected), "{target}: {expected}\n{found}");
        }
    }
}

#[test]
fn calls_out_of_functions_are_found() {
    let place = Place::new();
    let Ok(target) = Target::from_triple("x86_64") else {
        panic!("a target of Prefab's");
    };
    let mut object = compile(&place, target);
    let disasm = place.prefab(["inspect", "good.o", "--disasm", "fac"]).ok();
    let call = disasm
        .lines()
        .skip(1)
        .find(|line| line.contains("func 1 <fac>"));
    let call = call.unwrap().trim().split(':').next().unwrap();
    let call = usize::from_str_radix(call, 16).unwrap();
    let at = section(&object, ".text") + call + 1;
    add(&mut object, at, 1);
    let found = problems(&place, &object);
    assert!(
        found.contains(".text: fac: goes to 0x1, where no function starts"),
        "{found}"
    );
}

#[test]
fn no_object_makes_it_panic() {
    let place = Place::new();
    let good = compile(&place, Target::ALL[0]);
    let check = |object: &[u8]| {
        place.write("forged.o", object);
        for option in ["--verify", "--json", "--disasm=1"] {
            let run = place.prefab(["inspect", "forged.o", option]);
            assert!(matches!(run.code, Some(0 | 1)), "{run:?}");
            assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        }
    };
    for len in (0..good.len()).step_by(good.len() / 64) {
        check(&good[..len]);
    }
    for index in (0..good.len()).step_by(good.len() / 200) {
        let mut forged = good.clone();
        forged[index] ^= 0xff;
        check(&forged);
    }
}

#[test]
fn the_note_must_not_promise_what_the_code_does_not_keep() {
    use prefab_abi::note::{MemoryPlan, Note, Traps};
    let place = Place::new();
    let object = compile(&place, Target::ALL[0]);
    let at = section(&object, ".note.prefab");
    let size = object::File::parse(&*object)
        .unwrap()
        .section_by_name(".note.prefab")
        .unwrap()
        .size() as usize;
    let note = Note::from_bytes(&object[at..at + size]).unwrap();
    assert_eq!(note.traps, Traps::Signals);
    for (change, expected) in [
        (
            (|note| note.traps = Traps::Explicit) as fn(&mut Note),
            [
                "traps are explicit, but the memory plan is guarded",
                " instructions trap\n",
            ]
            .as_slice(),
        ),
        (
            |note| note.memory_plan = MemoryPlan::Bounded,
            &["the memory plan is bounded, but the code relies on a guard of 33554432 bytes"],
        ),
    ] {
        let mut changed = note.clone();
        change(&mut changed);
        let bytes = changed.to_bytes();
        assert_eq!(bytes.len(), size);
        let mut tampered = object.clone();
        tampered[at..at + size].copy_from_slice(&bytes);
        let found = problems(&place, &tampered);
        for message in expected {
            assert!(found.contains(message), "{message:?} is not in\n{found}");
        }
    }
}

#[test]
fn the_note_says_how_the_host_controls_the_code() {
    const INTERRUPTIBLE: u32 = 9;
    const FUEL: u32 = 10;
    const CODE_MAP: u32 = 11;
    let place = Place::new();
    place.write("good.wat", MODULE);
    for target in Target::ALL {
        let args = ["compile", "good.wat", "--interruptible", "--fuel"];
        let args = [&args[..], &["--target", target.triple()]].concat();
        place.prefab(args).ok();
        place.prefab(["inspect", "--verify", "good.o"]).ok();
        let object = std::fs::read(place.path("good.o")).unwrap();
        let note = section(&object, ".note.prefab");
        for (tag, expected) in [
            (CODE_MAP, "there is a code map, but that is not said"),
            (
                INTERRUPTIBLE,
                "the code can be interrupted, but that is not said",
            ),
            (FUEL, "the code counts fuel, but that is not said"),
        ] {
            let field = [tag, 4, 1].map(u32::to_le_bytes).concat();
            let mut fields = object[note..].windows(field.len());
            let at = note + fields.position(|bytes| bytes == field).unwrap();
            let mut tampered = object.clone();
            // A field that whoever does not know it may pass over.
            tampered[at + 3] = 0x80;
            let found = problems(&place, &tampered);
            assert!(found.contains(expected), "{target}: {found}");
        }
    }
}
