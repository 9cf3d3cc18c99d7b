//! Many instances, their memories and what they share.

use crate::common::module;
use prefab::{Linker, Store, Val};

const COUNTER: &str = r#"(module
    (memory (export "memory") 2)
    (data (i32.const 0) "\01\02\03\04")
    (data (i32.const 65536) "\09")
    (global $count (mut i32) (i32.const 0))
    (func (export "bump") (result i32)
      (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (i32.add (i32.load8_u (i32.const 0))
               (i32.mul (i32.const 100) (global.get $count)))))"#;

#[test]
fn a_thousand_instances_of_one_module() {
    let module = module(COUNTER);
    let linker = Linker::<()>::new();
    let mut store = Store::new(());
    let instances: Vec<_> = (0..1000)
        .map(|_| linker.instantiate(&mut store, &module).unwrap())
        .collect();
    for (index, instance) in instances.iter().enumerate() {
        let bump = instance
            .get_typed_func::<(), i32>(&mut store, "bump")
            .unwrap();
        assert_eq!(bump.call(&mut store, ()).unwrap(), 102);
        if index % 2 == 0 {
            assert_eq!(bump.call(&mut store, ()).unwrap(), 203);
        }
    }
    for (index, instance) in instances.iter().enumerate() {
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let first = if index % 2 == 0 { 3 } else { 2 };
        assert_eq!(memory.data(&store)[..4], [first, 2, 3, 4]);
        assert_eq!(memory.data(&store)[0x1_0000], 9);
    }
    drop(store);
    // What an instance wrote is not in the next one's image.
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert_eq!(memory.data(&store)[..4], [1, 2, 3, 4]);
}

#[test]
fn stores_come_and_go_on_many_threads() {
    let module = module(COUNTER);
    let linker = Linker::<()>::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let mut store = Store::new(());
                    let instance = linker.instantiate(&mut store, &module).unwrap();
                    let bump = instance
                        .get_typed_func::<(), i32>(&mut store, "bump")
                        .unwrap();
                    assert_eq!(bump.call(&mut store, ()).unwrap(), 102);
                }
            });
        }
    });
}

#[test]
fn a_store_moves_between_threads() {
    let module = module(COUNTER);
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let bump = instance
        .get_typed_func::<(), i32>(&mut store, "bump")
        .unwrap();
    bump.call(&mut store, ()).unwrap();
    let mut store = std::thread::spawn(move || {
        bump.call(&mut store, ()).unwrap();
        store
    })
    .join()
    .unwrap();
    assert_eq!(bump.call(&mut store, ()).unwrap(), 304);
}

#[test]
fn instances_share_what_they_import() {
    let linker = &mut Linker::<()>::new();
    let mut store = Store::new(());
    let a = module(
        r#"(module
             (memory (export "m") 1 3)
             (global (export "g") (mut i32) (i32.const 1))
             (table (export "t") 2 funcref)
             (func (export "f") (result i32) (i32.load (i32.const 8))))"#,
    );
    let a = linker.instantiate(&mut store, &a).unwrap();
    linker.instance(&mut store, "a", a).unwrap();
    let b = module(
        r#"(module
             (import "a" "m" (memory 1 3))
             (import "a" "g" (global $g (mut i32)))
             (import "a" "t" (table 2 funcref))
             (import "a" "f" (func $f (result i32)))
             (global $copy i32 (i32.const 7))
             (data (i32.const 8) "\05")
             (elem (i32.const 1) $f)
             (func (export "run") (result i32)
               (global.set $g (i32.const 9))
               (drop (memory.grow (i32.const 1)))
               (i32.store (i32.const 0x1fffc) (i32.const 3))
               (i32.add (call $f) (call_indirect (result i32) (i32.const 1)))))"#,
    );
    let b = linker.instantiate(&mut store, &b).unwrap();
    let run = b.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), 10);
    let g = a.get_global(&mut store, "g").unwrap();
    assert_eq!(g.get(&store).unwrap().i32(), Some(9));
    let m = a.get_memory(&mut store, "m").unwrap();
    assert_eq!(m.size(&store).unwrap(), 2);
    assert_eq!(m.data(&store)[0x1fffc], 3);
    let t = a.get_table(&mut store, "t").unwrap();
    let f = a.get_func(&mut store, "f").unwrap();
    assert!(matches!(t.get(&store, 1), Ok(Val::FuncRef(Some(found))) if found == f));
}

#[test]
fn the_start_function_runs_and_may_trap() {
    let started = module(
        r#"(module
             (import "host" "note" (func $note))
             (start $note))"#,
    );
    let mut linker = Linker::<u32>::new();
    linker
        .func_wrap("host", "note", |mut caller: prefab::Caller<'_, u32>| {
            *caller.data_mut() += 1;
        })
        .unwrap();
    let mut store = Store::new(0);
    linker.instantiate(&mut store, &started).unwrap();
    assert_eq!(*store.data(), 1);
    let traps = module("(module (func $f unreachable) (start $f))");
    let error = linker.instantiate(&mut store, &traps).unwrap_err();
    assert_eq!(error.trap_code(), Some(prefab::TrapCode::Unreachable));
}

#[test]
fn what_was_written_before_initialisation_trapped_stays() {
    let mut linker = Linker::<()>::new();
    let mut store = Store::new(());
    let memory = prefab::Memory::new(&mut store, prefab::MemoryType::new(1, None)).unwrap();
    linker.define("host", "m", memory).unwrap();
    let module = module(
        r#"(module
             (import "host" "m" (memory 1))
             (data (i32.const 0) "ab")
             (data (i32.const 65535) "cd")
             (data (i32.const 4) "ef"))"#,
    );
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    let outside = prefab::TrapCode::MemoryOutOfBounds;
    assert_eq!(error.trap_code(), Some(outside));
    let bytes = memory.data(&store);
    assert_eq!((&bytes[..2], bytes[4], bytes[65535]), (&b"ab"[..], 0, 0));
}
