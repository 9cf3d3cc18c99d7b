//! What an object needs and does not find here: refused in exactly these words. An object's needs
//! are capabilities, listed in its note, not the version of the compiler that wrote it.
//!
//! # Safety
//! The forged code is loaded and never run.
#![allow(unsafe_code, reason = "loading trusts the code in a file")]

mod common;

use common::{EVERYTHING, Elf, object};
use prefab_abi::descriptor::Part;
use prefab_abi::note::Note;
use prefab_abi::object::{SECTION_DESCRIPTOR, SECTION_NOTE};
use prefab_loader::load_bytes;
use prefab_targets::{Target, host};
use std::sync::LazyLock;

static OBJECT: LazyLock<Elf> = LazyLock::new(|| Elf(object(EVERYTHING)));

const TAG_MEMORY_PLAN: u32 = 5;
const TAG_TRAPS: u32 = 7;
const TAG_OPTIONS: u32 = 0x8000_0001;

/// The object with these bytes for its note, at the end of the file.
fn with_note(bytes: &[u8]) -> Elf {
    let mut elf = OBJECT.clone();
    let index = elf.section(SECTION_NOTE);
    let start = elf.0.len() as u64;
    elf.forge_section(index, "offset", start);
    elf.forge_section(index, "size", bytes.len() as u64);
    let descriptor = elf.contents(SECTION_DESCRIPTOR).start;
    let size = descriptor + Part::Note.pointer_offset() as usize + 8;
    elf.write(size, 8, bytes.len() as u64);
    elf.0.extend_from_slice(bytes);
    elf
}

fn note_bytes() -> Vec<u8> {
    OBJECT.0[OBJECT.contents(SECTION_NOTE)].to_vec()
}

/// The object whose note is its own, changed.
fn changed(change: impl FnOnce(&mut Note)) -> Elf {
    let mut note = Note::from_bytes(&note_bytes()).unwrap();
    change(&mut note);
    with_note(&note.to_bytes())
}

/// The object with another number for a field, or another tag; and where that stands in the note.
fn forged(tag: u32, at: usize, value: u32) -> (Elf, usize) {
    let mut note = note_bytes();
    let mut offset = 20;
    while u32::from_le_bytes(note[offset..offset + 4].try_into().unwrap()) != tag {
        let size = u32::from_le_bytes(note[offset + 4..offset + 8].try_into().unwrap());
        offset += 8 + size.next_multiple_of(4) as usize;
    }
    note[offset + at..offset + at + 4].copy_from_slice(&value.to_le_bytes());
    (with_note(&note), offset + 8)
}

fn load(elf: &Elf) -> Result<(), String> {
    // SAFETY: nothing of it is run.
    let loaded = unsafe { load_bytes(&elf.0, "app.o") };
    loaded.map(drop).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(elf: &Elf, words: &str) {
    assert_eq!(load(elf), Err(format!("app.o: {words}")));
}

#[test]
fn nothing_that_is_met() {
    assert_eq!(load(&changed(|_| ())), Ok(()));
    // What is only for people, and fields that need not be understood, ask for nothing.
    let for_people = changed(|note| {
        note.compiler = "another compiler".into();
        note.options = "other options".into();
    });
    assert_eq!(load(&for_people), Ok(()));
    let page_size = host::target().page_size();
    assert_eq!(
        load(&changed(|note| note.page_size = 4 * page_size)),
        Ok(())
    );
}

#[test]
fn another_revision_of_the_contract() {
    refused(
        &changed(|note| note.abi_revision = 2),
        "ABI revision is 2, but 1 is needed: load it with a newer Prefab, or recompile it with \
         `prefab compile` of this one",
    );
    refused(
        &changed(|note| note.abi_revision = 0),
        "ABI revision is 0, but 1 is needed: recompile the module with `prefab compile` of this \
         Prefab",
    );
}

#[test]
fn another_target() {
    let here = host::target().triple();
    let other = Target::ALL.iter().find(|target| target.triple() != here);
    let other = other.expect("there are several targets").triple();
    refused(
        &changed(|note| note.target = other.into()),
        &format!(
            "target is {other}, but {here} is needed: recompile it with `prefab compile --target` \
             for this machine"
        ),
    );
}

#[test]
fn a_larger_page_than_the_layout_is_for() {
    let here = rustix::param::page_size();
    refused(
        &changed(|note| note.page_size = 512),
        &format!(
            "page size of the layout is 512, but a multiple of this system's, {here}, is needed: \
             recompile it with `prefab compile --target` for this machine"
        ),
    );
}

#[test]
fn cpu_features() {
    let unknown = load(&changed(|note| note.cpu_features.push("turbo".into()))).unwrap_err();
    let start = format!(
        "app.o: the code uses a CPU feature that this Prefab does not know (unknown feature \
         \"turbo\" for {}: the features are ",
        host::target()
    );
    assert!(unknown.starts_with(&start), "{unknown}");
    assert!(
        unknown.ends_with("): load the object with a newer Prefab, or recompile it"),
        "{unknown}"
    );
    let here = host::features();
    for feature in host::target().features().features {
        let elf = changed(|note| note.cpu_features = vec![feature.name.into()]);
        if here.has(feature.name) {
            assert_eq!(load(&elf), Ok(()), "{}", feature.name);
            continue;
        }
        let error = load(&elf).unwrap_err();
        let start = "app.o: the code uses CPU features that this machine does not have (";
        let end = "): recompile with `prefab compile` and other `--cpu` or `--features`";
        let missing = error
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end));
        let missing = missing.unwrap_or_else(|| panic!("{error}"));
        assert!(missing.contains(feature.name), "{error}");
    }
}

#[test]
fn what_this_revision_does_not_know() {
    let advice = "asks for something that this runtime does not know: load the object with a newer \
                  Prefab, or recompile the module with `prefab compile` of this one";
    let (elf, at) = forged(TAG_MEMORY_PLAN, 8, 9);
    let words = format!(".note.prefab: note memory plan: {advice} (at offset {at:#x})");
    refused(&elf, &words);
    let (elf, at) = forged(TAG_TRAPS, 8, 9);
    refused(
        &elf,
        &format!(".note.prefab: note traps: {advice} (at offset {at:#x})"),
    );
    // A field that must be understood.
    let (elf, at) = forged(TAG_OPTIONS, 0, 99);
    refused(
        &elf,
        &format!(".note.prefab: note field: {advice} (at offset {at:#x})"),
    );
}

#[test]
fn a_guard_larger_than_any() {
    refused(
        &changed(|note| note.guard_size_bytes = u64::MAX),
        "malformed module: guard size: is too large (at offset 0x0)",
    );
}
