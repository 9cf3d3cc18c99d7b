//! The contract between code compiled by Prefab and the runtime that it meets.
//!
//! Compiler and runtime never see each other: what passes between them is an object file, and
//! this crate says what its bytes mean. Each layout and each table format is defined here once,
//! with its writer and its reader side by side.
//!
//! | module | what it defines |
//! | --- | --- |
//! | [`context`] | the memory around the context pointer, which compiled code receives |
//! | [`exec`] | the state of a running store that compiled code and trap handling share |
//! | [`func`] | function references, table elements, import records, host bindings |
//! | [`builtin`] | the runtime functions that compiled code calls |
//! | [`limits`] | limits that compiler and runtime share |
//! | [`trap`] | why a guest stopped |
//! | [`types`] | value and function types |
//! | [`object`] | names of sections and symbols in an object |
//! | [`descriptor`] | the symbol `prefab_module_<name>`: where a module's parts lie |
//! | [`note`] | what an object needs of a machine and a runtime |
//! | [`meta`] | types, imports, exports, segments and everything else instantiation reads |
//! | [`code_map`] | which instructions trap, and where in the module code came from |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod builtin;
pub mod bytes;
pub mod code_map;
pub mod context;
pub mod descriptor;
pub mod exec;
pub mod func;
pub mod limits;
pub mod meta;
pub mod note;
pub mod object;
pub mod trap;
pub mod types;

/// The revision of everything in this crate that compiled code depends on: layouts and calling
/// conventions. It changes when an object compiled before could no longer run.
pub const ABI_REVISION: u32 = 1;
