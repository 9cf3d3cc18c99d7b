//! Why a guest stopped.

use core::fmt;

macro_rules! trap_codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// Why a guest stopped, as the trap table and the runtime number it.
        ///
        /// The texts are those of the official test suite where it has one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum TrapCode {
            $($(#[$doc])* $name = $number,)*
        }

        impl TrapCode {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code that `number` stands for, if it stands for one.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// What happened, in the words of the field.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

trap_codes! {
    /// `unreachable` was executed.
    Unreachable = 1, "unreachable";
    /// A load, store or bulk operation outside a memory.
    MemoryOutOfBounds = 2, "out of bounds memory access";
    /// A table access or bulk operation outside a table.
    TableOutOfBounds = 3, "out of bounds table access";
    /// An indirect call of an element outside the table.
    UndefinedElement = 4, "undefined element";
    /// An indirect call of a null element.
    UninitializedElement = 5, "uninitialized element";
    /// An indirect call of a function of another type.
    IndirectCallTypeMismatch = 6, "indirect call type mismatch";
    /// An integer division by zero.
    IntegerDivideByZero = 7, "integer divide by zero";
    /// The result of a division or conversion does not fit.
    IntegerOverflow = 8, "integer overflow";
    /// A NaN was to become an integer.
    InvalidConversionToInteger = 9, "invalid conversion to integer";
    /// The stack is used up.
    StackOverflow = 10, "call stack exhausted";
    /// A null reference was used.
    NullReference = 11, "null reference";
    /// The host asked the guest to stop.
    Interrupted = 12, "interrupted";
    /// The fuel is used up.
    OutOfFuel = 13, "all fuel consumed";
    /// An access whose address is not a multiple of its size where it must be.
    UnalignedAtomic = 14, "unaligned atomic";
}

impl TrapCode {
    /// The code's number in tables and registers.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for TrapCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::TrapCode;

    #[test]
    fn numbers_are_stable_and_round_trip() {
        for (index, code) in TrapCode::ALL.iter().enumerate() {
            assert_eq!(usize::from(code.number()), index + 1);
            assert_eq!(TrapCode::from_number(code.number()), Some(*code));
        }
        assert_eq!(TrapCode::from_number(0), None);
        assert_eq!(TrapCode::from_number(TrapCode::ALL.len() as u8 + 1), None);
    }
}
