//! x86-64.

mod abi;
#[cfg(feature = "codegen")]
mod codegen;
#[cfg(feature = "disasm")]
mod disasm;
mod features;
#[cfg(all(feature = "host", target_arch = "x86_64"))]
pub(crate) mod host;
mod relocs;

use crate::Target;
use target_lexicon::Architecture;

pub(crate) static TARGET: Target = Target {
    name: "x86_64",
    triple: "x86_64-unknown-linux-gnu",
    machine: abi::MACHINE,
    flags: abi::FLAGS,
    page_size: abi::PAGE_SIZE,
    features: &features::FEATURES,
    relocations: &relocs::RELOCATIONS,
    is_architecture: |architecture| matches!(architecture, Architecture::X86_64),
    #[cfg(feature = "codegen")]
    codegen: &codegen::SETTINGS,
    #[cfg(feature = "disasm")]
    disasm: &disasm::DISASM,
};
