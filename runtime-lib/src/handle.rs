//! Handles as numbers, for bindings of languages that know no better.

use crate::{ExternRef, Func, Global, Instance, Memory, Table, store::StoreId};

macro_rules! parts {
    ($($ty:ident)*) => {
        $(impl $ty {
            /// The handle as two numbers: its store's, which is never 0, and its own there.
            #[must_use]
            pub const fn into_parts(self) -> (u64, u32) {
                (self.store.number(), self.index)
            }

            /// The handle that [`into_parts`](Self::into_parts) made numbers of. Others give a
            /// handle of another thing or of nothing: using it is an error, or a panic where the
            /// store has no such thing.
            #[must_use]
            pub const fn from_parts(store: u64, index: u32) -> Self {
                Self {
                    store: StoreId::from_number(store),
                    index,
                }
            }
        })*
    };
}

parts!(Func Table Memory Global Instance ExternRef);
