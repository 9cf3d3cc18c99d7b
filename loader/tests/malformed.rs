//! Whatever a file holds, loading it gives a module that can be looked at, or an error that names
//! what is wrong; never a panic or a read outside the file.
//!
//! # Safety
//! The forged code is loaded and never run.
#![allow(unsafe_code, reason = "loading trusts the code in a file")]

mod common;

use common::{EVERYTHING, Elf, HEADER, RELA, SECTION, SYMBOL, field, object};
use prefab_abi::descriptor::{self, Part};
use prefab_abi::object::{SECTION_DESCRIPTOR, SECTION_META, SECTION_NOTE, SECTION_TEXT};
use prefab_loader::{Problem, load_bytes};
use prefab_targets::host;
use std::sync::LazyLock;

static OBJECT: LazyLock<Elf> = LazyLock::new(|| Elf(object(EVERYTHING)));

/// Loads and looks at what can be looked at; what is wrong, if something is.
fn load(bytes: &[u8]) -> Result<(), String> {
    // SAFETY: nothing of it is run.
    let module = unsafe { load_bytes(bytes, "forged.o") }.map_err(|error| {
        let message = error.to_string();
        assert!(message.starts_with("forged.o: "), "{message}");
        message
    })?;
    for import in module.imports() {
        let _ = format!("{import:?}");
    }
    for export in module.exports() {
        let _ = format!("{export:?}");
    }
    Ok(())
}

/// The message with which this is refused.
#[track_caller]
fn refused(elf: &Elf) -> String {
    load(&elf.0).expect_err("it is refused")
}

#[track_caller]
fn assert_says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{message:?} does not say {word:?}");
    }
}

/// Values to forge a field of `size` bytes with.
fn forgeries(old: u64, size: usize) -> Vec<u64> {
    let max = u64::MAX >> (64 - 8 * size);
    let mut values = vec![
        0,
        1,
        old.wrapping_add(1) & max,
        old.wrapping_sub(1) & max,
        old ^ 0x1000 & max,
        max,
        max / 2,
        max / 2 + 1,
        max - 7,
    ];
    values.retain(|value| *value != old);
    values
}

#[test]
fn the_object_is_loaded_as_it_is() {
    load(&OBJECT.0).unwrap();
}

#[test]
fn truncated_anywhere_it_is_refused() {
    for len in 0..OBJECT.0.len() {
        let message = load(&OBJECT.0[..len]).expect_err("it is refused");
        if len < 4 {
            assert_says(&message, &["not an ELF file"]);
        }
    }
}

#[test]
fn every_field_of_the_elf_header() {
    for (name, offset, size) in HEADER {
        for value in forgeries(OBJECT.read(*offset, *size), *size) {
            let mut elf = OBJECT.clone();
            elf.write(*offset, *size, value);
            let result = load(&elf.0);
            // What only running a program would need is not looked at.
            let unused = [
                "ident version",
                "entry",
                "phoff",
                "ehsize",
                "phentsize",
                "phnum",
                "flags",
            ];
            assert!(
                result.is_err() || unused.contains(name),
                "{name} = {value:#x}"
            );
        }
    }
}

#[test]
fn every_field_of_every_section_header() {
    for index in 0..OBJECT.section_count() {
        let header = OBJECT.section_header(index);
        for (_, offset, size) in SECTION {
            for value in forgeries(OBJECT.read(header + offset, *size), *size) {
                let mut elf = OBJECT.clone();
                elf.write(header + offset, *size, value);
                let _ = load(&elf.0);
            }
        }
    }
}

#[test]
fn every_field_of_every_relocation() {
    for relocation in OBJECT.relocations() {
        for (name, offset, size) in RELA {
            for value in forgeries(OBJECT.read(relocation + offset, *size), *size) {
                let mut elf = OBJECT.clone();
                elf.write(relocation + offset, *size, value);
                let result = load(&elf.0);
                // Another type's identity is as good a symbol for a slot: the metadata says
                // which one it is.
                assert!(result.is_err() || *name == "sym", "{name} = {value:#x}");
            }
        }
    }
}

#[test]
fn every_field_of_every_symbol() {
    let count = OBJECT.contents(".symtab").len() / 24;
    for index in 0..count {
        for (_, offset, size) in SYMBOL {
            let at = OBJECT.symbol(index) + offset;
            for value in forgeries(OBJECT.read(at, *size), *size) {
                let mut elf = OBJECT.clone();
                elf.write(at, *size, value);
                let _ = load(&elf.0);
            }
        }
    }
}

#[test]
fn every_byte_of_note_descriptor_and_tables() {
    let sections = Part::ALL
        .into_iter()
        .filter(|part| !matches!(part, Part::Text | Part::Image))
        .map(Part::section)
        .chain([SECTION_NOTE, SECTION_DESCRIPTOR, ".shstrtab", ".strtab"]);
    for section in sections {
        if !(0..OBJECT.section_count()).any(|index| OBJECT.section_name(index) == section) {
            continue;
        }
        for at in OBJECT.contents(section) {
            for change in [0xff, 0x01, 0x80] {
                let mut elf = OBJECT.clone();
                elf.0[at] ^= change;
                let _ = load(&elf.0);
            }
        }
    }
}

