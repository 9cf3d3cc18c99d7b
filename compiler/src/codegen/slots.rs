//! The slots of the import table: type identities first, then runtime functions.

use prefab_abi::builtin::Builtin;
use std::collections::BTreeSet;

/// The slot of the `index`-th type identity.
pub const fn identity_slot(index: u32) -> u32 {
    index
}

/// Which slot holds which runtime function.
#[derive(Clone, Debug)]
pub struct Slots {
    identities: u32,
    builtins: Vec<Builtin>,
}

impl Slots {
    /// Slots for so many identities and these functions, and those that every module needs.
    pub fn new(identities: u32, used: &BTreeSet<Builtin>) -> Self {
        let mut builtins = used.clone();
        builtins.extend([Builtin::Trap, Builtin::Raise]);
        Self {
            identities,
            builtins: builtins.into_iter().collect(),
        }
    }

    /// The runtime functions, in the order of their slots.
    pub fn builtins(&self) -> &[Builtin] {
        &self.builtins
    }

    /// The slot of a function.
    pub fn builtin_slot(&self, builtin: Builtin) -> Option<u32> {
        let at = self.builtins.binary_search(&builtin).ok()?;
        Some(self.identities + at as u32)
    }
}
