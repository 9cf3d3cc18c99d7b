//! All that Prefab knows of instruction sets.
//!
//! One folder per instruction set, with the same file names in each; the registry is
//! [`Target::ALL`]. Nothing outside this crate names an instruction set.
//!
//! | file | what it says |
//! | --- | --- |
//! | `abi.rs` | machine number, page size, stack frames (the platform's psABI) |
//! | `features.rs` | CPU features and CPUs, by the names that users give |
//! | `relocs.rs` | the relocation kinds that an object may have |
//! | `codegen.rs` | Cranelift's names for the features (feature `codegen`) |
//! | `disasm.rs` | how code is read back (feature `disasm`) |
//! | `host.rs` | signal contexts, landing, caches, detection (feature `host`, own ISA only) |

mod aarch64;
#[cfg(feature = "codegen")]
pub mod codegen;
#[cfg(feature = "disasm")]
pub mod disasm;
pub mod features;
#[cfg(feature = "host")]
pub mod host;
pub mod reloc;
mod riscv64;
mod target;
mod x86_64;

pub use features::{FeatureError, FeatureSet};
pub use target::{Target, UnknownTarget};
