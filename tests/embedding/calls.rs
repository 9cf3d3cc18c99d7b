//! Calls from the host into guests.

use crate::common::{instance, module};
use prefab::{Error, FuncType, Linker, Store, V128, Val, ValType};

#[test]
fn typed_calls_of_every_type() {
    let (mut store, instance) = instance(
        r#"(module (func (export "all")
             (param i32 i64 f32 f64 v128 funcref externref)
             (result externref funcref v128 f64 f32 i64 i32)
             local.get 6 local.get 5 local.get 4 local.get 3 local.get 2 local.get 1 local.get 0))"#,
    );
    use prefab::{ExternRef, Func};
    type In = (i32, i64, f32, f64, V128, Option<Func>, Option<ExternRef>);
    type Out = (Option<ExternRef>, Option<Func>, V128, f64, f32, i64, i32);
    let all = instance
        .get_typed_func::<In, Out>(&mut store, "all")
        .unwrap();
    let reference = ExternRef::new(&mut store, 1_u8).unwrap();
    let (func, vector) = (all.func(), V128(0x1234 << 80 | 5));
    let args = (-1, i64::MIN, 1.5, -2.5, vector, Some(func), Some(reference));
    let out = all.call(&mut store, args).unwrap();
    let expected = (Some(reference), Some(func), vector, -2.5, 1.5, i64::MIN, -1);
    assert_eq!(out, expected);

    let args = [
        Val::I32(-1),
        Val::I64(i64::MIN),
        Val::from(1.5_f32),
        Val::from(-2.5_f64),
        Val::V128(vector.0),
        Val::FuncRef(Some(func)),
        Val::ExternRef(None),
    ];
    let mut results = [Val::I32(0); 7];
    func.call(&mut store, &args, &mut results).unwrap();
    results.reverse();
    assert_eq!(format!("{results:?}"), format!("{args:?}"));
}

#[test]
fn arguments_beyond_the_registers() {
    let (mut store, instance) = instance(
        r#"(module (func (export "sum")
             (param i64 f64 v128 i64 i64 v128 f32 i32 v128 i64) (result i64 v128)
             local.get 0 local.get 3 i64.add local.get 4 i64.add
             local.get 7 i64.extend_i32_s i64.add local.get 9 i64.add
             local.get 2 local.get 5 i64x2.add local.get 8 i64x2.add))"#,
    );
    type V = V128;
    type In = (i64, f64, V, i64, i64, V, f32, i32, V, i64);
    let sum = instance
        .get_typed_func::<In, (i64, V)>(&mut store, "sum")
        .unwrap();
    let v = |low: u64, high: u64| V128(u128::from(low) | u128::from(high) << 64);
    let args = (
        1,
        0.,
        v(1, 2),
        10,
        100,
        v(10, 20),
        0.,
        -1,
        v(100, 200),
        1000,
    );
    let out = sum.call(&mut store, args).unwrap();
    assert_eq!(out, (1110, v(111, 222)));
}

#[test]
fn calls_with_many_values() {
    const COUNT: usize = 40;
    let list = |what: &str| what.repeat(COUNT);
    let gets: String = (0..COUNT).map(|i| format!("local.get {i} ")).collect();
    let (mut store, instance) = instance(&format!(
        r#"(module (func (export "f") (param {}) (result {}) {gets}))"#,
        list("i64 "),
        list("i64 ")
    ));
    let f = instance.get_func(&mut store, "f").unwrap();
    let args: Vec<Val> = (0..COUNT as i64).map(Val::I64).collect();
    let mut results = vec![Val::I32(0); COUNT];
    f.call(&mut store, &args, &mut results).unwrap();
    assert_eq!(format!("{results:?}"), format!("{args:?}"));
}

