//! Fuel: what guests may execute, counted.

use crate::common::{module, module_with};
use prefab::{
    Caller, CompileOptions, Error, Linker, MemoryPlan, Module, OptLevel, Store, TrapCode, Traps,
    TypedFunc,
};
use std::num::NonZeroU64;

/// Functions of one parameter, and what a call of each costs with the parameter 5.
const COUNTS: [(&str, u64); 15] = [
    ("nothing", 0),
    ("structure", 0),
    ("one", 1),
    // The operand, the call, and what is called.
    ("call", 2 + 1),
    // In the loop and behind it.
    ("loop", 5 * 5 + 1),
    // In the outer loop, 2 before the inner one, which is gone through ten times, and 5 behind it.
    ("nested", 5 * (2 + 10 * 5 + 5)),
    // The condition, the `if`, and one of its arms.
    ("then", 2 + 2),
    // The operand, the branch, and what lies behind the innermost block.
    ("switch", 2 + 3),
    ("sum", 5 * 10),
    // The condition and the `if`, six times; the rest of the function, five times.
    ("recursive", 6 * 2 + 5 * 5),
    ("tail", 6 * 2 + 5 * 4),
    ("indirect", 3 + 1 + 1),
    // 100 000 bytes in units of 64.
    ("fill", 4 + 100_000 / 64),
    // Two elements.
    ("table", 4 + 2),
    ("early", 2 + 2),
];

