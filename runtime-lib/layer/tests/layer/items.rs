//! Globals, memories and tables: made by the host and by guests, each seen by the other.

use crate::{call, func, instance, store};
use wasm_runtime_layer::{
    Extern, Func, FuncType, Global, GlobalType, Memory, MemoryType, Ref, RefType, Table, TableType,
    Val, ValType,
};

#[test]
fn globals() {
    let mut store = store(());
    let counter = Global::new(&mut store, Val::I64(40), true);
    let fixed = Global::new(&mut store, Val::F32(0.5), false);
    let instance = instance(
        &mut store,
        r#"(module
             (import "host" "counter" (global $counter (mut i64)))
             (import "host" "fixed" (global $fixed f32))
             (global (export "own") (mut i32) (i32.const 7))
             (export "fixed" (global $fixed))
             (func (export "count") (result i64)
               (global.set $counter (i64.add (global.get $counter) (i64.const 1)))
               (global.get $counter)))"#,
        &[
            ("counter", Extern::Global(counter.clone())),
            ("fixed", Extern::Global(fixed)),
        ],
    );
    let count = func(&store, &instance, "count");
    assert_eq!(call(&mut store, &count, &[]).unwrap(), Val::I64(41));
    assert_eq!(counter.get(&mut store), Val::I64(41));
    counter.set(&mut store, Val::I64(-1)).unwrap();
    assert_eq!(call(&mut store, &count, &[]).unwrap(), Val::I64(0));

    let own = instance
        .get_export(&store, "own")
        .unwrap()
        .into_global()
        .unwrap();
    assert_eq!(own.ty(&store), GlobalType::new(ValType::I32, true));
    own.set(&mut store, Val::I32(8)).unwrap();
    assert_eq!(own.get(&mut store), Val::I32(8));
    let wrong = own.set(&mut store, Val::F64(0.0)).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "a global of i32 cannot hold a value of type f64"
    );
    let fixed = instance
        .get_export(&store, "fixed")
        .unwrap()
        .into_global()
        .unwrap();
    assert_eq!(fixed.ty(&store), GlobalType::new(ValType::F32, false));
    assert_eq!(fixed.get(&mut store), Val::F32(0.5));
    let refused = fixed.set(&mut store, Val::F32(1.0)).unwrap_err();
    assert_eq!(refused.to_string(), "the global cannot be changed");
}

#[test]
fn memories() {
    let mut store = store(());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).unwrap();
    assert_eq!(memory.ty(&store), MemoryType::new(1, Some(3)));
    memory.write(&mut store, 65_534, &[1, 2]).unwrap();
    let instance = instance(
        &mut store,
        r#"(module
             (import "host" "memory" (memory 1 3))
             (export "same" (memory 0))
             (func (export "last") (result i32) (i32.load16_u (i32.const 65534)))
             (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
             (func (export "store") (param i32 i32) (result i32)
               (i32.store8 (local.get 0) (local.get 1))
               (memory.size)))"#,
        &[("memory", Extern::Memory(memory.clone()))],
    );
    let last = func(&store, &instance, "last");
    assert_eq!(call(&mut store, &last, &[]).unwrap(), Val::I32(0x0201));

    // Either side grows it; the other sees it.
    let grow = func(&store, &instance, "grow");
    assert_eq!(
        call(&mut store, &grow, &[Val::I32(1)]).unwrap(),
        Val::I32(1)
    );
    assert_eq!(memory.current_pages(&store), 2);
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 2);
    assert_eq!(
        call(&mut store, &grow, &[Val::I32(1)]).unwrap(),
        Val::I32(-1)
    );
    assert!(memory.grow(&mut store, 1).is_err());
    assert_eq!(memory.grow(&mut store, 0).unwrap(), 3);
    assert_eq!(memory.ty(&store), MemoryType::new(3, Some(3)));

    let poke = func(&store, &instance, "store");
    let args = [Val::I32(3 * 65_536 - 1), Val::I32(9)];
    assert_eq!(call(&mut store, &poke, &args).unwrap(), Val::I32(3));
    let same = instance
        .get_export(&store, "same")
        .unwrap()
        .into_memory()
        .unwrap();
    let mut byte = [0];
    same.read(&store, 3 * 65_536 - 1, &mut byte).unwrap();
    assert_eq!(byte, [9]);
    same.read(&store, 3 * 65_536, &mut []).unwrap();
    for error in [
        same.read(&store, 3 * 65_536, &mut byte).unwrap_err(),
        same.read(&store, usize::MAX, &mut byte).unwrap_err(),
        same.write(&mut store, 3 * 65_536 - 1, &[1, 2]).unwrap_err(),
    ] {
        let said = error.to_string();
        assert_eq!(said, "the bytes do not lie inside the memory");
    }
}

