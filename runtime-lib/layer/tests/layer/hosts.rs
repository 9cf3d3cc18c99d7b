//! Host functions: what they see, what they may do while a guest waits, and how they fail.

use crate::{call, func, instance, store};
use prefab_runtime_layer::{Engine, Error, Trap, TrapCode};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasm_runtime_layer::{
    AsContext, AsContextMut, Extern, Func, FuncType, Memory, MemoryType, StoreContextMut, Val,
    ValType,
};

const CALLER: &str = r#"(module
    (import "host" "it" (func $it (param i32) (result i32)))
    (func $inside (export "run") (param i32) (result i32) (call $it (local.get 0))))"#;

fn number_to_number() -> FuncType {
    FuncType::new([ValType::I32], [ValType::I32])
}

#[test]
fn host_functions_use_the_stores_data() {
    let mut store = store(Vec::<i32>::new());
    let it = Func::new(
        &mut store,
        number_to_number(),
        |mut store, args, results| {
            let Val::I32(number) = args[0] else {
                panic!("the type says so");
            };
            store.data_mut().push(number);
            results[0] = Val::I32(store.data().iter().sum());
            Ok(())
        },
    );
    let instance = instance(&mut store, CALLER, &[("it", Extern::Func(it.clone()))]);
    let run = func(&store, &instance, "run");
    assert_eq!(
        call(&mut store, &run, &[Val::I32(40)]).unwrap(),
        Val::I32(40)
    );
    // The host calls it, too.
    assert_eq!(call(&mut store, &it, &[Val::I32(2)]).unwrap(), Val::I32(42));
    assert_eq!(store.data(), &[40, 2]);
    assert_eq!(store.into_data(), [40, 2]);
}

/// A factorial, each factor of which is another guest inside a host function inside a guest.
#[test]
fn host_functions_call_guests_and_make_instances() {
    let mut store = store(0_u32);
    let it = Func::new(&mut store, number_to_number(), factorial);
    let ten = call(&mut store, &it, &[Val::I32(10)]).unwrap();
    assert_eq!((ten, store.into_data()), (Val::I32(3_628_800), 11));
}

fn factorial(
    mut store: StoreContextMut<'_, u32, Engine>,
    args: &[Val],
    results: &mut [Val],
) -> anyhow::Result<()> {
    *store.data_mut() += 1;
    let Val::I32(number @ 1..) = args[0] else {
        results[0] = Val::I32(1);
        return Ok(());
    };
    let again = Func::new(store.as_context_mut(), number_to_number(), factorial);
    let instance = instance(
        store.as_context_mut(),
        CALLER,
        &[("it", Extern::Func(again))],
    );
    let run = func(store.as_context(), &instance, "run");
    let Val::I32(rest) = call(store.as_context_mut(), &run, &[Val::I32(number - 1)])? else {
        panic!("the type says so");
    };
    results[0] = Val::I32(number * rest);
    Ok(())
}

#[test]
fn memory_grows_inside_of_a_host_function() {
    let mut store = store(());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let grown = memory.clone();
    let it = Func::new(
        &mut store,
        number_to_number(),
        move |mut store, args, results| {
            let Val::I32(pages) = args[0] else {
                panic!("the type says so");
            };
            let before = grown.grow(&mut store, pages.cast_unsigned())?;
            grown.write(&mut store, before as usize * 65_536, &[7])?;
            results[0] = Val::I32(before.cast_signed());
            Ok(())
        },
    );
    let instance = instance(
        &mut store,
        r#"(module
             (import "host" "it" (func $it (param i32) (result i32)))
             (import "host" "memory" (memory 1))
             (func (export "run") (param i32) (result i32)
               (i32.load8_u (i32.mul (call $it (local.get 0)) (i32.const 65536)))))"#,
        &[("it", Extern::Func(it)), ("memory", Extern::Memory(memory))],
    );
    let run = func(&store, &instance, "run");
    assert_eq!(call(&mut store, &run, &[Val::I32(2)]).unwrap(), Val::I32(7));
}

#[derive(Debug, PartialEq)]
struct Refused(i32);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is refused", self.0)
    }
}

