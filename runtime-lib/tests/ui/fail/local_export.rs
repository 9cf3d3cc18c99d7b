//! Local, export: the store stays on its thread, whatever its data.

use prefab_runtime::LocalStore;
use std::thread;

fn main() {
    let store = LocalStore::local(1);
    thread::spawn(move || store.into_data());
}
