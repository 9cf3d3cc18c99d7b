//! What goes wrong, and what the layer's errors have of it.

use crate::{call, engine, func, instance, store, try_instance};
use prefab_runtime_layer::targets::Target;
use prefab_runtime_layer::{
    CompileError, Engine as Prefab, Error, Limits, Options, Trap, TrapCode,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasm_runtime_layer::{
    Engine, Extern, Func, FuncType, Global, Imports, Instance, Memory, MemoryType, Module, Ref,
    RefType, Store, Table, TableType, Val, ValType,
};

#[test]
fn traps_say_why_and_where() {
    let mut store = store(());
    let instance = instance(
        &mut store,
        r#"(module
             (memory 1)
             (func $outer (export "load") (param i32) (result i32) (call $inner (local.get 0)))
             (func $inner (param i32) (result i32) (i32.load (local.get 0)))
             (func $endless (export "endless") (result i32) (i32.add (call $endless) (i32.const 1)))
             (func (export "stop") (result i32) unreachable))"#,
        &[],
    );
    let load = func(&store, &instance, "load");
    let error = call(&mut store, &load, &[Val::I32(65_533)]).unwrap_err();
    let trap: &Trap = error.downcast_ref().unwrap();
    assert_eq!(trap.code(), TrapCode::MemoryOutOfBounds);
    let names = trap
        .backtrace()
        .iter()
        .map(|frame| frame.func_name.as_deref());
    assert_eq!(names.collect::<Vec<_>>(), [Some("inner"), Some("outer")]);
    let said = error.to_string();
    assert!(
        said.starts_with("wasm trap: out of bounds memory access"),
        "{said}"
    );
    for (name, code) in [
        ("endless", TrapCode::StackOverflow),
        ("stop", TrapCode::Unreachable),
    ] {
        let it = func(&store, &instance, name);
        let error = call(&mut store, &it, &[]).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>().unwrap().code(), code);
    }
    assert_eq!(
        call(&mut store, &load, &[Val::I32(0)]).unwrap(),
        Val::I32(0)
    );
    let start = try_instance(&mut store, "(module (func unreachable) (start 0))", &[]);
    assert!(start.unwrap_err().is::<Trap>());
}

#[test]
fn modules_that_are_none() {
    let engine = engine();
    for (bytes, says) in [
        (&b"\0asm\x02\0\0\0"[..], "(at offset 0x"),
        (b"(module)", "not a WebAssembly module"),
        (b"", "not a WebAssembly module"),
    ] {
        let error = Module::new(&engine, bytes).unwrap_err();
        assert!(error.is::<CompileError>(), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
    let wasm = wat::parse_str("(module (func (result i32) (i64.const 1)))").unwrap();
    let error = Module::new(&engine, &wasm).unwrap_err().to_string();
    assert!(error.contains("type mismatch"), "{error}");
}

/// An object for another machine is compiled, and its loading says whose it is.
#[test]
fn options_for_another_machine() {
    let foreign = Target::ALL.iter().find(|it| Some(**it) != Target::host());
    let options = Options::new(foreign.unwrap());
    let engine = Engine::new(Prefab::new(options));
    let error = Module::new(&engine, &wat::parse_str("(module)").unwrap()).unwrap_err();
    let said = error.to_string();
    assert!(said.contains(foreign.unwrap().name()), "{said}");
}

#[test]
fn every_import_that_is_missing_or_wrong_is_named() {
    let mut store = store(());
    let text = r#"(module
        (import "host" "here" (global i32))
        (import "host" "not here" (func (param i64)))
        (import "host" "wrong" (memory 1)))"#;
    let here = Global::new(&mut store, Val::I32(0), false);
    let items = [
        ("here", Extern::Global(here.clone())),
        ("wrong", Extern::Global(here)),
    ];
    let error = try_instance(&mut store, text, &items).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot link module\n  \
         unknown import: \"host\" \"not here\", (func (i64) -> ())\n  \
         incompatible import type: \"host\" \"wrong\" is (global i32), not (memory 1)"
    );
    let Some(Error::Link(link)) = error.downcast_ref() else {
        panic!("{error:?}");
    };
    assert_eq!(link.problems().len(), 2);
}

