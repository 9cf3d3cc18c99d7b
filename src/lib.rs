//! Prefab compiles a WebAssembly module once, ahead of time, into an ordinary relocatable object
//! file. The same object is linked into a program by `ld`, or loaded by [`load_file`] and run.
//!
//! ```
//! use prefab::{CompileOptions, Linker, Store, targets::Target};
//!
//! let wasm = wat::parse_str(r#"
//!     (module
//!       (import "host" "double" (func $double (param i32) (result i32)))
//!       (func (export "answer") (result i32) (call $double (i32.const 21))))
//! "#)?;
//!
//! // Once, ahead of time, perhaps on another machine (`prefab compile` does the same):
//! let target = Target::host().ok_or("this machine is none of Prefab's targets")?;
//! let object = prefab::compile(&wasm, &CompileOptions::new(target), &|_done, _total| ())?;
//!
//! // Often: load, link, call.
//! // SAFETY: the compiler has just made the object.
//! let module = unsafe { prefab::load_bytes(&object, "example")? };
//! let mut linker = Linker::new();
//! linker.func_wrap("host", "double", |value: i32| value * 2)?;
//! let mut store = Store::new(());
//! let instance = linker.instantiate(&mut store, &module)?;
//! let answer = instance.get_typed_func::<(), i32>(&mut store, "answer")?;
//! assert_eq!(answer.call(&mut store, ())?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | what | where |
//! | --- | --- |
//! | compiling (feature `compile`, on by default) | [`compile`], [`CompileOptions`], [`Cache`] |
//! | loading objects | [`load_file`], [`load_bytes`] |
//! | running: modules, stores, linkers, instances | [`Module`], [`Store`], [`Linker`], [`Instance`] |
//! | what programs see of the world | [`wasi`] |
//! | what is known of instruction sets | [`targets`] |

pub use prefab_loader::{LoadError, load_bytes, load_file};
pub use prefab_runtime::*;
pub use prefab_targets as targets;
#[cfg(feature = "wasi")]
pub use prefab_wasi as wasi;

#[cfg(feature = "compile")]
pub use prefab_compiler::{
    Cache, CacheKey, CacheStats, CompileError, DirectoryCache, FunctionCache, MemoryPlan, OptLevel,
    Options as CompileOptions, Traps, VERSION as COMPILER_VERSION, WasmFeatures, compile,
};

#[doc(hidden)]
pub mod runner;
#[cfg(feature = "compile")]
#[doc(hidden)]
pub mod wast;

/// The examples of the book's pages on embedding: `cargo test --doc` runs them.
#[cfg(all(doctest, feature = "async", feature = "compile"))]
mod embedding_pages {
    #[doc = include_str!("../docs/embedding/stores.md")]
    mod stores {}
    #[doc = include_str!("../docs/embedding/handles.md")]
    mod handles {}
    #[doc = include_str!("../docs/embedding/threads.md")]
    mod threads {}
    #[doc = include_str!("../docs/embedding/reuse.md")]
    mod reuse {}
    #[doc = include_str!("../docs/embedding/async.md")]
    mod asynchronous {}
    #[doc = include_str!("../docs/embedding/interruption.md")]
    mod interruption {}
}
