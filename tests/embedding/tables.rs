//! Tables, seen from both sides.

use crate::common::{instance, module};
use prefab::{
    Error, ExternRef, Func, FuncType, Linker, Store, Table, TableType, TrapCode, TypedFunc, Val,
    ValType,
};

#[test]
fn host_functions_in_tables_wait_for_their_adapters() {
    let mut store = Store::new(10);
    let ty = TableType::new(ValType::FuncRef, 4, None);
    let table = Table::new(&mut store, ty, Val::FuncRef(None)).unwrap();
    // No module of these types is there yet.
    let native = Func::wrap(&mut store, |a: i32| a + 1);
    let dynamic_type = FuncType::new([ValType::I32], [ValType::I32]);
    let dynamic = Func::new(&mut store, dynamic_type, |caller, args, results| {
        results[0] = Val::I32(args[0].i32().unwrap_or(0) * *caller.data());
        Ok(())
    });
    let other = Func::wrap(&mut store, || 1_i64);
    for (index, func) in (0..).zip([native, dynamic, other]) {
        table
            .set(&mut store, index, Val::FuncRef(Some(func)))
            .unwrap();
    }
    let mut linker = Linker::new();
    linker.define("host", "t", table).unwrap();
    let module = module(
        r#"(module
             (import "host" "t" (table 4 funcref))
             (func (export "call") (param i32 i32) (result i32)
               (call_indirect (param i32) (result i32) (local.get 1) (local.get 0)))
             (func (export "get") (param i32) (result funcref) (table.get (local.get 0)))
             (func (export "set") (param i32 funcref)
               (table.set (local.get 0) (local.get 1))))"#,
    );
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let call = instance
        .get_typed_func::<(i32, i32), i32>(&mut store, "call")
        .unwrap();
    assert_eq!(call.call(&mut store, (0, 4)).unwrap(), 5);
    assert_eq!(call.call(&mut store, (1, 4)).unwrap(), 40);
    let codes = [
        (2, TrapCode::IndirectCallTypeMismatch),
        (3, TrapCode::UninitializedElement),
        (4, TrapCode::UndefinedElement),
    ];
    for (index, code) in codes {
        let error = call.call(&mut store, (index, 4)).unwrap_err();
        assert_eq!(error.trap_code(), Some(code));
    }
    // Now the adapters are there: a new function has them at once.
    let later = Func::wrap(&mut store, |a: i32| a - 1);
    let set = instance
        .get_typed_func::<(i32, Option<Func>), ()>(&mut store, "set")
        .unwrap();
    set.call(&mut store, (3, Some(later))).unwrap();
    assert_eq!(call.call(&mut store, (3, 4)).unwrap(), 3);
    let get = instance
        .get_typed_func::<i32, Option<Func>>(&mut store, "get")
        .unwrap();
    assert_eq!(get.call(&mut store, 3).unwrap(), Some(later));
    assert_eq!(get.call(&mut store, 1).unwrap(), Some(dynamic));
    let error = get.call(&mut store, 4).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::TableOutOfBounds));
}

#[test]
fn tables_grow_from_both_sides() {
    let (mut store, instance) = instance(
        r#"(module
             (table $t (export "t") 1 5 funcref)
             (table $e (export "e") 1 externref)
             (elem (table $t) (i32.const 0) func $one)
             (func $one (result i32) (i32.const 1))
             (func $two (result i32) (i32.const 2))
             (func (export "grow") (param i32) (result i32)
               (table.grow $t (ref.func $two) (local.get 0)))
             (func (export "call") (param i32) (result i32)
               (call_indirect $t (result i32) (local.get 0)))
             (func (export "swap") (param externref) (result externref)
               (table.get $e (i32.const 0)) (table.set $e (i32.const 0) (local.get 0)))
             (elem declare func $two))"#,
    );
    let grow = instance
        .get_typed_func::<i32, i32>(&mut store, "grow")
        .unwrap();
    let call = instance
        .get_typed_func::<i32, i32>(&mut store, "call")
        .unwrap();
    assert_eq!(grow.call(&mut store, 2).unwrap(), 1);
    assert_eq!(grow.call(&mut store, 3).unwrap(), -1);
    assert_eq!(call.call(&mut store, 0).unwrap(), 1);
    assert_eq!(call.call(&mut store, 2).unwrap(), 2);
    let t = instance.get_table(&mut store, "t").unwrap();
    let first = t.get(&store, 0).unwrap();
    assert_eq!(t.grow(&mut store, 2, first).unwrap(), 3);
    assert_eq!(call.call(&mut store, 4).unwrap(), 1);
    assert!(t.grow(&mut store, 1, first).is_err());
    assert_eq!(t.size(&store).unwrap(), 5);
    assert!(matches!(
        t.set(&mut store, 0, Val::ExternRef(None)),
        Err(Error::Type(_))
    ));

    let swap = instance
        .get_typed_func::<Option<ExternRef>, Option<ExternRef>>(&mut store, "swap")
        .unwrap();
    let reference = ExternRef::new(&mut store, String::from("mine")).unwrap();
    assert_eq!(swap.call(&mut store, Some(reference)).unwrap(), None);
    let e = instance.get_table(&mut store, "e").unwrap();
    assert!(matches!(e.get(&store, 0), Ok(Val::ExternRef(Some(found))) if found == reference));
    assert_eq!(swap.call(&mut store, None).unwrap(), Some(reference));
    let data = reference.data(&store).unwrap();
    assert_eq!(data.downcast_ref::<String>().unwrap(), "mine");
}

