//! Calls of several stores, polled, moved and dropped in any order.

use super::threads::poll_elsewhere;
use super::{FAILING, failing, poll_once};
use crate::common::module;
use prefab::{AsyncStacks, Error, Linker, Module, Store, TrapCode, TypedFunc};
use proptest::prelude::*;
use std::pin::Pin;
use std::task::Poll;

/// What is done with one of the calls.
#[derive(Clone, Copy, Debug)]
enum Step {
    Poll,
    /// On a thread of its own, which has run no guest before.
    PollElsewhere,
    Drop,
}

type Call = Pin<Box<dyn Future<Output = (Store<()>, Result<i32, Error>)> + Send>>;

/// What is called, one after the other: a function, its argument, and what comes out.
const CALLS: [(&str, i32, Result<i32, TrapCode>); 5] = [
    ("deep", 30, Ok(37)),
    ("fail", 2, Err(TrapCode::IntegerOverflow)),
    ("deep", 0, Ok(7)),
    ("deep", -1, Err(TrapCode::StackOverflow)),
    ("fail", 9, Ok(9)),
];

fn call(mut store: Store<()>, func: TypedFunc<i32, i32>, arg: i32) -> Call {
    Box::pin(async move {
        let result = func.call_async(&mut store, arg).await;
        (store, result)
    })
}

struct Turns {
    linker: Linker<()>,
    module: Module,
    next: usize,
}

impl Turns {
    fn start(&mut self, stack_size_bytes: usize) -> (Call, usize) {
        let mut store = Store::new(());
        store.set_async_stack_size(stack_size_bytes);
        let instance = self.linker.instantiate(&mut store, &self.module).unwrap();
        self.next = (self.next + 1) % CALLS.len();
        let (name, arg, _) = CALLS[self.next];
        let func = instance.get_typed_func(&mut store, name).unwrap();
        (call(store, func, arg), self.next)
    }
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        6 => Just(Step::Poll),
        2 => Just(Step::PollElsewhere),
        1 => Just(Step::Drop),
    ];
    prop::collection::vec((0..4_usize, step), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order(steps in steps()) {
        const SIZE: usize = (256 << 10) - 1;
        let mut turns = Turns { linker: failing(), module: module(FAILING), next: 0 };
        let mut calls: Vec<_> = (0..4).map(|_| turns.start(SIZE)).collect();
        for (index, step) in steps {
            let (call, which) = &mut calls[index];
            let poll = match step {
                Step::Poll => poll_once(call.as_mut()),
                Step::PollElsewhere => poll_elsewhere(call.as_mut()),
                Step::Drop => {
                    calls[index] = turns.start(SIZE);
                    continue;
                }
            };
            if let Poll::Ready((store, result)) = poll {
                let result = result.map_err(|error| error.trap_code().unwrap());
                prop_assert_eq!(result, CALLS[*which].2);
                drop(store);
                calls[index] = turns.start(SIZE);
            }
            prop_assert!(AsyncStacks::of_size(SIZE).used <= 4);
        }
        drop(calls);
        prop_assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
    }
}
