//! Data that borrows, with host functions and a limiter that use it.

use prefab_runtime::{Caller, Error, Func, Linker, Memory, MemoryType, ResourceLimiter, Store};
use std::cell::Cell;

struct Budget(u64);

impl ResourceLimiter for Budget {
    fn memory_growing(&mut self, from: u64, to: u64, _: Option<u64>) -> Result<bool, Error> {
        let more = to - from;
        let is_allowed = more <= self.0;
        self.0 -= if is_allowed { more } else { 0 };
        Ok(is_allowed)
    }

    fn table_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
        Ok(true)
    }
}

trait Greet {
    fn greet(&self) -> i32;
}

impl Greet for Cell<i32> {
    fn greet(&self) -> i32 {
        self.replace(self.get() + 1)
    }
}

struct Both<'a> {
    budget: &'a mut Budget,
    greeter: &'a dyn Greet,
}

fn use_both<'a>(both: Both<'a>) -> i32 {
    let mut linker = Linker::<Both<'a>>::new();
    linker
        .func_wrap("host", "greet", |caller: Caller<'_, Both<'a>>| caller.data().greeter.greet())
        .unwrap();
    let mut store = Store::new(both);
    store.limiter(|both| both.budget);
    Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    assert!(Memory::new(&mut store, MemoryType::new(1, None)).is_err());
    let greet = linker.get(&mut store, "host", "greet").unwrap().into_func().unwrap();
    let greet = greet.typed::<(), i32>(&store).unwrap();
    greet.call(&mut store, ()).unwrap() + greet.call(&mut store, ()).unwrap()
}

fn main() {
    let (mut budget, greeter) = (Budget(1 << 16), Cell::new(20));
    let both = Both { budget: &mut budget, greeter: &greeter };
    assert_eq!(use_both(both), 41);
    assert_eq!(budget.0, 0);

    let mut log = vec![0];
    let mut store: Store<&mut Vec<u8>> = Store::new(&mut log);
    let push = Func::wrap(&mut store, |mut caller: Caller<'_, &mut Vec<u8>>| caller.data_mut().push(1));
    push.call(&mut store, &[], &mut []).unwrap();
    assert_eq!(store.into_data(), &[0, 1]);
}