#[test]
fn bulk_operations_on_tables() {
    let (mut store, instance) = instance(
        r#"(module
             (table $a (export "a") 6 funcref)
             (table $b (export "b") 3 funcref)
             (elem $s func $f $g $f)
             (func $f (result i32) (i32.const 1))
             (func $g (result i32) (i32.const 2))
             (func (export "init") (param i32 i32 i32)
               (table.init $a $s (local.get 0) (local.get 1) (local.get 2)))
             (func (export "copy") (param i32 i32 i32)
               (table.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
             (func (export "within") (param i32 i32 i32)
               (table.copy $a $a (local.get 0) (local.get 1) (local.get 2)))
             (func (export "fill") (param i32 i32)
               (table.fill $a (local.get 0) (ref.null func) (local.get 1)))
             (func (export "drop") (elem.drop $s))
             (func (export "call") (param i32) (result i32)
               (call_indirect $b (result i32) (local.get 0))))"#,
    );
    let [init, copy, within] = ["init", "copy", "within"].map(|name| {
        instance
            .get_typed_func::<(u32, u32, u32), ()>(&mut store, name)
            .unwrap()
    });
    let outside = Some(TrapCode::TableOutOfBounds);
    init.call(&mut store, (1, 0, 3)).unwrap();
    assert_eq!(
        init.call(&mut store, (4, 0, 3)).unwrap_err().trap_code(),
        outside
    );
    within.call(&mut store, (2, 1, 3)).unwrap();
    copy.call(&mut store, (0, 2, 3)).unwrap();
    assert_eq!(
        copy.call(&mut store, (1, 0, 3)).unwrap_err().trap_code(),
        outside
    );
    let call = instance
        .get_typed_func::<u32, i32>(&mut store, "call")
        .unwrap();
    let found: Vec<i32> = (0..3).map(|i| call.call(&mut store, i).unwrap()).collect();
    assert_eq!(found, [1, 2, 1]);
    let fill = instance
        .get_typed_func::<(u32, u32), ()>(&mut store, "fill")
        .unwrap();
    fill.call(&mut store, (2, 2)).unwrap();
    let a = instance.get_table(&mut store, "a").unwrap();
    let nulls: Vec<bool> = (0..6)
        .map(|index| matches!(a.get(&store, index), Ok(Val::FuncRef(None))))
        .collect();
    assert_eq!(nulls, [true, false, true, true, false, true]);
    let drop = instance
        .get_typed_func::<(), ()>(&mut store, "drop")
        .unwrap();
    drop.call(&mut store, ()).unwrap();
    assert_eq!(
        init.call(&mut store, (0, 0, 1)).unwrap_err().trap_code(),
        outside
    );
}

/// A table that nothing changes, in which few functions are of a type, each of which says which it is:
/// five that follow each other, and two with others in between.
const FEW: &str = r#"(module
    (type $some (func (param i64) (result i64 i32)))
    (type $rare (func (result i32)))
    (type $no (func (param f32)))
    (table 12 funcref)
    (elem (i32.const 2) $a $b $c $b $a)
    (elem (i32.const 8) $x $no $x)
    (func $a (type $some) (local.get 0) (i32.const 1))
    (func $b (type $some) (i64.add (local.get 0) (i64.const 1)) (i32.const 2))
    (func $c (type $some) (i64.add (local.get 0) (i64.const 2)) (i32.const 3))
    (func $x (type $rare) (i32.const 4))
    (func $no (type $no))
    (func (export "some") (param i32) (result i32) (local $which i32)
      (loop (result i64 i32) (call_indirect (type $some) (i64.const 10) (local.get 0)))
      (local.set $which)
      (i32.add (i32.wrap_i64) (i32.mul (i32.const 100) (local.get $which))))
    (func $tail (param i32) (result i64 i32)
      (loop (return_call_indirect (type $some) (i64.const 10) (local.get 0)))
      (unreachable))
    (func (export "tail") (param i32) (result i32)
      (call $tail (local.get 0)) (drop) (i32.wrap_i64))
    (func (export "rare") (param i32) (result i32)
      (call_indirect (type $rare) (local.get 0))))"#;

#[test]
fn one_of_few_functions_is_called_or_none_is() {
    use prefab::TrapCode::{
        IndirectCallTypeMismatch as Other, UndefinedElement as Outside,
        UninitializedElement as Null,
    };
    let some = [
        Err(Null),
        Err(Null),
        Ok(110),
        Ok(211),
        Ok(312),
        Ok(211),
        Ok(110),
        Err(Null),
        Err(Other),
        Err(Other),
        Err(Other),
        Err(Null),
        Err(Outside),
        Err(Outside),
    ];
    let rare: Vec<_> = (0..14)
        .map(|index| match index {
            2..=6 | 9 => Err(Other),
            8 | 10 => Ok(4),
            12.. => Err(Outside),
            _ => Err(Null),
        })
        .collect();
    let (mut store, instance) = instance(FEW);
    for (name, expected) in [
        ("some", &some[..]),
        ("tail", &some[..]),
        ("rare", &rare[..]),
    ] {
        let func: TypedFunc<u32, u32> = instance.get_typed_func(&mut store, name).unwrap();
        for (index, expected) in (0..).zip(expected) {
            let index = if index == 13 { u32::MAX } else { index };
            let found = func.call(&mut store, index).map_err(|error| match error {
                Error::Trap(trap) => trap.code(),
                other => panic!("{other}"),
            });
            let expected = expected.map(|value| match name {
                "tail" => value % 100,
                _ => value,
            });
            assert_eq!(found, expected, "{name} {index}");
        }
    }
}
