//! Shared, export: a call in a store whose data cannot be sent is awaited where it is.

use prefab_runtime::{Store, TypedFunc};
use std::rc::Rc;

fn is_send(_: impl Send) {}

fn await_elsewhere(func: TypedFunc<(), ()>, mut store: Store<Rc<u8>>) {
    is_send(async move { func.call_async(&mut store, ()).await });
}

fn main() {
    let _ = await_elsewhere;
}
