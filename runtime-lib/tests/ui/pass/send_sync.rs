//! Without async: what each mode takes, for imports and for exports.

use prefab_runtime::{Caller, Func, Linker, LocalStore, Store};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread;

fn main() {
    // Shared, import: a function that is `Send + Sync`.
    let calls = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&calls);
    let mut linker = Linker::<Cell<u8>>::new();
    linker
        .func_wrap("host", "count", move |caller: Caller<'_, Cell<u8>>| {
            caller.data().set(1);
            *counter.lock().unwrap() += 1;
        })
        .unwrap();
    // Shared, export: store and function go to another thread; the data need not be `Sync`.
    let mut store = Store::new(Cell::new(0));
    let func = linker.get(&mut store, "host", "count").unwrap().into_func().unwrap();
    let typed = func.typed::<(), ()>(&store).unwrap();
    thread::spawn(move || typed.call(&mut store, ()).unwrap()).join().unwrap();
    assert_eq!(*calls.lock().unwrap(), 1);

    // Local, import and export: nothing is asked.
    let seen = Rc::new(RefCell::new(vec![]));
    let see = Rc::clone(&seen);
    let mut linker = Linker::local();
    linker
        .func_wrap("host", "see", move |caller: Caller<'_, Rc<str>, _>| {
            see.borrow_mut().push(caller.data().to_string());
        })
        .unwrap();
    let mut store = LocalStore::local(Rc::from("here"));
    let func = linker.get(&mut store, "host", "see").unwrap().into_func().unwrap();
    func.typed::<(), ()>(&store).unwrap().call(&mut store, ()).unwrap();
    let own = Rc::clone(&seen);
    let func = Func::wrap(&mut store, move || own.borrow().len() as i32);
    assert_eq!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 1);
    assert_eq!(*seen.borrow(), ["here"]);
}
