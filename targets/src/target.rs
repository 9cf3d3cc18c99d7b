//! What Prefab can compile for.

use crate::features::FeatureTable;
use crate::reloc::Relocations;
use crate::{aarch64, riscv64, x86_64};
use std::fmt;
use std::str::FromStr;
use target_lexicon::{Architecture, BinaryFormat, Endianness, OperatingSystem, Triple};

/// An instruction set with its platform: Linux, ELF, 64 bits, little-endian.
///
/// There is one value per target, so targets are equal when they are the same.
pub struct Target {
    pub(crate) name: &'static str,
    pub(crate) triple: &'static str,
    pub(crate) machine: u16,
    pub(crate) flags: u32,
    pub(crate) page_size: u64,
    pub(crate) features: &'static FeatureTable,
    pub(crate) relocations: &'static Relocations,
    pub(crate) is_architecture: fn(Architecture) -> bool,
    #[cfg(feature = "codegen")]
    pub(crate) codegen: &'static crate::codegen::Settings,
    #[cfg(feature = "disasm")]
    pub(crate) disasm: &'static crate::disasm::Disasm,
}

/// A triple or name that is none of Prefab's targets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown target {name:?}: the targets are {}", names())]
pub struct UnknownTarget {
    /// What was asked for.
    pub name: String,
}

fn names() -> String {
    let names: Vec<&str> = Target::ALL.iter().map(|target| target.triple).collect();
    names.join(", ")
}

impl Target {
    /// Every target: the registry of instruction sets.
    pub const ALL: &'static [&'static Self] =
        &[&x86_64::TARGET, &aarch64::TARGET, &riscv64::TARGET];

    /// The target that a triple names, whoever its vendor is and whatever its C library; the name
    /// of an architecture alone will do.
    ///
    /// # Errors
    /// If the triple is none of a Linux system with one of the instruction sets.
    pub fn from_triple(triple: &str) -> Result<&'static Self, UnknownTarget> {
        let unknown = || UnknownTarget {
            name: triple.to_string(),
        };
        let parsed = Triple::from_str(triple).map_err(|_| unknown())?;
        let alone = !triple.contains('-');
        let system = alone || parsed.operating_system == OperatingSystem::Linux;
        let format = alone || parsed.binary_format == BinaryFormat::Elf;
        let little = parsed.endianness() == Ok(Endianness::Little);
        let target = Self::of_architecture(parsed.architecture);
        target
            .filter(|_| system && format && little)
            .ok_or_else(unknown)
    }

    /// The target of this machine, if Prefab has it.
    #[must_use]
    pub fn host() -> Option<&'static Self> {
        let host = Triple::host();
        Self::of_architecture(host.architecture)
            .filter(|_| host.operating_system == OperatingSystem::Linux)
    }

    /// The target that an ELF header's `e_machine` names.
    #[must_use]
    pub fn from_machine(machine: u16) -> Option<&'static Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|target| target.machine == machine)
    }

    fn of_architecture(architecture: Architecture) -> Option<&'static Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|target| (target.is_architecture)(architecture))
    }

    /// The instruction set's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The triple, in the one spelling that objects have.
    #[must_use]
    pub const fn triple(&self) -> &'static str {
        self.triple
    }

    /// The ELF header's `e_machine`.
    #[must_use]
    pub const fn machine(&self) -> u16 {
        self.machine
    }

    /// The ELF header's `e_flags`.
    #[must_use]
    pub const fn flags(&self) -> u32 {
        self.flags
    }

    /// The greatest page size, in bytes, of systems of this target: what an object's sections that
    /// are mapped by themselves are aligned to.
    #[must_use]
    pub const fn page_size(&self) -> u64 {
        self.page_size
    }

    /// The CPU features and CPUs that can be named.
    #[must_use]
    pub const fn features(&self) -> &'static FeatureTable {
        self.features
    }

    /// The relocation kinds that an object may have.
    #[must_use]
    pub const fn relocations(&self) -> &'static Relocations {
        self.relocations
    }

    /// How the target's code is read back.
    #[cfg(feature = "disasm")]
    #[must_use]
    pub const fn disasm(&self) -> &'static crate::disasm::Disasm {
        self.disasm
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Target {}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.triple).finish()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.triple)
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn triples_and_machines_round_trip() {
        for target in Target::ALL {
            assert_eq!(Target::from_triple(target.triple()), Ok(*target));
            assert_eq!(Target::from_triple(target.name()), Ok(*target));
            assert_eq!(Target::from_machine(target.machine()), Some(*target));
            let musl = target.triple().replace("gnu", "musl");
            assert_eq!(Target::from_triple(&musl), Ok(*target));
        }
    }

    #[test]
    fn other_systems_are_refused() {
        for triple in [
            "",
            "x",
            "x86_64-pc-windows-msvc",
            "aarch64-apple-darwin",
            "aarch64_be-unknown-linux-gnu",
            "riscv32imac-unknown-none-elf",
            "i686-unknown-linux-gnu",
            "s390x-unknown-linux-gnu",
        ] {
            let error = Target::from_triple(triple).unwrap_err();
            assert_eq!(error.name, triple);
        }
    }
}
