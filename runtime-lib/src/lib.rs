//! The runtime of modules compiled by Prefab: stores, instances, memories, tables, traps, host functions.

mod builtins;
mod caller;
mod const_expr;
mod error;
mod externref;
mod func;
mod global;
mod instance;
mod interner;
mod linker;
mod mapping;
mod memory;
mod module;
mod store;
mod table;
mod trap;
mod types;
mod value;

pub use builtins::builtin_address;
pub use caller::Caller;
pub use error::{BoxError, Error, HostError, ImportProblem, LinkError};
pub use externref::ExternRef;
pub use func::{Func, IntoFunc, TypedFunc, WasmParams, WasmResults, WasmRet, WasmTy, WithCaller};
pub use global::Global;
pub use instance::{Extern, Instance};
pub use interner::intern_type;
pub use linker::Linker;
pub use memory::Memory;
pub use module::{ExportType, ImageSource, ImportType, Module, ModuleParts};
pub use prefab_abi::meta::ModuleKind;
pub use prefab_abi::trap::TrapCode;
pub use prefab_abi::types::{FuncType, ValType};
pub use store::{
    Allowed, AsContext, AsContextMut, Mode, Shared, Store, StoreContext, StoreContextMut,
};
pub use table::Table;
pub use trap::{Frame, Trap};
pub use types::{ExternType, GlobalType, MemoryType, PAGE_SIZE, TableType};
pub use value::{V128, Val};
