//! With async: what each mode takes, for imports and for exports.

use prefab_runtime::{Caller, Linker, LocalStore, Store};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;

fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Is ready the second time that it is polled.
async fn pause() {
    let mut is_first = true;
    poll_fn(|_| {
        if std::mem::take(&mut is_first) {
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

fn main() {
    // Shared, import: the future has something across an await that is `Send` and not `Sync`.
    let mut linker = Linker::<Cell<u8>>::new();
    linker
        .func_wrap_async("host", "add", |caller: Caller<'_, Cell<u8>>, (a, b): (i32, i32)| {
            Box::pin(async move {
                let sum = RefCell::new(a);
                *sum.borrow_mut() += b;
                pause().await;
                caller.data().set(1);
                sum.into_inner()
            })
        })
        .unwrap();
    // Shared, export: the call is awaited on another thread.
    let mut store = Store::new(Cell::new(0));
    let add = linker.get(&mut store, "host", "add").unwrap().into_func().unwrap();
    let add = add.typed::<(i32, i32), i32>(&store).unwrap();
    let call = async move { (add.call_async(&mut store, (40, 2)).await.unwrap(), store.data().get()) };
    assert_eq!(thread::spawn(move || wait(call)).join().unwrap(), (42, 1));

    // Local, import and export: nothing is asked.
    let seen = Rc::new(RefCell::new(vec![]));
    let see = Rc::clone(&seen);
    let mut linker = Linker::local();
    linker
        .func_wrap_async("host", "see", move |caller: Caller<'_, Rc<str>, _>, (): ()| {
            let (see, data) = (Rc::clone(&see), Rc::clone(caller.data()));
            Box::pin(async move {
                pause().await;
                see.borrow_mut().push(data);
            })
        })
        .unwrap();
    let mut store = LocalStore::local(Rc::from("here"));
    let func = linker.get(&mut store, "host", "see").unwrap().into_func().unwrap();
    wait(func.typed::<(), ()>(&store).unwrap().call_async(&mut store, ())).unwrap();
    assert_eq!(*seen.borrow(), [Rc::from("here")]);
}
