//! While a call is awaited, nothing else is done with the store.

use prefab_runtime::{Memory, Store, TypedFunc};

async fn peek(func: TypedFunc<(), ()>, store: &mut Store<u8>, memory: Memory) -> usize {
    let call = func.call_async(&mut *store, ());
    let size = memory.data(store).len();
    call.await.unwrap();
    size
}

fn main() {
    let _ = peek;
}
