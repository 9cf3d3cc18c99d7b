//! A store of long-lived data is no store of shorter-lived data, which could then be put into it.

use prefab_runtime::Store;

fn shrink<'a>(store: Store<&'static str>) -> Store<&'a str> {
    store
}

fn shrink_borrowed<'s, 'a>(store: &'s mut Store<&'static str>) -> &'s mut Store<&'a str> {
    store
}

fn main() {
    let mut store = Store::new("long");
    shrink_borrowed(&mut store);
    shrink(store);
}
