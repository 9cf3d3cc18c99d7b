//! The runtime functions that compiled code calls.
//!
//! Each is a symbol `prefab_rt_<name>` of the platform's C convention, reached through the import
//! table. Compiled code never calls one directly but through a stub of its own, one per function
//! in `.text`, which notes `exit_fp`, checks the stack limit, calls, and, where the function says
//! that the guest trapped, calls `raise`.

/// The type of a runtime function's parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbiType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer or a pointer.
    I64,
}

/// How a runtime function says that the guest trapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traps {
    /// It never does.
    Never,
    /// By any result (of 32 bits) other than 0; otherwise it has no result.
    NotZero,
    /// By the result (of 64 bits) −2.
    MinusTwo,
    /// It always traps: it does not say so, and the stub goes on to `raise`.
    Always,
}

macro_rules! builtins {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, ($($param:ident),*) $(-> $result:ident)?, $traps:ident;)*) => {
        /// A runtime function. The first parameter is the context of the calling instance, except
        /// where the function's own documentation says otherwise.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum Builtin {
            $($(#[$doc])* $variant = $number,)*
        }

        impl Builtin {
            /// Every runtime function of this revision.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The function with this number, if there is one.
            #[must_use]
            pub const fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The symbol that names it.
            #[must_use]
            pub const fn symbol(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("prefab_rt_", $name),)*
                }
            }

            /// Its parameters.
            #[must_use]
            pub const fn params(self) -> &'static [AbiType] {
                match self {
                    $(Self::$variant => &[$(AbiType::$param),*],)*
                }
            }

            /// Its result, if it has one.
            #[must_use]
            pub const fn result(self) -> Option<AbiType> {
                match self {
                    $(Self::$variant => builtins!(@result $($result)?),)*
                }
            }

            /// How it says that the guest trapped.
            #[must_use]
            pub const fn traps(self) -> Traps {
                match self {
                    $(Self::$variant => Traps::$traps,)*
                }
            }
        }
    };
    (@result) => { None };
    (@result $result:ident) => { Some(AbiType::$result) };
}

builtins! {
    /// `trap(exec, code)`: records that the guest trapped with this
    /// [`TrapCode`](crate::trap::TrapCode). Its first parameter is the store's
    /// [`ExecState`](crate::exec::ExecState).
    Trap = 1, "trap", (I64, I32), Always;
    /// `raise(exec)`: goes on at the landing of the innermost activation. Does not return. Its
    /// first parameter is the store's [`ExecState`](crate::exec::ExecState).
    Raise = 2, "raise", (I64), Always;
    /// `memory_grow(context, memory, delta_pages) -> old size in pages`, or −1.
    MemoryGrow = 3, "memory_grow", (I64, I32, I64) -> I64, MinusTwo;
    /// `memory_copy(context, to_memory, from_memory, to, from, len)`.
    MemoryCopy = 4, "memory_copy", (I64, I32, I32, I64, I64, I64) -> I32, NotZero;
    /// `memory_fill(context, memory, to, byte, len)`.
    MemoryFill = 5, "memory_fill", (I64, I32, I64, I32, I64) -> I32, NotZero;
    /// `memory_init(context, memory, data_segment, to, from, len)`.
    MemoryInit = 6, "memory_init", (I64, I32, I32, I64, I32, I32) -> I32, NotZero;
    /// `data_drop(context, data_segment)`.
    DataDrop = 7, "data_drop", (I64, I32), Never;
    /// `table_grow(context, table, value, delta_elements) -> old size in elements`, or −1.
    TableGrow = 8, "table_grow", (I64, I32, I64, I64) -> I64, MinusTwo;
    /// `table_copy(context, to_table, from_table, to, from, len)`.
    TableCopy = 9, "table_copy", (I64, I32, I32, I64, I64, I64) -> I32, NotZero;
    /// `table_fill(context, table, to, value, len)`.
    TableFill = 10, "table_fill", (I64, I32, I64, I64, I64) -> I32, NotZero;
    /// `table_init(context, table, element_segment, to, from, len)`.
    TableInit = 11, "table_init", (I64, I32, I32, I64, I32, I32) -> I32, NotZero;
    /// `elem_drop(context, element_segment)`.
    ElemDrop = 12, "elem_drop", (I64, I32), Never;
    /// `table_set(context, table, index, value)`.
    TableSet = 13, "table_set", (I64, I32, I64, I64) -> I32, NotZero;
    /// `ref_func(context, function) -> funcref value`.
    RefFunc = 14, "ref_func", (I64, I32) -> I64, Never;
    /// `out_of_fuel(context)`: the store's [`fuel`](crate::exec::ExecState::fuel) is below 0. Where
    /// it does not trap, it has put there what is not.
    OutOfFuel = 15, "out_of_fuel", (I64) -> I32, NotZero;
    /// `own_memory_copy(context, to, from, len)`: as `memory_copy` inside memory 0, which the instance
    /// has at its context.
    OwnMemoryCopy = 16, "own_memory_copy", (I64, I64, I64, I64) -> I32, NotZero;
    /// `own_memory_fill(context, to, byte, len)`: likewise.
    OwnMemoryFill = 17, "own_memory_fill", (I64, I64, I32, I64) -> I32, NotZero;
}

impl Builtin {
    /// The function's number in a module's import table.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The function that `symbol` names, if there is one.
    #[must_use]
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|builtin| builtin.symbol() == symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::Builtin;

    #[test]
    fn numbers_and_symbols_round_trip() {
        for builtin in Builtin::ALL {
            assert_eq!(Builtin::from_number(builtin.number()), Some(*builtin));
            assert_eq!(Builtin::from_symbol(builtin.symbol()), Some(*builtin));
        }
        assert_eq!(Builtin::from_number(0), None);
        assert_eq!(Builtin::from_symbol("malloc"), None);
    }
}
