//! Fuel: what guests may execute, counted.

use crate::common::module_with;
use prefab::{
    CompileOptions, Linker, MemoryPlan, Module, OptLevel, Store, TrapCode, Traps, TypedFunc,
};

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
