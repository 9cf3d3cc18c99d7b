//! Shared, import: a function that cannot be shared is refused: a linker serves many threads.

use prefab_runtime::Linker;
use std::cell::Cell;

fn main() {
    let value = Cell::new(1);
    let mut linker = Linker::<()>::new();
    let _ = linker.func_wrap("host", "f", move || value.replace(2));
}
