//! What the store's data borrows is borrowed as long as the store is there.

use prefab_runtime::Store;

fn main() {
    let mut log = vec![1];
    let store = Store::new(&mut log);
    log.push(2);
    drop(store);
}
