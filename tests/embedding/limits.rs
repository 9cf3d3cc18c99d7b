//! Limiters: each way in which something may become larger, allowed, refused, and ended.

use crate::common::module;
use prefab::{
    Caller, Error, ExternRef, Linker, LocalStore, Memory, MemoryType, ResourceLimiter, Store,
    Table, TableType, Val, ValType,
};
use std::cell::RefCell;
use std::rc::Rc;

/// What a limiter is asked.
type Question = (&'static str, u64, u64, Option<u64>);

/// Answers as it is told, and remembers the questions.
#[derive(Default)]
struct Answers {
    asked: Vec<Question>,
    refuse: bool,
    fail: bool,
    instances: Option<u64>,
}

#[derive(Debug, PartialEq)]
struct NothingLeft(&'static str);

impl std::fmt::Display for NothingLeft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "nothing is left for {}", self.0)
    }
}

impl std::error::Error for NothingLeft {}

impl Answers {
    fn answer(&mut self, question: Question) -> Result<bool, Error> {
        self.asked.push(question);
        if self.fail {
            return Err(Error::host(NothingLeft(question.0)));
        }
        Ok(!self.refuse)
    }
}

impl ResourceLimiter for Answers {
    fn memory_growing(&mut self, from: u64, to: u64, max: Option<u64>) -> Result<bool, Error> {
        self.answer(("memory", from, to, max))
    }

    fn memory_grow_failed(&mut self, from: u64, to: u64, _: &Error) {
        self.asked.push(("no memory", from, to, None));
    }

    fn table_growing(&mut self, from: u64, to: u64, max: Option<u64>) -> Result<bool, Error> {
        self.answer(("table", from, to, max))
    }

    fn table_grow_failed(&mut self, from: u64, to: u64, _: &Error) {
        self.asked.push(("no table", from, to, None));
    }

    fn instances(&self) -> u64 {
        self.instances.unwrap_or(u64::MAX)
    }
}

const GROWS: &str = r#"(module
    (memory (export "memory") 1 4)
    (table (export "table") 2 8 externref)
    (func (export "memory_grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table_grow") (param i32) (result i32)
      (table.grow (ref.null extern) (local.get 0))))"#;

const PAGE: u64 = 1 << 16;

fn limited(answers: &mut Answers) -> Store<&mut Answers> {
    let mut store = Store::new(answers);
    store.limiter(|answers| *answers);
    store
}

#[test]
fn a_guest_that_is_refused_sees_minus_one() {
    let mut answers = Answers::default();
    let mut store = limited(&mut answers);
    let instance = Linker::new()
        .instantiate(&mut store, &module(GROWS))
        .unwrap();
    let started = [
        ("memory", 0, PAGE, Some(4 * PAGE)),
        ("table", 0, 2, Some(8)),
    ];
    assert_eq!(store.data_mut().asked.split_off(0), started);
    for (name, old, question) in [
        ("memory_grow", 1, ("memory", PAGE, 3 * PAGE, Some(4 * PAGE))),
        ("table_grow", 2, ("table", 2, 4, Some(8))),
    ] {
        let grow = instance
            .get_typed_func::<i32, i32>(&mut store, name)
            .unwrap();
        store.data_mut().refuse = true;
        assert_eq!(grow.call(&mut store, 2).unwrap(), -1);
        store.data_mut().refuse = false;
        assert_eq!(grow.call(&mut store, 2).unwrap(), old);
        // By nothing, and beyond the maximum: nobody is asked.
        assert_eq!(grow.call(&mut store, 0).unwrap(), old + 2);
        assert_eq!(grow.call(&mut store, 100).unwrap(), -1);
        assert_eq!(store.data_mut().asked.split_off(0), [question, question]);
    }
}

