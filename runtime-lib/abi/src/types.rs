//! Value and function types.

use crate::bytes::FormatError;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ValType {
    /// A 32-bit integer.
    I32 = 0x7f,
    /// A 64-bit integer.
    I64 = 0x7e,
    /// A 32-bit float.
    F32 = 0x7d,
    /// A 64-bit float.
    F64 = 0x7c,
    /// A 128-bit vector.
    V128 = 0x7b,
    /// A reference to a function, or null.
    FuncRef = 0x70,
    /// A reference to something of the host's, or null.
    ExternRef = 0x6f,
}

impl ValType {
    /// The byte of the type in the binary format (WebAssembly 2.0, §5.3).
    #[must_use]
    pub const fn to_byte(self) -> u8 {
        self as u8
    }

    /// The type that `byte` stands for, if it stands for one.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0x7f => Self::I32,
            0x7e => Self::I64,
            0x7d => Self::F32,
            0x7c => Self::F64,
            0x7b => Self::V128,
            0x70 => Self::FuncRef,
            0x6f => Self::ExternRef,
            _ => return None,
        })
    }

    /// Whether values of the type are references.
    #[must_use]
    pub const fn is_ref(self) -> bool {
        matches!(self, Self::FuncRef | Self::ExternRef)
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::FuncRef => "funcref",
            Self::ExternRef => "externref",
        })
    }
}

/// The type of a function: what it takes and what it returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FuncType {
    types: Box<[ValType]>,
    params: usize,
}

impl FuncType {
    /// The type of functions that take `params` and return `results`.
    pub fn new(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Self {
        let mut types: Vec<ValType> = params.into_iter().collect();
        let params = types.len();
        types.extend(results);
        Self {
            types: types.into_boxed_slice(),
            params,
        }
    }

    /// What a function of the type takes.
    #[must_use]
    pub fn params(&self) -> &[ValType] {
        &self.types[..self.params]
    }

    /// What a function of the type returns.
    #[must_use]
    pub fn results(&self) -> &[ValType] {
        &self.types[self.params..]
    }

    /// The canonical bytes of the type: the parameters' bytes, 0, the results' bytes. Equal types
    /// have equal bytes, in every module and process.
    #[must_use]
    pub fn to_canonical_bytes(&self) -> Vec<u8> {
        let mut out: Vec<u8> = self.params().iter().map(|ty| ty.to_byte()).collect();
        out.push(0);
        out.extend(self.results().iter().map(|ty| ty.to_byte()));
        out
    }

    /// The type whose canonical bytes these are.
    ///
    /// # Errors
    /// If a byte is no type, or the parameters do not end.
    pub fn from_canonical_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut types = Vec::with_capacity(bytes.len());
        let mut params = None;
        for (offset, byte) in bytes.iter().enumerate() {
            match ValType::from_byte(*byte) {
                Some(ty) => types.push(ty),
                None if *byte == 0 && params.is_none() => params = Some(types.len()),
                None => {
                    return Err(FormatError::new(
                        "type",
                        "is not a value type",
                        offset as u64,
                    ));
                }
            }
        }
        let params = params.ok_or(FormatError::new("type", "does not end", bytes.len() as u64))?;
        Ok(Self {
            types: types.into_boxed_slice(),
            params,
        })
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (types, ends) in [
            (self.params(), ["(", ") -> "]),
            (self.results(), ["(", ")"]),
        ] {
            f.write_str(ends[0])?;
            for (index, ty) in types.iter().enumerate() {
                write!(f, "{}{ty}", if index == 0 { "" } else { ", " })?;
            }
            f.write_str(ends[1])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{FuncType, ValType};
    use alloc::string::ToString;

    #[test]
    fn canonical_bytes_round_trip() {
        let ty = FuncType::new([ValType::I32, ValType::V128], [ValType::FuncRef]);
        assert_eq!(
            FuncType::from_canonical_bytes(&ty.to_canonical_bytes()),
            Ok(ty.clone())
        );
        assert_eq!(ty.to_string(), "(i32, v128) -> (funcref)");
        assert!(FuncType::from_canonical_bytes(&[0x7f]).is_err());
        assert!(FuncType::from_canonical_bytes(&[0, 0]).is_err());
        assert!(FuncType::from_canonical_bytes(&[1, 0]).is_err());
    }
}
