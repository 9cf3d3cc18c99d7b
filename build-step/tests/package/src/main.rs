//! A program with a module of its own beside that of its library.

use hello::{Hello, HelloImports};
use prefab::wasi::{WasiCtx, WasiCtxBuilder};
use prefab::{Caller, Error, Local, LocalStore, Store};
use std::rc::Rc;

/// Where the binding looks for the crate `prefab`.
mod runtime {
    pub use prefab::*;
}

mod hello {
    include!(concat!(env!("OUT_DIR"), "/hello.rs"));
}

struct Host(WasiCtx);

impl HelloImports for Host {
    fn wasi(&mut self) -> &mut WasiCtx {
        &mut self.0
    }

    fn lucky(_caller: &mut Caller<'_, Self>) -> Result<i32, Error> {
        Ok(7)
    }
}

/// The same for a host whose data stays on its thread.
struct LocalHost {
    wasi: WasiCtx,
    lucky: Rc<i32>,
}

impl HelloImports<Local> for LocalHost {
    fn wasi(&mut self) -> &mut WasiCtx {
        &mut self.wasi
    }

    fn lucky(caller: &mut Caller<'_, Self, Local>) -> Result<i32, Error> {
        Ok(*caller.data().lucky)
    }
}

fn context() -> Result<WasiCtx, prefab::wasi::BuildError> {
    let mut wasi = WasiCtxBuilder::default();
    wasi.inherit_stdio();
    wasi.build()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut store = Store::new(Host(context()?));
    let hello = Hello::instantiate(&mut store)?;
    hello._start(&mut store)?;
    let lucky = Rc::new(8);
    let mut store = LocalStore::local(LocalHost {
        wasi: context()?,
        lucky: Rc::clone(&lucky),
    });
    let hello = Hello::instantiate(&mut store)?;
    hello._start(&mut store)?;
    assert_eq!(Rc::strong_count(&lucky), 2);
    let module = prefab_build_test::everything::Everything::module()?;
    println!("{} beside {}", module.name(), Hello::module()?.name());
    Ok(())
}
