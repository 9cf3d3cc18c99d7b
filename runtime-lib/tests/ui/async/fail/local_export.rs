//! Local, export: a call in a local store is awaited where it is, whatever the data.

use prefab_runtime::{LocalStore, TypedFunc};

fn is_send(_: impl Send) {}

fn await_elsewhere(func: TypedFunc<(), ()>, mut store: LocalStore<u8>) {
    is_send(async move { func.call_async(&mut store, ()).await });
}

fn main() {
    let _ = await_elsewhere;
}
