//! What a module exports are methods, and what it imports a trait's functions.

use prefab::{
    Caller, Error, Extern, ExternRef, Func, Global, GlobalType, Linker, Memory, MemoryType, Store,
    Table, TableType, TrapCode, V128, Val, ValType,
};
use prefab_build_test::everything::{Everything, EverythingExterns, EverythingImports};

#[derive(Default)]
struct Host {
    notified: u32,
    many: Vec<String>,
}

impl EverythingImports for Host {
    fn add(_: &mut Caller<'_, Self>, a: i32, b: i32) -> Result<i32, Error> {
        a.checked_add(b)
            .ok_or_else(|| TrapCode::IntegerOverflow.into())
    }

    fn math_add(_: &mut Caller<'_, Self>, p0: i64, p1: i64) -> Result<i64, Error> {
        Ok(p0 + p1)
    }

    fn r#type(_: &mut Caller<'_, Self>, self_: f32, r#type: f64) -> Result<f64, Error> {
        Ok(f64::from(self_) * r#type)
    }

    fn swap(_: &mut Caller<'_, Self>, p0: i32, p1: i64) -> Result<(i64, i32), Error> {
        Ok((p1, p0))
    }

    fn refs(
        _: &mut Caller<'_, Self>,
        p0: Option<Func>,
        p1: Option<ExternRef>,
    ) -> Result<(Option<ExternRef>, Option<Func>), Error> {
        Ok((p1, p0))
    }

    fn vector(_: &mut Caller<'_, Self>, p0: V128) -> Result<V128, Error> {
        Ok(V128(!p0.0))
    }

    fn notify(caller: &mut Caller<'_, Self>) -> Result<(), Error> {
        caller.data_mut().notified += 1;
        Ok(())
    }

    fn many_arguments(
        caller: &mut Caller<'_, Self>,
        p0: i32,
        p1: i64,
        p2: f32,
        p3: f64,
        p4: i32,
        p5: i64,
        p6: f32,
    ) -> Result<(), Error> {
        let text = format!("{p0} {p1} {p2} {p3} {p4} {p5} {p6}");
        caller.data_mut().many.push(text);
        Ok(())
    }

    fn too_many(
        _: &mut Caller<'_, Self>,
        p0: i32,
        p1: i64,
        p2: f32,
        p3: f64,
        p4: i32,
        p5: i64,
        p6: f32,
        p7: f64,
        p8: i32,
        p9: i64,
        p10: f32,
        p11: f64,
        p12: i32,
        p13: i64,
        p14: f32,
        p15: f64,
        p16: V128,
    ) -> Result<Large, Error> {
        Ok((
            p12, p13, p14, p15, p8, p9, p10, p11, p4, p5, p6, p7, p0, p1, p2, p3, p16,
        ))
    }

    fn import_10(_: &mut Caller<'_, Self>) -> Result<i32, Error> {
        Ok(10)
    }
}

type Large = (
    i32,
    i64,
    f32,
    f64,
    i32,
    i64,
    f32,
    f64,
    i32,
    i64,
    f32,
    f64,
    i32,
    i64,
    f32,
    f64,
    V128,
);

fn externs(store: &mut Store<Host>) -> EverythingExterns {
    let global = |ty, mutable, value| (GlobalType::new(ty, mutable), value);
    let (counter, zero) = global(ValType::I32, true, Val::I32(0));
    let (limit, ten) = global(ValType::I64, false, Val::I64(10));
    let table = TableType::new(ValType::FuncRef, 2, None);
    EverythingExterns {
        memory: Memory::new(&mut *store, MemoryType::new(1, None)).unwrap(),
        table: Table::new(&mut *store, table, Val::FuncRef(None)).unwrap(),
        counter: Global::new(&mut *store, counter, zero).unwrap(),
        other_counter: Global::new(&mut *store, limit, ten).unwrap(),
    }
}

fn instance() -> (Store<Host>, Everything, EverythingExterns) {
    let mut store = Store::new(Host::default());
    let externs = externs(&mut store);
    let everything = Everything::instantiate(&mut store, externs).unwrap();
    (store, everything, externs)
}

#[test]
fn functions() {
    let (mut store, it, _) = instance();
    assert_eq!(it.add(&mut store, 40, 2).unwrap(), 42);
    assert_eq!(it.add64(&mut store, 1 << 40, 2).unwrap(), (1 << 40) + 2);
    assert_eq!(it.r#type(&mut store, 1.5, 3.0).unwrap(), 4.5);
    assert_eq!(it.swap(&mut store, 1, 2).unwrap(), (2, 1));
    assert_eq!(it.vector(&mut store, V128(0)).unwrap(), V128(u128::MAX));
    it.notify(&mut store).unwrap();
    it.notify(&mut store).unwrap();
    assert_eq!(store.data().notified, 2);
    it.many(&mut store, 1, 2, 3.5, 4.5, -5, -6, -7.5).unwrap();
    assert_eq!(store.data().many, ["1 2 3.5 4.5 -5 -6 -7.5"]);
    assert_eq!(it.nameless(&mut store).unwrap(), 10);
}

#[test]
fn references() {
    let (mut store, it, _) = instance();
    let func = it.instance().get_func(&mut store, "notify");
    let thing = ExternRef::new(&mut store, "a thing of the host's".to_owned()).unwrap();
    let (thing, func) = it.refs(&mut store, func, Some(thing)).unwrap();
    func.unwrap().call(&mut store, &[], &mut []).unwrap();
    assert_eq!(store.data().notified, 1);
    assert!(thing.is_some());
    let (thing, func) = it.refs(&mut store, None, None).unwrap();
    assert!(thing.is_none() && func.is_none());
}

#[test]
fn more_parameters_and_results_than_typed_functions_have() {
    let (mut store, it, _) = instance();
    let vector = V128(1 << 100);
    let found = it
        .too_many(
            &mut store, 1, 2, 3.0, 4.0, 5, 6, 7.0, 8.0, 9, 10, 11.0, 12.0, 13, 14, 15.0, 16.0,
            vector,
        )
        .unwrap();
    assert_eq!((found.0, found.1, found.2, found.3), (13, 14, 15.0, 16.0));
    assert_eq!((found.12, found.13, found.14, found.15), (1, 2, 3.0, 4.0));
    assert_eq!(found.16, vector);
}

#[test]
fn an_error_of_the_host_ends_the_guest() {
    let (mut store, it, _) = instance();
    let error = it.add(&mut store, i32::MAX, 1).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::IntegerOverflow));
}

