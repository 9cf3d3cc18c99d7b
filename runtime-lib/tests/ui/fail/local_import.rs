//! Local, import: the linker, which may have functions that stay, stays on its thread.

use prefab_runtime::LocalLinker;
use std::thread;

fn main() {
    let linker = LocalLinker::<()>::local();
    thread::spawn(move || linker.defines("host", "f"));
}
