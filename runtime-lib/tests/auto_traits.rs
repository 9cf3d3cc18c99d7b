//! What may cross threads, asserted while this file is compiled: auto traits alone decide.

use prefab_runtime::{
    Caller, Error, Extern, ExternRef, Func, Global, Instance, Linker, Local, LocalLinker,
    LocalStore, Memory, Module, Store, StoreContext, StoreContextMut, Table, Trap, TypedFunc, Val,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Sendable, but not to be shared.
type OneAtATime = Cell<u8>;
/// Neither.
type Stays = Rc<RefCell<u8>>;

// Handles are numbers.
assert_impl_all!(Instance: Send, Sync, Copy);
assert_impl_all!(Func: Send, Sync, Copy);
assert_impl_all!(Memory: Send, Sync, Copy);
assert_impl_all!(Table: Send, Sync, Copy);
assert_impl_all!(Global: Send, Sync, Copy);
assert_impl_all!(ExternRef: Send, Sync, Copy);
assert_impl_all!(Extern: Send, Sync, Copy);
assert_impl_all!(Val: Send, Sync, Copy);
assert_impl_all!(TypedFunc<(i32, i64), f32>: Send, Sync, Copy);
assert_impl_all!(Module: Send, Sync, Clone);
assert_impl_all!(Error: Send, Sync);
assert_impl_all!(Trap: Send, Sync);

// A store can be sent and shared as its data can.
assert_impl_all!(Store<u8>: Send, Sync);
assert_impl_all!(Store<&'static mut Vec<u8>>: Send, Sync);
assert_impl_all!(Store<OneAtATime>: Send);
assert_not_impl_any!(Store<OneAtATime>: Sync);
assert_not_impl_any!(Store<Stays>: Send, Sync);
assert_impl_all!(StoreContext<'static, u8>: Send, Sync);
assert_impl_all!(StoreContext<'static, u8>: Copy);
assert_not_impl_any!(StoreContext<'static, OneAtATime>: Send, Sync);
assert_impl_all!(StoreContextMut<'static, OneAtATime>: Send);
assert_not_impl_any!(StoreContextMut<'static, OneAtATime>: Sync);
assert_not_impl_any!(StoreContextMut<'static, Stays>: Send, Sync);
assert_impl_all!(Caller<'static, OneAtATime>: Send);
assert_not_impl_any!(Caller<'static, Stays>: Send, Sync);

// A linker has no data: only functions, which `Shared` asked for both.
assert_impl_all!(Linker<u8>: Send, Sync, Clone);
assert_impl_all!(Linker<Stays>: Send, Sync);

// Nothing of the mode `Local` leaves its thread, whatever its data.
assert_not_impl_any!(LocalStore<u8>: Send, Sync);
assert_not_impl_any!(LocalLinker<u8>: Send, Sync);
assert_not_impl_any!(StoreContext<'static, u8, Local>: Send, Sync);
assert_not_impl_any!(StoreContextMut<'static, u8, Local>: Send, Sync);
assert_not_impl_any!(Caller<'static, u8, Local>: Send, Sync);

/// With async, what is awaited can be sent as its store can. Of what an `async fn` returns there is
/// no name: these functions are compiled, and that is all.
#[cfg(feature = "async")]
mod awaited {
    use super::*;

    fn is_send(_: impl Send) {}

    #[test]
    fn a_call_can_be_sent_as_its_store_can() {
        let mut store = Store::new(OneAtATime::new(1));
        let func = Func::wrap(&mut store, || ());
        let typed = func.typed::<(), ()>(&store).unwrap();
        is_send(typed.call_async(&mut store, ()));
        is_send(func.call_async(&mut store, &[], &mut []));
        let memory = Memory::new(&mut store, prefab_runtime::MemoryType::new(0, None)).unwrap();
        is_send(memory.grow_async(&mut store, 0));
        assert_eq!(store.into_data().get(), 1);
    }
}

#[test]
fn a_store_crosses_threads_with_what_it_borrows() {
    let mut log = vec![1];
    std::thread::scope(|scope| {
        let mut store: Store<&mut Vec<i32>> = Store::new(&mut log);
        let push = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, &mut Vec<i32>>, value: i32| {
                caller.data_mut().push(value);
            },
        );
        let push = push.typed::<i32, ()>(&store).unwrap();
        scope.spawn(move || push.call(&mut store, 2).unwrap());
    });
    assert_eq!(log, [1, 2]);
}
