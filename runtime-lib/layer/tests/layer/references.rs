//! References: to things of the host's, and to functions.

use crate::{call, func, instance, store};
use std::sync::Arc;
use wasm_runtime_layer::{
    AsContext, Extern, ExternRef, Func, FuncType, Global, GlobalType, Ref, RefType, Table,
    TableType, Val, ValType,
};

/// Keeps one externref, and hands it on.
const KEEPER: &str = r#"(module
    (table $kept 1 externref)
    (func (export "keep") (param externref) (result externref)
      (table.get $kept (i32.const 0))
      (table.set $kept (i32.const 0) (local.get 0)))
    (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0)))
    (func (export "same") (param funcref) (result funcref) (local.get 0)))"#;

#[test]
fn a_guest_keeps_what_it_cannot_see() {
    let dropped = Arc::new(());
    let mut store = store(());
    let instance = instance(&mut store, KEEPER, &[]);
    let keep = func(&store, &instance, "keep");
    let is_null = func(&store, &instance, "is_null");

    let thing = ExternRef::new(&mut store, (String::from("a thing"), Arc::clone(&dropped)));
    let arg = [Val::ExternRef(Some(thing))];
    assert_eq!(call(&mut store, &is_null, &arg).unwrap(), Val::I32(0));
    let before = call(&mut store, &keep, &arg).unwrap();
    assert!(matches!(before, Val::ExternRef(None)));
    let null = [Val::ExternRef(None)];
    assert_eq!(call(&mut store, &is_null, &null).unwrap(), Val::I32(1));
    let Val::ExternRef(Some(kept)) = call(&mut store, &keep, &null).unwrap() else {
        panic!("the guest has kept it");
    };
    let found: &(String, Arc<()>) = kept.downcast(store.as_context()).unwrap();
    assert_eq!(found.0, "a thing");
    let other = kept.downcast::<u8, _, _>(store.as_context()).unwrap_err();
    assert_eq!(other.to_string(), "the externref refers to no u8");

    let elsewhere = crate::store(());
    let foreign = kept
        .downcast::<u8, _, _>(elsewhere.as_context())
        .unwrap_err();
    let text = "the externref was used with another store than its own";
    assert_eq!(foreign.to_string(), text);
    assert_eq!(Arc::strong_count(&dropped), 2);
    drop(store);
    assert_eq!(Arc::strong_count(&dropped), 1);
}

#[test]
fn globals_and_tables_hold_references() {
    let mut store = store(());
    let one = ExternRef::new(&mut store, 1_u32);
    let global = Global::new(&mut store, Val::ExternRef(Some(one)), true);
    assert_eq!(global.ty(&store), GlobalType::new(ValType::ExternRef, true));
    let ty = TableType::new(RefType::ExternRef, 1, None);
    let table = Table::new(&mut store, ty, Ref::ExternRef(None)).unwrap();
    let Val::ExternRef(Some(one)) = global.get(&mut store) else {
        panic!("a reference was put there");
    };
    table
        .grow(&mut store, 2, Ref::ExternRef(Some(one)))
        .unwrap();
    assert!(matches!(
        table.get(&mut store, 0),
        Some(Ref::ExternRef(None))
    ));
    for index in [1, 2] {
        let Some(Ref::ExternRef(Some(found))) = table.get(&mut store, index) else {
            panic!("the table was grown by it");
        };
        let number: &u32 = found.downcast(store.as_context()).unwrap();
        assert_eq!(*number, 1);
    }
    global.set(&mut store, Val::ExternRef(None)).unwrap();
    assert!(matches!(global.get(&mut store), Val::ExternRef(None)));
}

#[test]
fn functions_are_values() {
    let mut store = store(());
    let instance = instance(&mut store, KEEPER, &[]);
    let same = func(&store, &instance, "same");
    let is_null = func(&store, &instance, "is_null");
    let answer = Func::new(
        &mut store,
        FuncType::new([], [ValType::I32]),
        |_, _, results| {
            results[0] = Val::I32(42);
            Ok(())
        },
    );
    // The host's, and the guest's own, there and back.
    let Val::FuncRef(Some(back)) = call(&mut store, &same, &[Val::FuncRef(Some(answer))]).unwrap()
    else {
        panic!("the guest returns what it gets");
    };
    assert_eq!(call(&mut store, &back, &[]).unwrap(), Val::I32(42));
    let Val::FuncRef(Some(back)) = call(&mut store, &same, &[Val::FuncRef(Some(is_null))]).unwrap()
    else {
        panic!("the guest returns what it gets");
    };
    assert_eq!(
        call(&mut store, &back, &[Val::ExternRef(None)]).unwrap(),
        Val::I32(1)
    );
    let null = call(&mut store, &same, &[Val::FuncRef(None)]).unwrap();
    assert!(matches!(null, Val::FuncRef(None)));
    let exported = instance
        .get_export(&store, "same")
        .and_then(Extern::into_func)
        .unwrap();
    let ty = FuncType::new([ValType::FuncRef], [ValType::FuncRef]);
    assert_eq!(exported.ty(&store), ty);
}
