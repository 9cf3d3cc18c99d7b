//! Memories, seen from both sides.

use crate::common::{instance, module};
use prefab::{Linker, Memory, MemoryType, Store, TrapCode};

#[test]
fn several_memories() {
    let (mut store, instance) = instance(
        r#"(module
             (memory $a (export "a") 1)
             (memory $b (export "b") 1 2)
             (memory $c (export "c") 0)
             (data (memory $b) (i32.const 10) "hello")
             (func (export "copy")
               (memory.copy $a $b (i32.const 100) (i32.const 10) (i32.const 5)))
             (func (export "fill") (param i32 i32)
               (memory.fill $b (local.get 0) (i32.const 7) (local.get 1)))
             (func (export "load") (param i32) (result i32) (i32.load8_u $b (local.get 0)))
             (func (export "grow") (param i32) (result i32) (memory.grow $b (local.get 0))))"#,
    );
    let [a, b, c] = ["a", "b", "c"].map(|name| instance.get_memory(&mut store, name).unwrap());
    let copy = instance
        .get_typed_func::<(), ()>(&mut store, "copy")
        .unwrap();
    copy.call(&mut store, ()).unwrap();
    assert_eq!(&a.data(&store)[100..105], b"hello");
    let fill = instance
        .get_typed_func::<(u32, u32), ()>(&mut store, "fill")
        .unwrap();
    fill.call(&mut store, (12, 2)).unwrap();
    assert_eq!(&b.data(&store)[10..15], b"he\x07\x07o");
    let outside = Some(TrapCode::MemoryOutOfBounds);
    let error = fill.call(&mut store, (65535, 2)).unwrap_err();
    assert_eq!(error.trap_code(), outside);
    assert_eq!(b.data(&store)[65535], 0);
    let load = instance
        .get_typed_func::<u32, u32>(&mut store, "load")
        .unwrap();
    assert_eq!(
        load.call(&mut store, 65536).unwrap_err().trap_code(),
        outside
    );
    let grow = instance
        .get_typed_func::<i32, i32>(&mut store, "grow")
        .unwrap();
    assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    assert_eq!(load.call(&mut store, 65536).unwrap(), 0);
    assert_eq!(
        load.call(&mut store, u32::MAX).unwrap_err().trap_code(),
        outside
    );
    assert!(c.data(&store).is_empty());
    assert_eq!(c.grow(&mut store, 1).unwrap(), 0);
    c.write(&mut store, 65535, &[1]).unwrap();
    assert!(c.write(&mut store, 65536, &[1]).is_err());
    let mut byte = [0];
    c.read(&store, 65535, &mut byte).unwrap();
    assert_eq!(byte, [1]);
}

#[test]
fn passive_data_can_be_dropped() {
    let (mut store, instance) = instance(
        r#"(module
             (memory (export "m") 1)
             (data $d "abcdef")
             (func (export "init") (param i32 i32 i32)
               (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
             (func (export "drop") (data.drop $d)))"#,
    );
    let init = instance
        .get_typed_func::<(u32, u32, u32), ()>(&mut store, "init")
        .unwrap();
    init.call(&mut store, (3, 1, 4)).unwrap();
    let m = instance.get_memory(&mut store, "m").unwrap();
    assert_eq!(&m.data(&store)[..8], b"\0\0\0bcde\0");
    assert!(init.call(&mut store, (0, 3, 4)).is_err());
    assert!(init.call(&mut store, (u32::MAX, 0, 1)).is_err());
    let dropped = instance
        .get_typed_func::<(), ()>(&mut store, "drop")
        .unwrap();
    dropped.call(&mut store, ()).unwrap();
    assert!(init.call(&mut store, (0, 0, 1)).is_err());
    init.call(&mut store, (0, 0, 0)).unwrap();
}

#[test]
fn the_hosts_memory_can_be_imported() {
    let module = module(
        r#"(module
             (import "host" "m" (memory 1 4))
             (func (export "poke") (param i32) (i32.store8 (local.get 0) (i32.const 1)))
             (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#,
    );
    let mut store = Store::new(());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(2))).unwrap();
    let mut linker = Linker::new();
    linker.define("host", "m", memory).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let poke = instance
        .get_typed_func::<u32, ()>(&mut store, "poke")
        .unwrap();
    poke.call(&mut store, 65535).unwrap();
    let error = poke.call(&mut store, 65536).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
    let grow = instance
        .get_typed_func::<(), i32>(&mut store, "grow")
        .unwrap();
    assert_eq!(grow.call(&mut store, ()).unwrap(), 1);
    assert_eq!(grow.call(&mut store, ()).unwrap(), -1);
    poke.call(&mut store, 65536).unwrap();
    assert_eq!(memory.data(&store)[65535..65537], [1, 1]);

    let unbounded = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let refused = prefab::Instance::new(&mut store, &module, &[unbounded.into()]);
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("incompatible import type"), "{message}");
}
