//! Shared: what guests are given a reference to has to be sent with the store.

use prefab_runtime::{ExternRef, Store};
use std::rc::Rc;

fn main() {
    let mut store = Store::new(());
    let _ = ExternRef::new(&mut store, Rc::new(1));
}
