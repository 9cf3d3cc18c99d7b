//! How far bounded memories grow: to the declared maximum, to `--max-memory`, or by 16 MiB.

use crate::common::module_with;
use prefab::{
    CompileOptions, InstancePool, Linker, Memory, MemoryPlan, MemoryType, ReusePolicy, Store,
    TrapCode, Traps,
};

/// The number of pages that a memory with one page has after it has grown by 16 MiB.
const DEFAULT: i32 = 257;
/// More than 2 GiB, in pages.
const DECLARED: i32 = 32_770;

fn bounded(options: &mut CompileOptions) {
    options.memory_plan = MemoryPlan::Bounded;
}

fn explicit(options: &mut CompileOptions) {
    bounded(options);
    options.traps = Traps::Explicit;
}

/// A module of this memory, with functions that use it.
fn text(memory: &str) -> String {
    format!(
        r#"(module {memory}
          (func (export "size") (result i32) (memory.size))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
          (func (export "touch") (param i32) (result i32)
            (i32.store8 (local.get 0) (i32.const 7))
            (i32.load8_u (local.get 0))))"#
    )
}

/// Grows the memory page by page around `limit`, and uses it up to its end.
fn grows_to(store: &mut Store<()>, instance: prefab::Instance, limit: i32, name: &str) {
    let grow = instance.get_typed_func::<i32, i32>(&mut *store, "grow");
    let touch = instance.get_typed_func::<i32, i32>(&mut *store, "touch");
    let (grow, touch) = (grow.unwrap(), touch.unwrap());
    let last = |pages: i32| (pages as u32).wrapping_mul(65536).wrapping_sub(1) as i32;
    assert_eq!(grow.call(&mut *store, limit).unwrap(), -1, "{name}");
    assert_eq!(grow.call(&mut *store, limit - 2).unwrap(), 1, "{name}");
    assert_eq!(touch.call(&mut *store, last(limit - 1)).unwrap(), 7);
    let error = touch.call(&mut *store, last(limit)).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
    assert_eq!(grow.call(&mut *store, 1).unwrap(), limit - 1, "{name}");
    assert_eq!(touch.call(&mut *store, last(limit)).unwrap(), 7);
    assert_eq!(grow.call(&mut *store, 1).unwrap(), -1, "{name}");
    assert_eq!(grow.call(&mut *store, 0).unwrap(), limit, "{name}");
}

#[test]
fn bounded_memory_grows_to_its_maximum() {
    let cases: [(&str, Option<u64>, i32); 8] = [
        ("(memory 1)", None, DEFAULT),
        ("(memory 1 200)", None, 200),
        ("(memory 1 256)", None, 256),
        ("(memory 1 258)", None, 258),
        ("(memory 1 32770)", None, DECLARED),
        ("(memory 1 65536)", None, 65_536),
        ("(memory 1 32770)", Some(300 << 16), 300),
        ("(memory 1 200)", Some(300 << 16), 200),
    ];
    for way in [bounded, explicit] {
        for (memory, max, limit) in cases {
            let module = module_with(&text(memory), |options| {
                way(options);
                options.max_memory_bytes = max;
            });
            let mut store = Store::new(());
            let instance = Linker::new().instantiate(&mut store, &module).unwrap();
            grows_to(&mut store, instance, limit, memory);
            instance.reset(&mut store).unwrap();
            grows_to(&mut store, instance, limit, memory);
        }
    }
}

#[test]
fn imported_memory_grows_to_its_maximum() {
    let provider = module_with(r#"(module (memory (export "m") 1 32770))"#, bounded);
    let importer = module_with(&text(r#"(import "p" "m" (memory 1))"#), explicit);
    let mut store = Store::new(());
    let mut linker = Linker::new();
    let instance = linker.instantiate(&mut store, &provider).unwrap();
    linker.instance(&mut store, "p", instance).unwrap();
    let instance = linker.instantiate(&mut store, &importer).unwrap();
    grows_to(&mut store, instance, DECLARED, "imported");
}

#[test]
fn host_memory_grows_to_its_maximum() {
    let importer = module_with(&text(r#"(import "host" "m" (memory 1))"#), bounded);
    let mut store = Store::new(());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(DECLARED as u64))).unwrap();
    let mut linker = Linker::new();
    linker.define("host", "m", memory).unwrap();
    let instance = linker.instantiate(&mut store, &importer).unwrap();
    grows_to(&mut store, instance, DECLARED, "of the host");
}

#[test]
fn one_of_several_memories_grows_to_its_maximum() {
    for memories in [
        "(memory 1 32770) (memory 1 2)",
        "(memory 1 32770) (memory 1)",
        // Memory 0 declares no maximum: it may grow as far as the largest other memory.
        "(memory 1) (memory 2 32770)",
    ] {
        let module = module_with(&text(memories), bounded);
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        grows_to(&mut store, instance, DECLARED, memories);
    }
}

#[test]
fn pooled_memory_grows_to_its_maximum() {
    for policy in [ReusePolicy::Fresh, ReusePolicy::Reset] {
        let module = module_with(&text("(memory 1 32770)"), bounded);
        let pool = InstancePool::new(Linker::<()>::new(), &module, 1).with_policy(policy);
        for _ in 0..3 {
            let mut slot = pool.get(()).unwrap();
            let grow = slot
                .instance()
                .get_typed_func::<i32, i32>(&mut slot, "grow")
                .unwrap();
            assert_eq!(grow.call(&mut slot, DECLARED - 1).unwrap(), 1);
            assert_eq!(grow.call(&mut slot, 1).unwrap(), -1);
        }
    }
}
