//! A program with a module of its own beside that of its library.

use hello::{Hello, HelloImports};
use prefab::wasi::{WasiCtx, WasiCtxBuilder};
use prefab::{Caller, Error, Store};

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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut wasi = WasiCtxBuilder::default();
    wasi.inherit_stdio();
    let mut store = Store::new(Host(wasi.build()?));
    let hello = Hello::instantiate(&mut store)?;
    hello._start(&mut store)?;
    let module = prefab_build_test::everything::Everything::module()?;
    println!("{} beside {}", module.name(), Hello::module()?.name());
    Ok(())
}
