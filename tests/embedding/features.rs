//! CPU features that an object needs, and what vectors do with and without those for them.

use super::common;
use prefab::targets::{FeatureSet, Target, host};
use prefab::{CompileOptions, Linker, Module, Store, TrapCode, V128};

/// An object that uses a feature runs where the CPU has it, and is refused in plain words where not.
#[test]
fn an_object_needs_what_it_was_compiled_for() {
    let wasm = wat::parse_str(
        r#"(module (func (export "f") (param v128 v128) (result v128)
             (i8x16.add (local.get 0) (local.get 1))))"#,
    )
    .unwrap();
    let target = Target::host().unwrap();
    for feature in target.features().features {
        let mut options = CompileOptions::new(target);
        let change = format!("+{}", feature.name);
        options.features = FeatureSet::parse(target, None, Some(&change)).unwrap();
        let missing = options.features.without(&host::features());
        let object = prefab::compile(&wasm, &options, &|_, _| ()).unwrap();
        let loaded = common::load(&object);
        if missing.is_empty() {
            assert!(loaded.is_ok(), "{change}: {:?}", loaded.err());
            continue;
        }
        let words = format!(
            "test: the code uses CPU features that this machine does not have ({missing}): \
             recompile with `prefab compile` and other `--cpu` or `--features`"
        );
        assert_eq!(loaded.unwrap_err().to_string(), words);
    }
}

/// This machine's default CPU, the same with scalar code for vectors, and all that it has.
fn ways() -> [CompileOptions; 3] {
    let baseline = CompileOptions::new(Target::host().unwrap());
    let mut scalar = baseline.clone();
    scalar.scalar_vectors = true;
    let mut native = baseline.clone();
    native.features = host::features();
    [baseline, scalar, native]
}

fn module(text: &str, options: &CompileOptions) -> Module {
    let wasm = wat::parse_str(text).unwrap();
    common::load(&prefab::compile(&wasm, options, &|_, _| ()).unwrap()).unwrap()
}

/// However many accesses a vector takes, a store that traps has stored nothing; unless it is one
/// instruction, and the instruction set lets that fault with a part of it stored
/// (docs/conformance.md).
#[test]
fn a_vector_that_ends_out_of_bounds_is_not_stored() {
    const PAGE: u32 = 1 << 16;
    let text = r#"(module
        (memory (export "memory") 1)
        (func (export "store") (param i32)
          (v128.store (local.get 0) (v128.const i64x2 -1 -1)))
        (func (export "store_behind") (param i32)
          (v128.store offset=40 (local.get 0) (v128.const i64x2 -1 -1))))"#;
    for options in ways() {
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, &module(text, &options));
        let instance = instance.unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        for (name, offset) in [("store", 0), ("store_behind", 40)] {
            let func = instance
                .get_typed_func::<u32, ()>(&mut store, name)
                .unwrap();
            for outside in 1..=16 {
                let address = PAGE - 16 + outside - offset;
                let error = func.call(&mut store, address).unwrap_err();
                assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
                let is_scalar = options.scalar_vectors || !options.features.has_vectors();
                if is_scalar || cfg!(target_arch = "x86_64") {
                    assert!(memory.data(&store).iter().all(|byte| *byte == 0));
                }
            }
        }
    }
}

/// Vectors go between modules whatever instructions each may use for them.
#[test]
fn modules_with_and_without_vector_instructions_call_each_other() {
    let all = ways();
    let callee = r#"(module
        (global (export "g") (mut v128) (v128.const i64x2 7 8))
        (table (export "t") 1 funcref)
        (elem (i32.const 0) $f)
        (func $f (export "f")
          (param i32 v128 f64 v128 v128 v128 v128) (result v128 i32 v128 v128 v128)
          (i64x2.sub (local.get 1) (local.get 6))
          (i32.add (local.get 0) (i32.const 1))
          (local.get 3) (local.get 4) (local.get 5)))"#;
    // By name, through the table, and as tail calls.
    let caller = r#"(module
        (type $t (func (param i32 v128 f64 v128 v128 v128 v128)
                       (result v128 i32 v128 v128 v128)))
        (import "callee" "f" (func $f (type $t)))
        (import "callee" "g" (global $g (mut v128)))
        (import "callee" "t" (table 1 funcref))
        (func $args (param v128) (result i32 v128 f64 v128 v128 v128 v128)
          (i32.const 4) (local.get 0) (f64.const 0.5) (v128.const i64x2 1 2)
          (v128.const i64x2 3 4) (v128.const i64x2 5 6) (global.get $g))
        (func $tail (type $t)
          (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
          (local.get 6) (return_call $f))
        (func (export "direct") (param v128) (result v128 i32 v128 v128 v128)
          (call $f (call $args (local.get 0))))
        (func (export "indirect") (param v128) (result v128 i32 v128 v128 v128)
          (call_indirect (type $t) (call $args (local.get 0)) (i32.const 0)))
        (func (export "tail") (param v128) (result v128 i32 v128 v128 v128)
          (call $tail (call $args (local.get 0))))
        (func (export "set") (param v128) (global.set $g (local.get 0))))"#;
    let v = |low: u64, high: u64| V128(u128::from(low) | u128::from(high) << 64);
    for (of_callee, of_caller) in all.iter().flat_map(|a| all.iter().map(move |b| (a, b))) {
        let mut store = Store::new(());
        let mut linker = Linker::new();
        let instance = linker.instantiate(&mut store, &module(callee, of_callee));
        linker
            .instance(&mut store, "callee", instance.unwrap())
            .unwrap();
        let instance = linker.instantiate(&mut store, &module(caller, of_caller));
        let instance = instance.unwrap();
        let set = instance.get_typed_func::<V128, ()>(&mut store, "set");
        for (name, low) in [("direct", 1), ("indirect", 2), ("tail", 3)] {
            type Results = (V128, i32, V128, V128, V128);
            let func = instance.get_typed_func::<V128, Results>(&mut store, name);
            let set = set.as_ref().unwrap();
            set.call(&mut store, v(low, u64::MAX)).unwrap();
            let results = func.unwrap().call(&mut store, v(10, 20)).unwrap();
            let expected = (v(10 - low, 21), 5, v(1, 2), v(3, 4), v(5, 6));
            assert_eq!(results, expected, "{name}");
        }
    }
}
