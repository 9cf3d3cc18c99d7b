//! Trees of nested calls, made at random: outer guests go on, return and trap as they should.

use super::tree::{Action, Case, DRIVEN, End, Fate, Node, driving, lose_as, plan, poll};
use crate::common::module_with;
use prefab::{MemoryPlan, Module, Traps};
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Poll;

fn ends() -> impl Strategy<Value = End> {
    prop_oneof![
        6 => Just(End::Return),
        3 => Just(End::Never),
        2 => Just(End::Unreachable),
        2 => Just(End::Outside),
        1 => Just(End::Overflow),
        2 => Just(End::Interrupted),
        2 => Just(End::HostError),
        1 => Just(End::HostPanic),
    ]
}

fn actions(
    inner: impl Strategy<Value = Node> + Clone + 'static,
) -> impl Strategy<Value = Action<Node>> {
    let fate = prop_oneof![Just(Fate::Drop), Just(Fate::Forget), Just(Fate::InCycle)];
    let polls = prop::collection::vec(prop::bool::weighted(0.2), 0..4);
    prop_oneof![
        2 => Just(Action::Grow),
        3 => Just(Action::Wait),
        3 => inner.clone().prop_map(Action::Call),
        3 => inner.clone().prop_map(Action::Await),
        6 => (inner.clone(), polls, fate).prop_map(|(node, polls, fate)| Action::Poll(node, polls, fate)),
        2 => inner.prop_map(Action::Start),
        2 => (0..4_usize, prop::bool::weighted(0.2)).prop_map(|(index, elsewhere)| Action::PollStarted(index, elsewhere)),
        1 => (0..4_usize).prop_map(Action::DropStarted),
    ]
}

fn nodes() -> impl Strategy<Value = Node> {
    let leaf = (0..4_usize, ends()).prop_map(|(via, end)| Node {
        via,
        actions: Vec::new(),
        end,
    });
    leaf.prop_recursive(5, 32, 4, |inner| {
        let actions = prop::collection::vec(actions(inner), 1..5);
        (0..4_usize, actions, ends()).prop_map(|(via, actions, end)| Node { via, actions, end })
    })
}

/// How the code is compiled.
fn modules() -> [(Module, bool); 3] {
    let plain = module_with(DRIVEN, |options| options.is_interruptible = true);
    let explicit = module_with(DRIVEN, |options| {
        options.is_interruptible = true;
        options.traps = Traps::Explicit;
        options.memory_plan = MemoryPlan::Bounded;
    });
    let yielding = module_with(DRIVEN, |options| {
        options.is_interruptible = true;
        options.uses_fuel = true;
    });
    [(plain, false), (explicit, false), (yielding, true)]
}

/// Runs the tree, from a call that is awaited or not; what went wrong.
fn run_tree(
    root: &Node,
    module: &Module,
    yields: bool,
    polls: Option<&Vec<bool>>,
    fate: Fate,
) -> Vec<String> {
    let mut all = Vec::new();
    plan(root, 1, &mut all);
    // The last one is for a look at the store after all of it.
    let probe = all.len();
    let node = Node {
        via: 0,
        actions: vec![Action::Grow],
        end: End::Unreachable,
    };
    plan(&node, 1, &mut all);
    let case = Arc::new(Case {
        done: Mutex::new(vec![0; all.len()]),
        nodes: all,
        module: module.clone(),
        linker: OnceLock::new(),
        yields,
        started: Mutex::new(Vec::new()),
        wrong: Mutex::new(Vec::new()),
    });
    let _ = case.linker.set(driving());
    let (mut store, instance, run) = case.store();
    match polls {
        None => {
            let call = || run.call(&mut store, case.args(0, false));
            case.check(0, catch_unwind(AssertUnwindSafe(call)));
        }
        Some(polls) => {
            let mut call = Box::pin(run.call_async(&mut store, case.args(0, true)));
            let mut outcome = None;
            for elsewhere in polls {
                match poll(&mut call, *elsewhere) {
                    Ok(Poll::Pending) => {}
                    Ok(Poll::Ready(result)) => outcome = Some(Ok(result)),
                    Err(payload) => outcome = Some(Err(payload)),
                }
                if outcome.is_some() {
                    break;
                }
            }
            match outcome {
                Some(outcome) => case.check(0, outcome),
                None => lose_as(call, fate),
            }
        }
    }
    // The handle of a guest that has gone may have asked for more.
    if let Some(handle) = &store.data().handle {
        handle.clear();
    }
    let call = || run.call(&mut store, case.args(probe, false));
    case.check(probe, catch_unwind(AssertUnwindSafe(call)));
    let reset = instance.reset(&mut store);
    drop(store);
    let started = std::mem::take(&mut *case.started.lock().unwrap());
    drop(started);
    let mut wrong = std::mem::take(&mut *case.wrong.lock().unwrap());
    wrong.extend(reset.err().map(|error| error.to_string()));
    wrong
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn outer_guests_go_on_whatever_nested_calls_leave_undone(
        root in nodes(),
        polls in prop::option::of(prop::collection::vec(prop::bool::weighted(0.2), 1..6)),
        fate in prop_oneof![Just(Fate::Drop), Just(Fate::Forget), Just(Fate::InCycle)],
    ) {
        for (module, yields) in MODULES.get_or_init(modules) {
            let wrong = run_tree(&root, module, *yields, polls.as_ref(), fate);
            prop_assert!(wrong.is_empty(), "{:#?}", wrong);
        }
    }
}

static MODULES: OnceLock<[(Module, bool); 3]> = OnceLock::new();
