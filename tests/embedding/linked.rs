//! What a linker places need not be what a compiler wrote: a descriptor that is malformed, or of a module
//! for another machine, is refused with words that say what it is.
//!
//! # Safety
//! Descriptors and parts lie in memory that is never given back, and nothing of the modules is run.
#![allow(unsafe_code, reason = "vouches for descriptors made by hand")]

use object::{Object, ObjectSection};
use prefab::targets::{FeatureSet, Target, host};
use prefab::{CompileOptions, Module};
use prefab_abi::descriptor::{Descriptor, Part, SIZE};
use prefab_abi::note::Note;
use std::sync::LazyLock;

static OBJECT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let wasm = wat::parse_str(
        r#"(module
             (type $unary (func (param i32) (result i32)))
             (import "host" "log" (func $log (param i32)))
             (memory (export "memory") 1 2)
             (table 2 2 funcref)
             (global (export "global") (mut i64) (i64.const 7))
             (elem (i32.const 0) $twice $twice)
             (data (i32.const 8) "data")
             (func $twice (export "twice") (type $unary)
               (call $log (local.get 0))
               (i32.mul (local.get 0) (i32.const 2)))
             (func (export "indirect") (param i32) (result i32)
               (drop (memory.grow (i32.const 0)))
               (call_indirect (type $unary) (i32.load (local.get 0)) (local.get 0))))"#,
    )
    .unwrap();
    let options = CompileOptions::new(Target::host().unwrap());
    prefab::compile(&wasm, &options, &|_, _| ()).unwrap()
});

fn section(name: &str) -> Vec<u8> {
    let file = object::File::parse(&**OBJECT).unwrap();
    let section = file.section_by_name(name);
    section.map_or_else(Vec::new, |section| section.data().unwrap().to_vec())
}

/// The bytes of a part, as the compiler wrote them.
fn part(part: Part) -> Vec<u8> {
    section(part.section())
}

fn slots() -> u32 {
    let section = section(prefab_abi::object::SECTION_DESCRIPTOR);
    ((section.len() as u64 - SIZE) / 8) as u32
}

/// The descriptor of the object, with `change` made to a part, and an import table of other addresses.
fn descriptor(of: Part, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Descriptor::new([0; Part::ALL.len()], slots()).to_bytes();
    let mut change = Some(change);
    for part in Part::ALL {
        let mut contents = self::part(part);
        if part == of {
            change.take().expect("each part is there once")(&mut contents);
        }
        let contents = contents.leak();
        let at = part.pointer_offset() as usize;
        let address = contents.as_ptr().expose_provenance() as u64;
        bytes[at..at + 8].copy_from_slice(&address.to_le_bytes());
        bytes[at + 8..at + 16].copy_from_slice(&(contents.len() as u64).to_le_bytes());
    }
    for (slot, address) in bytes[SIZE as usize..].chunks_mut(8).zip(0x1000_u64..) {
        slot.copy_from_slice(&address.to_le_bytes());
    }
    bytes
}

fn linked(descriptor: Vec<u8>) -> Result<Module, String> {
    let descriptor = descriptor.leak();
    // SAFETY: it lies where it stays; nothing of the module is run.
    unsafe { Module::from_linked(descriptor.as_ptr(), "linked") }.map_err(|error| error.to_string())
}

#[track_caller]
fn refused(descriptor: Vec<u8>) -> String {
    linked(descriptor).map(|_| ()).expect_err("it is refused")
}

fn with_note(change: impl FnOnce(&mut Note)) -> Vec<u8> {
    descriptor(Part::Note, |bytes| {
        let mut note = Note::from_bytes(bytes).expect("the compiler's note");
        change(&mut note);
        *bytes = note.to_bytes();
    })
}

#[test]
fn what_the_compiler_wrote_is_taken() {
    let module = linked(descriptor(Part::Text, |_| ())).unwrap();
    assert_eq!(module.name(), "linked");
    assert!(module.exports().count() > 0);
    // Its types are known now, by other addresses than those of another module.
    assert!(linked(descriptor(Part::Text, |_| ())).is_ok());
}

#[test]
fn what_the_module_was_compiled_for_is_held_against_this_machine() {
    let missing = FeatureSet::from_names(
        host::target(),
        host::target().features().features.iter().map(|it| it.name),
    )
    .unwrap()
    .without(&host::features());
    if !missing.is_empty() {
        let names: Vec<String> = missing.names().map(str::to_owned).collect();
        assert_eq!(
            refused(with_note(|note| note.cpu_features = names)),
            format!(
                "the code uses CPU features that this machine does not have ({missing}): \
                 recompile with `prefab compile` and other `--cpu` or `--features`"
            )
        );
    }
    let message = refused(with_note(|note| {
        note.cpu_features = vec!["teleport".to_owned()]
    }));
    let start = "the code uses a CPU feature that this Prefab does not know \
                 (unknown feature \"teleport\" for ";
    assert!(message.starts_with(start), "{message}");
    let end = ": load the object with a newer Prefab, or recompile it";
    assert!(message.ends_with(end), "{message}");

    let triple = host::target().triple();
    assert_eq!(
        refused(with_note(|note| note.target = "pdp11-dec-bsd".to_owned())),
        format!(
            "target is pdp11-dec-bsd, but {triple} is needed: \
             recompile it with `prefab compile --target` for this machine"
        )
    );
    let revision = prefab_abi::ABI_REVISION;
    let newer = revision + 1;
    assert_eq!(
        refused(with_note(|note| note.abi_revision = newer)),
        format!(
            "ABI revision is {newer}, but {revision} is needed: \
             load it with a newer Prefab, or recompile it with `prefab compile` of this one"
        )
    );
}

#[test]
fn malformed_descriptors_are_refused() {
    let fine = || descriptor(Part::Text, |_| ());
    for at in 0..8 {
        let mut forged = fine();
        forged[at] ^= 1;
        let message = refused(forged);
        assert!(
            message.contains("is not a Prefab descriptor's"),
            "{message}"
        );
    }
    let mut forged = fine();
    forged[8] ^= 0x40;
    let message = refused(forged);
    assert!(message.contains("is not this runtime's"), "{message}");
    // An import table of fewer pointers than the metadata speaks of.
    for fewer in 0..slots() {
        let mut forged = fine();
        forged[12..16].copy_from_slice(&fewer.to_le_bytes());
        let message = refused(forged);
        assert!(message.contains("size of the import table"), "{message}");
    }
    for part in [Part::Meta, Part::Note] {
        let message = refused(descriptor(part, Vec::clear));
        assert!(!message.is_empty());
    }
}

#[test]
fn malformed_parts_are_refused_or_another_module() {
    for of in [Part::Meta, Part::Traps, Part::Note] {
        let len = part(of).len();
        // Each truncation, but of large parts only some.
        for len in (0..len).step_by(1 + len / 500) {
            let _ = look(descriptor(of, |bytes| bytes.truncate(len)));
        }
        for at in (0..len).step_by(1 + len / 500) {
            for flip in [0x01, 0x80, 0xff] {
                let _ = look(descriptor(of, |bytes| bytes[at] ^= flip));
            }
        }
    }
}

/// Takes the module and looks at what can be looked at.
fn look(descriptor: Vec<u8>) -> Result<usize, String> {
    let module = linked(descriptor)?;
    Ok(module.imports().count() + module.exports().count())
}
