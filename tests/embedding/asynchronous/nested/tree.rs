//! Trees of nested calls. A guest is driven by its host functions, which do what a node of the tree says.

use super::super::poll_once;
use super::super::threads::poll_elsewhere;
use super::Cycle;
use prefab::{
    Caller, Error, Extern, FuncType, Instance, InterruptHandle, Linker, Module, Store, TrapCode,
    TypedFunc, Val, ValType,
};
use std::cell::RefCell;
use std::fmt;
use std::future::{pending, poll_fn};
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::thread;

/// `run(node, via)` asks the host what to do next, through the import that `via` says, until it is
/// told to end.
pub const DRIVEN: &str = r#"(module
    (import "host" "typed" (func $typed (param i32) (result i32)))
    (import "host" "dynamic" (func $dynamic (param i32) (result i32)))
    (import "host" "typed_async" (func $typed_async (param i32) (result i32)))
    (import "host" "dynamic_async" (func $dynamic_async (param i32) (result i32)))
    (memory (export "memory") 1)
    (func $deep (param i32) (result i32)
      (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))
    (func (export "run") (param $node i32) (param $via i32) (result i32) (local $order i32)
      (loop $next
        (block $asked
          (block $3 (block $2 (block $1 (block $0
            (br_table $0 $1 $2 $3 (local.get $via)))
            (local.set $order (call $typed (local.get $node))) (br $asked))
            (local.set $order (call $dynamic (local.get $node))) (br $asked))
            (local.set $order (call $typed_async (local.get $node))) (br $asked))
            (local.set $order (call $dynamic_async (local.get $node))))
        (block $grow (block $return (block $unreachable (block $outside (block $overflow (block $endless
          (br_table $next $grow $return $unreachable $outside $overflow $endless (local.get $order)))
          (loop $again (br $again)))
          (return (call $deep (i32.const 0))))
          (return (i32.load (i32.const 0x7fffffff))))
          (unreachable))
          (return (local.get $node)))
        (drop (memory.grow (i32.const 1)))
        (br $next))
      (unreachable)))"#;

/// What the host has the guest do next. The numbers are those of `DRIVEN`.
#[derive(Clone, Copy)]
enum Order {
    Next,
    Grow,
    Return,
    Unreachable,
    Outside,
    Overflow,
    Endless,
}

/// How a guest ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Return,
    Unreachable,
    Outside,
    Overflow,
    Interrupted,
    HostError,
    HostPanic,
    /// The host waits for ever if it can wait, and has the guest return if it cannot.
    Never,
}

/// What becomes of a future that is not ready.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Drop,
    Forget,
    InCycle,
}

/// What a host function does in between, for the node that its guest is.
#[derive(Clone, Debug)]
pub enum Action<N> {
    Grow,
    /// Waits once, if it can.
    Wait,
    Call(N),
    /// Awaits a nested call; polls it to its end where nobody can wait.
    Await(N),
    /// Polls a nested call so many times, some of them on another thread.
    Poll(N, Vec<bool>, Fate),
    /// Starts a call in a store of its own. Others poll or drop it.
    Start(N),
    PollStarted(usize, bool),
    DropStarted(usize),
}

impl<N> Action<N> {
    fn map<M>(&self, f: impl FnOnce(&N) -> M) -> Action<M> {
        match self {
            Self::Grow => Action::Grow,
            Self::Wait => Action::Wait,
            Self::Call(node) => Action::Call(f(node)),
            Self::Await(node) => Action::Await(f(node)),
            Self::Poll(node, polls, fate) => Action::Poll(f(node), polls.clone(), *fate),
            Self::Start(node) => Action::Start(f(node)),
            Self::PollStarted(index, elsewhere) => Action::PollStarted(*index, *elsewhere),
            Self::DropStarted(index) => Action::DropStarted(*index),
        }
    }
}

/// One activation of the guest, and what is nested in it.
#[derive(Clone, Debug)]
pub struct Node {
    pub via: usize,
    pub actions: Vec<Action<Self>>,
    pub end: End,
}

/// A node of the list of all nodes.
#[derive(Debug)]
pub struct Planned {
    pub via: usize,
    pub actions: Vec<Action<usize>>,
    pub end: End,
    /// How many activations of its store there are with it.
    pub depth: usize,
}

pub fn plan(node: &Node, depth: usize, all: &mut Vec<Planned>) -> usize {
    let index = all.len();
    all.push(Planned {
        via: node.via,
        actions: Vec::new(),
        end: node.end,
        depth,
    });
    let actions = node.actions.iter().map(|action| {
        let depth = match action {
            Action::Start(_) => 1,
            _ => depth + 1,
        };
        action.map(|inner| plan(inner, depth, all))
    });
    all[index].actions = actions.collect();
    index
}

pub type Started = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What all stores of one case share.
pub struct Case {
    pub nodes: Vec<Planned>,
    pub module: Module,
    pub linker: OnceLock<Linker<Data>>,
    pub yields: bool,
    /// How many actions of each node are done.
    pub done: Mutex<Vec<usize>>,
    pub started: Mutex<Vec<Started>>,
    pub wrong: Mutex<Vec<String>>,
}

