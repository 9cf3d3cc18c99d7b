//! Handles, by value: `prefab_instance_t`, `prefab_func_t`, …

use crate::error::{Error, Kind};
use crate::ffi::Failure;

/// A handle of any kind: a store's number, which is never 0, and one of the store's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Handle {
    store: u64,
    index: u64,
}

impl Handle {
    /// Refers to nothing.
    pub(crate) const NULL: Self = Self { store: 0, index: 0 };

    pub(crate) const fn is_null(self) -> bool {
        self.store == 0
    }
}

macro_rules! handles {
    ($($ty:ident)*) => {
        $(impl From<prefab_runtime::$ty> for Handle {
            fn from(handle: prefab_runtime::$ty) -> Self {
                let (store, index) = handle.into_parts();
                Self { store, index: index.into() }
            }
        }

        impl TryFrom<Handle> for prefab_runtime::$ty {
            type Error = Failure;

            fn try_from(handle: Handle) -> Result<Self, Failure> {
                match u32::try_from(handle.index) {
                    Ok(index) if !handle.is_null() => Ok(Self::from_parts(handle.store, index)),
                    _ => Err(Error::new(Kind::Handle, concat!("the handle is of no ", stringify!($ty)))),
                }
            }
        })*
    };
}

handles!(Instance Func Memory Table Global ExternRef);

/// Something that can be imported and exported, as `prefab_extern_t` has it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Extern {
    kind: u32,
    handle: Handle,
}

/// The numbers of the kinds of [`Extern`].
pub(crate) const FUNC: u32 = 0;
pub(crate) const TABLE: u32 = 1;
pub(crate) const MEMORY: u32 = 2;
pub(crate) const GLOBAL: u32 = 3;

impl From<prefab_runtime::Extern> for Extern {
    fn from(item: prefab_runtime::Extern) -> Self {
        let (kind, handle) = match item {
            prefab_runtime::Extern::Func(func) => (FUNC, func.into()),
            prefab_runtime::Extern::Table(table) => (TABLE, table.into()),
            prefab_runtime::Extern::Memory(memory) => (MEMORY, memory.into()),
            prefab_runtime::Extern::Global(global) => (GLOBAL, global.into()),
        };
        Self { kind, handle }
    }
}

impl TryFrom<Extern> for prefab_runtime::Extern {
    type Error = Failure;

    fn try_from(item: Extern) -> Result<Self, Failure> {
        Ok(match item.kind {
            FUNC => Self::Func(item.handle.try_into()?),
            TABLE => Self::Table(item.handle.try_into()?),
            MEMORY => Self::Memory(item.handle.try_into()?),
            GLOBAL => Self::Global(item.handle.try_into()?),
            kind => {
                let text = format!("there is no kind of exports {kind}");
                return Err(Error::new(Kind::Argument, text));
            }
        })
    }
}
