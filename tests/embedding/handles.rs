//! Handles: of this store, of another one, and while guests wait for the host.

use crate::common::module;
use prefab::{
    Caller, Error, Extern, ExternRef, Func, FuncType, Global, GlobalType, Instance, Linker, Memory,
    MemoryType, Module, Store, Table, TableType, TypedFunc, Val, ValType,
};
use proptest::prelude::*;
use std::sync::OnceLock;

const EVERYTHING: &str = r#"(module
    (import "host" "f" (func (param funcref externref)))
    (memory (export "memory") 1 2)
    (table (export "table") 2 4 funcref)
    (global (export "global") (mut funcref) (ref.null func))
    (func (export "take") (param funcref externref) (call 0 (local.get 0) (local.get 1))))"#;

fn everything() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| module(EVERYTHING))
}

/// A store and one of every kind of handle to it.
struct Owner {
    store: Store<u32>,
    instance: Instance,
    memory: Memory,
    table: Table,
    global: Global,
    func: Func,
    take: TypedFunc<(Option<Func>, Option<ExternRef>), ()>,
    reference: ExternRef,
}

fn owner(linker: &Linker<u32>) -> Owner {
    let mut store = Store::new(0);
    let instance = linker.instantiate(&mut store, everything()).unwrap();
    Owner {
        instance,
        memory: instance.get_memory(&mut store, "memory").unwrap(),
        table: instance.get_table(&mut store, "table").unwrap(),
        global: instance.get_global(&mut store, "global").unwrap(),
        func: instance.get_func(&mut store, "take").unwrap(),
        take: instance.get_typed_func(&mut store, "take").unwrap(),
        reference: ExternRef::new(&mut store, 7_u8).unwrap(),
        store,
    }
}

/// How many things [`do_one`] can do.
const DEEDS: u8 = 24;

/// Does something with `store` and handles that are `of` a store: this one or another.
fn do_one(deed: u8, store: &mut Store<u32>, of: &Owner, linker: &Linker<u32>) -> Result<(), Error> {
    let null = Val::FuncRef(None);
    let memory_ty = MemoryType::new(1, None);
    let func = Val::FuncRef(Some(of.func));
    match deed {
        0 => of.instance.module(&*store).map(drop),
        1 => of.instance.exports(&mut *store).map(drop),
        2 => of
            .instance
            .get_typed_func::<(), ()>(&mut *store, "take")
            .map(drop)
            .or_else(not_type),
        3 => of.memory.size(&*store).map(drop),
        4 => of.memory.grow(&mut *store, 0).map(drop),
        5 => of.memory.read(&*store, 0, &mut [0; 4]),
        6 => of.memory.write(&mut *store, 0, b"once"),
        7 => of.memory.ty(&*store).map(drop),
        8 => of.table.get(&*store, 0).map(drop),
        9 => of.table.set(&mut *store, 0, null),
        10 => of.table.grow(&mut *store, 0, null).map(drop),
        11 => of.table.size(&*store).map(drop),
        12 => of.global.get(&*store).map(drop),
        13 => of.global.set(&mut *store, null),
        14 => of.func.ty(&*store).map(drop),
        15 => of
            .func
            .call(&mut *store, &[null, Val::ExternRef(None)], &mut []),
        16 => of.take.call(&mut *store, (None, None)),
        17 => of.reference.data(&*store).map(drop),
        18 => linker
            .clone()
            .instance(&mut *store, "other", of.instance)
            .map(drop),
        // The store's own, with something of the other's.
        19 => {
            let ty = TableType::new(ValType::FuncRef, 1, None);
            Table::new(&mut *store, ty, func).map(drop)
        }
        20 => {
            let ty = GlobalType::new(ValType::FuncRef, true);
            Global::new(&mut *store, ty, func).map(drop)
        }
        21 => {
            let own = Func::wrap(&mut *store, |_: Option<Func>, _: Option<ExternRef>| ());
            let values = [func, Val::ExternRef(Some(of.reference))];
            own.call(&mut *store, &values, &mut [])
        }
        22 => {
            let memory = Memory::new(&mut *store, memory_ty)?;
            let importer = importer();
            let imports = [Extern::Memory(memory), Extern::Func(of.func)];
            Instance::new(&mut *store, importer, &imports).map(drop)
        }
        23 => {
            let own = Func::wrap(&mut *store, |_: Option<Func>| ());
            own.typed::<Option<Func>, ()>(&*store)?
                .call(&mut *store, Some(of.func))
        }
        _ => unreachable!("there are {DEEDS} deeds"),
    }
}

/// The export is there, and of another type.
fn not_type(error: Error) -> Result<(), Error> {
    match error {
        Error::Type(_) => Ok(()),
        error => Err(error),
    }
}

fn importer() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| {
        module(
            r#"(module (import "" "" (memory 1)) (import "" "" (func (param funcref externref))))"#,
        )
    })
}

