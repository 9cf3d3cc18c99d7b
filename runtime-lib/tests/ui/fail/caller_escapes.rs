//! A host function's caller is gone when the function has returned.

use prefab_runtime::{Caller, Func, LocalStore};
use std::cell::RefCell;
use std::rc::Rc;

fn main() {
    let mut store = LocalStore::local(0);
    let kept = Rc::new(RefCell::new(None));
    let keep = Rc::clone(&kept);
    Func::wrap(&mut store, move |caller: Caller<'_, i32, _>| {
        *keep.borrow_mut() = Some(caller);
    });
}