#[test]
fn every_word_of_the_metadata() {
    for at in OBJECT.contents(SECTION_META).step_by(4) {
        for value in forgeries(OBJECT.read(at, 4), 4) {
            let mut elf = OBJECT.clone();
            elf.write(at, 4, value);
            let _ = load(&elf.0);
        }
    }
}

#[test]
fn other_files() {
    assert_says(&load(b"").unwrap_err(), &["not an ELF file"]);
    assert_says(&load(b"\0asm\x01\0\0\0").unwrap_err(), &["not an ELF file"]);
    assert_says(&load(b"\x7fELF").unwrap_err(), &["ELF header"]);
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let message = load(&program).unwrap_err();
    assert_says(&message, &["ELF type", "DYN", "REL", "prefab compile"]);
    let error = unsafe_load_file("/nonexistent/file.o");
    assert_says(&error, &["/nonexistent/file.o: cannot open the file"]);
    let error = unsafe_load_file("/");
    assert_says(&error, &["regular file"]);
}

fn unsafe_load_file(path: &str) -> String {
    // SAFETY: there is no code to be run.
    unsafe { prefab_loader::load_file(path) }
        .map(|_| ())
        .unwrap_err()
        .to_string()
}

#[test]
fn other_machines() {
    let forged = |name: &str, value: u64| {
        let mut elf = OBJECT.clone();
        let (_, offset, size) = field(HEADER, name);
        elf.write(offset, size, value);
        refused(&elf)
    };
    assert_says(&forged("class", 1), &["ELF class", "ELF32", "ELF64"]);
    assert_says(&forged("data", 2), &["big-endian", "little-endian"]);
    assert_says(&forged("type", 2), &["ELF type", "EXEC"]);
    assert_says(&forged("version", 7), &["ELF version", "7"]);
    let here = host::target();
    let other = prefab_targets::Target::ALL
        .iter()
        .find(|target| ***target != *here)
        .unwrap();
    let message = forged("machine", other.machine().into());
    assert_says(
        &message,
        &["ELF machine", other.name(), here.name(), "--target"],
    );
    assert_says(
        &forged("machine", 4),
        &["ELF machine", "none that Prefab knows"],
    );
    assert_says(&forged("flags", 0x8000_0000), &["ELF flags"]);
}

#[test]
fn flags_and_types_of_sections() {
    for (name, flags) in [(SECTION_TEXT, 7), (SECTION_DESCRIPTOR, 7), (".eh_frame", 5)] {
        let mut elf = OBJECT.clone();
        let index = elf.section(name);
        elf.forge_section(index, "flags", flags);
        assert_says(&refused(&elf), &["flags of section", name, "executable"]);
    }
    for (name, flags) in [(SECTION_TEXT, 2), (SECTION_META, 3), (SECTION_META, 0x802)] {
        let mut elf = OBJECT.clone();
        let index = elf.section(name);
        elf.forge_section(index, "flags", flags);
        assert_says(&refused(&elf), &["flags of section", name]);
    }
    for name in [SECTION_TEXT, SECTION_NOTE, SECTION_META, SECTION_DESCRIPTOR] {
        let mut elf = OBJECT.clone();
        let index = elf.section(name);
        // A table of symbols, and nothing in the file.
        for other in [2, 8] {
            elf.forge_section(index, "type", other);
            assert_says(&refused(&elf), &[name]);
        }
    }
}

#[test]
fn sections_that_are_not_where_they_should_be() {
    let mut elf = OBJECT.clone();
    let text = elf.section(SECTION_TEXT);
    let offset = elf.section_field(text, "offset");
    elf.forge_section(text, "offset", offset + 16);
    assert_says(&refused(&elf), &["file offset of section .text", "page"]);

    let mut elf = OBJECT.clone();
    elf.forge_section(text, "size", 1 << 40);
    assert_says(&refused(&elf), &[".text", "reaches out of the file"]);

    for name in [SECTION_NOTE, SECTION_META, SECTION_DESCRIPTOR, SECTION_TEXT] {
        let mut elf = OBJECT.clone();
        let index = elf.section(name);
        let size = elf.section_field(index, "size");
        elf.forge_section(index, "size", size - 4);
        assert_says(&refused(&elf), &[name]);
        let mut elf = OBJECT.clone();
        elf.forge_section(index, "name", 0);
        assert_says(&refused(&elf), &[name, "missing"]);
    }

    let mut elf = OBJECT.clone();
    let eh_frame = elf.section(".eh_frame");
    let name = elf.section_field(text, "name");
    elf.forge_section(eh_frame, "name", name);
    assert_says(&refused(&elf), &[".text", "several"]);
}