#[test]
fn wrong_calls_are_errors() {
    let (mut store, instance) =
        instance(r#"(module (func (export "f") (param i32)) (memory (export "m") 1))"#);
    let as_other = instance.get_typed_func::<i64, ()>(&mut store, "f");
    assert!(matches!(as_other, Err(Error::Type(_))));
    for name in ["g", "m"] {
        let missing = instance.get_typed_func::<i32, ()>(&mut store, name);
        assert!(matches!(missing, Err(Error::NoExport { .. })));
    }
    let f = instance.get_func(&mut store, "f").unwrap();
    assert_eq!(f.ty(&store).unwrap(), FuncType::new([ValType::I32], []));
    for args in [&[][..], &[Val::I64(0)], &[Val::I32(0), Val::I32(0)]] {
        let call = f.call(&mut store, args, &mut []);
        assert!(matches!(call, Err(Error::Type(_))), "{args:?}");
    }
    let call = f.call(&mut store, &[Val::I32(0)], &mut [Val::I32(0)]);
    assert!(matches!(call, Err(Error::Type(_))));
}

#[test]
fn handles_of_another_store_are_errors() {
    let module = module(
        r#"(module (func (export "f")) (memory (export "m") 1) (table (export "t") 1 funcref)
             (global (export "g") (mut i32) (i32.const 0))
             (func (export "take") (param funcref)))"#,
    );
    let linker = Linker::<()>::new();
    let (mut one, mut two) = (Store::new(()), Store::new(()));
    let a = linker.instantiate(&mut one, &module).unwrap();
    let b = linker.instantiate(&mut two, &module).unwrap();
    let wrong = |error: Option<Error>| assert!(matches!(error, Some(Error::WrongStore(_))));

    let f = a.get_func(&mut one, "f").unwrap();
    wrong(f.call(&mut two, &[], &mut []).err());
    wrong(f.typed::<(), ()>(&two).err());
    wrong(f.typed::<(), ()>(&one).unwrap().call(&mut two, ()).err());
    let take = b.get_func(&mut two, "take").unwrap();
    wrong(take.call(&mut two, &[Val::FuncRef(Some(f))], &mut []).err());
    let m = a.get_memory(&mut one, "m").unwrap();
    wrong(m.read(&two, 0, &mut [0]).err());
    wrong(m.write(&mut two, 0, &[0]).err());
    wrong(m.grow(&mut two, 1).err());
    wrong(m.size(&two).err());
    let t = a.get_table(&mut one, "t").unwrap();
    wrong(t.get(&two, 0).err());
    wrong(t.set(&mut two, 0, Val::FuncRef(None)).err());
    let t_of_two = b.get_table(&mut two, "t").unwrap();
    wrong(t_of_two.set(&mut two, 0, Val::FuncRef(Some(f))).err());
    let g = a.get_global(&mut one, "g").unwrap();
    wrong(g.get(&two).err());
    wrong(g.set(&mut two, Val::I32(1)).err());
    wrong(a.exports(&mut two).err());
    assert!(a.get_export(&mut two, "f").is_none());
    let mut linker = Linker::new();
    linker.define("env", "f", f).unwrap();
    let importer = crate::common::module(r#"(module (import "env" "f" (func)))"#);
    wrong(linker.instantiate(&mut two, &importer).err());
    wrong(prefab::Instance::new(&mut two, &importer, &[f.into()]).err());
    assert!(linker.instantiate(&mut one, &importer).is_ok());
}

#[test]
fn exported_globals_are_the_guests() {
    let (mut store, instance) = instance(
        r#"(module
             (global $g (export "g") (mut i64) (i64.const 5))
             (global (export "c") f32 (f32.const 1.5))
             (global (export "v") (mut v128) (v128.const i64x2 1 2))
             (func (export "bump") (result i64)
               (global.set $g (i64.add (global.get $g) (i64.const 1))) (global.get $g)))"#,
    );
    let g = instance.get_global(&mut store, "g").unwrap();
    assert_eq!(g.get(&store).unwrap().i64(), Some(5));
    g.set(&mut store, Val::I64(41)).unwrap();
    let bump = instance
        .get_typed_func::<(), i64>(&mut store, "bump")
        .unwrap();
    assert_eq!(bump.call(&mut store, ()).unwrap(), 42);
    assert_eq!(g.get(&store).unwrap().i64(), Some(42));
    assert!(g.set(&mut store, Val::I32(0)).is_err());
    let c = instance.get_global(&mut store, "c").unwrap();
    assert_eq!(c.get(&store).unwrap().f32(), Some(1.5));
    assert!(c.set(&mut store, Val::from(2_f32)).is_err());
    let v = instance.get_global(&mut store, "v").unwrap();
    assert!(matches!(v.get(&store).unwrap(), Val::V128(bits) if bits == 2 << 64 | 1));
}

#[test]
#[should_panic(expected = "the memory was used with another store than its own")]
fn the_bytes_of_another_stores_memory_are_a_panic() {
    let (mut store, instance) = instance(r#"(module (memory (export "m") 1))"#);
    let m = instance.get_memory(&mut store, "m").unwrap();
    m.data(&Store::new(()));
}