#[test]
fn arguments_of_other_types() {
    let mut store = store(());
    let text = r#"(module (func (export "it") (param i32) (result i32) (local.get 0)))"#;
    let instance = instance(&mut store, text, &[]);
    let it = func(&store, &instance, "it");
    for args in [&[][..], &[Val::I64(0)], &[Val::I32(0), Val::I32(0)]] {
        let error = call(&mut store, &it, args).unwrap_err();
        let says = format!("(i32) -> (i32), but it was called with {}", args.len());
        assert!(error.to_string().contains(&says), "{error}");
    }
    let error = it.call(&mut store, &[Val::I32(0)], &mut []).unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(Error::Type(_))),
        "{error:?}"
    );
}

/// What `run` panics with.
fn panics<R>(run: impl FnOnce() -> R) -> String {
    let caught = catch_unwind(AssertUnwindSafe(|| drop(run())));
    *caught.unwrap_err().downcast().unwrap()
}

#[test]
fn handles_of_another_store() {
    let (mut own, mut other) = (store(()), store(()));
    let ty = FuncType::new([], [ValType::I32]);
    let func = Func::new(&mut own, ty, |_, _, _| Ok(()));
    let global = Global::new(&mut own, Val::I32(0), true);
    let memory = Memory::new(&mut own, MemoryType::new(1, None)).unwrap();
    let ty = TableType::new(RefType::FuncRef, 1, None);
    let table = Table::new(&mut own, ty, Ref::FuncRef(None)).unwrap();

    let foreign = || Val::FuncRef(Some(func.clone()));
    let null = || Ref::FuncRef(None);
    let errors = [
        call(&mut other, &func, &[]).unwrap_err(),
        global.set(&mut other, Val::I32(0)).unwrap_err(),
        memory.grow(&mut other, 0).unwrap_err(),
        memory.read(&other, 0, &mut []).unwrap_err(),
        memory.write(&mut other, 0, &[]).unwrap_err(),
        table.grow(&mut other, 0, null()).unwrap_err(),
        table.set(&mut other, 0, null()).unwrap_err(),
        Table::new(&mut other, ty, Ref::FuncRef(Some(func.clone()))).unwrap_err(),
    ];
    for error in errors {
        let found = error.downcast_ref();
        assert!(matches!(found, Some(Error::WrongStore(_))), "{error:?}");
    }
    let text = r#"(module (import "host" "it" (memory 1)))"#;
    let import = try_instance(&mut other, text, &[("it", Extern::Memory(memory.clone()))]);
    let error = import.unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(Error::WrongStore(_))),
        "{error:?}"
    );

    // Where the layer has no room for an error.
    for said in [
        panics(|| func.ty(&other)),
        panics(|| global.ty(&other)),
        panics(|| memory.ty(&other)),
        panics(|| memory.current_pages(&other)),
        panics(|| table.ty(&other)),
        panics(|| table.size(&other)),
        panics(|| global.get(&mut other)),
        panics(|| table.get(&mut other, 0)),
        panics(|| Global::new(&mut other, foreign(), true)),
    ] {
        assert!(
            said.ends_with(" was used with another store than its own"),
            "{said}"
        );
    }
}

#[test]
fn limits_of_the_engine_hold_in_each_store() {
    let mut limits = Limits::NONE;
    limits.memory_bytes = 3 << 16;
    limits.table_elements = 10;
    limits.instances = 2;
    let engine = Engine::new(Prefab::default().with_limits(limits));
    let module = wat::parse_str(
        r#"(module
             (memory (export "memory") 1)
             (table (export "table") 4 funcref)
             (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#,
    );
    let module = Module::new(&engine, &module.unwrap()).unwrap();
    for _ in 0..2 {
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &Imports::new()).unwrap();
        let grow = func(&store, &instance, "grow");
        assert_eq!(
            call(&mut store, &grow, &[Val::I32(3)]).unwrap(),
            Val::I32(-1)
        );
        assert_eq!(
            call(&mut store, &grow, &[Val::I32(1)]).unwrap(),
            Val::I32(1)
        );
        Instance::new(&mut store, &module, &Imports::new()).unwrap();
        let error = Memory::new(&mut store, MemoryType::new(1, None)).unwrap_err();
        assert!(
            error.to_string().contains("196608 bytes of memory at most"),
            "{error}"
        );
        let table = instance
            .get_export(&store, "table")
            .unwrap()
            .into_table()
            .unwrap();
        assert!(table.grow(&mut store, 3, Ref::FuncRef(None)).is_err());
        assert_eq!(table.grow(&mut store, 2, Ref::FuncRef(None)).unwrap(), 4);
        let error = Instance::new(&mut store, &module, &Imports::new()).unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(Error::Resource { .. })),
            "{error:?}"
        );
    }
}
