//! Shared, import: what a future holds across an await has to be `Send`.

use prefab_runtime::{Caller, Linker};
use std::rc::Rc;

fn main() {
    let mut linker = Linker::<()>::new();
    let _ = linker.func_wrap_async("host", "f", |_: Caller<'_, ()>, value: i32| {
        Box::pin(async move {
            let value = Rc::new(value);
            std::future::ready(()).await;
            *value
        })
    });
}
