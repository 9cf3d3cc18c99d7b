//! No view of a memory is held while a guest runs, which may change and grow it.

use prefab_runtime::{Memory, Store, TypedFunc};

fn call(store: &mut Store<()>, memory: Memory, func: TypedFunc<(), ()>) -> u8 {
    let view = memory.data(store);
    func.call(&mut *store, ()).unwrap();
    view[0]
}

fn main() {
    let _ = call;
}
