//! WebAssembly modules as static parts of Rust programs: the build step.
//!
//! In `build.rs`:
//!
//! ```no_run
//! # fn main() -> Result<(), prefab_build::BuildError> {
//! prefab_build::Module::new("plugin.wasm").target_from_cargo().compile()?;
//! # Ok(())
//! # }
//! ```
//!
//! and in the program, which depends on `prefab` (without its default features: there is no compiler
//! in it):
//!
//! ```text
//! include!(concat!(env!("OUT_DIR"), "/plugin.rs"));
//!
//! let mut store = prefab::Store::new(Host);      // Host implements PluginImports
//! let plugin = Plugin::instantiate(&mut store)?;
//! plugin.run(&mut store, 42)?;
//! ```
//!
//! What [`Module::compile`] leaves in `OUT_DIR`:
//!
//! | file | what it is |
//! | --- | --- |
//! | `lib<symbol>.a` | a static archive with the module's object, which the binding has linked |
//! | `<symbol>.o` | the object itself, for linkers that are given one |
//! | `<name>.rs` | the binding: a type whose methods are the exports, a trait for the imports |
//! | `prefab-cache/` | compiled functions: the next time, only those that have changed are compiled |
//!
//! A build script is compiled without optimisation unless the package's `Cargo.toml` says otherwise,
//! and a compiler that is not optimised is slow:
//!
//! ```toml
//! [profile.dev.build-override]
//! opt-level = 3
//!
//! [profile.release.build-override]
//! opt-level = 3
//! ```
#![forbid(unsafe_code)]

mod archive;
mod binding;
mod cargo;
mod error;
mod files;
mod interface;
mod module;
mod names;

pub use error::BuildError;
pub use module::{Module, Output};
pub use prefab_abi::note::{MemoryPlan, Traps};
pub use prefab_compiler::{CacheStats, OptLevel, WasmFeatures};
