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
//! # What is where
//!
//! | what | where |
//! | --- | --- |
//! | compiling (feature `compile`, on by default) | [`compile`], [`CompileOptions`], [`Cache`] |
//! | loading objects | [`load_file`], [`load_opened`], [`load_bytes`]; linked into the program: [`Module::from_linked`] |
//! | what a module is, imports and exports | [`Module`], [`ModuleKind`], [`ImportType`], [`ExportType`] |
//! | stores and the host's data in them | [`Store`], [`AsContext`], [`AsContextMut`] |
//! | imports by name; making instances | [`Linker`], [`Instance`] |
//! | what is in a store | [`Func`], [`Memory`], [`Table`], [`Global`], [`ExternRef`], [`Val`] |
//! | calls without conversions, both ways | [`TypedFunc`], [`Linker::func_wrap`], [`Caller`] |
//! | what stops a guest | [`Error`], [`Trap`], [`TrapCode`], [`Frame`], [`HostError`] |
//! | what may cross threads | [`Shared`], the default; [`Local`], [`LocalStore`], [`LocalLinker`] |
//! | limits | [`Limits`], [`ResourceLimiter`] |
//! | commands, reactors, reuse | [`Instance::run_command`], [`Instance::initialize`], [`Instance::reset`], [`InstancePool`] |
//! | async (feature `async`, on by default) | [`TypedFunc::call_async`], [`Linker::func_wrap_async`], [`AsyncResourceLimiter`] |
//! | stopping a guest from outside | [`Store::interrupt_handle`], [`InterruptHandle`] |
//! | counting what a guest does | [`Store::set_fuel`], [`Store::get_fuel`] |
//! | what programs see of the world (feature `wasi`, on by default) | [`wasi`] |
//! | what is known of instruction sets | [`targets`] |
//! | behind `wasm_runtime_layer` | the crate `prefab_runtime_layer` |
//!
//! The book's [pages on embedding](https://github.com/prefab-wasm/prefab/blob/main/docs/embedding.md)
//! go through them one by one.
//!
//! # When a guest fails
//!
//! A trap is an error of the call that led to it. It says why and where, and the store can be used on:
//!
//! ```
//! # use prefab::{CompileOptions, Linker, Store, targets::Target};
//! use prefab::{Error, TrapCode};
//!
//! # let wasm = wat::parse_str(r#"
//! #     (module $shop (memory 1)
//! #       (func $item (export "item") (param i32) (result i32) (i32.load (local.get 0)))
//! #       (func (export "price") (param i32) (result i32)
//! #         (i32.mul (i32.const 3) (call $item (local.get 0)))))
//! # "#)?;
//! # let target = Target::host().ok_or("this machine is none of Prefab's targets")?;
//! # let object = prefab::compile(&wasm, &CompileOptions::new(target), &|_done, _total| ())?;
//! # // SAFETY: the compiler has just made the object.
//! # let module = unsafe { prefab::load_bytes(&object, "shop")? };
//! # let mut store = Store::new(());
//! # let instance = Linker::new().instantiate(&mut store, &module)?;
//! let price = instance.get_typed_func::<u32, i32>(&mut store, "price")?;
//! let Error::Trap(trap) = price.call(&mut store, 65_533).unwrap_err() else {
//!     panic!("its memory ends at 65,536");
//! };
//! assert_eq!(trap.code(), TrapCode::MemoryOutOfBounds);
//! let names = trap.backtrace().iter().map(|frame| frame.func_name.as_deref());
//! assert_eq!(names.collect::<Vec<_>>(), [Some("item"), None]);
//! assert!(trap.to_string().starts_with("wasm trap: out of bounds memory access\n  0: shop!item @"));
//! assert_eq!(price.call(&mut store, 0)?, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a module asks for
//!
//! A module tells what it imports and exports. What a linker does not have is named, all of it at once:
//!
//! ```
//! # use prefab::{CompileOptions, Linker, Store, targets::Target};
//! use prefab::{Error, ModuleKind};
//!
//! # let wasm = wat::parse_str(r#"
//! #     (module
//! #       (import "host" "now" (func (result i64)))
//! #       (import "host" "shared" (memory 1))
//! #       (func (export "_initialize"))
//! #       (table (export "handlers") 4 funcref))
//! # "#)?;
//! # let target = Target::host().ok_or("this machine is none of Prefab's targets")?;
//! # let object = prefab::compile(&wasm, &CompileOptions::new(target), &|_done, _total| ())?;
//! # // SAFETY: the compiler has just made the object.
//! # let module = unsafe { prefab::load_bytes(&object, "plugin")? };
//! assert_eq!(module.kind(), ModuleKind::Reactor);
//! let imports = module.imports().map(|it| format!("{} {} {}", it.module, it.name, it.ty));
//! assert_eq!(
//!     imports.collect::<Vec<_>>(),
//!     ["host now (func () -> (i64))", "host shared (memory 1)"]
//! );
//! assert_eq!(module.export("handlers").map(|ty| ty.to_string()).as_deref(), Some("(table 4 funcref)"));
//!
//! let mut linker = Linker::new();
//! linker.func_wrap("host", "now", || 0_i32)?;
//! let Error::Link(error) = linker.instantiate(&mut Store::new(()), &module).unwrap_err() else {
//!     panic!("one import is of another type, and one is missing");
//! };
//! assert_eq!(error.problems().len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use prefab_loader::{LoadError, load_bytes, load_file, load_opened};
pub use prefab_runtime::*;
pub use prefab_targets as targets;
#[cfg(feature = "wasi")]
pub use prefab_wasi as wasi;

#[cfg(feature = "compile")]
pub use prefab_compiler::{
    Cache, CacheKey, CacheStats, CompileError, DirectoryCache, FunctionCache, MemoryPlan, OptLevel,
    Options as CompileOptions, Traps, UnknownWasmFeature, VERSION as COMPILER_VERSION,
    WasmFeatures, compile, parse_wasm_features,
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
