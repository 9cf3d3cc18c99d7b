//! Prefab as a backend of [`wasm_runtime_layer`]: a host that is written against that crate runs its
//! modules by Prefab if it makes its engine of [`Engine`].
//!
//! ```
//! use wasm_runtime_layer::{Imports, Instance, Module, Store, Val};
//!
//! let engine = wasm_runtime_layer::Engine::new(prefab_runtime_layer::Engine::default());
//! let mut store = Store::new(&engine, ());
//!
//! let wasm = wat::parse_str(r#"
//!     (module (func (export "add_one") (param i32) (result i32)
//!       (i32.add (local.get 0) (i32.const 1))))
//! "#)?;
//! let module = Module::new(&engine, &wasm)?;
//! let instance = Instance::new(&mut store, &module, &Imports::new())?;
//! let add_one = instance.get_export(&store, "add_one").and_then(|it| it.into_func()).unwrap();
//!
//! let mut results = [Val::I32(0)];
//! add_one.call(&mut store, &[Val::I32(42)], &mut results)?;
//! assert_eq!(results, [Val::I32(43)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Module::new`](wasm_runtime_layer::Module::new) compiles, with as many threads as there are
//! processors, and loads the object from memory; nothing is compiled later. How it compiles, and
//! what the stores may come to, an [`Engine`] is told when it is made.
//!
//! | file | what it has |
//! | --- | --- |
//! | `engine.rs` | [`Engine`]: what a host chooses |
//! | `module.rs` | [`Module`]: compiled and loaded |
//! | `store.rs` | [`Store`], and the two ways to borrow it |
//! | `instance.rs` | [`Instance`] |
//! | `func.rs` `global.rs` `memory.rs` `table.rs` `externref.rs` | handles to what is in a store |
//! | `types.rs` `value.rs` `error.rs` | what is one thing here and another there |
//!
//! # Errors
//!
//! The layer's errors are [`anyhow::Error`]s, whose text is Prefab's. What is in them:
//!
//! | what happened | [`downcast_ref`](anyhow::Error::downcast_ref) finds |
//! | --- | --- |
//! | the guest trapped | [`Trap`], with the guest's frames |
//! | a host function returned an error | that error, as if there were no guest between |
//! | the module is no WebAssembly, or uses what is not supported | [`CompileError`] |
//! | something else: imports, types, other stores, limits | [`Error`] |
//!
//! # Panics
//!
//! Where the layer leaves no room for an error, a handle that is used with another store than its
//! own panics, with the text that the error would have.
//!
//! # What differs from other backends
//!
//! - The least size in the type of a memory or a table is its size at the moment.
//! - [`Instance::new`](wasm_runtime_layer::Instance::new) runs the `_initialize` of a reactor. A host
//!   that calls it, as other backends need, does no harm: the call does nothing.
//! - A command's `_start` can be called once: [`Error::CommandAlreadyRun`].
//! - What [`ExternRef`]s refer to lives as long as their store.

mod engine;
mod error;
mod externref;
mod func;
mod global;
mod instance;
mod memory;
mod module;
mod store;
mod table;
mod types;
mod value;

pub use engine::Engine;
pub use externref::ExternRef;
pub use func::Func;
pub use global::Global;
pub use instance::Instance;
pub use memory::Memory;
pub use module::Module;
pub use store::{Data, Store, StoreContext, StoreContextMut};
pub use table::Table;

pub use prefab_compiler::{
    Cache, CompileError, DirectoryCache, MemoryPlan, OptLevel, Options, Traps, WasmFeatures,
};
pub use prefab_runtime::{Error, Limits, Trap, TrapCode};
pub use prefab_targets as targets;

/// The examples of the book's page.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding/layer.md")]
mod page {}
