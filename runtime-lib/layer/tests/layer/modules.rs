//! Modules: what they say of themselves, and how an engine compiles them.

use crate::{call, engine, func, instance, store};
use prefab_runtime_layer::targets::host;
use prefab_runtime_layer::{
    Engine as Prefab, Error, MemoryPlan, OptLevel, Options, Trap, TrapCode, Traps,
};
use wasm_runtime_layer::{
    Engine, Extern, Func, FuncType, GlobalType, Imports, Instance, MemoryType, Module, RefType,
    Store, TableType, Val, ValType,
};

#[test]
fn modules_tell_the_types_of_all_that_they_import_and_export() {
    let engine = engine();
    let wasm = wat::parse_str(
        r#"(module
             (import "a" "func" (func $f (param i32 f64) (result externref)))
             (import "a" "table" (table $t 1 externref))
             (import "b" "memory" (memory $m 2 3))
             (import "b" "global" (global $g (mut v128)))
             (export "f" (func $f))
             (export "t" (table $t))
             (export "m" (memory $m))
             (export "g" (global $g))
             (func (export "own f") (result i64) (i64.const 0))
             (table (export "own t") 5 6 funcref)
             (global (export "own g") f32 (f32.const 0)))"#,
    );
    let module = Module::new(&engine, &wasm.unwrap()).unwrap();
    let func = FuncType::new([ValType::I32, ValType::F64], [ValType::ExternRef]);
    let table = TableType::new(RefType::ExternRef, 1, None);
    let memory = MemoryType::new(2, Some(3));
    let global = GlobalType::new(ValType::V128, true);

    let imports: Vec<_> = module.imports(&engine).collect();
    let names = imports.iter().map(|import| (import.module, import.name));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            ("a", "func"),
            ("a", "table"),
            ("b", "memory"),
            ("b", "global")
        ]
    );
    assert_eq!(imports[0].ty.func(), Some(&func));
    assert_eq!(imports[1].ty.table(), Some(&table));
    assert_eq!(imports[2].ty.memory(), Some(&memory));
    assert_eq!(imports[3].ty.global(), Some(&global));

    let exports: Vec<_> = module.exports(&engine).collect();
    let names = exports.iter().map(|export| export.name);
    let expected = ["f", "t", "m", "g", "own f", "own t", "own g"];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    assert_eq!(exports[0].ty.func(), Some(&func));
    assert_eq!(exports[1].ty.table(), Some(&table));
    assert_eq!(exports[2].ty.memory(), Some(&memory));
    assert_eq!(exports[3].ty.global(), Some(&global));
    let own = FuncType::new([], [ValType::I64]);
    assert_eq!(
        module.get_export(&engine, "own f").unwrap().func(),
        Some(&own)
    );
    let own = TableType::new(RefType::FuncRef, 5, Some(6));
    assert_eq!(
        module.get_export(&engine, "own t").unwrap().table(),
        Some(&own)
    );
    let own = GlobalType::new(ValType::F32, false);
    assert_eq!(
        module.get_export(&engine, "own g").unwrap().global(),
        Some(&own)
    );
    assert!(module.get_export(&engine, "own m").is_none());
}

/// Each choice of plan, traps and level gives modules that do the same.
#[test]
fn engines_compile_as_they_are_told() {
    use MemoryPlan::{Bounded, Guarded};
    let wasm = wat::parse_str(
        r#"(module
             (memory 1 2)
             (func (export "sum") (param i32) (result i32) (local i32)
               (loop
                 (local.set 1 (i32.add (local.get 1) (i32.load8_u (local.get 0))))
                 (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                 (br_if 0 (i32.lt_u (local.get 0) (i32.const 65537))))
               (local.get 1)))"#,
    );
    let wasm = wasm.unwrap();
    let plain = Options::new(host::target());
    assert_eq!(Prefab::default().options().describe(), plain.describe());
    for (memory_plan, traps, opt_level) in [
        (Guarded, Traps::Signals, OptLevel::O0),
        (Bounded, Traps::Signals, OptLevel::O2),
        (Bounded, Traps::Explicit, OptLevel::O1),
    ] {
        let options = Options {
            memory_plan,
            traps,
            opt_level,
            features: host::features(),
            name: "summing".to_owned(),
            ..plain.clone()
        };
        let engine = Engine::new(Prefab::new(options));
        let module = Module::new(&engine, &wasm).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &Imports::new()).unwrap();
        let sum = func(&store, &instance, "sum");
        let error = call(&mut store, &sum, &[Val::I32(0)]).unwrap_err();
        let trap: &Trap = error.downcast_ref().unwrap();
        assert_eq!(trap.code(), TrapCode::MemoryOutOfBounds);
        assert_eq!(&*trap.backtrace()[0].module, "summing");
        assert!(store.engine().clone().into_backend().options().opt_level == opt_level);
    }
    let impossible = Options {
        traps: Traps::Explicit,
        ..plain
    };
    let engine = Engine::new(Prefab::new(impossible));
    let error = Module::new(&engine, &wasm).unwrap_err().to_string();
    assert!(
        error.contains("`--traps explicit` goes with `--memory bounded`"),
        "{error}"
    );
}

