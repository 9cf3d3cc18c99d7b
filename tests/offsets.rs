//! Accesses to memory with offsets around every boundary of displacements, on every target and for
//! every way to compile: all compile, and those for this machine do as they should.
//!
//! # Safety
//!
//! Unsafe for loading objects that the compiler has just made.
#![allow(unsafe_code, reason = "loads objects that the compiler has just made")]

use prefab::targets::Target;
use prefab::{
    CompileOptions, Linker, MemoryPlan, OptLevel, Store, TrapCode, Traps, compile, load_bytes,
};
use std::fmt::Write;

/// Instructions: the name, the size of the access in bytes, and what surrounds it. `{}` stands for the
/// offset; each takes an address and returns an `i32`.
const LOADS: [(&str, u64, &str); 22] = [
    ("i32.load", 4, "{}"),
    ("i64.load", 8, "(i32.wrap_i64 {})"),
    ("f32.load", 4, "(i32.reinterpret_f32 {})"),
    ("f64.load", 8, "(i32.wrap_i64 (i64.reinterpret_f64 {}))"),
    ("i32.load8_s", 1, "{}"),
    ("i32.load8_u", 1, "{}"),
    ("i32.load16_s", 2, "{}"),
    ("i32.load16_u", 2, "{}"),
    ("i64.load8_s", 1, "(i32.wrap_i64 {})"),
    ("i64.load8_u", 1, "(i32.wrap_i64 {})"),
    ("i64.load16_s", 2, "(i32.wrap_i64 {})"),
    ("i64.load16_u", 2, "(i32.wrap_i64 {})"),
    ("i64.load32_s", 4, "(i32.wrap_i64 {})"),
    ("i64.load32_u", 4, "(i32.wrap_i64 {})"),
    ("v128.load", 16, "(i32x4.extract_lane 0 {})"),
    ("v128.load8x8_s", 8, "(i32x4.extract_lane 0 {})"),
    ("v128.load16x4_u", 8, "(i32x4.extract_lane 0 {})"),
    ("v128.load32x2_s", 8, "(i32x4.extract_lane 0 {})"),
    ("v128.load8_splat", 1, "(i32x4.extract_lane 0 {})"),
    ("v128.load64_splat", 8, "(i32x4.extract_lane 0 {})"),
    ("v128.load32_zero", 4, "(i32x4.extract_lane 0 {})"),
    ("v128.load64_zero", 8, "(i32x4.extract_lane 0 {})"),
];

/// Stores, and the value that each stores.
const STORES: [(&str, u64, &str); 10] = [
    ("i32.store", 4, "(i32.const 0x11121314)"),
    ("i64.store", 8, "(i64.const 0x1112131415161718)"),
    ("f32.store", 4, "(f32.const 1.5)"),
    ("f64.store", 8, "(f64.const 1.5)"),
    ("i32.store8", 1, "(i32.const 0x21)"),
    ("i32.store16", 2, "(i32.const 0x2122)"),
    ("i64.store8", 1, "(i64.const 0x3132333435363738)"),
    ("i64.store16", 2, "(i64.const 0x3132333435363738)"),
    ("i64.store32", 4, "(i64.const 0x3132333435363738)"),
    (
        "v128.store",
        16,
        "(v128.const i32x4 0x41424344 0x45464748 0x494a4b4c 0x4d4e4f50)",
    ),
];

/// Boundaries of displacements: of 12 bits signed and unsigned, those scaled by the access, 16 bits, 32
/// bits signed, what riscv64 adds of two parts, and the end of offsets.
const BOUNDARIES: [u64; 10] = [
    1 << 11,
    1 << 12,
    1 << 13,
    1 << 15,
    1 << 16,
    1 << 24,
    0x7fff_f800,
    1 << 31,
    0xffff_f800,
    1 << 32,
];