#[derive(Clone)]
pub struct Data {
    pub case: Arc<Case>,
    pub handle: Option<InterruptHandle>,
}

/// The error of a node's host function.
#[derive(Debug)]
struct OfNode(usize);

impl fmt::Display for OfNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.0)
    }
}

impl std::error::Error for OfNode {}

pub type Run = TypedFunc<(i32, i32), i32>;

impl Case {
    pub fn store(self: &Arc<Self>) -> (Store<Data>, Instance, Run) {
        let data = Data {
            case: Arc::clone(self),
            handle: None,
        };
        let mut store = Store::new(data);
        store.set_async_stack_size((512 << 10) - 77);
        store.data_mut().handle = Some(store.interrupt_handle().unwrap());
        if self.yields {
            let interval = NonZeroU64::new(3);
            store.fuel_async_yield_interval(interval).unwrap();
        }
        let linker = self.linker.get().unwrap();
        let instance = linker.instantiate(&mut store, &self.module).unwrap();
        let run = instance.get_typed_func(&mut store, "run").unwrap();
        (store, instance, run)
    }

    /// The next action of a node.
    fn next(&self, node: usize) -> Option<&Action<usize>> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let action = self.nodes[node].actions.get(done[node]);
        done[node] += 1;
        action
    }

    pub fn args(&self, node: usize, can_wait: bool) -> (i32, i32) {
        let via = self.nodes[node].via;
        (node as i32, if can_wait { via } else { via % 2 } as i32)
    }

    /// Notes if a node's call has not ended as it should.
    pub fn check(&self, node: usize, outcome: thread::Result<Result<i32, Error>>) {
        let (end, depth) = (self.end(node), self.nodes[node].depth);
        let trapped = |code: TrapCode| match code {
            TrapCode::Unreachable => end == End::Unreachable,
            TrapCode::MemoryOutOfBounds => end == End::Outside,
            TrapCode::StackOverflow => end == End::Overflow,
            TrapCode::Interrupted => end == End::Interrupted,
            _ => false,
        };
        let is_right = match &outcome {
            Ok(Ok(value)) => *value == node as i32 && matches!(end, End::Return | End::Never),
            Ok(Err(Error::Trap(trap))) => {
                let frames = trap.backtrace().len();
                trapped(trap.code()) && (frames == depth || end == End::Overflow)
            }
            Ok(Err(error)) => {
                let Error::Host(host) = error else {
                    return self.note(node, &outcome);
                };
                let of = error.downcast_ref::<OfNode>().map(|of| of.0);
                host.backtrace().len() == depth && end == End::HostError && of == Some(node)
            }
            Err(payload) => end == End::HostPanic && payload.downcast_ref::<usize>() == Some(&node),
        };
        if !is_right {
            self.note(node, &outcome);
        }
    }

    fn note(&self, node: usize, outcome: &thread::Result<Result<i32, Error>>) {
        let planned = &self.nodes[node];
        let mut wrong = self.wrong.lock().unwrap();
        wrong.push(format!("node {node}, {planned:?}: {outcome:?}"));
    }

    /// How a node ends. A guest that yields may be lost before it sees a request to stop.
    fn end(&self, node: usize) -> End {
        match self.nodes[node].end {
            End::Interrupted if self.yields => End::Unreachable,
            end => end,
        }
    }

    fn take_started(&self, index: usize) -> Option<Started> {
        let mut started = self.started.lock().unwrap();
        (!started.is_empty()).then(|| {
            let index = index % started.len();
            started.swap_remove(index)
        })
    }
}

/// The poll's output, or the panic that it ended with.
pub fn poll<F: Future + Send>(
    future: &mut Pin<Box<F>>,
    elsewhere: bool,
) -> thread::Result<Poll<F::Output>>
where
    F::Output: Send,
{
    catch_unwind(AssertUnwindSafe(|| {
        if elsewhere {
            poll_elsewhere(future.as_mut())
        } else {
            poll_once(future.as_mut())
        }
    }))
}

/// Awaits the future; its output, or the panic that it ended with.
async fn to_the_end<F: Future>(mut future: Pin<Box<F>>) -> thread::Result<F::Output> {
    poll_fn(|context| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(context));
        match catch_unwind(poll) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    })
    .await
}

pub fn lose_as<F>(future: Pin<Box<F>>, fate: Fate) {
    match fate {
        Fate::Drop => drop(future),
        Fate::Forget => std::mem::forget(future),
        Fate::InCycle => {
            let cycle = Rc::new(Cycle {
                future: RefCell::new(future),
                myself: RefCell::new(None),
            });
            cycle.myself.replace(Some(Rc::clone(&cycle)));
        }
    }
}

fn run_of(caller: &mut Caller<'_, Data>) -> Run {
    let run = caller.get_export("run").and_then(Extern::into_func);
    run.unwrap().typed(&*caller).unwrap()
}

