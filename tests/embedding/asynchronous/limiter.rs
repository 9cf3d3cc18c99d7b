//! Limiters that wait.

use super::poll_once;
use crate::common::module;
use prefab::{
    AsyncResourceLimiter, Error, Linker, Local, LocalStore, Memory, MemoryType, Mode,
    ResourceLimiter, Shared, Store, Table, TableType, TrapCode, Val, ValType,
};
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::Semaphore;

type Answer<'a> = <Shared as Mode>::Future<'a, Result<bool, Error>>;

/// Pages for several stores: who wants one waits until there is one.
struct Budget<'a> {
    pages: &'a Semaphore,
    /// Who wants more than so many at once is refused, or gets an error.
    refused: u64,
    error: u64,
    held: usize,
}

const PAGE: u64 = 1 << 16;

impl<'a> Budget<'a> {
    fn new(pages: &'a Semaphore) -> Self {
        Self {
            pages,
            refused: 100,
            error: 1000,
            held: 0,
        }
    }

    async fn take(&mut self, pages: u64) -> Result<bool, Error> {
        if pages >= self.error {
            return Err(TrapCode::IntegerOverflow.into());
        }
        if pages >= self.refused {
            return Ok(false);
        }
        let permits = self.pages.acquire_many(pages as u32).await.unwrap();
        permits.forget();
        self.held += pages as usize;
        Ok(true)
    }
}

impl ResourceLimiter for Budget<'_> {
    fn memory_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
        Err(Error::AsyncNeeded {
            what: "a memory that grows".into(),
        })
    }

    fn memory_shrunk(&mut self, from: u64, to: u64) {
        self.pages.add_permits(((from - to) / PAGE) as usize);
    }

    fn table_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
        Ok(false)
    }
}

impl AsyncResourceLimiter for Budget<'_> {
    fn memory_growing_async(&mut self, from: u64, to: u64, _: Option<u64>) -> Answer<'_> {
        Box::pin(self.take((to - from) / PAGE))
    }

    fn table_growing_async(&mut self, from: u64, to: u64, _: Option<u64>) -> Answer<'_> {
        Box::pin(self.take(to - from))
    }
}

const GROWING: &str = r#"(module
    (memory (export "memory") 1)
    (table (export "table") 0 funcref)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "grow_table") (param i32) (result i32)
      (table.grow (ref.null func) (local.get 0)))
    (func (export "size") (result i32) (memory.size)))"#;

#[tokio::test]
async fn guests_wait_until_others_give_back() {
    let pages = Semaphore::new(2);
    let (module, linker) = (module(GROWING), Linker::new());
    let start = async || {
        let mut store = Store::new(Budget::new(&pages));
        store.limiter_async(|budget| budget);
        let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
        let grow = instance
            .get_typed_func::<i32, i32>(&mut store, "grow")
            .unwrap();
        (store, instance, grow)
    };
    let (mut one, first, grow) = start().await;
    let (two, ..) = start().await;
    // All pages are taken.
    let mut call = Box::pin(grow.call_async(&mut one, 1));
    assert!(poll_once(call.as_mut()).is_pending());
    drop(two);
    assert_eq!(call.await.unwrap(), 1);
    // Nobody gives anything back, until nobody waits.
    let mut call = Box::pin(grow.call_async(&mut one, 1));
    assert!(poll_once(call.as_mut()).is_pending());
    drop(call);
    pages.add_permits(7);
    let size = first.get_typed_func::<(), i32>(&mut one, "size").unwrap();
    assert_eq!(size.call(&mut one, ()).unwrap(), 2);
    assert_eq!(grow.call_async(&mut one, 1).await.unwrap(), 2);
    // What is refused, and what is an error.
    assert_eq!(grow.call_async(&mut one, 100).await.unwrap(), -1);
    let error = grow.call_async(&mut one, 1000).await.unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::IntegerOverflow));
    let Err(Error::AsyncNeeded { what }) = grow.call(&mut one, 1) else {
        panic!("nobody waits");
    };
    assert_eq!(what, "a memory that grows");
    let table = first
        .get_typed_func::<i32, i32>(&mut one, "grow_table")
        .unwrap();
    assert_eq!(table.call(&mut one, 1).unwrap(), -1);
    assert_eq!(table.call_async(&mut one, 2).await.unwrap(), 0);
    assert_eq!(pages.available_permits(), 4);
    assert_eq!(one.data().held, 5);
    drop(one);
    assert_eq!(pages.available_permits(), 7);
}