#[test]
fn relocations_that_should_not_be() {
    let mut elf = OBJECT.clone();
    let rela = elf.section(".rela.eh_frame");
    let text = elf.section(SECTION_TEXT) as u64;
    elf.forge_section(rela, "info", text);
    assert_says(&refused(&elf), &[".text", "relocations"]);

    let first = OBJECT.relocations()[0];
    let forged = |name: &str, value: u64| {
        let mut elf = OBJECT.clone();
        let (_, offset, size) = field(RELA, name);
        elf.write(first + offset, size, value);
        refused(&elf)
    };
    let kinds = host::target().relocations();
    let other = kinds
        .kinds
        .iter()
        .find(|kind| kind.number != kinds.absolute_64);
    let message = forged("type", other.unwrap().number.into());
    assert_says(
        &message,
        &["relocation 0", SECTION_DESCRIPTOR, other.unwrap().name],
    );
    assert_says(&forged("type", 99), &["relocation kind 99"]);
    let size = OBJECT.contents(SECTION_DESCRIPTOR).len() as u64;
    for outside in [size, size - 4, u64::MAX] {
        assert_says(&forged("offset", outside), &["reaches out of its section"]);
    }
    assert_says(&forged("offset", 8), &["no pointer at 0x8"]);
    assert_says(&forged("sym", 1 << 30), &["no symbol"]);
    assert_says(&forged("addend", 8), &["addend"]);
    let second = OBJECT.read(OBJECT.relocations()[1], 8);
    assert_says(&forged("offset", second), &["relocation"]);

    let mut elf = OBJECT.clone();
    let index = elf.section(&format!(".rela{SECTION_DESCRIPTOR}"));
    let size = elf.section_field(index, "size");
    elf.forge_section(index, "size", size - 24);
    assert_says(&refused(&elf), &["no relocation for"]);
    elf.forge_section(index, "size", size);
    // SHT_REL
    elf.forge_section(index, "type", 9);
    assert_says(&refused(&elf), &["relocations of", "SHT_REL"]);
}

#[test]
fn unknown_runtime_functions() {
    // The slots that are not types are runtime functions; the last slot is one.
    let last = *OBJECT.relocations().last().unwrap();
    assert_eq!(
        OBJECT.read(last, 8) as usize + 8,
        OBJECT.contents(SECTION_DESCRIPTOR).len()
    );
    let symbol = OBJECT.symbol(OBJECT.read(last + 12, 4) as usize);
    let strings = OBJECT.contents(".strtab");
    let name = strings.start + OBJECT.read(symbol, 4) as usize;

    // Another function than the metadata says.
    let mut elf = OBJECT.clone();
    assert_eq!(&elf.0[name..name + 10], b"prefab_rt_");
    elf.0[name + 10] = b'q';
    assert_says(&refused(&elf), &["slot", "prefab_rt_q"]);

    // One that nobody knows, in both places.
    let meta_bytes = OBJECT.contents(SECTION_META);
    let meta = prefab_abi::meta::Meta::new(&OBJECT.0[meta_bytes.clone()]).unwrap();
    let slots = meta.slots().unwrap();
    let slot = slots.get(slots.len() - 1).unwrap();
    assert_eq!(slot.kind, prefab_abi::meta::SlotKind::Builtin as u32);
    let table = meta_bytes.start + 48 + 8 * prefab_abi::meta::Section::Slots as usize;
    let record = meta_bytes.start + OBJECT.read(table, 4) as usize + 8 * (slots.len() as usize - 1);
    assert_eq!(OBJECT.read(record + 4, 4), u64::from(slot.index));
    elf.write(record + 4, 4, 4000);
    // SAFETY: it is not run.
    let error = unsafe { load_bytes(&elf.0, "forged.o") }
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(error.problem(), Problem::UnknownRuntimeFunction { .. }),
        "{error}"
    );
    assert_says(
        &error.to_string(),
        &["prefab_rt_q", "newer Prefab", "recompile"],
    );
}

#[test]
fn descriptors_that_do_not_fit() {
    let start = OBJECT.contents(SECTION_DESCRIPTOR).start;
    let forged = |offset: u64, size: usize, value: u64| {
        let mut elf = OBJECT.clone();
        elf.write(start + offset as usize, size, value);
        refused(&elf)
    };
    assert_says(&forged(0, 8, 0), &["descriptor magic"]);
    assert_says(&forged(8, 4, 9), &["descriptor ABI revision"]);
    assert_says(&forged(12, 4, 1), &["size of section", SECTION_DESCRIPTOR]);
    assert_says(&forged(12, 4, u32::MAX.into()), &["import table"]);
    for part in Part::ALL {
        let size = part.pointer_offset() + 8;
        assert!(size < descriptor::SIZE);
        let message = forged(size, 8, 1 << 33);
        assert_says(&message, &[part.section()]);
    }
}
