//! Calls from guests to the host.

use crate::common::module;
use prefab::{
    Caller, Error, Extern, ExternRef, Func, FuncType, Instance, Linker, Store, TrapCode, V128, Val,
    ValType,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An instance of the module with what the linker has.
fn instance<T>(linker: &Linker<T>, store: &mut Store<T>, text: &str) -> Instance {
    linker.instantiate(store, &module(text)).unwrap()
}

#[test]
fn arguments_and_results_of_every_type() {
    let mut linker = Linker::<Vec<String>>::new();
    linker
        .func_wrap(
            "host",
            "all",
            |mut caller: Caller<'_, Vec<String>>,
             a: i32,
             b: i64,
             c: f32,
             d: f64,
             e: V128,
             f: Option<Func>,
             g: Option<ExternRef>,
             h: u32,
             i: u64,
             j: V128| {
                let line = format!(
                    "{a} {b} {c} {d} {} {} {} {h} {i} {}",
                    e.0,
                    f.is_some(),
                    g.is_some(),
                    j.0
                );
                caller.data_mut().push(line);
                (j, i, h, g, f, e, d, c, b, a)
            },
        )
        .unwrap();
    let types = "i32 i64 f32 f64 v128 funcref externref i32 i64 v128";
    let reversed = "v128 i64 i32 externref funcref v128 f64 f32 i64 i32";
    let text = format!(
        r#"(module
             (import "host" "all" (func $all (param {types}) (result {reversed})))
             (func (export "run") (param externref) (result {reversed})
               (call $all (i32.const -1) (i64.const -2) (f32.const 1.5) (f64.const -2.5)
                 (v128.const i64x2 3 0) (ref.func 1) (local.get 0)
                 (i32.const -1) (i64.const 7) (v128.const i64x2 0 1))))"#
    );
    let mut store = Store::new(vec![]);
    let instance = instance(&linker, &mut store, &text);
    let reference = ExternRef::new(&mut store, ()).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let mut out = [Val::I32(0); 10];
    run.call(&mut store, &[Val::ExternRef(Some(reference))], &mut out)
        .unwrap();
    let expected = [
        Val::V128(1 << 64),
        Val::I64(7),
        Val::I32(-1),
        Val::ExternRef(Some(reference)),
        Val::FuncRef(Some(run)),
        Val::V128(3),
        Val::from(-2.5),
        Val::from(1.5_f32),
        Val::I64(-2),
        Val::I32(-1),
    ];
    assert_eq!(format!("{out:?}"), format!("{expected:?}"));
    let line = format!("-1 -2 1.5 -2.5 3 true true {} 7 {}", u32::MAX, 1_u128 << 64);
    assert_eq!(store.into_data(), [line]);
}

#[test]
fn functions_of_values() {
    let mut linker = Linker::<u32>::new();
    let ty = FuncType::new(
        [ValType::I32, ValType::V128, ValType::F64],
        [ValType::F64, ValType::V128],
    );
    linker
        .func_new("host", "f", ty, |mut caller, args, results| {
            *caller.data_mut() += 1;
            assert_eq!(args[0].i32(), Some(9));
            (results[0], results[1]) = (args[2], args[1]);
            Ok(())
        })
        .unwrap();
    let mut store = Store::new(0);
    let instance = instance(
        &linker,
        &mut store,
        r#"(module
             (import "host" "f" (func $f (param i32 v128 f64) (result f64 v128)))
             (func (export "run") (result f64 v128)
               (call $f (i32.const 9) (v128.const i64x2 4 5) (f64.const 0.5))))"#,
    );
    let run = instance
        .get_typed_func::<(), (f64, V128)>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), (0.5, V128(5 << 64 | 4)));
    assert_eq!(*store.data(), 1);
}

const NESTED: &str = r#"(module
    (import "host" "again" (func $again (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "down") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (unreachable)))
      (i32.add (i32.const 1) (call $again (i32.sub (local.get 0) (i32.const 1))))))"#;

/// The host function calls back into its caller until the count is used up; what happens then,
/// `at_end` says.
fn nested(at_end: fn() -> Result<i32, Error>) -> Linker<()> {
    let mut linker = Linker::new();
    linker
        .func_wrap(
            "host",
            "again",
            move |mut caller: Caller<'_, ()>, left: i32| {
                if left == 0 {
                    return at_end();
                }
                let down = caller.get_export("down").and_then(|item| item.into_func());
                let down = down.unwrap().typed::<i32, i32>(&caller)?;
                down.call(&mut caller, left)
            },
        )
        .unwrap();
    linker
}