#[test]
fn a_limiters_error_ends_the_guest() {
    let mut answers = Answers::default();
    let mut store = limited(&mut answers);
    let instance = Linker::new()
        .instantiate(&mut store, &module(GROWS))
        .unwrap();
    store.data_mut().fail = true;
    for (name, what) in [("memory_grow", "memory"), ("table_grow", "table")] {
        let grow = instance
            .get_typed_func::<i32, i32>(&mut store, name)
            .unwrap();
        let error = grow.call(&mut store, 1).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&NothingLeft(what)));
        let Error::Host(error) = error else {
            panic!("the limiter's error is the host's: {error}");
        };
        assert_eq!(error.backtrace()[0].func_index, u32::from(what == "table"));
    }
    store.data_mut().fail = false;
    let grow = instance
        .get_typed_func::<i32, i32>(&mut store, "memory_grow")
        .unwrap();
    assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
}

#[test]
fn a_limiters_panic_goes_to_who_called_the_guest() {
    struct Panics;

    impl ResourceLimiter for Panics {
        fn memory_growing(&mut self, from: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
            assert_eq!(from, 0, "on purpose");
            Ok(true)
        }

        fn table_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
            Ok(true)
        }
    }

    let mut store = Store::new(Panics);
    store.limiter(|panics| panics);
    let instance = Linker::new()
        .instantiate(&mut store, &module(GROWS))
        .unwrap();
    let grow = instance
        .get_typed_func::<i32, i32>(&mut store, "memory_grow")
        .unwrap();
    let call = std::panic::AssertUnwindSafe(|| grow.call(&mut store, 1));
    let payload = std::panic::catch_unwind(call).unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    assert!(text.contains("on purpose"), "{text}");
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert_eq!(memory.size(&store).unwrap(), 1);
}

#[test]
fn the_host_is_limited_as_guests_are() {
    let mut answers = Answers::default();
    let mut store = limited(&mut answers);
    let ty = MemoryType::new(1, Some(5));
    let table_ty = TableType::new(ValType::ExternRef, 1, None);
    let null = Val::ExternRef(None);
    let memory = Memory::new(&mut store, ty).unwrap();
    let table = Table::new(&mut store, table_ty, null).unwrap();
    store.data_mut().asked.clear();
    for (refuse, fail) in [(true, false), (false, true)] {
        (store.data_mut().refuse, store.data_mut().fail) = (refuse, fail);
        let errors = [
            memory.grow(&mut store, 1).unwrap_err(),
            table.grow(&mut store, 2, null).unwrap_err(),
            Memory::new(&mut store, ty).unwrap_err(),
            Table::new(&mut store, table_ty, null).unwrap_err(),
        ];
        let asked = [
            ("memory", PAGE, 2 * PAGE, Some(5 * PAGE)),
            ("table", 1, 3, None),
            ("memory", 0, PAGE, Some(5 * PAGE)),
            ("table", 0, 1, None),
        ];
        assert_eq!(store.data_mut().asked.split_off(0), asked);
        for error in &errors {
            assert_eq!(
                error.downcast_ref::<NothingLeft>().is_some(),
                fail,
                "{error}"
            );
            let refused = error
                .to_string()
                .ends_with("the store's limiter does not allow it");
            assert_eq!(refused, refuse, "{error}");
        }
    }
    assert_eq!(memory.size(&store).unwrap(), 1);
    assert_eq!(table.size(&store).unwrap(), 1);
}

#[test]
fn instances_are_refused_with_all_they_start_with() {
    let module_of_two = module(
        r#"(module (memory 1) (memory 2) (table 3 externref) (table 20000000 externref)
             (table 5 funcref) (func (export "f") (drop (table.get 2 (i32.const 0)))))"#,
    );
    let mut answers = Answers {
        refuse: true,
        ..Answers::default()
    };
    let mut store = limited(&mut answers);
    let linker = Linker::new();
    assert!(linker.instantiate(&mut store, &module_of_two).is_err());
    assert_eq!(
        store.data_mut().asked.split_off(0),
        [("memory", 0, PAGE, None)]
    );
    store.data_mut().refuse = false;
    // No table is so large: what was made before it stays, what comes after it was never made.
    assert!(linker.instantiate(&mut store, &module_of_two).is_err());
    let asked = store.data_mut().asked.split_off(0);
    let expected = [
        ("memory", 0, PAGE, None),
        ("memory", 0, 2 * PAGE, None),
        ("table", 0, 3, None),
        ("table", 0, 20_000_000, None),
        ("table", 0, 5, None),
        ("no table", 0, 20_000_000, None),
        ("no table", 0, 5, None),
    ];
    assert_eq!(asked, expected);

    store.data_mut().instances = Some(2);
    let empty = module("(module)");
    linker.instantiate(&mut store, &empty).unwrap();
    let error = linker.instantiate(&mut store, &empty).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot have another instance: the store's limiter does not allow it"
    );
}