#[tokio::test]
async fn the_host_waits_too() {
    let pages = Semaphore::new(3);
    let mut store = Store::new(Budget::new(&pages));
    store.limiter_async(|budget| budget);
    let ty = MemoryType::new(2, None);
    assert!(Memory::new(&mut store, ty).is_err());
    let memory = Memory::new_async(&mut store, ty).await.unwrap();
    assert!(memory.grow(&mut store, 1).is_err());
    assert_eq!(memory.grow_async(&mut store, 1).await.unwrap(), 2);
    let mut growing = Box::pin(memory.grow_async(&mut store, 1));
    assert!(poll_once(growing.as_mut()).is_pending());
    pages.add_permits(3);
    assert_eq!(growing.await.unwrap(), 3);
    let null = Val::FuncRef(None);
    let ty = TableType::new(ValType::FuncRef, 1, None);
    let table = Table::new_async(&mut store, ty, null).await.unwrap();
    assert_eq!(table.grow_async(&mut store, 1, null).await.unwrap(), 1);
    assert!(table.grow_async(&mut store, 100, null).await.is_err());
    // An instance whose memory there is no room for is not made.
    let mut starting = Box::pin(async {
        let module = module(GROWING);
        Linker::new().instantiate_async(&mut store, &module).await
    });
    assert!(poll_once(starting.as_mut()).is_pending());
    drop(starting);
    assert_eq!(store.data().held, 6);
    // Another limiter takes its place.
    store.data_mut().refused = 0;
    assert!(memory.grow_async(&mut store, 1).await.is_err());
    store.limiter(|budget| budget);
    let error = memory.grow_async(&mut store, 1).await.unwrap_err();
    assert!(matches!(error, Error::AsyncNeeded { .. }), "{error}");
}

/// Counts on one thread.
struct Counting(Rc<Cell<u64>>, Arc<Semaphore>);

impl ResourceLimiter for Counting {
    fn memory_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
        Ok(false)
    }

    fn table_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
        Ok(false)
    }
}

impl AsyncResourceLimiter<Local> for Counting {
    fn memory_growing_async(
        &mut self,
        from: u64,
        to: u64,
        _: Option<u64>,
    ) -> Pin<Box<dyn Future<Output = Result<bool, Error>> + '_>> {
        let count = Rc::clone(&self.0);
        Box::pin(async move {
            self.1.acquire().await.unwrap().forget();
            count.set(count.get() + to - from);
            Ok(true)
        })
    }

    fn table_growing_async(
        &mut self,
        _: u64,
        _: u64,
        _: Option<u64>,
    ) -> Pin<Box<dyn Future<Output = Result<bool, Error>> + '_>> {
        Box::pin(async { panic!("the limiter's panic") })
    }
}

#[tokio::test]
async fn a_limiter_that_stays_on_its_thread() {
    let (count, gate) = (Rc::new(Cell::new(0)), Arc::new(Semaphore::new(0)));
    let limiter = Counting(Rc::clone(&count), Arc::clone(&gate));
    let mut store = LocalStore::local(limiter);
    store.limiter_async(|limiter| limiter);
    let memory = Memory::new_async(&mut store, MemoryType::new(0, None))
        .await
        .unwrap();
    let mut growing = Box::pin(memory.grow_async(&mut store, 2));
    assert!(poll_once(growing.as_mut()).is_pending());
    gate.add_permits(1);
    assert_eq!(growing.await.unwrap(), 0);
    assert_eq!(count.get(), 2 * PAGE);
    let set = tokio::task::LocalSet::new();
    let panicking = set.run_until(async {
        let call = async move {
            let ty = TableType::new(ValType::FuncRef, 1, None);
            Table::new_async(&mut store, ty, Val::FuncRef(None)).await
        };
        tokio::task::spawn_local(call).await
    });
    let payload = panicking.await.unwrap_err().into_panic();
    assert_eq!(payload.downcast_ref(), Some(&"the limiter's panic"));
}