#[test]
fn host_and_guest_call_each_other() {
    let mut store = Store::new(());
    let instance = instance(&nested(|| Ok(100)), &mut store, NESTED);
    let down = instance
        .get_typed_func::<i32, i32>(&mut store, "down")
        .unwrap();
    assert_eq!(down.call(&mut store, 20).unwrap(), 120);
    assert_eq!(down.call(&mut store, 1).unwrap(), 101);
}

#[test]
fn errors_cross_nested_activations() {
    let mut store = Store::new(());
    let instance = instance(
        &nested(|| Err(Error::host(std::fmt::Error))),
        &mut store,
        NESTED,
    );
    let down = instance
        .get_typed_func::<i32, i32>(&mut store, "down")
        .unwrap();
    for _ in 0..3 {
        let error = down.call(&mut store, 5).unwrap_err();
        assert!(error.downcast_ref::<std::fmt::Error>().is_some(), "{error}");
        let Error::Host(error) = error else {
            panic!("{error}");
        };
        assert_eq!(error.backtrace().len(), 5);
    }
    let error = down.call(&mut store, 0).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
}

#[test]
fn panics_cross_nested_activations() {
    let mut store = Store::new(());
    let instance = instance(&nested(|| panic!("deep inside")), &mut store, NESTED);
    let down = instance
        .get_typed_func::<i32, i32>(&mut store, "down")
        .unwrap();
    for _ in 0..3 {
        let call = AssertUnwindSafe(|| down.call(&mut store, 5));
        let payload = catch_unwind(call).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"deep inside"));
    }
    let error = down.call(&mut store, 0).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
}

#[test]
fn traps_cross_nested_activations() {
    let mut linker = Linker::new();
    let again = |mut caller: Caller<'_, ()>, left: i32| -> Result<i32, Error> {
        let down = caller.get_export("down").and_then(Extern::into_func);
        let down = down.unwrap().typed::<i32, i32>(&caller)?;
        down.call(&mut caller, left)
    };
    linker.func_wrap("host", "again", again).unwrap();
    let mut store = Store::new(());
    let instance = instance(&linker, &mut store, NESTED);
    let down = instance
        .get_typed_func::<i32, i32>(&mut store, "down")
        .unwrap();
    for depth in [1, 7, 3] {
        let Err(Error::Trap(trap)) = down.call(&mut store, depth) else {
            panic!("it traps");
        };
        assert_eq!(trap.code(), TrapCode::Unreachable);
        assert_eq!(trap.backtrace().len(), depth as usize + 1);
    }
}

#[test]
fn a_host_function_may_use_another_store() {
    let text = "(module (func (export \"f\") (param i32) (result i32)
        (i32.div_u (i32.const 100) (local.get 0))))";
    let mut inner = Store::new(());
    let divide = instance(&Linker::new(), &mut inner, text);
    let divide = divide.get_typed_func::<i32, i32>(&mut inner, "f").unwrap();
    let inner = std::sync::Mutex::new(inner);
    let mut linker = Linker::<()>::new();
    linker
        .func_wrap("host", "divide", move |by: i32| {
            let result = divide.call(&mut *inner.lock().unwrap(), by);
            result.unwrap_or_else(|error| -(error.trap_code().unwrap() as i32))
        })
        .unwrap();
    let mut store = Store::new(());
    let instance = instance(
        &linker,
        &mut store,
        r#"(module
             (import "host" "divide" (func $divide (param i32) (result i32)))
             (memory 1)
             (func (export "f") (param i32) (result i32) (call $divide (local.get 0)))
             (func (export "fault") (param i32) (result i32)
               (drop (call $divide (i32.const 0))) (i32.load (i32.const -1))))"#,
    );
    let [f, fault] = ["f", "fault"].map(|name| {
        instance
            .get_typed_func::<i32, i32>(&mut store, name)
            .unwrap()
    });
    assert_eq!(f.call(&mut store, 5).unwrap(), 20);
    let by_zero = -(TrapCode::IntegerDivideByZero as i32);
    assert_eq!(f.call(&mut store, 0).unwrap(), by_zero);
    let error = fault.call(&mut store, 0).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
}