#[test]
fn a_limiter_and_host_functions_share_what_the_data_borrows() {
    let log = RefCell::new(Vec::new());

    struct Shared<'a>(&'a RefCell<Vec<String>>, u64);

    impl ResourceLimiter for Shared<'_> {
        fn memory_growing(&mut self, from: u64, to: u64, _: Option<u64>) -> Result<bool, Error> {
            self.0.borrow_mut().push(format!("{from} to {to}"));
            Ok(to <= self.1)
        }

        fn table_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
            Ok(true)
        }
    }

    fn run<'a>(log: &'a RefCell<Vec<String>>) -> i32 {
        let mut linker = Linker::local();
        linker
            .func_wrap(
                "host",
                "raise",
                |mut caller: Caller<'_, Shared<'a>, _>, to: u64| {
                    caller.data_mut().1 = to;
                    caller.data().0.borrow_mut().push(format!("may have {to}"));
                },
            )
            .unwrap();
        let module = module(
            r#"(module (import "host" "raise" (func $raise (param i64))) (memory 1)
                 (func (export "run") (result i32)
                   (i32.add (memory.grow (i32.const 1))
                     (block (result i32)
                       (call $raise (i64.const 131072))
                       (memory.grow (i32.const 1))))))"#,
        );
        let mut store = LocalStore::local(Shared(log, PAGE));
        store.limiter(|shared| shared);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance
            .get_typed_func::<(), i32>(&mut store, "run")
            .unwrap();
        run.call(&mut store, ()).unwrap()
    }

    assert_eq!(run(&log), -1 + 1);
    let expected = [
        "0 to 65536",
        "65536 to 131072",
        "may have 131072",
        "65536 to 131072",
    ];
    assert_eq!(log.into_inner(), expected);
}

#[test]
fn local_stores_hold_what_stays_on_its_thread() {
    let calls = Rc::new(RefCell::new(Vec::new()));
    let mut linker = Linker::local();
    let seen = Rc::clone(&calls);
    linker
        .func_wrap(
            "host",
            "see",
            move |caller: Caller<'_, Rc<str>, _>,
                  reference: Option<ExternRef>|
                  -> Result<i32, Error> {
                let reference = reference.ok_or_else(|| Error::host(NothingLeft("nobody")))?;
                let value = reference.data(&caller)?.downcast_ref::<Rc<i32>>();
                let value = value.ok_or_else(|| Error::host(NothingLeft("others")))?;
                seen.borrow_mut().push(format!("{} {value}", caller.data()));
                Ok(Rc::strong_count(value) as i32)
            },
        )
        .unwrap();
    let module = module(
        r#"(module (import "host" "see" (func $see (param externref) (result i32)))
             (func (export "run") (param externref) (result i32) (call $see (local.get 0))))"#,
    );
    let mut store = LocalStore::local(Rc::from("data"));
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let value = Rc::new(7);
    let reference = ExternRef::new(&mut store, Rc::clone(&value)).unwrap();
    let run = instance
        .get_typed_func::<Option<ExternRef>, i32>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call(&mut store, Some(reference)).unwrap(), 2);
    assert!(
        run.call(&mut store, None)
            .unwrap_err()
            .downcast_ref::<NothingLeft>()
            .is_some()
    );
    drop(store);
    assert_eq!(Rc::strong_count(&value), 1);
    assert_eq!(*calls.borrow(), ["data 7"]);
}
