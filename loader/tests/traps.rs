//! What stops compiled code, and where the host goes on: with real objects.
//!
//! # Safety
//! The objects come out of the compiler.
#![allow(unsafe_code, reason = "loading trusts the code in a file")]

mod common;

use common::object;
use prefab_loader::load_bytes;
use prefab_runtime::{Caller, Error, Instance, Linker, Module, Store, Trap, TrapCode};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn module(wat: &str) -> Module {
    // SAFETY: it has just been compiled.
    unsafe { load_bytes(&object(wat), "guest") }.unwrap()
}

fn instantiate(module: &Module) -> (Store<()>, Instance) {
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, module).unwrap();
    (store, instance)
}

#[track_caller]
fn trap(result: Result<impl Sized, Error>) -> Trap {
    match result {
        Ok(_) => panic!("no trap"),
        Err(Error::Trap(trap)) => trap,
        Err(other) => panic!("no trap, but {other}"),
    }
}

fn names(trap: &Trap) -> Vec<&str> {
    let frames = trap.backtrace().iter();
    frames
        .map(|frame| frame.func_name.as_deref().unwrap_or("?"))
        .collect()
}

const TRAPS: &str = r#"
(module
  (type $nullary (func))
  (memory 1 2)
  (table $t 8 8 funcref)
  (table $s 8 8 funcref)
  (elem (table $t) (i32.const 0) func $nothing $value)
  (elem (table $s) (i32.const 0) func $nothing $value)
  (func $set (export "set") (table.set $t (i32.const 7) (ref.null func)))
  (func $nothing)
  (func $value (result i32) (i32.const 0))
  (func $unreachable (export "unreachable") unreachable)
  (func $load (export "load") (drop (i32.load (i32.const 65536))))
  (func $load_far (export "load_far") (drop (i64.load offset=4294967295 (i32.const -1))))
  (func $load_edge (export "load_edge") (drop (i32.load (i32.const 65533))))
  (func $store (export "store") (v128.store (i32.const 65528) (v128.const i64x2 0 0)))
  (func $fill (export "fill") (memory.fill (i32.const 65535) (i32.const 0) (i32.const 2)))
  (func $divide (export "divide") (drop (i32.div_u (i32.const 1) (global.get $zero))))
  (func $overflow (export "overflow")
    (drop (i64.div_s (i64.const -9223372036854775808) (i64.extend_i32_s (global.get $minus)))))
  (func $convert (export "convert") (drop (i32.trunc_f64_s (f64.const nan))))
  (func $convert_large (export "convert_large") (drop (i32.trunc_f64_s (f64.const 1e300))))
  (func $table_get (export "table_get") (drop (table.get $t (i32.const 8))))
  (func $call_outside (export "call_outside")
    (call_indirect $t (type $nullary) (i32.const 8)))
  (func $call_null (export "call_null") (call_indirect $t (type $nullary) (i32.const 5)))
  (func $call_other (export "call_other") (call_indirect $t (type $nullary) (i32.const 1)))
  (func $static_outside (export "static_outside")
    (call_indirect $s (type $nullary) (i32.const 8)))
  (func $static_null (export "static_null") (call_indirect $s (type $nullary) (i32.const 5)))
  (func $static_other (export "static_other") (call_indirect $s (type $nullary) (i32.const 1)))
  (func $recurse (export "recurse") (call $recurse) (call $nothing))
  (global $zero (mut i32) (i32.const 0))
  (global $minus (mut i32) (i32.const -1))
  (func $outer (export "outer") (call $middle))
  (func $middle (call $unreachable) (call $nothing)))
"#;

const CODES: &[(&str, TrapCode)] = &[
    ("unreachable", TrapCode::Unreachable),
    ("load", TrapCode::MemoryOutOfBounds),
    ("load_far", TrapCode::MemoryOutOfBounds),
    ("load_edge", TrapCode::MemoryOutOfBounds),
    ("store", TrapCode::MemoryOutOfBounds),
    ("fill", TrapCode::MemoryOutOfBounds),
    ("divide", TrapCode::IntegerDivideByZero),
    ("overflow", TrapCode::IntegerOverflow),
    ("convert", TrapCode::InvalidConversionToInteger),
    ("convert_large", TrapCode::IntegerOverflow),
    ("table_get", TrapCode::TableOutOfBounds),
    ("call_outside", TrapCode::UndefinedElement),
    ("call_null", TrapCode::UninitializedElement),
    ("call_other", TrapCode::IndirectCallTypeMismatch),
    ("static_outside", TrapCode::UndefinedElement),
    ("static_null", TrapCode::UninitializedElement),
    ("static_other", TrapCode::IndirectCallTypeMismatch),
    ("recurse", TrapCode::StackOverflow),
];

