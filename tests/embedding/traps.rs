//! Traps, and where they happened.

use crate::common::{instance, module, module_with};
use prefab::{Error, Frame, Instance, Linker, OptLevel, Store, TrapCode};

const TRAPS: &str = r#"(module
    (memory 1)
    (type $none (func))
    (type $other (func (param i64)))
    (table 3 3 funcref)
    (elem (i32.const 0) $of_other)
    (func $of_other (param i64))
    (func (export "unreachable") unreachable)
    (func (export "load") (drop (i32.load (i32.const 65533))))
    (func (export "load_far") (drop (i64.load offset=0xffffffff (i32.const -1))))
    (func (export "store") (i32.store8 (i32.const 65536) (i32.const 0)))
    (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.load (i32.const 0)))))
    (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.sub (i32.load (i32.const 0)) (i32.const 1)))))
    (func (export "convert") (drop (i32.trunc_f64_s (f64.const nan))))
    (func (export "convert_large") (drop (i32.trunc_f64_s (f64.const 1e30))))
    (func (export "mismatch") (call_indirect (type $none) (i32.load (i32.const 0))))
    (func (export "null") (call_indirect (type $none) (i32.const 1)))
    (func (export "undefined") (call_indirect (type $none) (i32.const 3)))
    (func $deep (export "deep") (call $deep)))"#;

const EXPECTED: [(&str, TrapCode); 12] = [
    ("unreachable", TrapCode::Unreachable),
    ("load", TrapCode::MemoryOutOfBounds),
    ("load_far", TrapCode::MemoryOutOfBounds),
    ("store", TrapCode::MemoryOutOfBounds),
    ("divide", TrapCode::IntegerDivideByZero),
    ("overflow", TrapCode::IntegerOverflow),
    ("convert", TrapCode::InvalidConversionToInteger),
    ("convert_large", TrapCode::IntegerOverflow),
    ("mismatch", TrapCode::IndirectCallTypeMismatch),
    ("null", TrapCode::UninitializedElement),
    ("undefined", TrapCode::UndefinedElement),
    ("deep", TrapCode::StackOverflow),
];

fn traps(store: &mut Store<()>, instance: Instance, (name, code): (&str, TrapCode)) {
    let func = instance
        .get_typed_func::<(), ()>(&mut *store, name)
        .unwrap();
    let error = func.call(store, ()).unwrap_err();
    assert_eq!(error.trap_code(), Some(code), "{name}: {error}");
}

#[test]
fn every_kind_of_trap() {
    let (mut store, instance) = instance(TRAPS);
    for expected in EXPECTED.iter().chain(EXPECTED.iter().rev()) {
        traps(&mut store, instance, *expected);
    }
}

#[test]
fn eight_threads_trap_a_thousand_times_each() {
    let module = module(TRAPS);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let module = &module;
            scope.spawn(move || {
                let mut store = Store::new(());
                let instance = Linker::new().instantiate(&mut store, module).unwrap();
                // Using up the stack touches all of it: not every time.
                let quick = EXPECTED.len() - 1;
                for round in 0..1000 {
                    traps(&mut store, instance, EXPECTED[(thread + round) % quick]);
                }
                traps(&mut store, instance, EXPECTED[quick]);
            });
        }
    });
}

#[test]
fn backtraces_name_functions_and_places() {
    let (mut store, instance) = instance(
        r#"(module $m
             (func $inner (param i32) (drop (i32.div_u (i32.const 1) (local.get 0))) (nop))
             (func $middle (param i32) (call $inner (local.get 0)) (nop))
             (func (export "outer") (param i32) (call $middle (local.get 0)) (nop)))"#,
    );
    let outer = instance
        .get_typed_func::<i32, ()>(&mut store, "outer")
        .unwrap();
    outer.call(&mut store, 1).unwrap();
    let Err(Error::Trap(trap)) = outer.call(&mut store, 0) else {
        panic!("it traps");
    };
    let names: Vec<_> = trap
        .backtrace()
        .iter()
        .map(|frame| (frame.func_index, frame.func_name.as_deref()))
        .collect();
    assert_eq!(names, [(0, Some("inner")), (1, Some("middle")), (2, None)]);
    let offsets: Vec<_> = trap.backtrace().iter().map(|f| f.wasm_offset).collect();
    assert!(offsets.iter().all(Option::is_some), "{offsets:?}");
    assert!(offsets.is_sorted(), "{offsets:?}");
    let text = trap.to_string();
    assert!(
        text.starts_with("wasm trap: integer divide by zero\n  0: test!inner @ 0x"),
        "{text}"
    );
}

/// Functions that stand inside of others, and inside of themselves, have frames like any other.
#[test]
fn backtraces_are_the_same_with_and_without_inlining() {
    let text = r#"(module
        (import "" "host" (func $host (param i32) (result i32)))
        (memory 1)
        (func $load (param i32) (result i32) (i32.load (local.get 0)))
        (func $both (param i32) (result i32)
          (i32.add (call $load (local.get 0)) (call $load (i32.mul (local.get 0) (i32.const 3)))))
        (func $asks (param i32) (result i32) (call $host (local.get 0)))
        (func $down (param i32) (result i32)
          (if (result i32) (i32.eqz (local.get 0))
            (then unreachable)
            (else (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))))
        (func (export "first") (param i32) (result i32) (call $both (local.get 0)))
        (func (export "host") (param i32) (result i32)
          (i32.add (call $both (i32.const 8)) (call $asks (local.get 0))))
        (func (export "deep") (param i32) (result i32) (call $down (local.get 0))))"#;
    let traces = |level| {
        let module = module_with(text, |options| options.opt_level = level);
        let mut linker = Linker::new();
        let fails = |value: i32| -> Result<i32, Error> { Err(Error::host(format!("{value}"))) };
        linker.func_wrap("", "host", fails).unwrap();
        let mut store = Store::new(());
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let mut trace = |name: &str, arg: i32| {
            let func = instance
                .get_typed_func::<i32, i32>(&mut store, name)
                .unwrap();
            match func.call(&mut store, arg).unwrap_err() {
                Error::Trap(trap) => trap.backtrace().to_vec(),
                Error::Host(error) => error.backtrace().to_vec(),
                error => panic!("{error}"),
            }
        };
        [
            trace("first", i32::MAX),
            trace("first", i32::MAX / 3),
            trace("host", 7),
            trace("deep", 20),
        ]
    };
    let expected = traces(OptLevel::O1);
    let indices = |trace: &[Frame]| {
        trace
            .iter()
            .map(|frame| frame.func_index)
            .collect::<Vec<_>>()
    };
    assert_eq!(indices(&expected[0]), [1, 2, 5]);
    assert_eq!(indices(&expected[2]), [3, 6]);
    assert_eq!(expected[3].len(), 22);
    assert_eq!(traces(OptLevel::O2), expected);
}

#[test]
fn a_trapped_instance_can_be_called_again() {
    let (mut store, instance) = instance(
        r#"(module
             (global $g (mut i32) (i32.const 0))
             (func (export "trap") (global.set $g (i32.const 1)) unreachable)
             (func (export "get") (result i32) (global.get $g)))"#,
    );
    traps(&mut store, instance, ("trap", TrapCode::Unreachable));
    let get = instance
        .get_typed_func::<(), i32>(&mut store, "get")
        .unwrap();
    assert_eq!(get.call(&mut store, ()).unwrap(), 1);
}
