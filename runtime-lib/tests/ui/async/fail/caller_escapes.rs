//! The caller is a function's as long as somebody waits for its future, and no longer.

use prefab_runtime::{Caller, Linker};
use std::sync::Mutex;

static KEPT: Mutex<Option<Caller<'static, ()>>> = Mutex::new(None);

fn main() {
    let mut linker = Linker::<()>::new();
    let _ = linker.func_wrap_async("host", "f", |caller: Caller<'_, ()>, ()| {
        Box::pin(async move { *KEPT.lock().unwrap() = Some(caller) })
    });
}
