//! Loading what a script's modules were compiled to.
//!
//! # Safety
//! Unsafe for loading: an object is machine code, which does what it likes. The only objects that
//! come here were made by the compiler a moment before, in this process.
#![allow(unsafe_code, reason = "loads what the compiler has just made")]

use crate::{CompileOptions, Module};
use prefab_wast::Refusal;

/// Compiles `wasm` and loads the object.
pub(super) fn compile_and_load(wasm: &[u8], options: &CompileOptions) -> Result<Module, Refusal> {
    let object = crate::compile(wasm, options, &|_, _| ())
        .map_err(|error| Refusal::Binary(error.cause().unwrap_or(&error).to_string()))?;
    // SAFETY: the compiler made the object in the line above.
    unsafe { crate::load_bytes(&object, "script") }
        .map_err(|error| Refusal::Other(error.to_string()))
}
