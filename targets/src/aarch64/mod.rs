//! AArch64 (little-endian).

mod abi;
#[cfg(feature = "codegen")]
mod codegen;
#[cfg(feature = "disasm")]
mod disasm;
mod features;
#[cfg(all(feature = "host", target_arch = "aarch64"))]
pub(crate) mod host;
mod relocs;

use crate::Target;
use target_lexicon::{Aarch64Architecture, Architecture};

pub(crate) static TARGET: Target = Target {
    name: "aarch64",
    triple: "aarch64-unknown-linux-gnu",
    machine: abi::MACHINE,
    flags: abi::FLAGS,
    page_size: abi::PAGE_SIZE,
    features: &features::FEATURES,
    relocations: &relocs::RELOCATIONS,
    is_architecture: |architecture| {
        matches!(
            architecture,
            Architecture::Aarch64(Aarch64Architecture::Aarch64)
        )
    },
    #[cfg(feature = "codegen")]
    codegen: &codegen::SETTINGS,
    #[cfg(feature = "disasm")]
    disasm: &disasm::DISASM,
};
