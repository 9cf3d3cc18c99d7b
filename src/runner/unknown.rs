//! Imports that nothing is defined for.

use super::error::Failure;
use super::{Host, Program};
use crate::{Linker, Module, Store};

/// What stands for imports that are not defined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownImports {
    /// Nothing: the program does not start.
    #[default]
    Error,
    /// Functions that stop the program when it calls them.
    Trap,
    /// Functions that return zeros, and empty memories, tables and globals.
    Default,
}

impl UnknownImports {
    /// Reads the name of a choice.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "error" => Ok(Self::Error),
            "trap" => Ok(Self::Trap),
            "default" => Ok(Self::Default),
            _ => Err("it is error, trap or default".to_string()),
        }
    }
}

impl Program {
    pub(super) fn define_unknown(
        &self,
        linker: &mut Linker<Host>,
        store: &mut Store<Host>,
        module: &Module,
    ) -> Result<(), Failure> {
        let defined = match self.unknown_imports {
            UnknownImports::Error => Ok(linker),
            UnknownImports::Trap => linker.define_unknown_imports_as_traps(module),
            UnknownImports::Default => {
                linker.define_unknown_imports_as_default_values(store, module)
            }
        };
        let defined = defined.map_err(|error| self.failure(error.to_string()));
        defined.map(drop)
    }
}