#[test]
fn a_host_function_may_trap_the_guest() {
    let mut store = Store::new(());
    let linker = nested(|| Err(TrapCode::IntegerOverflow.into()));
    let instance = instance(&linker, &mut store, NESTED);
    let down = instance
        .get_typed_func::<i32, i32>(&mut store, "down")
        .unwrap();
    let Err(Error::Trap(trap)) = down.call(&mut store, 2) else {
        panic!("it traps");
    };
    assert_eq!(trap.code(), TrapCode::IntegerOverflow);
    assert_eq!(trap.backtrace().len(), 2);
}

#[test]
fn a_memory_grows_while_its_guest_waits() {
    let mut linker = Linker::<()>::new();
    linker
        .func_wrap(
            "host",
            "grow",
            |mut caller: Caller<'_, ()>| -> Result<(), Error> {
                let memory = caller
                    .get_export("memory")
                    .and_then(|item| item.into_memory());
                let memory = memory.unwrap();
                assert_eq!(memory.grow(&mut caller, 2)?, 1);
                let (bytes, ()) = caller.data_and_memory(memory)?;
                bytes[0x2_0000] = 77;
                Ok(())
            },
        )
        .unwrap();
    let mut store = Store::new(());
    let instance = instance(
        &linker,
        &mut store,
        r#"(module
             (import "host" "grow" (func $grow))
             (memory (export "memory") 1)
             (func (export "run") (result i32 i32)
               (i32.store8 (i32.const 0xffff) (i32.const 3))
               (call $grow)
               (i32.add (i32.load8_u (i32.const 0x20000)) (i32.load8_u (i32.const 0xffff)))
               memory.size))"#,
    );
    let run = instance
        .get_typed_func::<(), (i32, i32)>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), (80, 3));
}

#[test]
fn data_may_borrow() {
    let mut log = Vec::new();
    {
        let mut linker = Linker::<&mut Vec<u8>>::new();
        linker
            .func_wrap(
                "host",
                "log",
                |mut caller: Caller<'_, &mut Vec<u8>>, byte: u32| {
                    caller.data_mut().push(byte as u8);
                },
            )
            .unwrap();
        let mut store = Store::new(&mut log);
        let instance = instance(
            &linker,
            &mut store,
            r#"(module
                 (import "host" "log" (func $log (param i32)))
                 (func (export "run") (call $log (i32.const 1)) (call $log (i32.const 2))))"#,
        );
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        run.call(&mut store, ()).unwrap();
    }
    assert_eq!(log, [1, 2]);
}

#[test]
fn re_exported_host_functions_are_called_by_host_and_guest() {
    let mut linker = Linker::<()>::new();
    linker
        .func_wrap("host", "add", |a: i32, b: i32| a + b)
        .unwrap();
    let mut store = Store::new(());
    let middle = instance(
        &linker,
        &mut store,
        r#"(module
             (import "host" "add" (func $add (param i32 i32) (result i32)))
             (export "add" (func $add)))"#,
    );
    let add = middle
        .get_typed_func::<(i32, i32), i32>(&mut store, "add")
        .unwrap();
    assert_eq!(add.call(&mut store, (1, 2)).unwrap(), 3);
    linker.instance(&mut store, "middle", middle).unwrap();
    let outer = instance(
        &linker,
        &mut store,
        r#"(module
             (import "middle" "add" (func $add (param i32 i32) (result i32)))
             (func (export "run") (result i32) (call $add (i32.const 3) (i32.const 4))))"#,
    );
    let run = outer.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), 7);
}

