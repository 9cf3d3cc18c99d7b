//! A linker of functions that stay cannot fill a store that may leave.

use prefab_runtime::{Linker, Module, Store};

fn instantiate(module: &Module) {
    let mut store = Store::new(1);
    let _ = Linker::local().instantiate(&mut store, module);
}

fn main() {
    let _ = instantiate;
}
