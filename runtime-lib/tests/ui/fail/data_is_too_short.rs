//! A store cannot outlive what its data borrows.

use prefab_runtime::Store;

fn main() {
    let store;
    {
        let log = vec![1];
        store = Store::new(&log);
    }
    assert_eq!(store.data().len(), 1);
}
