//! Functions of a store, as compiled code and the host refer to them.

use super::host::{Adapted, Binding, HostFunc};
use crate::aliased::Aliased;
use prefab_abi::func::FuncRef;
use prefab_abi::types::FuncType;
use std::sync::{Arc, OnceLock};

/// What a funcref value points at: what compiled code knows of it comes first.
#[repr(C)]
pub(crate) struct FuncRecord {
    pub(crate) abi: FuncRef,
    /// Its index in the store.
    pub(crate) index: u32,
    pub(crate) kind: FuncKind,
}

/// What a function is.
pub(crate) enum FuncKind {
    /// A function that the module of an instance defines.
    Guest {
        /// The instance.
        instance: u32,
        /// The function's index in the module.
        func: u32,
        /// Its type, once somebody has asked for it.
        ty: OnceLock<Arc<FuncType>>,
        /// The array entry trampoline of its type, once it has been called so.
        array_entry: OnceLock<u64>,
    },
    /// A function of the host's.
    Host {
        /// The function.
        host: Arc<HostFunc>,
        /// The context that its adapter is called with.
        binding: Aliased<Binding>,
    },
    /// A function that the host may call once: a command's `_start`, a reactor's `_initialize`.
    Once {
        /// The instance that exports it.
        instance: u32,
        /// The function itself, by its index in the store.
        func: u32,
    },
}

/// The adapters of a type, by their addresses, that a module has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adapters {
    /// The context of an instance of the module.
    pub(crate) context: u64,
    pub(crate) native: Option<u64>,
    pub(crate) array: u64,
}

impl Adapters {
    /// How guests call `host`.
    pub(crate) fn for_host(&self, host: &HostFunc) -> Adapted {
        host.adapted(self.native, self.array)
    }
}
