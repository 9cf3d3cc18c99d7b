//! Imports that nothing is defined for.

use crate::common::{module, module_with};
use prefab::{Error, Linker, MemoryPlan, Store, UnknownImport, Val};

const MODULE: &str = r#"(module
    (import "env" "known" (func $known (result i32)))
    (import "env" "unknown" (func $unknown (param i64) (result i32 f64 externref)))
    (func (export "known") (result i32) (call $known))
    (func (export "unknown") (result i32 f64 externref) (call $unknown (i64.const 1))))"#;

#[test]
fn functions_that_trap() {
    let module = module(MODULE);
    let mut linker = Linker::new();
    linker.func_wrap("env", "known", || 5).unwrap();
    linker.define_unknown_imports_as_traps(&module).unwrap();
    // A second time, everything is defined.
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let known = instance.get_typed_func::<(), i32>(&mut store, "known");
    assert_eq!(known.unwrap().call(&mut store, ()).unwrap(), 5);
    let unknown = instance.get_func(&mut store, "unknown").unwrap();
    let mut results = [Val::I32(0); 3];
    let error = unknown.call(&mut store, &[], &mut results).unwrap_err();
    let import: &UnknownImport = error.downcast_ref().unwrap();
    assert_eq!((&*import.module, &*import.name), ("env", "unknown"));
    assert_eq!(
        error.to_string(),
        r#"the guest called the import "env" "unknown", which is not defined"#
    );
    let Error::Host(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.backtrace().len(), 1);
    assert_eq!(error.frames_left_out(), 0);
}

#[test]
fn functions_that_return_defaults() {
    let module = module(MODULE);
    let mut linker = Linker::new();
    let mut store = Store::new(());
    linker.func_wrap("env", "known", || 5).unwrap();
    linker
        .define_unknown_imports_as_default_values(&mut store, &module)
        .unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let unknown = instance.get_func(&mut store, "unknown").unwrap();
    let mut results = [Val::I32(9); 3];
    unknown.call(&mut store, &[], &mut results).unwrap();
    let zeros = [Val::I32(0), Val::F64(0), Val::ExternRef(None)];
    assert_eq!(format!("{results:?}"), format!("{zeros:?}"));
}

#[test]
fn memories_tables_and_globals() {
    let text = r#"(module
        (import "env" "memory" (memory 1 2))
        (import "env" "table" (table 3 4 externref))
        (import "env" "constant" (global v128))
        (import "env" "variable" (global $variable (mut i64)))
        (export "memory" (memory 0))
        (export "table" (table 0))
        (export "variable" (global $variable))
        (func (export "load") (result i32) (i32.load (i32.const 65532))))"#;
    for plan in [MemoryPlan::Guarded, MemoryPlan::Bounded] {
        let module = module_with(text, |options| options.memory_plan = plan);
        let mut store = Store::new(());
        let mut linker = Linker::new();
        linker.define_unknown_imports_as_traps(&module).unwrap();
        let Err(Error::Link(error)) = linker.instantiate(&mut store, &module) else {
            panic!("only functions can trap");
        };
        assert_eq!(error.problems().len(), 4);
        linker
            .define_unknown_imports_as_default_values(&mut store, &module)
            .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        assert_eq!(memory.size(&store).unwrap(), 1);
        let table = instance.get_table(&mut store, "table").unwrap();
        assert_eq!(table.size(&store).unwrap(), 3);
        let global = instance.get_global(&mut store, "variable").unwrap();
        assert_eq!(
            format!("{:?}", global.get(&store).unwrap()),
            format!("{:?}", Val::I64(0))
        );
        let load = instance.get_typed_func::<(), i32>(&mut store, "load");
        assert_eq!(load.unwrap().call(&mut store, ()).unwrap(), 0);
    }
}