#[test]
fn a_host_function_knows_who_imported_it() {
    let ask = |mut caller: Caller<'_, ()>| match caller.get_export("name") {
        Some(Extern::Global(name)) => name.get(&caller).unwrap().i32().unwrap(),
        _ => 0,
    };
    let mut linker = Linker::<()>::new();
    linker.func_wrap("host", "ask", ask).unwrap();
    let module = |name: i32| {
        module(&format!(
            r#"(module
                 (import "host" "ask" (func $ask (result i32)))
                 (global (export "name") i32 (i32.const {name}))
                 (table (export "t") 2 funcref)
                 (elem (i32.const 0) $ask)
                 (func (export "ask") (result i32) (call $ask))
                 (func (export "ask_table") (param i32) (result i32)
                   (call_indirect (result i32) (local.get 0))))"#
        ))
    };
    let mut store = Store::new(());
    let free = Func::wrap(&mut store, ask);
    for name in [1, 2] {
        let instance = linker.instantiate(&mut store, &module(name)).unwrap();
        let t = instance.get_table(&mut store, "t").unwrap();
        t.set(&mut store, 1, Val::FuncRef(Some(free))).unwrap();
        let ask = instance.get_typed_func::<(), i32>(&mut store, "ask");
        assert_eq!(ask.unwrap().call(&mut store, ()).unwrap(), name);
        let ask = instance.get_typed_func::<i32, i32>(&mut store, "ask_table");
        assert_eq!(ask.as_ref().unwrap().call(&mut store, 0).unwrap(), name);
        // Nobody imported this one.
        assert_eq!(ask.unwrap().call(&mut store, 1).unwrap(), 0);
    }
}

#[test]
fn one_error_names_every_import() {
    let mut linker = Linker::<()>::new();
    linker.func_wrap("env", "f", |_: i32| {}).unwrap();
    let module = module(
        r#"(module
             (import "env" "f" (func (param i64)))
             (import "env" "g" (func))
             (import "env" "m" (memory 1 2)))"#,
    );
    let error = linker
        .instantiate(&mut Store::new(()), &module)
        .unwrap_err();
    let Error::Link(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.problems().len(), 3);
    assert_eq!(
        error.to_string(),
        "cannot link test\n  \
         incompatible import type: \"env\" \"f\" is (func (i32) -> ()), not (func (i64) -> ())\n  \
         unknown import: \"env\" \"g\", (func () -> ())\n  \
         unknown import: \"env\" \"m\", (memory 1 2)"
    );
}

/// Calls the host with as many arguments as registers hold and with more, by a table and as the last
/// thing that a function does; an `i32` is the low half of something larger.
const REGISTERS: &str = r#"(module
    (type $few (func (param i64 f32 i32 f64 i64 i64 f32 i32) (result f64)))
    (type $many (func (param i32 i64 i32 i64 i32 i64 i32 i64 i32 f64 i32) (result i64)))
    (type $sign (func (param i32) (result i32)))
    (import "host" "few" (func $few (type $few)))
    (import "host" "many" (func $many (type $many)))
    (import "host" "sign" (func $sign (type $sign)))
    (import "host" "no" (func $no (param f32)))
    (import "host" "half" (func $half (param f32) (result f32)))
    (table (export "table") 2 funcref)
    (elem (i32.const 0) $sign)
    (func (export "few") (result f64)
      (call $few (i64.const -1) (f32.const 0.5) (i32.wrap_i64 (i64.const 0x123456789)) (f64.const 0.25)
        (i64.const 3) (i64.const 4) (f32.const 8) (i32.const -5)))
    (func (export "many") (result i64)
      (call $many (i32.const 1) (i64.const 2) (i32.const 3) (i64.const 4) (i32.const 5) (i64.const 6)
        (i32.const 7) (i64.const 8) (i32.const 9) (f64.const 10) (i32.const -11)))
    (func (export "sign") (param i64) (result i64)
      (i64.extend_i32_s (call $sign (i32.wrap_i64 (local.get 0)))))
    (func (export "zero") (param i64) (result i64)
      (i64.extend_i32_u (call_indirect (type $sign) (i32.wrap_i64 (local.get 0)) (i32.const 0))))
    (func (export "tail") (param i64) (result i32)
      (return_call $sign (i32.wrap_i64 (local.get 0))))
    (func $inner (param f32) (call $no (call $half (local.get 0))))
    (func (export "no") (param f32) (call $inner (local.get 0)) (unreachable)))"#;

