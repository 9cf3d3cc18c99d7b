//! Shared, import: a function that cannot be sent is refused.

use prefab_runtime::Linker;
use std::rc::Rc;

fn main() {
    let value = Rc::new(1);
    let mut linker = Linker::<()>::new();
    let _ = linker.func_wrap("host", "f", move || *value);
}