/// Modules of several plans share a memory: the host's suits all.
#[test]
fn modules_of_different_plans_meet() {
    let mut options = Options::new(host::target());
    options.memory_plan = MemoryPlan::Bounded;
    let bounded = Engine::new(Prefab::new(options));
    let wasm = wat::parse_str(
        r#"(module
             (import "host" "memory" (memory 1))
             (func (export "add") (result i32)
               (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
               (i32.load (i32.const 0))))"#,
    );
    let wasm = wasm.unwrap();
    let mut store = store(());
    let memory = wasm_runtime_layer::Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let mut imports = Imports::new();
    imports.define("host", "memory", Extern::Memory(memory));
    for (engine, expected) in [(&engine(), 1), (&bounded, 2)] {
        let module = Module::new(engine, &wasm).unwrap();
        let instance = Instance::new(&mut store, &module, &imports).unwrap();
        let add = func(&store, &instance, "add");
        assert_eq!(call(&mut store, &add, &[]).unwrap(), Val::I32(expected));
    }
}

#[test]
fn a_start_function_runs_before_anything_is_exported() {
    let mut store = store(Vec::<i32>::new());
    let note = Func::new(
        &mut store,
        FuncType::new([ValType::I32], []),
        |mut store, args, _| {
            let Val::I32(number) = args[0] else {
                panic!("the type says so");
            };
            store.data_mut().push(number);
            Ok(())
        },
    );
    let instance = instance(
        &mut store,
        r#"(module
             (import "host" "note" (func $note (param i32)))
             (func $start (call $note (i32.const 1)))
             (start $start)
             (func (export "more") (call $note (i32.const 2))))"#,
        &[("note", Extern::Func(note))],
    );
    assert_eq!(store.data(), &[1]);
    let more = func(&store, &instance, "more");
    more.call(&mut store, &[], &mut []).unwrap();
    assert_eq!(store.data(), &[1, 2]);
}

/// With other backends the host calls it; here that does nothing more.
#[test]
fn reactors_are_initialised_once() {
    let mut store = store(());
    let instance = instance(
        &mut store,
        r#"(module
             (global $runs (mut i32) (i32.const 0))
             (func (export "_initialize")
               (global.set $runs (i32.add (global.get $runs) (i32.const 1))))
             (func (export "runs") (result i32) (global.get $runs)))"#,
        &[],
    );
    let runs = func(&store, &instance, "runs");
    assert_eq!(call(&mut store, &runs, &[]).unwrap(), Val::I32(1));
    let initialize = func(&store, &instance, "_initialize");
    initialize.call(&mut store, &[], &mut []).unwrap();
    assert_eq!(call(&mut store, &runs, &[]).unwrap(), Val::I32(1));
}

#[test]
fn commands_run_once() {
    let mut store = store(());
    let text = r#"(module (func (export "_start")))"#;
    let instance = instance(&mut store, text, &[]);
    let start = func(&store, &instance, "_start");
    start.call(&mut store, &[], &mut []).unwrap();
    let error = start.call(&mut store, &[], &mut []).unwrap_err();
    let found = error.downcast_ref();
    assert!(
        matches!(found, Some(Error::CommandAlreadyRun { .. })),
        "{error:?}"
    );
}
