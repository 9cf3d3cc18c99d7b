//! Local, import: a closure whose future may stay here is none for stores that may leave.

use prefab_runtime::{Caller, Linker, Local, Store};

fn main() {
    let mut linker = Linker::local();
    let _ = linker.func_wrap_async("host", "f", |_: Caller<'_, u8, Local>, (): ()| Box::pin(async {}));
    let mut store = Store::new(1);
    let _ = linker.get(&mut store, "host", "f");
}