impl std::error::Error for Refused {}

/// The host's errors come out of the guest as they went in: with their type, their contexts, through
/// any number of guests.
#[test]
fn errors_of_host_functions_are_the_hosts() {
    let mut store = store(());
    let it = Func::new(&mut store, number_to_number(), |_, args, _| {
        let Val::I32(number) = args[0] else {
            panic!("the type says so");
        };
        Err(anyhow::Error::new(Refused(number)).context("asked too much"))
    });
    let inner = instance(&mut store, CALLER, &[("it", Extern::Func(it))]);
    let inner = func(&store, &inner, "run");
    let outer = Func::new(
        &mut store,
        number_to_number(),
        move |store, args, results| inner.call(store, args, results),
    );
    let outer = instance(&mut store, CALLER, &[("it", Extern::Func(outer))]);
    let run = func(&store, &outer, "run");
    let error = call(&mut store, &run, &[Val::I32(3)]).unwrap_err();
    assert_eq!(format!("{error:#}"), "asked too much: 3 is refused");
    assert_eq!(error.downcast_ref(), Some(&Refused(3)));
    assert_eq!(error.chain().count(), 2);
}

#[test]
fn a_trap_of_a_guest_inside_stays_a_trap() {
    let mut store = store(());
    let inner = instance(
        &mut store,
        r#"(module (func $deep (export "run") (param i32) (result i32)
             (i32.div_u (i32.const 1) (local.get 0))))"#,
        &[],
    );
    let inner = func(&store, &inner, "run");
    let outer = Func::new(
        &mut store,
        number_to_number(),
        move |store, args, results| inner.call(store, args, results),
    );
    let outer = instance(&mut store, CALLER, &[("it", Extern::Func(outer))]);
    let run = func(&store, &outer, "run");
    assert_eq!(call(&mut store, &run, &[Val::I32(1)]).unwrap(), Val::I32(1));
    let error = call(&mut store, &run, &[Val::I32(0)]).unwrap_err();
    let trap: &Trap = error.downcast_ref().unwrap();
    assert_eq!(trap.code(), TrapCode::IntegerDivideByZero);
    assert_eq!(trap.backtrace()[0].func_name.as_deref(), Some("deep"));
}

/// A host function that returns a trap's code traps, where it was called.
#[test]
fn a_host_function_can_trap() {
    let mut store = store(());
    let it = Func::new(&mut store, number_to_number(), |_, _, _| {
        Err(Error::from(TrapCode::Unreachable).into())
    });
    let instance = instance(&mut store, CALLER, &[("it", Extern::Func(it))]);
    let run = func(&store, &instance, "run");
    let error = call(&mut store, &run, &[Val::I32(0)]).unwrap_err();
    let trap: &Trap = error.downcast_ref().unwrap();
    assert_eq!(trap.code(), TrapCode::Unreachable);
    assert_eq!(trap.backtrace()[0].func_name.as_deref(), Some("inside"));
}

#[test]
fn a_result_of_another_type_is_an_error() {
    let mut store = store(());
    let it = Func::new(&mut store, number_to_number(), |_, _, results| {
        results[0] = Val::F32(0.0);
        Ok(())
    });
    let instance = instance(&mut store, CALLER, &[("it", Extern::Func(it))]);
    let run = func(&store, &instance, "run");
    let error = call(&mut store, &run, &[Val::I32(0)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "result 0 of a host function is of type f32, not i32"
    );
    assert!(matches!(error.downcast_ref(), Some(Error::Type(_))));
}

#[test]
fn panics_pass_through_guests() {
    let mut store = store(());
    let it = Func::new(&mut store, number_to_number(), |_, _, _| {
        panic!("at the disco")
    });
    let instance = instance(&mut store, CALLER, &[("it", Extern::Func(it))]);
    let run = func(&store, &instance, "run");
    let caught = catch_unwind(AssertUnwindSafe(|| call(&mut store, &run, &[Val::I32(0)])));
    let payload = caught.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"at the disco"));
    assert!(call(&mut store, &run, &[]).is_err());
}
