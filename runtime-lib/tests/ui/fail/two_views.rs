//! There are no two views of one memory through which it could be changed.

use prefab_runtime::{Memory, Store};

fn swap(store: &mut Store<()>, memory: Memory) {
    let one = memory.data_mut(store);
    let two = memory.data_mut(store);
    std::mem::swap(&mut one[0], &mut two[1]);
}

fn main() {
    let _ = swap;
}
