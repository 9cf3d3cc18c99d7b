//! Nor the other way round.

use prefab_runtime::{Linker, Store};

fn grow<'a>(store: Store<&'a str>) -> Store<&'static str> {
    store
}

fn grow_linker<'a>(linker: Linker<&'a str>) -> Linker<&'static str> {
    linker
}

fn main() {
    grow(Store::new("short"));
    grow_linker(Linker::new());
}