const TEXT: &str = r#"(module
    (memory (export "memory") 2)
    (type $f (func (param i32)))
    (table $t 8 funcref)
    (elem (table $t) (i32.const 0) func $one $one $one $one $one $one)
    (func (export "nothing") (param i32))
    (func (export "structure") (param i32) (block (block)) (block))
    (func $one (export "one") (param i32) nop)
    (func (export "call") (param i32) (call $one (local.get 0)))
    (func (export "loop") (param i32)
      (loop
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
        nop))
    (func (export "nested") (param i32) (local i32)
      (loop $outer
        (local.set 1 (i32.const 10))
        (loop $inner
          (br_if $inner (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "then") (param i32)
      (if (local.get 0) (then nop nop) (else nop nop nop nop)))
    (func (export "switch") (param i32)
      (block $a (block $b (block $c
        (br_table $a $b $c (local.get 0)))
        nop) nop nop))
    (func (export "sum") (param i32) (local i32)
      (loop
        (local.set 1 (i32.add (local.get 1) (i32.load8_u (i32.const 0))))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func $recursive (export "recursive") (param i32)
      (if (local.get 0) (then
        (call $recursive (i32.sub (local.get 0) (i32.const 1))) nop)))
    (func $tail (export "tail") (param i32)
      (if (local.get 0) (then
        (return_call $tail (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "indirect") (param i32)
      (call_indirect $t (type $f) (i32.const 1) (local.get 0)) nop)
    (func (export "fill") (param i32)
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 100000)))
    (func (export "table") (param i32)
      (table.fill $t (i32.const 6) (ref.null func) (i32.const 2)))
    (func (export "early") (param i32)
      (block (br_if 0 (local.get 0)) nop nop) nop return))"#;

/// Everything that code is compiled with that must not change what it costs.
fn ways() -> Vec<CompileOptions> {
    let mut ways = Vec::new();
    let target = prefab::targets::Target::host().expect("tests run on a target");
    for (memory_plan, traps) in [
        (MemoryPlan::Guarded, Traps::Signals),
        (MemoryPlan::Bounded, Traps::Signals),
        (MemoryPlan::Bounded, Traps::Explicit),
    ] {
        for opt_level in [OptLevel::O0, OptLevel::O1, OptLevel::O2] {
            for is_interruptible in [false, true] {
                let mut way = CompileOptions::new(target);
                (way.memory_plan, way.traps, way.opt_level) = (memory_plan, traps, opt_level);
                (way.uses_fuel, way.is_interruptible) = (true, is_interruptible);
                ways.push(way);
            }
        }
    }
    ways
}

fn compiled(text: &str, way: &CompileOptions) -> Module {
    module_with(text, |options| *options = way.clone())
}

#[test]
fn every_way_costs_the_same() {
    for way in ways() {
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, &compiled(TEXT, &way));
        let instance = instance.unwrap();
        for (name, cost) in COUNTS {
            let func: TypedFunc<i32, ()> = instance.get_typed_func(&mut store, name).unwrap();
            store.set_fuel(10_000).unwrap();
            func.call(&mut store, 5).unwrap();
            let used = 10_000 - store.get_fuel().unwrap();
            assert_eq!(used, cost, "{name} with {}", way.describe());
        }
    }
}

#[test]
fn fuel_is_used_up_exactly() {
    for way in ways() {
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, &compiled(TEXT, &way));
        let instance = instance.unwrap();
        for (name, cost) in COUNTS {
            let func: TypedFunc<i32, ()> = instance.get_typed_func(&mut store, name).unwrap();
            store.set_fuel(cost).unwrap();
            func.call(&mut store, 5).unwrap();
            assert_eq!(store.get_fuel().unwrap(), 0, "{name}");
            let Some(less) = cost.checked_sub(1) else {
                continue;
            };
            store.set_fuel(less).unwrap();
            let error = func.call(&mut store, 5).unwrap_err();
            assert_eq!(
                error.trap_code(),
                Some(TrapCode::OutOfFuel),
                "{name}: {error}"
            );
            assert_eq!(store.get_fuel().unwrap(), 0, "{name}");
        }
    }
}

fn with_fuel(text: &str) -> Module {
    module_with(text, |options| options.uses_fuel = true)
}

/// What is paid for, whichever way a trap is found.
#[test]
fn a_trap_leaves_what_was_not_begun() {
    const TEXT: &str = r#"(module
        (memory 1)
        (func (export "divide") (param i32)
          (loop
            (drop (i32.div_u (i32.const 100) (local.get 0)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br 0)))
        (func (export "load") (param i32)
          (loop
            (drop (i32.load (i32.mul (local.get 0) (i32.const 16384))))
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br 0)))
        (func (export "unreachable") (param i32) nop unreachable)
        (func (export "fill") (param i32)
          (memory.fill (i32.const 0) (i32.const 0) (i32.const 0x10001))))"#;
    for way in ways() {
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, &compiled(TEXT, &way));
        let instance = instance.unwrap();
        // A run is paid for as a whole: here, what is behind the instruction that traps, too.
        for (name, param, cost) in [
            ("divide", 2, 3 * 9),
            ("load", 0, 5 * 10),
            ("unreachable", 0, 2),
            ("fill", 0, 4 + 1024),
        ] {
            let func: TypedFunc<i32, ()> = instance.get_typed_func(&mut store, name).unwrap();
            store.set_fuel(5_000).unwrap();
            let error = func.call(&mut store, param).unwrap_err();
            assert!(error.trap_code().is_some(), "{name}: {error}");
            let used = 5_000 - store.get_fuel().unwrap();
            assert_eq!(used, cost, "{name} with {}", way.describe());
        }
    }
}

#[test]
fn what_runs_for_ever_runs_out_of_fuel() {
    const TEXT: &str = r#"(module
        (type $none (func))
        (table 1 1 funcref)
        (elem (i32.const 0) $indirect)
        (func (export "loop") (loop (br 0)))
        (func (export "nested") (loop (loop (br 1))))
        (func $tail (export "tail") (return_call $tail))
        (func $even (export "even") (return_call $odd))
        (func $odd (return_call $even))
        (func $indirect (export "indirect") (return_call_indirect (type $none) (i32.const 0))))"#;
    for way in ways() {
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, &compiled(TEXT, &way));
        let instance = instance.unwrap();
        for name in ["loop", "nested", "tail", "even", "indirect"] {
            let func: TypedFunc<(), ()> = instance.get_typed_func(&mut store, name).unwrap();
            store.set_fuel(100_001).unwrap();
            let error = func.call(&mut store, ()).unwrap_err();
            let text = error.to_string();
            assert!(
                text.starts_with("wasm trap: all fuel consumed\n  0: test!"),
                "{text}"
            );
            assert_eq!(store.get_fuel().unwrap(), 0);
        }
    }
}