#[test]
fn every_trap_has_its_code_and_its_place() {
    let module = module(TRAPS);
    let (mut store, instance) = instantiate(&module);
    for _ in 0..2 {
        for (name, code) in CODES {
            let func = instance.get_typed_func::<(), ()>(&mut store, name).unwrap();
            let trap = trap(func.call(&mut store, ()));
            assert_eq!(trap.code(), *code, "{name}");
            let frame = &trap.backtrace()[0];
            assert_eq!(frame.func_name.as_deref(), Some(*name), "{trap}");
            assert_eq!(&*frame.module, "guest");
            // The stack ends in a function's prologue, which no instruction of the module made.
            if *code != TrapCode::StackOverflow {
                assert!(frame.wasm_offset.is_some(), "{name}: {trap}");
                assert_eq!(trap.backtrace().len(), 1, "{trap}");
            }
        }
    }
}

#[test]
fn backtraces_have_every_caller() {
    let module = module(TRAPS);
    let (mut store, instance) = instantiate(&module);
    let func = instance
        .get_typed_func::<(), ()>(&mut store, "outer")
        .unwrap();
    let trap = trap(func.call(&mut store, ()));
    assert_eq!(names(&trap), ["unreachable", "middle", "outer"]);
    let offsets: Vec<_> = trap
        .backtrace()
        .iter()
        .map(|frame| frame.wasm_offset)
        .collect();
    assert!(offsets.iter().all(Option::is_some), "{trap}");
    // The callee stands before its callers in the module, the outer one before the middle one.
    assert!(offsets[0] < offsets[2] && offsets[2] < offsets[1], "{trap}");
    let text = trap.to_string();
    assert!(
        text.starts_with("wasm trap: unreachable\n  0: guest!unreachable @ 0x"),
        "{text}"
    );
}

#[test]
fn repeated_frames_are_printed_once() {
    let module = module(TRAPS);
    let (mut store, instance) = instantiate(&module);
    let func = instance
        .get_typed_func::<(), ()>(&mut store, "recurse")
        .unwrap();
    let text = trap(func.call(&mut store, ())).to_string();
    let lines: Vec<&str> = text.lines().collect();
    let [.., repeated, left_out] = lines[..] else {
        panic!("{text}");
    };
    assert!(lines.len() <= 4, "{text}");
    assert!(repeated.ends_with(" times)"), "{text}");
    assert!(
        left_out.starts_with("  and ") && left_out.ends_with(" more frames"),
        "{text}"
    );
}

#[test]
fn eight_threads_trap_a_thousand_times_each() {
    let module = module(TRAPS);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let module = &module;
            scope.spawn(move || {
                let (mut store, instance) = instantiate(module);
                for index in 0..1000 {
                    let (name, code) = CODES[(index + thread) % (CODES.len() - 1)];
                    let func = instance.get_typed_func::<(), ()>(&mut store, name).unwrap();
                    assert_eq!(trap(func.call(&mut store, ())).code(), code);
                }
            });
        }
    });
}

#[test]
fn a_thousand_instances_of_one_module() {
    let module = module(TRAPS);
    let mut all: Vec<_> = (0..1000).map(|_| instantiate(&module)).collect();
    for (store, instance) in &mut all {
        let func = instance
            .get_typed_func::<(), ()>(&mut *store, "load")
            .unwrap();
        assert_eq!(
            trap(func.call(&mut *store, ())).code(),
            TrapCode::MemoryOutOfBounds
        );
    }
    let mut store: Store<()> = Store::new(());
    let linker = Linker::new();
    let many: Vec<_> = (0..1000)
        .map(|_| linker.instantiate(&mut store, &module).unwrap())
        .collect();
    for instance in many {
        let func = instance
            .get_typed_func::<(), ()>(&mut store, "load_edge")
            .unwrap();
        assert_eq!(
            trap(func.call(&mut store, ())).code(),
            TrapCode::MemoryOutOfBounds
        );
    }
}