/// Does what a host function can do without waiting.
fn perform(caller: &mut Caller<'_, Data>, action: &Action<usize>) {
    let case = Arc::clone(&caller.data().case);
    match action {
        Action::Grow | Action::Wait => {}
        Action::Call(inner) => {
            let run = run_of(caller);
            let call = || run.call(&mut *caller, case.args(*inner, false));
            case.check(*inner, catch_unwind(AssertUnwindSafe(call)));
        }
        Action::Await(inner) => perform_polls(caller, *inner, &[false; 100], Fate::Drop),
        Action::Poll(inner, polls, fate) => perform_polls(caller, *inner, polls, *fate),
        Action::Start(inner) => {
            let (mut store, _, run) = case.store();
            let (inner, shared) = (*inner, Arc::clone(&case));
            let mut call: Started = Box::pin(async move {
                let call = Box::pin(run.call_async(&mut store, shared.args(inner, true)));
                let outcome = to_the_end(call).await;
                shared.check(inner, outcome);
            });
            if poll_once(call.as_mut()).is_pending() {
                case.started.lock().unwrap().push(call);
            }
        }
        Action::PollStarted(index, elsewhere) => {
            if let Some(mut call) = case.take_started(*index) {
                let poll = if *elsewhere {
                    poll_elsewhere(call.as_mut())
                } else {
                    poll_once(call.as_mut())
                };
                if poll.is_pending() {
                    case.started.lock().unwrap().push(call);
                }
            }
        }
        Action::DropStarted(index) => drop(case.take_started(*index)),
    }
}

fn perform_polls(caller: &mut Caller<'_, Data>, inner: usize, polls: &[bool], fate: Fate) {
    let case = Arc::clone(&caller.data().case);
    let run = run_of(caller);
    let mut call = Box::pin(run.call_async(&mut *caller, case.args(inner, true)));
    for elsewhere in polls {
        match poll(&mut call, *elsewhere) {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(result)) => return case.check(inner, Ok(result)),
            Err(payload) => return case.check(inner, Err(payload)),
        }
    }
    lose_as(call, fate);
}

/// What a host function that has nothing left to do for a node says.
fn end(data: &Data, node: usize) -> Result<Order, Error> {
    match data.case.end(node) {
        End::Return | End::Never => Ok(Order::Return),
        End::Unreachable => Ok(Order::Unreachable),
        End::Outside => Ok(Order::Outside),
        End::Overflow => Ok(Order::Overflow),
        End::Interrupted => {
            data.handle.as_ref().unwrap().interrupt();
            Ok(Order::Endless)
        }
        End::HostError => Err(Error::host(OfNode(node))),
        End::HostPanic => panic_any(node),
    }
}

fn act(caller: &mut Caller<'_, Data>, node: i32) -> Result<i32, Error> {
    let case = Arc::clone(&caller.data().case);
    let order = match case.next(node as usize) {
        Some(Action::Grow) => Order::Grow,
        Some(action) => {
            perform(caller, action);
            Order::Next
        }
        None => end(caller.data(), node as usize)?,
    };
    Ok(order as i32)
}

/// Waits once.
async fn wait() {
    let mut is_first = true;
    poll_fn(move |_| {
        if std::mem::take(&mut is_first) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

async fn act_async(caller: &mut Caller<'_, Data>, node: i32) -> Result<i32, Error> {
    let case = Arc::clone(&caller.data().case);
    let order = match case.next(node as usize) {
        Some(Action::Grow) => Order::Grow,
        Some(Action::Wait) => {
            wait().await;
            Order::Next
        }
        Some(Action::Await(inner)) => {
            let run = run_of(caller);
            let call = Box::pin(run.call_async(&mut *caller, case.args(*inner, true)));
            case.check(*inner, to_the_end(call).await);
            Order::Next
        }
        Some(action) => {
            perform(caller, action);
            Order::Next
        }
        None if case.nodes[node as usize].end == End::Never => pending().await,
        None => end(caller.data(), node as usize)?,
    };
    Ok(order as i32)
}

pub fn driving() -> Linker<Data> {
    let ty = || FuncType::new([ValType::I32], [ValType::I32]);
    let mut linker = Linker::<Data>::new();
    linker
        .func_wrap(
            "host",
            "typed",
            |mut caller: Caller<'_, Data>, node: i32| act(&mut caller, node),
        )
        .unwrap()
        .func_new("host", "dynamic", ty(), |mut caller, args, results| {
            results[0] = Val::I32(act(&mut caller, args[0].i32().unwrap())?);
            Ok(())
        })
        .unwrap()
        .func_wrap_async(
            "host",
            "typed_async",
            |mut caller: Caller<'_, Data>, node: i32| {
                Box::pin(async move { act_async(&mut caller, node).await })
            },
        )
        .unwrap()
        .func_new_async(
            "host",
            "dynamic_async",
            ty(),
            |mut caller, args, results| {
                Box::pin(async move {
                    results[0] = Val::I32(act_async(&mut caller, args[0].i32().unwrap()).await?);
                    Ok(())
                })
            },
        )
        .unwrap();
    linker
}
