//! Compiled modules that import WASI, run.
//!
//! # Safety
//! The objects come out of the compiler.
#![allow(unsafe_code, reason = "loading trusts the code in a file")]

use prefab_compiler::{Options, compile};
use prefab_loader::load_bytes;
use prefab_runtime::{Error, ExternType, Instance, Linker, Module, Store, TrapCode, ValType};
use prefab_targets::Target;
use prefab_wasi::{
    Exit, FUNCTIONS, OutputCapture, OutputStream, Snapshot, WasiCtx, WasmType, add_to_linker,
};

/// A context behind data of the host's that is not `'static`.
struct Host<'a> {
    wasi: WasiCtx,
    _name: &'a str,
}

fn module(wat: &str) -> Module {
    let target = Target::host().expect("the tests run on a target");
    let wasm = wat::parse_str(wat).expect("the module is well-formed");
    let object = compile(&wasm, &Options::new(target), &|_, _| ()).expect("the module compiles");
    // SAFETY: it has just been compiled.
    unsafe { load_bytes(&object, "guest") }.expect("the object loads")
}

fn instantiate<'a>(
    wat: &str,
    wasi: WasiCtx,
    name: &'a str,
) -> Result<(Store<Host<'a>>, Instance), Error> {
    let mut linker = Linker::new();
    add_to_linker(&mut linker, |host: &mut Host<'a>| &mut host.wasi)?;
    let mut store = Store::new(Host { wasi, _name: name });
    let instance = linker.instantiate(&mut store, &module(wat))?;
    Ok((store, instance))
}

fn run(wat: &str, wasi: WasiCtx) -> Result<(), Error> {
    let name = String::from("not static");
    let (mut store, instance) = instantiate(wat, wasi, &name)?;
    instance.run_command(&mut store)
}

#[test]
fn a_program_greets_and_ends() {
    for snapshot in Snapshot::ALL {
        let wat = format!(
            r#"(module
              (import "{0}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
              (import "{0}" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 1)
              (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
              (func (export "_start")
                (call $exit (i32.add (i32.const 40)
                  (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32))))
                unreachable))"#,
            snapshot.module_name()
        );
        let out = OutputCapture::new();
        let wasi = WasiCtx::builder()
            .stdout(OutputStream::Capture(out.clone()))
            .build()
            .unwrap();
        let error = run(&wat, wasi).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Exit { code: 40 }));
        assert_eq!(out.contents(), b"hello\n");
    }
}

#[test]
fn a_module_without_memory_can_still_end() {
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (func (export "_start") (call $exit (i32.const 21))))"#;
    let error = run(wat, WasiCtx::builder().build().unwrap()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Exit { code: 21 }));
}

#[test]
fn a_pointer_outside_the_memory_traps_with_function_and_pointer() {
    for snapshot in Snapshot::ALL {
        let module = snapshot.module_name();
        for (memory, size_bytes) in [(r#"(memory (export "memory") 1)"#, 65536), ("", 0)] {
            let wat = format!(
                r#"(module
                  (import "{module}" "random_get" (func $random (param i32 i32) (result i32)))
                  {memory}
                  (func $main (export "_start")
                    (drop (call $random (i32.const 65535) (i32.const 2)))))"#
            );
            let error = run(&wat, WasiCtx::builder().build().unwrap()).unwrap_err();
            assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
            let Error::Trap(trap) = error else {
                panic!("{error}")
            };
            assert_eq!(
                trap.detail().unwrap(),
                format!(
                    "{module}.random_get was given the pointer 0xffff to 2 bytes, and the memory \
                     has {size_bytes} bytes"
                )
            );
            assert_eq!(trap.backtrace()[0].func_name.as_deref(), Some("main"));
        }
    }
}

/// A module that imports every function with the type the table gives links.
#[test]
fn every_function_is_there_with_its_type() {
    let (mut imports, mut count) = (String::new(), 0);
    for snapshot in Snapshot::ALL {
        for function in FUNCTIONS.iter().filter(|function| function.is_in(snapshot)) {
            let params: Vec<_> = function
                .params
                .iter()
                .map(|param| match param {
                    WasmType::I32 => "i32",
                    WasmType::I64 => "i64",
                })
                .collect();
            imports += &format!(
                "(import {:?} {:?} (func (param {}) {}))\n",
                snapshot.module_name(),
                function.name,
                params.join(" "),
                if function.returns_errno {
                    "(result i32)"
                } else {
                    ""
                },
            );
            count += 1;
        }
    }
    assert_eq!(count, 91);
    let wat = format!("(module {imports})");
    assert!(instantiate(&wat, WasiCtx::builder().build().unwrap(), "").is_ok());
}

#[test]
fn what_is_no_function_of_wasi_is_named() {
    let wat = r#"(module
      (import "wasi_unstable" "sock_accept" (func (param i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "sock_open" (func (param i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32))))"#;
    let error = instantiate(wat, WasiCtx::builder().build().unwrap(), "")
        .err()
        .unwrap();
    let Error::Link(error) = error else {
        panic!("{error}")
    };
    let problems = error.problems();
    let names: Vec<_> = problems
        .iter()
        .map(|problem| problem.name.as_str())
        .collect();
    assert_eq!(names, ["sock_accept", "sock_open", "fd_close"]);
    assert_eq!(
        problems
            .iter()
            .filter(|problem| problem.found.is_none())
            .count(),
        2
    );
    let Some(ExternType::Func(found)) = &problems[2].found else {
        panic!("{:?}", problems[2])
    };
    assert_eq!(found.params(), [ValType::I32]);
}

#[test]
fn a_linker_takes_them_once() {
    let mut linker = Linker::<WasiCtx>::new();
    add_to_linker(&mut linker, |wasi| wasi).unwrap();
    assert!(matches!(
        add_to_linker(&mut linker, |wasi| wasi),
        Err(Error::Duplicate { .. })
    ));
}