const CALLS_HOST: &str = r#"
(module
  (import "host" "call" (func $call (param i32) (result i32)))
  (func $run (export "run") (param i32) (result i32)
    (i32.add (call $call (local.get 0)) (i32.const 1))))
"#;

/// Runs a guest that calls `call`.
fn with_host<F>(call: F, arg: i32) -> Result<i32, Error>
where
    F: Fn(Caller<'_, ()>, i32) -> Result<i32, Error> + Send + Sync + 'static,
{
    let module = module(CALLS_HOST);
    let mut store = Store::new(());
    let mut linker = Linker::new();
    linker.func_wrap("host", "call", call).unwrap();
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    let result = run.call(&mut store, arg);
    // The store is as good as before.
    assert_eq!(run.call(&mut store, 0).unwrap(), 1);
    result
}

#[test]
fn errors_of_the_host_come_out_with_a_backtrace() {
    let call = |_: Caller<'_, ()>, arg: i32| match arg {
        0 => Ok(0),
        1 => Err(Error::host(std::io::Error::other("no disk"))),
        _ => Err(Error::from(TrapCode::NullReference)),
    };
    assert_eq!(with_host(call, 0).unwrap(), 1);
    let error = with_host(call, 1).unwrap_err();
    assert!(error.to_string().contains("no disk"), "{error}");
    assert_eq!(
        error.downcast_ref::<std::io::Error>().unwrap().to_string(),
        "no disk"
    );
    let Error::Host(host) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(host.backtrace().len(), 1);
    assert_eq!(host.backtrace()[0].func_name.as_deref(), Some("run"));
    let trap = trap(with_host(call, 2));
    assert_eq!(trap.code(), TrapCode::NullReference);
    assert_eq!(names(&trap), ["run"]);
}

#[test]
fn panics_of_the_host_cross_the_guest() {
    let call = |_: Caller<'_, ()>, arg: i32| {
        if arg == 0 {
            return Ok(0);
        }
        // No message: it is expected.
        std::panic::resume_unwind(Box::new(arg))
    };
    let module = module(CALLS_HOST);
    let mut store = Store::new(());
    let mut linker = Linker::new();
    linker.func_wrap("host", "call", call).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .unwrap();
    let unwound = catch_unwind(AssertUnwindSafe(|| run.call(&mut store, 7)));
    assert_eq!(unwound.unwrap_err().downcast_ref(), Some(&7i32));
    assert_eq!(run.call(&mut store, 0).unwrap(), 1);
}

#[test]
fn guest_and_host_call_each_other_until_the_stack_is_used_up() {
    fn again(mut caller: Caller<'_, ()>, arg: i32) -> Result<i32, Error> {
        if arg == 0 {
            return Ok(0);
        }
        let run = caller.get_export("run").and_then(|run| run.into_func());
        let run = run.unwrap().typed::<i32, i32>(&caller)?;
        run.call(&mut caller, arg - 1)
    }
    assert_eq!(with_host(again, 10).unwrap(), 11);
    let trap = trap(with_host(again, i32::MAX));
    assert_eq!(trap.code(), TrapCode::StackOverflow);
    assert!(trap.backtrace().len() > 10);
    assert!(names(&trap).iter().all(|name| *name == "run"), "{trap}");
}

#[test]
fn backtraces_cross_modules_and_the_host() {
    let inner =
        module("(module (func $deep (export \"deep\") (param i32) (result i32) unreachable))");
    let outer = module(CALLS_HOST);
    let mut store = Store::new(());
    let mut linker = Linker::new();
    let instance = linker.instantiate(&mut store, &inner).unwrap();
    linker.instance(&mut store, "inner", instance).unwrap();
    let deep = instance.get_func(&mut store, "deep").unwrap();
    linker
        .func_wrap(
            "host",
            "call",
            move |mut caller: Caller<'_, ()>, arg: i32| {
                let deep = deep.typed::<i32, i32>(&caller)?;
                deep.call(&mut caller, arg)
            },
        )
        .unwrap();
    let instance = linker.instantiate(&mut store, &outer).unwrap();
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .unwrap();
    let trap = trap(run.call(&mut store, 1));
    assert_eq!(trap.code(), TrapCode::Unreachable);
    assert_eq!(names(&trap), ["deep", "run"]);
}