fn linker() -> Linker<u32> {
    let mut linker = Linker::new();
    let count = |mut caller: Caller<'_, u32>, _: Option<Func>, _: Option<ExternRef>| {
        *caller.data_mut() += 1
    };
    linker.func_wrap("host", "f", count).unwrap();
    linker
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done in whatever order: with its own handles a store does it, with another's it
    /// says so, and nothing of either store changes.
    #[test]
    fn handles_work_in_their_own_store_alone(
        deeds in prop::collection::vec((0..DEEDS, any::<bool>(), any::<bool>()), 1..60)
    ) {
        let linker = linker();
        let mut owners = [owner(&linker), owner(&linker)];
        for (deed, in_first, own) in deeds {
            let [first, second] = &mut owners;
            let (home, other) = if in_first { (first, second) } else { (second, first) };
            // A store and handles of its own are borrowed apart.
            let mut store = std::mem::take(&mut home.store);
            let of = if own { &*home } else { &*other };
            let outcome = do_one(deed, &mut store, of, &linker);
            home.store = store;
            if own {
                prop_assert!(outcome.is_ok(), "{deed}: {outcome:?}");
            } else {
                prop_assert!(matches!(outcome, Err(Error::WrongStore(_))), "{deed}: {outcome:?}");
            }
        }
    }
}

/// Calls itself through the host, `depth` times, and does something at each depth.
const DEEPER: &str = r#"(module
    (import "host" "deeper" (func $deeper (param i32) (result i32)))
    (memory (export "memory") 1 60)
    (func (export "run") (param $depth i32) (result i32)
      (i32.store (i32.mul (local.get $depth) (i32.const 4)) (local.get $depth))
      (i32.add (call $deeper (local.get $depth))
        (i32.load (i32.mul (local.get $depth) (i32.const 4))))))"#;

#[test]
fn the_host_grows_instantiates_and_calls_while_guests_wait() {
    let deeper = module(DEEPER);
    let small = module(r#"(module (func (export "one") (result i32) (i32.const 1)))"#);
    let mut linker = Linker::<Vec<i32>>::new();
    let inner = deeper.clone();
    linker
        .func_wrap(
            "host",
            "deeper",
            move |mut caller: Caller<'_, Vec<i32>>, depth: i32| {
                caller.data_mut().push(depth);
                let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
                    return Err(Error::host("the instance exports its memory"));
                };
                memory.grow(&mut caller, 1)?;
                // More handles and functions than the store had room for.
                for _ in 0..20 {
                    Func::wrap(&mut caller, || ());
                    ExternRef::new(&mut caller, depth)?;
                }
                let one = Instance::new(&mut caller, &small, &[])?;
                let one = one
                    .get_typed_func::<(), i32>(&mut caller, "one")?
                    .call(&mut caller, ())?;
                let (bytes, data) = caller.data_and_memory(memory)?;
                data.push(bytes.len() as i32 >> 16);
                bytes[60_000] += 1;
                if depth == 0 {
                    return Ok(one);
                }
                let run = if depth % 3 == 0 {
                    // Another instance, made while this one waits.
                    let again = Func::wrap(&mut caller, move |_: i32| -> i32 { depth });
                    let other = Instance::new(&mut caller, &inner, &[again.into()])?;
                    other.get_typed_func::<i32, i32>(&mut caller, "run")?
                } else {
                    let own = caller
                        .instance()
                        .ok_or_else(|| Error::host("a guest called"))?;
                    own.get_typed_func::<i32, i32>(&mut caller, "run")?
                };
                Ok(one + run.call(&mut caller, depth - 1)?)
            },
        )
        .unwrap();
    let mut store = Store::new(vec![]);
    let instance = linker.instantiate(&mut store, &deeper).unwrap();
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .unwrap();
    // Depths 5 and 4, then 3, which goes on in another instance that has the host say 3.
    let sum = (5 + 1) + (4 + 1) + (3 + 1) + (2 + 3);
    assert_eq!(run.call(&mut store, 5).unwrap(), sum);
    assert_eq!(store.data(), &[5, 2, 4, 3, 3, 4]);
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert_eq!(memory.data(&store)[60_000], 3);
    // Handles that were given away long ago, and stores that are gone.
    assert_eq!(run.call(&mut store, 2).unwrap(), (2 + 1) + (1 + 1) + 1);
    let mut other = Store::new(());
    drop(store);
    assert!(matches!(run.call(&mut other, 1), Err(Error::WrongStore(_))));
    assert!(matches!(memory.size(&other), Err(Error::WrongStore(_))));
}

#[test]
fn a_function_that_traps_inside_others_leaves_them_whole() {
    let deeper = module(DEEPER);
    let mut linker = Linker::<u32>::new();
    linker
        .func_new(
            "host",
            "deeper",
            FuncType::new([ValType::I32], [ValType::I32]),
            |mut caller, args, results| {
                let depth = args[0].i32().unwrap();
                if depth == 0 {
                    return Err(Error::host("far enough"));
                }
                let own = caller
                    .instance()
                    .ok_or_else(|| Error::host("a guest called"))?;
                let run = own
                    .get_func(&mut caller, "run")
                    .ok_or_else(|| Error::host("it has run"))?;
                let mut inner = [Val::I32(0)];
                // Every other one goes on after the one inside it has ended.
                match run.call(&mut caller, &[Val::I32(depth - 1)], &mut inner) {
                    Err(_) if depth % 2 == 0 => *caller.data_mut() += 1,
                    outcome => outcome?,
                }
                results[0] = Val::I32(depth * 100);
                Ok(())
            },
        )
        .unwrap();
    let mut store = Store::new(0);
    let instance = linker.instantiate(&mut store, &deeper).unwrap();
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call(&mut store, 4).unwrap(), 404);
    assert!(run.call(&mut store, 1).is_err());
    assert_eq!(run.call(&mut store, 2).unwrap(), 202);
    assert_eq!(*store.data(), 2);
}