#[test]
fn host_functions_see_and_set_it() {
    const TEXT: &str = r#"(module
        (import "host" "look" (func $look))
        (func (export "run")
          nop (call $look) nop nop (call $look) nop))"#;
    for way in ways() {
        let mut linker: Linker<Vec<u64>> = Linker::new();
        let look = |mut caller: Caller<'_, Vec<u64>>| -> Result<(), Error> {
            let fuel = caller.get_fuel()?;
            caller.data_mut().push(fuel);
            caller.set_fuel(fuel + 100)
        };
        linker.func_wrap("host", "look", look).unwrap();
        let mut store = Store::new(vec![]);
        let instance = linker.instantiate(&mut store, &compiled(TEXT, &way));
        let run: TypedFunc<(), ()> = instance.unwrap().get_typed_func(&mut store, "run").unwrap();
        store.set_fuel(10).unwrap();
        run.call(&mut store, ()).unwrap();
        assert_eq!(*store.data(), [10 - 2, 108 - 3]);
        assert_eq!(store.get_fuel().unwrap(), 205 - 1);
    }
}

#[test]
fn calls_between_modules_and_through_the_host_are_counted() {
    const OTHER: &str = r#"(module (func (export "three") nop nop nop))"#;
    const MODULE: &str = r#"(module
        (import "other" "three" (func $three))
        (import "host" "back" (func $back))
        (start $start)
        (func $start nop)
        (func (export "two") nop nop)
        (func (export "run") (call $three) (call $back) nop))"#;
    let mut linker: Linker<()> = Linker::new();
    let back = |mut caller: Caller<'_, ()>| {
        let two = caller.get_export("two").unwrap().into_func().unwrap();
        two.call(&mut caller, &[], &mut [])
    };
    linker.func_wrap("host", "back", back).unwrap();
    let mut store = Store::new(());
    store.set_fuel(100).unwrap();
    let other = linker.instantiate(&mut store, &with_fuel(OTHER)).unwrap();
    linker.instance(&mut store, "other", other).unwrap();
    let instance = linker.instantiate(&mut store, &with_fuel(MODULE)).unwrap();
    assert_eq!(store.get_fuel().unwrap(), 99);
    let run: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "run").unwrap();
    run.call(&mut store, ()).unwrap();
    assert_eq!(store.get_fuel().unwrap(), 99 - 3 - 3 - 2);
    store.set_fuel(7).unwrap();
    let error = run.call(&mut store, ()).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::OutOfFuel));
}

#[test]
fn what_was_never_set_has_no_end() {
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &with_fuel(TEXT));
    let func: TypedFunc<i32, ()> = instance
        .unwrap()
        .get_typed_func(&mut store, "nested")
        .unwrap();
    func.call(&mut store, 100_000).unwrap();
    let error = store.get_fuel().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store's fuel was never set: its guests execute as much as they like"
    );
    for fuel in [0, u64::MAX] {
        store.set_fuel(fuel).unwrap();
        assert_eq!(store.get_fuel().unwrap(), fuel);
    }
}

/// In a call that nobody awaits, the interval changes nothing.
#[test]
fn an_interval_takes_nothing_away() {
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &with_fuel(TEXT));
    let instance = instance.unwrap();
    for interval in [1, 3, 7, 1000] {
        store
            .fuel_async_yield_interval(NonZeroU64::new(interval))
            .unwrap();
        for (name, cost) in COUNTS {
            let func: TypedFunc<i32, ()> = instance.get_typed_func(&mut store, name).unwrap();
            store.set_fuel(2_000).unwrap();
            func.call(&mut store, 5).unwrap();
            assert_eq!(store.get_fuel().unwrap(), 2_000 - cost, "{name}");
        }
    }
}