#[test]
fn values_pass_in_registers_and_beyond() {
    let mut linker = Linker::new();
    let few = |a: i64, b: f32, c: u32, d: f64, e: i64, f: i64, g: f32, h: i32| {
        assert_eq!((a, c, e, f, h), (-1, 0x2345_6789, 3, 4, -5));
        f64::from(b) + d + f64::from(g)
    };
    linker.func_wrap("host", "few", few).unwrap();
    type Pairs = (i32, i64, i32, i64, i32, i64, i32, i64);
    let many = |a, b, c, d, e, f, g, h, i: i32, j: f64, k: i32| -> i64 {
        let pairs: Pairs = (a, b, c, d, e, f, g, h);
        assert_eq!(pairs, (1, 2, 3, 4, 5, 6, 7, 8));
        i64::from(i) + j as i64 + i64::from(k)
    };
    linker.func_wrap("host", "many", many).unwrap();
    // Whoever has more bits than 32 of it sees others here.
    let sign = |value: i32| if value < 0 { value - 1 } else { value + 1 };
    linker.func_wrap("host", "sign", sign).unwrap();
    linker
        .func_wrap("host", "half", |value: f32| value / 2.0)
        .unwrap();
    linker.func_wrap("host", "no", |_: f32| ()).unwrap();
    let mut store = Store::new(());
    let instance = instance(&linker, &mut store, REGISTERS);
    let few = instance
        .get_typed_func::<(), f64>(&mut store, "few")
        .unwrap();
    assert_eq!(few.call(&mut store, ()).unwrap(), 8.75);
    let many = instance
        .get_typed_func::<(), i64>(&mut store, "many")
        .unwrap();
    assert_eq!(many.call(&mut store, ()).unwrap(), 8);
    for (name, sign) in [("sign", -1_i64), ("zero", 0xffff_ffff)] {
        let func = instance
            .get_typed_func::<i64, i64>(&mut store, name)
            .unwrap();
        assert_eq!(func.call(&mut store, 0x1_7fff_fff0).unwrap(), 0x7fff_fff1);
        let less = func.call(&mut store, 0x0_ffff_fff0).unwrap();
        assert_eq!(
            less,
            0xffff_ffef_u32.cast_signed() as i64 & (sign | 0xffff_ffff)
        );
    }
    let tail = instance
        .get_typed_func::<i64, i32>(&mut store, "tail")
        .unwrap();
    assert_eq!(tail.call(&mut store, 0x5_ffff_fffb).unwrap(), -6);
}

/// Counts how often it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A function that fails leaves nothing behind, and who called it is known.
#[test]
fn functions_that_fail_drop_what_they_have() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&dropped);
    let mut linker = Linker::new();
    let fail = move |how: f32| -> Result<f64, Error> {
        let kept = Counted(Arc::clone(&seen));
        match how {
            1.0 => Err(Error::host("no")),
            2.0 => panic!("{} were seen", kept.0.load(Ordering::Relaxed)),
            3.0 => Err(TrapCode::IntegerOverflow.into()),
            _ => Ok(0.5),
        }
    };
    linker.func_wrap("host", "fail", fail).unwrap();
    let text = r#"(module
        (import "host" "fail" (func $fail (param f32) (result f64)))
        (func $called (param f32) (result f64) (local f64)
          (loop (local.set 1 (call $fail (local.get 0))))
          (f64.add (local.get 1) (f64.const 1)))
        (func (export "run") (param f32) (result f64) (f64.neg (call $called (local.get 0)))))"#;
    let mut store = Store::new(());
    let instance = instance(&linker, &mut store, text);
    let run = instance
        .get_typed_func::<f32, f64>(&mut store, "run")
        .unwrap();
    for round in 0..3 {
        assert_eq!(run.call(&mut store, 0.0).unwrap(), -1.5);
        let error = match run.call(&mut store, 1.0) {
            Err(Error::Host(error)) => error,
            other => panic!("{other:?}"),
        };
        let trap = match run.call(&mut store, 3.0) {
            Err(Error::Trap(trap)) => trap,
            other => panic!("{other:?}"),
        };
        for frames in [error.backtrace(), trap.backtrace()] {
            let names: Vec<_> = frames
                .iter()
                .map(|frame| frame.func_name.as_deref())
                .collect();
            assert_eq!(names, [Some("called"), None]);
        }
        let call = AssertUnwindSafe(|| run.call(&mut store, 2.0));
        let payload = catch_unwind(call).unwrap_err();
        let message = format!("{} were seen", 4 * round + 3);
        assert_eq!(payload.downcast_ref(), Some(&message));
        assert_eq!(dropped.load(Ordering::Relaxed), 4 * (round + 1));
    }
}
