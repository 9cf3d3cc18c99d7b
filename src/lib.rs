//! Prefab.

#[cfg(feature = "compile")]
pub use prefab_compiler::{
    CompileError, OptLevel, Options as CompileOptions, VERSION as COMPILER_VERSION, compile,
};
