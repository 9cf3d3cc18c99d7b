//! A reset instance is a fresh one.

use crate::common::{held, in_child, is_child, module, module_with};
use prefab::{
    Caller, CompileOptions, Error, Extern, Instance, Linker, Memory, MemoryType, Module,
    ResourceLimiter, Store, Table, TableType, TrapCode, Val, ValType,
};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// All that a guest can change, and a way to change each.
const EVERYTHING: &str = r#"(module
    (import "host" "fail" (func $fail (param i32)))
    (type $nullary (func (result i32)))
    (memory $m (export "m") 2 5)
    (memory $n (export "n") 1 3)
    (data (memory $m) (i32.const 0) "the image of the first page")
    (data (memory $m) (i32.const 65530) "over the boundary of pages")
    (data (memory $n) (i32.const 100) "the other memory")
    (data $passive "what is passive")
    (table $t (export "t") 4 9 funcref)
    (table $e (export "e") 3 8 externref)
    (elem (table $t) (i32.const 1) func $f1 $f2)
    (elem $passive_funcs func $f3 $f2 $f1)
    (global $i (export "i") (mut i32) (i32.const 5))
    (global $j (export "j") (mut i64) (i64.const -1))
    (global $v (export "v") (mut v128) (v128.const i64x2 1 2))
    (global $g (export "g") (mut funcref) (ref.func $f2))
    (global $x (export "x") (mut externref) (ref.null extern))
    (func $f1 (export "f1") (type $nullary) (i32.const 1))
    (func $f2 (export "f2") (type $nullary) (global.get $i))
    (func $f3 (export "f3") (type $nullary) (i32.load $m (i32.const 4)))
    (func $begin (i32.store8 $m (i32.const 200) (i32.const 77)) (global.set $j (i64.const 9)))
    (start $begin)
    (func (export "store") (param i32 i32)
      (i32.store $m (local.get 0) (local.get 1))
      (i32.store $n (i32.rem_u (local.get 0) (i32.const 65000)) (local.get 1)))
    (func (export "fill") (param i32 i32 i32)
      (memory.fill $m (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i32 i32 i32)
      (memory.copy $n $m (local.get 0) (local.get 1) (local.get 2)))
    (func (export "init") (param i32 i32 i32)
      (memory.init $m $passive (local.get 0) (local.get 1) (local.get 2)))
    (func (export "drop") (data.drop $passive))
    (func (export "grow") (param i32 i32) (result i32)
      (if (result i32) (local.get 0)
        (then (memory.grow $m (local.get 1)))
        (else (memory.grow $n (local.get 1)))))
    (func (export "set_table") (param i32 i32)
      (table.set $t (local.get 0) (table.get $t (local.get 1))))
    (func (export "set_externs") (param i32 externref) (table.set $e (local.get 0) (local.get 1)))
    (func (export "fill_table") (param i32 i32)
      (table.fill $t (local.get 0) (ref.func $f3) (local.get 1)))
    (func (export "copy_table") (param i32 i32 i32)
      (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
    (func (export "init_table") (param i32 i32 i32)
      (table.init $t $passive_funcs (local.get 0) (local.get 1) (local.get 2)))
    (func (export "drop_elements") (elem.drop $passive_funcs))
    (func (export "grow_table") (param i32) (result i32)
      (table.grow $t (ref.func $f1) (local.get 0)))
    (func (export "grow_externs") (param externref i32) (result i32)
      (table.grow $e (local.get 0) (local.get 1)))
    (func (export "set_globals") (param i32 externref)
      (global.set $i (local.get 0))
      (global.set $j (i64.extend_i32_s (local.get 0)))
      (global.set $v (i32x4.splat (local.get 0)))
      (global.set $g (ref.null func))
      (global.set $x (local.get 1)))
    (func (export "call") (param i32) (result i32)
      (call_indirect $t (type $nullary) (local.get 0)))
    (func (export "trap") (param i32)
      (i32.store $m (local.get 0) (i32.const -1)) unreachable)
    (func (export "fail") (param i32) (call $fail (local.get 0)) unreachable))"#;

/// Something that is done to an instance.
#[derive(Clone, Debug)]
enum Step {
    /// Calls an export with these numbers.
    Call(&'static str, Vec<i32>),
    /// The same, with an externref before (`false`) or behind them.
    CallWithExtern(&'static str, bool, i32),
    /// The host writes a byte to the first memory.
    Write(u32, u8),
    /// The host grows a memory or a table.
    Grow(&'static str, u64),
    /// The host changes an element.
    SetElement(u64),
}

fn call(name: &'static str, params: usize) -> impl Strategy<Value = Step> {
    let number = prop_oneof![
        0..8,
        65_500..65_600,
        131_000..131_100,
        0..400_000,
        any::<i32>()
    ];
    let numbers = proptest::collection::vec(number, params);
    numbers.prop_map(move |numbers| Step::Call(name, numbers))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![Just(0), Just(1), Just(2), Just(9)];
    let named = prop_oneof![Just("m"), Just("n"), Just("t"), Just("e")];
    let step = prop_oneof![
        4 => call("store", 2),
        2 => call("fill", 3),
        2 => call("copy", 3),
        2 => call("init", 3),
        1 => call("drop", 0),
        3 => (0..2, 0..3).prop_map(|(memory, pages)| Step::Call("grow", vec![memory, pages])),
        2 => call("set_table", 2),
        2 => call("fill_table", 2),
        2 => call("copy_table", 3),
        2 => call("init_table", 3),
        1 => call("drop_elements", 0),
        2 => (0..3).prop_map(|more| Step::Call("grow_table", vec![more])),
        2 => (0..9).prop_map(|at| Step::CallWithExtern("set_externs", true, at)),
        2 => (0..3).prop_map(|more| Step::CallWithExtern("grow_externs", false, more)),
        2 => any::<i32>().prop_map(|value| Step::CallWithExtern("set_globals", true, value)),
        3 => call("call", 1),
        2 => call("trap", 1),
        2 => call("fail", 1),
        2 => (0_u32..200_000, any::<u8>()).prop_map(|(at, byte)| Step::Write(at, byte)),
        2 => (named, size).prop_map(|(name, more)| Step::Grow(name, more)),
        2 => (0_u64..9).prop_map(Step::SetElement),
    ];
    proptest::collection::vec(step, 0..24)
}

/// What comes of a step, comparable between stores.
fn perform(store: &mut Store<Host>, instance: Instance, step: &Step) -> String {
    let called = |store: &mut Store<Host>, name: &str, args: &[Val]| {
        let func = instance.get_func(&mut *store, name).unwrap();
        let mut results = vec![Val::I32(0); func.ty(&*store).unwrap().results().len()];
        match func.call(&mut *store, args, &mut results) {
            Ok(()) => format!("{results:?}"),
            Err(error) => error.to_string(),
        }
    };
    let an_extern = store.data().an_extern;
    match step {
        Step::Call(name, numbers) => {
            let args: Vec<Val> = numbers.iter().copied().map(Val::I32).collect();
            called(store, name, &args)
        }
        Step::CallWithExtern(name, is_behind, number) => {
            let mut args = vec![an_extern, Val::I32(*number)];
            if *is_behind {
                args.reverse();
            }
            called(store, name, &args)
        }
        Step::Write(at, byte) => {
            let memory = instance.get_memory(&mut *store, "m").unwrap();
            let written = memory.write(store, *at as usize, &[*byte]);
            format!("{:?}", written.map_err(|error| error.to_string()))
        }
        Step::Grow(name, more) => {
            let grown = match instance.export(&mut *store, name).unwrap() {
                Extern::Memory(memory) => memory.grow(store, *more),
                Extern::Table(table) => {
                    let null = Val::default_for(table.ty(&*store).unwrap().element);
                    table.grow(store, *more, null)
                }
                other => panic!("{other:?} does not grow"),
            };
            format!("{:?}", grown.map_err(|error| error.to_string()))
        }
        Step::SetElement(at) => {
            let table = instance.get_table(&mut *store, "t").unwrap();
            let func = instance.get_func(&mut *store, "f3");
            let set = table.set(store, *at, Val::FuncRef(func));
            format!("{:?}", set.map_err(|error| error.to_string()))
        }
    }
}

struct Host {
    an_extern: Val,
}

struct Suite {
    module: Module,
    linker: Linker<Host>,
}

impl Suite {
    fn new(choose: impl FnOnce(&mut CompileOptions)) -> Self {
        let mut linker = Linker::new();
        // Whether the error is the host's or a trap.
        let fail = |_: Caller<'_, Host>, how: i32| -> Result<(), Error> {
            match how % 2 {
                0 => Err(Error::host(std::fmt::Error)),
                _ => Err(TrapCode::IntegerOverflow.into()),
            }
        };
        linker.func_wrap("host", "fail", fail).unwrap();
        let module = module_with(EVERYTHING, choose);
        Self { module, linker }
    }

    fn instance(&self) -> (Store<Host>, Instance) {
        let mut store = Store::new(Host {
            an_extern: Val::I32(0),
        });
        let an_extern = prefab::ExternRef::new(&mut store, 5_u8).unwrap();
        store.data_mut().an_extern = Val::ExternRef(Some(an_extern));
        let instance = self.linker.instantiate(&mut store, &self.module);
        (store, instance.unwrap())
    }
}

/// All that can be seen of an instance, but for the bytes of its memories: comparable between
/// stores.
fn describe(store: &mut Store<Host>, instance: Instance) -> String {
    let funcs = ["f1", "f2", "f3"].map(|name| instance.get_func(&mut *store, name).unwrap());
    let show = |value: Val| match value {
        Val::FuncRef(Some(func)) => {
            let known = funcs.iter().position(|known| *known == func);
            format!("f{}", known.expect("one of the module's") + 1)
        }
        Val::ExternRef(Some(_)) => "an extern".to_owned(),
        other => format!("{other:?}"),
    };
    let mut text = String::new();
    for (name, item) in instance.exports(&mut *store).unwrap() {
        text += &format!("{name}: {}", item.ty(&*store).unwrap());
        match item {
            Extern::Global(global) => text += &show(global.get(&*store).unwrap()),
            Extern::Table(table) => {
                let len = table.size(&*store).unwrap();
                for index in 0..len {
                    text += &format!(" {}", show(table.get(&*store, index).unwrap()));
                }
            }
            Extern::Memory(_) | Extern::Func(_) => {}
        }
        text += "\n";
    }
    text
}

#[track_caller]
fn assert_same(
    (one, one_instance): &mut (Store<Host>, Instance),
    (two, two_instance): &mut (Store<Host>, Instance),
) {
    assert_eq!(describe(one, *one_instance), describe(two, *two_instance));
    for name in ["m", "n"] {
        let one_memory = one_instance.get_memory(&mut *one, name).unwrap();
        let two_memory = two_instance.get_memory(&mut *two, name).unwrap();
        let same = one_memory.data(one) == two_memory.data(two);
        assert!(same, "the bytes of {name} differ");
    }
}

fn runner() -> TestRunner {
    let config = Config {
        failure_persistence: None,
        // An emulator is slow.
        cases: if std::env::var_os("PREFAB_RUNNER").is_some() {
            32
        } else {
            Config::default().cases
        },
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng)
}

#[test]
fn a_reset_instance_is_a_fresh_one_after_whatever_was_done() {
    let suites = [
        Suite::new(|_| ()),
        Suite::new(|options| {
            options.memory_plan = prefab::MemoryPlan::Bounded;
            options.traps = prefab::Traps::Explicit;
        }),
    ];
    for suite in suites {
        let kept = std::cell::RefCell::new(suite.instance());
        let check = |(before, after): (Vec<Step>, Vec<Step>)| {
            // The same instance, all the time.
            let used = &mut *kept.borrow_mut();
            for step in &before {
                perform(&mut used.0, used.1, step);
            }
            used.1.reset(&mut used.0).unwrap();
            let mut fresh = suite.instance();
            assert_same(used, &mut fresh);
            for step in &after {
                let here = perform(&mut used.0, used.1, step);
                let there = perform(&mut fresh.0, fresh.1, step);
                assert_eq!(here, there, "{step:?}");
            }
            assert_same(used, &mut fresh);
            Ok(())
        };
        runner().run(&(steps(), steps()), check).unwrap();
    }
}

#[test]
fn nothing_of_the_former_run_is_found_anywhere() {
    const CANARY: u8 = 0xa5;
    let (mut store, instance) = Suite::new(|_| ()).instance();
    let all = ["m", "n"].map(|name| instance.get_memory(&mut store, name).unwrap());
    for round in 0..8 {
        for memory in all {
            // Some rounds grow it before, and others not.
            let ty = memory.ty(&store).unwrap();
            if round % 2 == 0 {
                memory.grow(&mut store, ty.max.unwrap() - ty.min).unwrap();
            }
            memory.data_mut(&mut store).fill(CANARY);
        }
        if round % 3 == 0 {
            let trap = instance.get_typed_func::<i32, ()>(&mut store, "trap");
            assert!(trap.unwrap().call(&mut store, 0).is_err());
        }
        instance.reset(&mut store).unwrap();
        for memory in all {
            let found = |store: &Store<Host>| memory.data(store).contains(&CANARY);
            assert!(!found(&store));
            let ty = memory.ty(&store).unwrap();
            memory.grow(&mut store, ty.max.unwrap() - ty.min).unwrap();
            assert!(!found(&store));
            assert_eq!(memory.data(&store).len() as u64, ty.max.unwrap() << 16);
        }
    }
}

#[test]
fn what_was_grown_cannot_be_reached_after_a_reset() {
    for plan in [prefab::MemoryPlan::Guarded, prefab::MemoryPlan::Bounded] {
        let text = r#"(module (memory (export "m") 1 4)
            (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"#;
        let module = module_with(text, |options| options.memory_plan = plan);
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        let load = instance.get_typed_func::<u32, i32>(&mut store, "load");
        let load = load.unwrap();
        let memory = instance.get_memory(&mut store, "m").unwrap();
        for _ in 0..2 {
            memory.grow(&mut store, 3).unwrap();
            memory.write(&mut store, 3 << 16, &[1]).unwrap();
            assert_eq!(load.call(&mut store, 3 << 16).unwrap(), 1);
            instance.reset(&mut store).unwrap();
            for at in [65_536, 3 << 16, (4 << 16) - 4] {
                let error = load.call(&mut store, at).unwrap_err();
                assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
            }
            assert_eq!(load.call(&mut store, 65_532).unwrap(), 0);
        }
    }
}

#[test]
fn a_guest_that_runs_is_not_reset() {
    let text = r#"(module
        (import "host" "inner" (func $inner (param i32)))
        (memory (export "m") 1)
        (func (export "outer") (param i32)
          (i32.store (i32.const 0) (i32.const 1))
          (call $inner (local.get 0)))
        (func (export "traps") unreachable))"#;
    let mut linker = Linker::<()>::new();
    let inner = |mut caller: Caller<'_, ()>, traps: i32| {
        let instance = caller.instance().unwrap();
        let refused = |caller: &mut Caller<'_, ()>| {
            let refused = instance.reset(caller).unwrap_err();
            assert!(matches!(refused, Error::GuestRuns));
            assert_eq!(
                refused.to_string(),
                "an instance cannot be reset while a guest of its store runs"
            );
        };
        refused(&mut caller);
        if traps == 1 {
            // A trap of an activation inside this one, which the host takes as it is.
            let traps = instance.get_typed_func::<(), ()>(&mut caller, "traps");
            assert!(traps.unwrap().call(&mut caller, ()).is_err());
            refused(&mut caller);
        }
    };
    linker.func_wrap("host", "inner", inner).unwrap();
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    let outer = instance.get_typed_func::<i32, ()>(&mut store, "outer");
    let memory = instance.get_memory(&mut store, "m").unwrap();
    for traps in [0, 1] {
        outer.as_ref().unwrap().call(&mut store, traps).unwrap();
        assert_eq!(memory.data(&store)[0], 1);
        instance.reset(&mut store).unwrap();
        assert_eq!(memory.data(&store)[0], 0);
    }
    // A host function that the host calls itself may do it.
    let reset = prefab::Func::wrap(&mut store, move |caller: Caller<'_, ()>| {
        instance.reset(caller)
    });
    reset.call(&mut store, &[], &mut []).unwrap();
    let mut other = Store::new(());
    let refused = instance.reset(&mut other);
    assert!(matches!(refused, Err(Error::WrongStore(_))));
}

#[test]
fn what_is_shared_is_reset_by_its_owner_and_written_by_its_users() {
    let mut store = Store::new(());
    let mut linker = Linker::new();
    let host_memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let ty = TableType::new(ValType::FuncRef, 2, None);
    let host_table = Table::new(&mut store, ty, Val::FuncRef(None)).unwrap();
    linker.define("host", "m", host_memory).unwrap();
    linker.define("host", "t", host_table).unwrap();
    let owner = module(
        r#"(module
             (import "host" "m" (memory 1))
             (import "host" "t" (table 2 funcref))
             (memory (export "own") 1)
             (table (export "table") 2 funcref)
             (global (export "global") (mut i32) (i32.const 3))
             (data (i32.const 0) "active")
             (data (memory 1) (i32.const 0) "own")
             (elem (table 0) (i32.const 0) func $f)
             (elem (table 1) (i32.const 0) func $f)
             (func $f (export "f")))"#,
    );
    let owner = linker.instantiate(&mut store, &owner).unwrap();
    linker.instance(&mut store, "owner", owner).unwrap();
    let user = module(
        r#"(module
             (import "owner" "own" (memory 1))
             (import "owner" "table" (table 2 funcref))
             (import "owner" "global" (global $g (mut i32)))
             (data (i32.const 0) "USER")
             (elem (i32.const 0) $u $u)
             (func $u)
             (func (export "run") (result i32)
               (global.set $g (i32.add (global.get $g) (i32.const 1)))
               (i32.load8_u (i32.const 0))))"#,
    );
    let user = linker.instantiate(&mut store, &user).unwrap();
    let run = user.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    let own = owner.get_memory(&mut store, "own").unwrap();
    let table = owner.get_table(&mut store, "table").unwrap();
    let global = owner.get_global(&mut store, "global").unwrap();
    let f = owner.get_func(&mut store, "f").unwrap();
    let at = |store: &Store<()>, table: Table, index| match table.get(store, index).unwrap() {
        Val::FuncRef(func) => func,
        other => panic!("{other:?} in a table of functions"),
    };
    assert_eq!(run.call(&mut store, ()).unwrap(), i32::from(b'U'));
    assert_ne!(at(&store, table, 1), None);
    host_memory.write(&mut store, 0, b"changed").unwrap();
    host_table.set(&mut store, 0, Val::FuncRef(None)).unwrap();
    host_table
        .set(&mut store, 1, Val::FuncRef(Some(f)))
        .unwrap();

    owner.reset(&mut store).unwrap();
    // Its own is what it was made with, for all who see it.
    assert_eq!(run.call(&mut store, ()).unwrap(), i32::from(b'o'));
    assert_eq!(&own.data(&store)[..4], b"own\0");
    assert_eq!(at(&store, table, 0), Some(f));
    assert_eq!(at(&store, table, 1), None);
    assert_eq!(global.get(&store).unwrap().i32(), Some(4));
    // What it imports has its segments again, and else stays.
    assert_eq!(&host_memory.data(&store)[..7], b"actived");
    assert_eq!(at(&store, host_table, 0), Some(f));
    assert_eq!(at(&store, host_table, 1), Some(f));

    user.reset(&mut store).unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), i32::from(b'U'));
    assert_eq!(global.get(&store).unwrap().i32(), Some(5));
}

/// Counts what there is: bytes and elements.
#[derive(Default)]
struct Counts([u64; 2]);

impl ResourceLimiter for Counts {
    fn memory_growing(&mut self, from: u64, to: u64, _: Option<u64>) -> Result<bool, Error> {
        self.0[0] += to - from;
        Ok(true)
    }

    fn memory_shrunk(&mut self, from: u64, to: u64) {
        self.0[0] -= from - to;
    }

    fn table_growing(&mut self, from: u64, to: u64, _: Option<u64>) -> Result<bool, Error> {
        self.0[1] += to - from;
        Ok(true)
    }

    fn table_shrunk(&mut self, from: u64, to: u64) {
        self.0[1] -= from - to;
    }
}

#[test]
fn a_limiter_is_told_of_what_a_reset_gives_back() {
    let text = r#"(module
        (memory (export "m") 2)
        (memory (export "n") 1)
        (table (export "t") 5 funcref)
        (table (export "e") 7 externref)
        (func (export "grow")
          (drop (memory.grow 0 (i32.const 3)))
          (drop (memory.grow 1 (i32.const 1)))
          (drop (table.grow 0 (ref.null func) (i32.const 10)))
          (drop (table.grow 1 (ref.null extern) (i32.const 20)))))"#;
    let mut store = Store::new(Counts::default());
    store.limiter(|counts| counts);
    let instance = Linker::new().instantiate(&mut store, &module(text));
    let instance = instance.unwrap();
    let first = [3 << 16, 12];
    for _ in 0..3 {
        assert_eq!(store.data().0, first);
        let grow = instance.get_typed_func::<(), ()>(&mut store, "grow");
        grow.unwrap().call(&mut store, ()).unwrap();
        assert_eq!(store.data().0, [7 << 16, 42]);
        instance.reset(&mut store).unwrap();
    }
    assert_eq!(store.data().0, first);
}

#[test]
fn ten_thousand_resets_hold_no_more_than_one() {
    if !is_child() {
        in_child("reset::ten_thousand_resets_hold_no_more_than_one");
        return;
    }
    let suite = Suite::new(|_| ());
    let (mut store, instance) = suite.instance();
    let mut before = held();
    for round in 0..10_000 {
        let steps = [
            Step::Call("grow", vec![1, 3]),
            Step::Call("fill", vec![0, 7, 5 << 16]),
            Step::Call("grow_table", vec![3]),
            Step::CallWithExtern("set_globals", true, 1),
            Step::Call(if round % 2 == 0 { "trap" } else { "call" }, vec![1]),
        ];
        for step in &steps {
            perform(&mut store, instance, step);
        }
        instance.reset(&mut store).unwrap();
        // What is made when it is first needed is there now.
        if round == 100 {
            before = held();
        }
    }
    let after = held();
    // The emulator and the allocator keep a little for themselves.
    let resident = before.resident_pages + 256;
    assert!(after.resident_pages <= resident, "{before:?} {after:?}");
    assert_eq!(after.descriptors, before.descriptors);
    assert_eq!(after.mappings, before.mappings);
    assert_eq!(after.address_bytes, before.address_bytes);
}
