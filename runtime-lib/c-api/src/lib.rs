//! The Prefab runtime for C programs: `libprefab_rt.a`, declared by `include/prefab.h`, which also
//! documents it.
//!
//! | file | what it has |
//! | --- | --- |
//! | `ffi.rs` | the border: panics, null pointers, strings |
//! | `error.rs` | `prefab_error_t` |
//! | `value.rs` `signature.rs` | `prefab_val_t`; types as text |
//! | `handle.rs` | `prefab_instance_t`, `prefab_func_t`, …: handles by value |
//! | `module.rs` `load.rs` | `prefab_module_t`: linked; from files (feature `loader`) |
//! | `store.rs` | `prefab_store_t` |
//! | `linker.rs` `host.rs` | `prefab_linker_t`; C functions as host functions |
//! | `instance.rs` `func.rs` `memory.rs` `table.rs` `global.rs` `externref.rs` | what a store holds |
//! | `wasi.rs` `program.rs` | WASI, and programs linked of WASI commands (feature `wasi`) |
//!
//! No panic crosses the border: each function catches it and returns an error of the kind
//! `PREFAB_ERROR_PANIC`. (Where the library is built with `panic = "abort"`, it ends the program.)

pub mod error;
pub mod externref;
mod ffi;
pub mod func;
pub mod global;
pub mod handle;
pub mod host;
pub mod instance;
pub mod linker;
#[cfg(feature = "loader")]
pub mod load;
pub mod memory;
pub mod module;
#[cfg(feature = "wasi")]
pub mod program;
mod signature;
pub mod store;
pub mod table;
pub mod value;
#[cfg(feature = "wasi")]
pub mod wasi;

use std::ffi::CStr;

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };
