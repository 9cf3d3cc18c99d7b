//! Shared, export: a store whose data cannot be sent stays where it is.

use prefab_runtime::Store;
use std::rc::Rc;
use std::thread;

fn main() {
    let store = Store::new(Rc::new(1));
    thread::spawn(move || store.into_data());
}
