//! What the layer's own tests do with each backend: add one, and return several values.

use crate::{call, engine, func};
use std::collections::BTreeMap;
use wasm_runtime_layer::{
    Engine, Extern, Func, FuncType, Imports, Instance, Module, Store, Val, ValType,
    backend::WasmEngine,
};

/// For any backend, as hosts are that use the layer.
fn add_one(engine: &Engine<impl WasmEngine>) -> Val {
    let wasm = wat::parse_str(
        r#"(module
             (func (export "add_one") (param i32) (result i32)
               (i32.add (local.get 0) (i32.const 1))))"#,
    );
    let module = Module::new(engine, &wasm.unwrap()).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &Imports::default()).unwrap();
    let export = instance.get_export(&store, "add_one");
    let add_one = export.and_then(Extern::into_func).unwrap();
    let mut results = [Val::I32(0)];
    add_one
        .call(&mut store, &[Val::I32(42)], &mut results)
        .unwrap();
    let [result] = results;
    result
}

fn multi_value(engine: &Engine<impl WasmEngine>) -> [Val; 2] {
    let wasm = wat::parse_str(
        r#"(module
             (import "host" "get-values" (func $values (result i32 i32)))
             (func (export "add-sub") (param $a i32) (param $b i32) (result i32 i32)
               (local $difference i32)
               (local.set $difference (i32.sub (call $values)))
               (i32.add (local.get $a) (local.get $b))
               (local.get $difference)))"#,
    );
    let mut store = Store::new(engine, ());
    let ty = FuncType::new([], [ValType::I32, ValType::I32]);
    let values = Func::new(&mut store, ty, |_, _, results| {
        results.clone_from_slice(&[Val::I32(5), Val::I32(4)]);
        Ok(())
    });
    let mut imports = Imports::new();
    imports.define("host", "get-values", Extern::Func(values));
    let module = Module::new(engine, &wasm.unwrap()).unwrap();
    let instance = Instance::new(&mut store, &module, &imports).unwrap();
    let exports = instance.exports(&store).map(|it| (it.name, it.value));
    let exports: BTreeMap<_, _> = exports.collect();
    let Extern::Func(add_sub) = &exports["add-sub"] else {
        panic!("{exports:?}");
    };
    let mut results = [Val::I32(0), Val::I32(0)];
    add_sub
        .call(&mut store, &[Val::I32(5), Val::I32(7)], &mut results)
        .unwrap();
    results
}

#[test]
fn one_is_added() {
    assert_eq!(add_one(&engine()), Val::I32(43));
}

#[test]
fn several_values_are_returned() {
    assert_eq!(multi_value(&engine()), [Val::I32(12), Val::I32(1)]);
}

/// A function of every type of value, with more values than fit into registers.
#[test]
fn values_of_every_type_pass_unchanged() {
    let mut store = crate::store(());
    let types = [
        ValType::I32,
        ValType::I64,
        ValType::F32,
        ValType::F64,
        ValType::V128,
    ];
    let types: Vec<_> = types.into_iter().cycle().take(20).collect();
    let args: Vec<_> = (0..4_u32)
        .flat_map(|n| {
            // Not canonical, and signalling: who computes with it changes it.
            let nan32 = f32::from_bits(0x7fa0_0000 | n);
            let nan64 = f64::from_bits(0xfff4_0000_0000_0000 | u64::from(n));
            [
                Val::I32(i32::MIN + n.cast_signed()),
                Val::I64(i64::MIN + i64::from(n)),
                Val::F32(nan32),
                Val::F64(nan64),
                Val::V128(u128::MAX - u128::from(n)),
            ]
        })
        .collect();
    let ty = FuncType::new(types.clone(), types);
    let host = Func::new(&mut store, ty.clone(), |_, args, results| {
        results.clone_from_slice(args);
        Ok(())
    });
    assert_eq!(host.ty(&store), ty);
    let list = "i32 i64 f32 f64 v128 ".repeat(4);
    let gets: String = (0..20).map(|n| format!("local.get {n} ")).collect();
    let instance = crate::instance(
        &mut store,
        &format!(
            r#"(module (type $t (func (param {list}) (result {list})))
                 (import "host" "all" (func $all (type $t)))
                 (func (export "all") (type $t) {gets} call $all))"#
        ),
        &[("all", Extern::Func(host))],
    );
    let all = func(&store, &instance, "all");
    let mut results = vec![Val::I32(0); 20];
    all.call(&mut store, &args, &mut results).unwrap();
    let bits = |value: &Val| match value {
        Val::I32(value) => u128::from(value.cast_unsigned()),
        Val::I64(value) => u128::from(value.cast_unsigned()),
        Val::F32(value) => value.to_bits().into(),
        Val::F64(value) => value.to_bits().into(),
        Val::V128(value) => *value,
        other => panic!("{other:?}"),
    };
    let all_bits = |values: &[Val]| values.iter().map(bits).collect::<Vec<_>>();
    assert_eq!(all_bits(&results), all_bits(&args));
    let few = call(&mut store, &all, &args).unwrap_err().to_string();
    assert!(few.contains("20 arguments for 1 results"), "{few}");
}