/// Nothing that was asked for is silently not done.
#[test]
fn stores_refuse_what_would_not_count() {
    const REFUSED: &str = "test was compiled without `--fuel`, so that it would not use any of the \
        store's fuel: compile it with `prefab compile --fuel`";
    let instantiate =
        |store: &mut Store<()>, module: &Module| Linker::new().instantiate(store, module);
    let plain = module("(module)");

    let mut store = Store::new(());
    store.set_fuel(1).unwrap();
    let error = instantiate(&mut store, &plain).unwrap_err();
    assert!(matches!(error, Error::CompiledWithout { .. }));
    assert_eq!(error.to_string(), REFUSED);
    instantiate(&mut store, &with_fuel("(module)")).unwrap();

    let mut store = Store::new(());
    store.fuel_async_yield_interval(NonZeroU64::new(5)).unwrap();
    assert!(instantiate(&mut store, &plain).is_err());
    store.fuel_async_yield_interval(None).unwrap();
    instantiate(&mut store, &plain).unwrap();
    assert_eq!(store.set_fuel(1).unwrap_err().to_string(), REFUSED);
    let interval = store.fuel_async_yield_interval(NonZeroU64::new(5));
    assert_eq!(interval.unwrap_err().to_string(), REFUSED);
}

/// A function with so many values of each kind in its loop that they are in all kinds of registers,
/// and that mixes them into one.
fn busy() -> String {
    use std::fmt::Write;
    const COUNT: usize = 10;
    let (mut locals, mut turn, mut mix) = (String::new(), String::new(), String::new());
    for at in 0..COUNT {
        let next = (at + 1) % COUNT;
        // Writing to a string cannot fail.
        let _ = write!(
            locals,
            "(local $i{at} i64) (local $f{at} f64) (local $v{at} v128)"
        );
        let _ = write!(
            turn,
            "(local.set $i{at} (i64.add (i64.mul (local.get $i{at}) (i64.const 31))
               (i64.add (local.get $i{next}) (i64.const {at}))))
             (local.set $f{at} (f64.add (f64.mul (local.get $f{at}) (f64.const 0.5))
               (f64.add (local.get $f{next}) (f64.const {at}))))
             (local.set $v{at} (i32x4.add (i32x4.mul (local.get $v{at}) (v128.const i32x4 3 5 7 9))
               (i32x4.add (local.get $v{next}) (v128.const i32x4 {at} 1 2 3))))"
        );
        let _ = write!(
            mix,
            "(local.set $i0 (i64.xor (i64.mul (local.get $i0) (i64.const 7)) (i64.xor
               (local.get $i{at}) (i64.xor (i64.reinterpret_f64 (local.get $f{at})) (i64.xor
               (i64x2.extract_lane 0 (local.get $v{at}))
               (i64x2.extract_lane 1 (local.get $v{at})))))))"
        );
    }
    format!(
        r#"(module (func (export "run") (param i32) (result i64) {locals}
             (loop {turn}
               (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
             {mix} (local.get $i0)))"#
    )
}

#[test]
fn a_guest_finds_its_values_again_when_it_goes_on() {
    let text = busy();
    for mut way in ways() {
        way.features = prefab::targets::host::features();
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, &compiled(&text, &way));
        let run: TypedFunc<i32, i64> = instance.unwrap().get_typed_func(&mut store, "run").unwrap();
        let expected = run.call(&mut store, 20).unwrap();
        // The runtime is called in each turn.
        store.fuel_async_yield_interval(NonZeroU64::new(1)).unwrap();
        assert_eq!(run.call(&mut store, 20).unwrap(), expected);
        assert_ne!(run.call(&mut store, 19).unwrap(), expected);
    }
}