/// The offsets at `boundary` for an access of `size` bytes.
fn offsets(boundary: u64, size: u64) -> Vec<u64> {
    let mut all: Vec<u64> = [0, 1, size - 1, size]
        .into_iter()
        .flat_map(|distance| [boundary - distance, boundary + distance])
        .filter(|offset| *offset < 1 << 32)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The function of an instruction with an offset.
struct Access {
    name: &'static str,
    offset: u64,
    size: u64,
}

/// A module with a function per instruction and offset, exported by its place in the list, and a
/// function per instruction with no offset, exported by the name of the instruction.
fn module(boundary: u64) -> (Vec<u8>, Vec<Access>) {
    let mut text = String::from("(module (memory (export \"memory\") 3)\n");
    let mut functions = Vec::new();
    let mut add = |export: String, body: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "(func (export \"{export}\") (param i32) (result i32) {body})"
        );
    };
    let loads = LOADS.map(|(name, size, around)| (name, size, around, ""));
    let stores = STORES.map(|(name, size, value)| (name, size, "{} (i32.const 0)", value));
    for (name, size, around, value) in loads.into_iter().chain(stores) {
        let access = |offset| {
            let access = format!("({name} offset={offset} (local.get 0) {value})");
            around.replace("{}", &access)
        };
        add(name.to_owned(), access(0));
        for offset in offsets(boundary, size) {
            add(functions.len().to_string(), access(offset));
            functions.push(Access { name, offset, size });
        }
    }
    text.push(')');
    (wat::parse_str(&text).expect("it is well-formed"), functions)
}

const WAYS: [(MemoryPlan, Traps); 3] = [
    (MemoryPlan::Guarded, Traps::Signals),
    (MemoryPlan::Bounded, Traps::Signals),
    (MemoryPlan::Bounded, Traps::Explicit),
];

/// Runs each function on addresses around the edges. Inside the memory it does what the instruction
/// without an offset does at the sum of address and offset. Outside it traps.
fn runs(object: &[u8], functions: &[Access], way: &str) {
    const SIZE: u64 = 3 << 16;
    const END: usize = SIZE as usize - 16;
    // Neither all the same nor the same in each page.
    let pattern: Vec<u8> = (0..SIZE).map(|at| (at * 7 + (at >> 8)) as u8).collect();
    // SAFETY: the compiler has just made the object.
    let module = unsafe { load_bytes(object, "offsets") }.expect("it loads");
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    memory.write(&mut store, 0, &pattern).unwrap();
    for (index, access) in functions.iter().enumerate() {
        let Access { name, offset, size } = *access;
        let index = index.to_string();
        let function = instance.get_typed_func::<i32, i32>(&mut store, &index);
        let plain = instance.get_typed_func::<i32, i32>(&mut store, name);
        let (function, plain) = (function.unwrap(), plain.unwrap());
        let last = SIZE.checked_sub(offset + size);
        let addresses = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
        let at_end = last.into_iter().flat_map(|last| [last, last + 1]);
        for address in addresses.into_iter().chain(at_end) {
            let message = format!("{way}: {name} offset={offset:#x} at {address:#x}");
            let result = function.call(&mut store, address as u32 as i32);
            let sum = address + offset;
            if sum + size > SIZE {
                let error = result.expect_err(&message);
                assert_eq!(
                    error.trap_code(),
                    Some(TrapCode::MemoryOutOfBounds),
                    "{message}"
                );
                // A store across the end may have stored a part, on some instruction sets.
                memory.write(&mut store, END, &pattern[END..]).unwrap();
                continue;
            }
            let at = sum as usize;
            let mut bytes = vec![0; size as usize];
            memory.read(&store, at, &mut bytes).unwrap();
            let old = &pattern[at..][..size as usize];
            memory.write(&mut store, at, old).unwrap();
            let expected = plain.call(&mut store, at as i32).unwrap();
            assert_eq!(result.expect(&message), expected, "{message}");
            let mut expected = vec![0; size as usize];
            memory.read(&store, at, &mut expected).unwrap();
            assert_eq!(bytes, expected, "{message}");
            memory.write(&mut store, at, old).unwrap();
        }
    }
    // Each store has been undone.
    let mut all = vec![0; SIZE as usize];
    memory.read(&store, 0, &mut all).unwrap();
    assert!(all == pattern, "{way}: a store went to another place");
}

#[test]
fn accesses_with_offsets_at_boundaries_compile_and_run() {
    for boundary in BOUNDARIES {
        let (wasm, functions) = module(boundary);
        for &target in Target::ALL {
            for (memory_plan, traps) in WAYS {
                for opt_level in [OptLevel::O0, OptLevel::O1, OptLevel::O2] {
                    let mut options = CompileOptions::new(target);
                    options.memory_plan = memory_plan;
                    options.traps = traps;
                    options.opt_level = opt_level;
                    let way = format!(
                        "{boundary:#x} {} {memory_plan:?} {traps:?} {opt_level:?}",
                        target.name()
                    );
                    let object = compile(&wasm, &options, &|_, _| ());
                    let object = object.unwrap_or_else(|error| panic!("{way}: {error}"));
                    if Target::host() == Some(target) {
                        runs(&object, &functions, &way);
                    }
                }
            }
        }
    }
}