#[test]
fn globals() {
    let (mut store, it, externs) = instance();
    assert_eq!(it.version(&store).unwrap(), 7);
    assert_eq!(it.i32(&store).unwrap(), -1);
    it.set_i32(&mut store, 5).unwrap();
    assert_eq!(it.i32(&store).unwrap(), 5);
    assert_eq!(it.i64(&store).unwrap(), 2);
    it.set_i64(&mut store, 1 << 40).unwrap();
    assert_eq!(it.i64(&store).unwrap(), 1 << 40);
    assert_eq!(it.f32(&store).unwrap(), 3.5);
    it.set_f32(&mut store, -0.5).unwrap();
    assert_eq!(it.f32(&store).unwrap(), -0.5);
    let f64 = it.f64(&store).unwrap();
    it.set_f64(&mut store, f64 + 1.0).unwrap();
    assert_eq!(it.f64(&store).unwrap(), 5.5);
    assert_eq!(it.v128(&store).unwrap(), V128(6 << 64 | 5));
    it.set_v128(&mut store, V128(1)).unwrap();
    assert_eq!(it.v128(&store).unwrap(), V128(1));
    assert!(it.funcref(&store).unwrap().is_none());
    let func = it.instance().get_func(&mut store, "add");
    it.set_funcref(&mut store, func).unwrap();
    assert_eq!(it.funcref(&store).unwrap(), func);
    assert!(it.externref(&store).unwrap().is_none());
    it.set_externref(&mut store, None).unwrap();
    // Those that the host has given.
    assert_eq!(it.count(&mut store).unwrap(), 9);
    assert_eq!(externs.counter.get(&store).unwrap().i32(), Some(1));
}

#[test]
fn memories_and_tables() {
    let (mut store, it, externs) = instance();
    it.memory().write(&mut store, 100, b"text").unwrap();
    assert_eq!(&it.memory().data(&store)[100..104], b"text");
    assert_ne!(it.memory(), externs.memory);
    assert_eq!(it.table().size(&store).unwrap(), 3);
}

#[test]
fn names() {
    let (mut store, it, _) = instance();
    assert_eq!(it.export_21(&mut store).unwrap(), 0);
    assert_eq!(it.get_value(&mut store).unwrap(), 1);
    assert_eq!(it.get_value_2(&mut store).unwrap(), 2);
    assert_eq!(it.get_value_3(&mut store).unwrap(), 3);
    assert_eq!(it.instance_2(&mut store).unwrap(), 4);
    assert_eq!(it.self_(&mut store).unwrap(), 5);
    assert_eq!(it.self_2(&mut store).unwrap(), 10);
    assert_eq!(it.set_i32_2(&mut store).unwrap(), 6);
    assert_eq!(it.export_29(&mut store).unwrap(), 7);
    assert_eq!(it.a_b(&mut store).unwrap(), 8);
    assert_eq!(it.__private(&mut store).unwrap(), 9);
}

#[test]
fn many_instances_by_one_linker() {
    let mut linker = Linker::new();
    Everything::add_to_linker(&mut linker).unwrap();
    let again = Everything::add_to_linker(&mut linker);
    assert!(matches!(again, Err(Error::Duplicate { .. })));
    let mut store = Store::new(Host::default());
    let externs = externs(&mut store);
    linker.define("env", "memory", externs.memory).unwrap();
    linker.define("env", "table", externs.table).unwrap();
    linker.define("env", "counter", externs.counter).unwrap();
    linker
        .define("other", "counter", Extern::Global(externs.other_counter))
        .unwrap();
    let module = Everything::module().unwrap();
    for expected in [9, 8, 7] {
        let instance = linker.instantiate(&mut store, module).unwrap();
        let it = Everything::from_instance(&mut store, instance).unwrap();
        // They share what the host has given.
        assert_eq!(it.count(&mut store).unwrap(), expected);
    }
}

#[test]
fn an_instance_of_another_module_is_refused() {
    let object = Everything::module().unwrap();
    let mut store = Store::new(());
    let other = Linker::new().instantiate(&mut store, object);
    let problems = match other {
        Err(Error::Link(error)) => error.problems().len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(problems, 15);
}
