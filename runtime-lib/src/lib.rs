//! The runtime of modules compiled by Prefab: stores, instances, memories, tables, traps, host functions.
//!
//! ```text
//! Module ─┐
//!         ├─ Linker::instantiate ─► Instance ─ get_typed_func ─► TypedFunc ─ call ─► guest
//! Linker ─┤                            │                                            │
//! Store ──┘◄─── lives in ──────────────┘            host function ◄─ Caller ────────┘
//! ```
//!
//! Everything that is made lives in a [`Store`], as long as the store does. What the API hands out
//! are handles: copies of a store's identity and an index. Used with another store a handle gives
//! [`Error::WrongStore`].
//!
//! | folder or file | what it has |
//! | --- | --- |
//! | `module/` | [`Module`]: metadata read in place, the image of its memories |
//! | `store/` | [`Store`], and the two sides of it: with the host's data, and without |
//! | `instance/` | [`Instance`]: its fields, imports, segments, how one is made, run once and reset |
//! | `pool/` | [`InstancePool`]: instances that are used again |
//! | `memory/` `table/` `global/` | [`Memory`], [`Table`], [`Global`] |
//! | `func/` | [`Func`], [`TypedFunc`]; closures as host functions |
//! | `linker.rs` | [`Linker`]: imports by name |
//! | `builtins/` | the runtime functions that compiled code calls |
//! | `asynchronous/` | fibers: calls and host functions that wait (feature `async`) |
//! | `trap/` | entering a guest, what stops it, where it was |
//! | `address.rs` | pointers as numbers, for compiled code |
//! | `aliased.rs` | values that compiled code points at, too |
//! | `interrupt.rs` | [`InterruptHandle`]: stopping a guest from outside |
//! | `fuel.rs` | how many instructions guests may still execute |
//! | `handle.rs` | handles as numbers |
//! | `mapping.rs` | reservations of address space |
//! | `const_expr.rs` | constant expressions |
//! | `interner.rs` | the identities of function types |

mod address;
mod aliased;
#[cfg(feature = "async")]
mod asynchronous;
mod builtins;
mod caller;
mod const_expr;
mod demangle;
mod error;
mod externref;
mod fuel;
mod func;
mod global;
mod handle;
mod instance;
mod instance_pre;
mod interner;
mod interrupt;
mod linker;
mod mapping;
mod memory;
mod module;
mod pages;
mod pool;
#[cfg(test)]
mod stand_in;
mod store;
mod table;
mod trap;
mod types;
mod unknown;
mod value;

#[cfg(feature = "async")]
pub use asynchronous::AsyncStacks;
pub use builtins::builtin_address;
pub use caller::Caller;
pub use demangle::demangle;
pub use error::{
    BoxError, Error, HostError, ImportProblem, LinkError, MemoryPlanError, ReserveError,
};
pub use externref::ExternRef;
pub use func::{
    Func, IntoFunc, RawValue, TypedFunc, WasmParams, WasmResults, WasmRet, WasmTy, WithCaller,
};
pub use global::Global;
pub use instance::{Extern, Instance};
pub use instance_pre::InstancePre;
pub use interner::intern_type;
pub use interrupt::InterruptHandle;
pub use linker::{Linker, LocalLinker};
pub use memory::Memory;
pub use module::{
    ExportType, ImageSource, ImportType, Module, ModuleParts, RuntimeFunctions, Unmet, check_note,
};
pub use pool::{InstancePool, PooledInstance, ReusePolicy};
pub use prefab_abi::meta::ModuleKind;
pub use prefab_abi::trap::TrapCode;
pub use prefab_abi::types::{FuncType, ValType};
#[cfg(feature = "async")]
pub use store::AsyncResourceLimiter;
pub use store::{
    Allowed, AsContext, AsContextMut, Limits, Local, LocalStore, Mode, ResourceLimiter, Shared,
    Store, StoreContext, StoreContextMut,
};
pub use table::Table;
pub use trap::{Frame, Trap};
pub use types::{ExternType, GlobalType, MemoryType, PAGE_SIZE, TableType};
pub use unknown::UnknownImport;
pub use value::{V128, Val};

#[cfg(test)]
mod tests {
    #[test]
    fn what_threads_may_share() {
        fn is_shared<T: Send + Sync>() {}
        is_shared::<crate::Module>();
        is_shared::<crate::Error>();
        is_shared::<crate::Linker<()>>();
        is_shared::<crate::TypedFunc<(), ()>>();
        is_shared::<crate::Store<u8>>();
    }
}