#[test]
fn tables() {
    let mut store = store(());
    let ty = TableType::new(RefType::FuncRef, 2, Some(4));
    let table = Table::new(&mut store, ty, Ref::FuncRef(None)).unwrap();
    assert_eq!(table.ty(&store), ty);
    let instance = instance(
        &mut store,
        r#"(module
             (type $number (func (result i32)))
             (import "host" "table" (table 2 4 funcref))
             (elem (i32.const 0) $one)
             (func $one (result i32) (i32.const 1))
             (func (export "call") (param i32) (result i32)
               (call_indirect (type $number) (local.get 0))))"#,
        &[("table", Extern::Table(table.clone()))],
    );
    let indirect = func(&store, &instance, "call");
    assert_eq!(
        call(&mut store, &indirect, &[Val::I32(0)]).unwrap(),
        Val::I32(1)
    );
    let said = call(&mut store, &indirect, &[Val::I32(1)])
        .unwrap_err()
        .to_string();
    assert!(said.contains("uninitialized element"), "{said}");

    let two = Func::new(
        &mut store,
        FuncType::new([], [ValType::I32]),
        |_, _, results| {
            results[0] = Val::I32(2);
            Ok(())
        },
    );
    let before = table.grow(&mut store, 1, Ref::FuncRef(Some(two)));
    assert_eq!((before.unwrap(), table.size(&store)), (2, 3));
    assert_eq!(
        call(&mut store, &indirect, &[Val::I32(2)]).unwrap(),
        Val::I32(2)
    );
    // A function that a guest has defined, taken out and put elsewhere.
    let Some(Ref::FuncRef(Some(one))) = table.get(&mut store, 0) else {
        panic!("the element segment has put a function there");
    };
    table.set(&mut store, 1, Ref::FuncRef(Some(one))).unwrap();
    table.set(&mut store, 0, Ref::FuncRef(None)).unwrap();
    assert_eq!(
        call(&mut store, &indirect, &[Val::I32(1)]).unwrap(),
        Val::I32(1)
    );
    assert!(matches!(table.get(&mut store, 0), Some(Ref::FuncRef(None))));

    assert!(table.get(&mut store, 3).is_none());
    let outside = table.set(&mut store, 3, Ref::FuncRef(None)).unwrap_err();
    assert_eq!(
        outside.to_string(),
        "the element does not lie inside the table"
    );
    assert!(table.grow(&mut store, 2, Ref::FuncRef(None)).is_err());
    let wrong = table.set(&mut store, 0, Ref::ExternRef(None)).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "a table of funcref cannot hold a value of type externref"
    );
    assert!(Table::new(&mut store, ty, Ref::ExternRef(None)).is_err());
}

/// What one instance exports, another imports: every kind of it.
#[test]
fn what_is_exported_is_imported() {
    let mut store = store(());
    let first = instance(
        &mut store,
        r#"(module
             (func (export "func") (result i32) (i32.load8_u (i32.const 3)))
             (table (export "table") 1 externref)
             (memory (export "memory") 1 2)
             (global (export "global") (mut i32) (i32.const 3))
             (data (i32.const 3) "\2a"))"#,
        &[],
    );
    let items: Vec<_> = first
        .exports(&store)
        .map(|it| (it.name, it.value))
        .collect();
    let names: Vec<_> = items.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["func", "table", "memory", "global"]);
    let items: Vec<_> = items
        .iter()
        .map(|(name, item)| (name.as_str(), item.clone()))
        .collect();
    let second = instance(
        &mut store,
        r#"(module
             (import "host" "func" (func $func (result i32)))
             (import "host" "table" (table $table 1 externref))
             (import "host" "memory" (memory 1 2))
             (import "host" "global" (global $global (mut i32)))
             (export "again" (func $func))
             (func (export "all") (result i32)
               (i32.store8 (global.get $global) (i32.add (call $func) (i32.const 1)))
               (i32.add (call $func) (table.size $table))))"#,
        &items,
    );
    let all = func(&store, &second, "all");
    assert_eq!(call(&mut store, &all, &[]).unwrap(), Val::I32(44));
    let again = func(&store, &second, "again");
    assert_eq!(call(&mut store, &again, &[]).unwrap(), Val::I32(43));
    for (_, item) in &items {
        // The type of a handle is that of what it is a handle to.
        let ty = item.ty(&store);
        let same = match item {
            Extern::Func(_) => ty.func().is_some(),
            Extern::Table(_) => ty.table().is_some(),
            Extern::Memory(_) => ty.memory().is_some(),
            Extern::Global(_) => ty.global().is_some(),
        };
        assert!(same, "{ty:?}");
    }
    assert!(second.get_export(&store, "nothing").is_none());
}
