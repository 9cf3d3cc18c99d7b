//! Modules from their text.
//!
//! # Safety
//!
//! Unsafe for loading an object: it is what the compiler has just made.
#![allow(unsafe_code, reason = "loads objects that the compiler has just made")]

use prefab::targets::Target;
use prefab::{CompileOptions, Instance, Linker, Module, Store, compile};

/// The module, compiled for this machine and loaded.
pub fn module(text: &str) -> Module {
    module_with(text, |_| ())
}

/// As [`module`], with other options than the defaults.
pub fn module_with(text: &str, choose: impl FnOnce(&mut CompileOptions)) -> Module {
    let wasm = wat::parse_str(text).expect("the test's module is well-formed");
    let target = Target::host().expect("tests run on a target");
    let mut options = CompileOptions::new(target);
    choose(&mut options);
    let object = compile(&wasm, &options, &|_, _| ()).expect("it compiles");
    load(&object).expect("it loads")
}

/// What becomes of an object that was made by a test's compilation.
pub fn load(object: &[u8]) -> Result<Module, prefab::LoadError> {
    // SAFETY: the compiler has just made the object.
    unsafe { prefab::load_bytes(object, "test") }
}

/// An instance of the module without imports, in a store of its own.
pub fn instance(text: &str) -> (Store<()>, Instance) {
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &module(text));
    (store, instance.expect("it instantiates"))
}
