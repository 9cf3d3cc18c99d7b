//! What may move between threads, and what stays on one.

use super::{FAILING, Run, SUM, doubling, failing, poll_once, start};
use crate::common::module;
use prefab::{Caller, Linker, LocalLinker, LocalStore, Store, TrapCode, TypedFunc};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use tokio::task::{LocalSet, yield_now};

struct Probe<T>(T);

impl<T: Send> Probe<T> {
    /// Found before the trait's if `T` is `Send`.
    fn is_send(&self) -> bool {
        true
    }
}

trait NotSend {
    fn is_send(&self) -> bool {
        false
    }
}

impl<T> NotSend for Probe<T> {}

#[test]
fn a_call_can_be_sent_if_the_store_can() {
    fn probe<T: Send>(linker: &Linker<T>, store: &mut Store<T>, run: Run) {
        // Without more bounds than these.
        fn is_send<F: Send>(future: F) -> F {
            future
        }
        let module = module(SUM);
        drop(is_send(run.call_async(&mut *store, (1, 2))));
        drop(is_send(run.func().call_async(&mut *store, &[], &mut [])));
        drop(is_send(linker.instantiate_async(&mut *store, &module)));
    }
    let linker = doubling();
    let mut store = Store::new(());
    let func = prefab::Func::wrap(&mut store, |a: i32, b: i32| a + b);
    let run: Run = func.typed(&store).unwrap();
    probe(&linker, &mut store, run);
    assert!(Probe(run.call_async(&mut store, (1, 2))).is_send());
    // Data that cannot be sent, and a mode that asks nothing.
    let mut stays = Store::new(Rc::new(()));
    assert!(!Probe(run.call_async(&mut stays, (1, 2))).is_send());
    let mut local = LocalStore::local(());
    assert!(!Probe(run.call_async(&mut local, (1, 2))).is_send());
    let module = module(SUM);
    let instantiating = LocalLinker::local();
    assert!(!Probe(instantiating.instantiate_async(&mut local, &module)).is_send());
    // Data that cannot be shared can be sent all the same.
    let mut cell = Store::new(Cell::new(1));
    assert!(Probe(run.call_async(&mut cell, (1, 2))).is_send());
}

/// Polls the future on a new thread.
pub fn poll_elsewhere<F: Future + Send + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output>
where
    F::Output: Send,
{
    std::thread::scope(|scope| {
        let polled = scope.spawn(|| poll_once(future)).join();
        polled.unwrap_or_else(|payload| std::panic::resume_unwind(payload))
    })
}

#[test]
fn each_step_on_another_thread() {
    let module = module(SUM);
    let (mut store, run) = {
        let linker = doubling();
        let mut starting = Box::pin(start(&linker, (), &module));
        let Poll::Ready(started) = poll_once(starting.as_mut()) else {
            panic!("there is nothing to wait for");
        };
        started
    };
    let mut call = Box::pin(run.call_async(&mut store, (10, -1)));
    for _ in 0..10 {
        assert!(poll_elsewhere(call.as_mut()).is_pending());
    }
    let Poll::Ready(sum) = poll_elsewhere(call.as_mut()) else {
        panic!("it is ready");
    };
    assert_eq!(sum.unwrap(), 110);
}

#[test]
fn traps_on_a_thread_that_did_not_enter_the_guest() {
    let mut store = Store::new(());
    let instance = failing().instantiate(&mut store, &module(FAILING)).unwrap();
    for name in ["outside", "waits_then_endless"] {
        let Some(func) = instance.get_func(&mut store, name) else {
            panic!("no {name}");
        };
        let func: TypedFunc<(), i32> = func.typed(&store).unwrap();
        let mut call = Box::pin(func.call_async(&mut store, ()));
        assert!(poll_once(call.as_mut()).is_pending());
        let Poll::Ready(Err(error)) = poll_elsewhere(call.as_mut()) else {
            panic!("{name} traps");
        };
        let code = match name {
            "outside" => TrapCode::MemoryOutOfBounds,
            _ => TrapCode::StackOverflow,
        };
        assert_eq!(error.trap_code(), Some(code), "{error}");
    }
}

#[test]
fn two_stores_take_turns_on_one_thread() {
    let (text, linker) = (module(FAILING), failing());
    let mut stores = [Store::new(()), Store::new(())];
    let run = stores.each_mut().map(|store| {
        let instance = linker.instantiate(&mut *store, &text).unwrap();
        instance
            .get_typed_func::<(), i32>(store, "outside")
            .unwrap()
    });
    for order in [[0, 1], [1, 0]] {
        let [one, two] = &mut stores;
        let mut calls = [
            Box::pin(run[0].call_async(one, ())),
            Box::pin(run[1].call_async(two, ())),
        ];
        for index in [0, 1] {
            assert!(poll_once(calls[index].as_mut()).is_pending());
        }
        for index in order {
            let Poll::Ready(Err(error)) = poll_once(calls[index].as_mut()) else {
                panic!("it traps");
            };
            assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
        }
    }
}

tokio::task_local! {
    static TASK: RefCell<Vec<i32>>;
}

#[test]
fn task_locals_and_cells_across_an_await_on_many_threads() {
    let mut linker = Linker::<Cell<i32>>::new();
    linker
        .func_wrap_async("host", "next", |caller: Caller<'_, Cell<i32>>, n: i32| {
            Box::pin(async move {
                // `Send`, but not `Sync`, and borrowed while this waits.
                let cell = RefCell::new(vec![n]);
                let sum = {
                    let mut numbers = cell.try_borrow_mut().unwrap();
                    numbers.push(caller.data().get());
                    numbers.iter().sum()
                };
                yield_now().await;
                TASK.with(|task| task.borrow_mut().push(sum));
                cell.into_inner()[0]
            })
        })
        .unwrap();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let module = module(SUM);
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..100 {
            let (mut store, run) = start(&linker, Cell::new(task), &module).await;
            tasks.spawn(TASK.scope(RefCell::default(), async move {
                let sum = run.call_async(&mut store, (3, -1)).await.unwrap();
                assert_eq!(sum, 6);
                let said = TASK.with(RefCell::take);
                assert_eq!(said, [3 + task, 2 + task, 1 + task]);
            }));
        }
        while let Some(joined) = tasks.join_next().await {
            joined.unwrap();
        }
    });
}

#[test]
fn what_stays_on_its_thread() {
    let mut linker = LocalLinker::<Rc<RefCell<Vec<i32>>>>::local();
    let outside = Rc::new(Cell::new(0));
    let counter = Rc::clone(&outside);
    linker
        .func_wrap_async(
            "host",
            "next",
            move |caller: Caller<'_, Rc<RefCell<Vec<i32>>>, prefab::Local>, n: i32| {
                let counter = Rc::clone(&counter);
                Box::pin(async move {
                    let data = Rc::clone(caller.data());
                    data.borrow_mut().push(n);
                    yield_now().await;
                    counter.set(counter.get() + 1);
                    data.borrow().iter().sum::<i32>()
                })
            },
        )
        .unwrap();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.build().unwrap();
    let set = LocalSet::new();
    let module = module(SUM);
    runtime.block_on(set.run_until(async {
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let mut store = LocalStore::local(Rc::default());
                let instance = linker.instantiate(&mut store, &module).unwrap();
                tokio::task::spawn_local(async move {
                    let run: Run = instance.get_typed_func(&mut store, "run").unwrap();
                    run.call_async(&mut store, (3, -1)).await.unwrap()
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 3 + 5 + 6);
        }
    }));
    assert_eq!(outside.get(), 30);
}
