//! Constant expressions: initial values of globals and tables, and where segments go
//! (WebAssembly 2.0, §3.3.10, and the extended-const proposal).

use crate::error::Error;
use crate::value::RawVal;
use prefab_abi::types::ValType;

/// What a constant expression can refer to.
pub(crate) trait Env {
    /// The value of a global.
    fn global(&mut self, index: u32) -> Result<RawVal, Error>;
    /// The funcref value of a function.
    fn func_ref(&mut self, index: u32) -> Result<u64, Error>;
}

/// No valid module's expressions are as deep.
const MAX_DEPTH: usize = 1 << 16;

struct Bytes<'a> {
    rest: &'a [u8],
    len: usize,
}

impl Bytes<'_> {
    fn error(&self, problem: &'static str) -> Error {
        let offset = self.len - self.rest.len();
        Error::format("constant expression", problem, offset as u64)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(self.error("does not end"));
        };
        self.rest = rest;
        Ok(*bytes)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }

    /// A LEB128 integer of up to 64 bits, and how many bits its bytes have.
    fn leb(&mut self) -> Result<(u64, u32), Error> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift.min(63);
            if byte & 0x80 == 0 {
                return Ok((value, shift + 7));
            }
        }
        Err(self.error("has an integer that is too long"))
    }

    fn index(&mut self) -> Result<u32, Error> {
        let (value, _) = self.leb()?;
        u32::try_from(value).map_err(|_| self.error("has an index that is too large"))
    }

    fn signed(&mut self) -> Result<i64, Error> {
        let (value, bits) = self.leb()?;
        let unused = 64_u32.saturating_sub(bits);
        Ok((value << unused).cast_signed() >> unused)
    }
}

/// The value of the expression that `bytes`, its end included, are.
///
/// # Errors
/// If the bytes are no constant expression, or what it refers to is not there.
pub(crate) fn evaluate(bytes: &[u8], env: &mut impl Env) -> Result<RawVal, Error> {
    let mut bytes = Bytes {
        rest: bytes,
        len: bytes.len(),
    };
    let mut stack: Vec<RawVal> = Vec::new();
    loop {
        let value = match bytes.byte()? {
            0x0b => break,
            0x23 => env.global(bytes.index()?)?,
            0x41 => number(ValType::I32, (bytes.signed()? as u32).into()),
            0x42 => number(ValType::I64, bytes.signed()?.cast_unsigned().into()),
            0x43 => number(ValType::F32, u32::from_le_bytes(bytes.array()?).into()),
            0x44 => number(ValType::F64, u64::from_le_bytes(bytes.array()?).into()),
            op @ (0x6a..=0x6c | 0x7c..=0x7e) => {
                let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else {
                    return Err(bytes.error("has an operator without operands"));
                };
                binary(op, left, right).ok_or_else(|| bytes.error("mixes types"))?
            }
            0xd0 => match ValType::from_byte(bytes.byte()?) {
                Some(ty) if ty.is_ref() => number(ty, 0),
                _ => return Err(bytes.error("has a null of no reference type")),
            },
            0xd2 => number(ValType::FuncRef, env.func_ref(bytes.index()?)?.into()),
            0xfd if bytes.index()? == 12 => {
                number(ValType::V128, u128::from_le_bytes(bytes.array()?))
            }
            _ => return Err(bytes.error("has an instruction that is not constant")),
        };
        stack.push(value);
        if stack.len() > MAX_DEPTH {
            return Err(bytes.error("is too deep"));
        }
    }
    match stack[..] {
        [value] if bytes.rest.is_empty() => Ok(value),
        _ => Err(bytes.error("does not have one value")),
    }
}

/// The value of an expression of type `ty`.
///
/// # Errors
/// As [`evaluate`], or if it is of another type.
pub(crate) fn evaluate_as(ty: ValType, bytes: &[u8], env: &mut impl Env) -> Result<RawVal, Error> {
    let value = evaluate(bytes, env)?;
    if value.ty != ty {
        let problem = "has a value of another type";
        return Err(Error::format("constant expression", problem, 0));
    }
    Ok(value)
}

const fn number(ty: ValType, bits: u128) -> RawVal {
    RawVal { ty, bits }
}

fn binary(op: u8, left: RawVal, right: RawVal) -> Option<RawVal> {
    let ty = if op < 0x70 {
        ValType::I32
    } else {
        ValType::I64
    };
    if left.ty != ty || right.ty != ty {
        return None;
    }
    let (a, b) = (left.bits as u64, right.bits as u64);
    let result = match op {
        0x6a | 0x7c => a.wrapping_add(b),
        0x6b | 0x7d => a.wrapping_sub(b),
        _ => a.wrapping_mul(b),
    };
    let bits = match ty {
        ValType::I32 => u128::from(result as u32),
        _ => result.into(),
    };
    Some(number(ty, bits))
}

#[cfg(test)]
mod tests {
    use super::{Env, evaluate, evaluate_as};
    use crate::error::Error;
    use crate::value::RawVal;
    use prefab_abi::types::ValType;

    struct Fixed;

    impl Env for Fixed {
        fn global(&mut self, index: u32) -> Result<RawVal, Error> {
            match index {
                0 => Ok(RawVal {
                    ty: ValType::I32,
                    bits: 7,
                }),
                _ => Err(Error::format("global", "is not there", 0)),
            }
        }

        fn func_ref(&mut self, index: u32) -> Result<u64, Error> {
            Ok(0x1000 + u64::from(index))
        }
    }

    fn value(bytes: &[u8]) -> Option<(ValType, u128)> {
        evaluate(bytes, &mut Fixed)
            .ok()
            .map(|value| (value.ty, value.bits))
    }

    #[test]
    fn values() {
        let i32 = |bits: u32| Some((ValType::I32, u128::from(bits)));
        let i64 = |bits: i64| Some((ValType::I64, u128::from(bits.cast_unsigned())));
        assert_eq!(value(&[0x41, 0x7f, 0x0b]), i32(u32::MAX));
        assert_eq!(value(&[0x41, 0x80, 0x01, 0x0b]), i32(128));
        let min = [0x41, 0x80, 0x80, 0x80, 0x80, 0x78, 0x0b];
        assert_eq!(value(&min), i32(1 << 31));
        assert_eq!(value(&[0x42, 0x40, 0x0b]), i64(-64));
        let mut min = vec![0x42];
        min.extend([0x80; 9]);
        min.extend([0x7f, 0x0b]);
        assert_eq!(value(&min), i64(i64::MIN));
        let float = [0x43, 0, 0, 0x80, 0x3f, 0x0b];
        assert_eq!(value(&float), Some((ValType::F32, 0x3f80_0000)));
        assert_eq!(value(&[0x23, 0, 0x0b]), i32(7));
        assert_eq!(value(&[0xd0, 0x6f, 0x0b]), Some((ValType::ExternRef, 0)));
        assert_eq!(value(&[0xd2, 3, 0x0b]), Some((ValType::FuncRef, 0x1003)));
        let mut vector = vec![0xfd, 12];
        vector.extend(0..16);
        vector.push(0x0b);
        let expected = u128::from_le_bytes(std::array::from_fn(|i| i as u8));
        assert_eq!(value(&vector), Some((ValType::V128, expected)));
    }

    #[test]
    fn extended() {
        // 7 * 3 - 22
        let bytes = [0x23, 0, 0x41, 3, 0x6c, 0x41, 22, 0x6b, 0x0b];
        assert_eq!(value(&bytes), Some((ValType::I32, u128::from(u32::MAX))));
        let mixed = [0x41, 1, 0x42, 1, 0x7c, 0x0b];
        assert_eq!(value(&mixed), None);
    }

    #[test]
    fn malformed() {
        for bytes in [
            &[][..],
            &[0x0b],
            &[0x41],
            &[0x41, 1],
            &[0x41, 1, 0x0b, 0x0b],
            &[0x41, 1, 0x41, 1, 0x0b],
            &[0x6a, 0x0b],
            &[0x23, 1, 0x0b],
            &[0xd0, 0x7f, 0x0b],
            &[0x00, 0x0b],
            &[0xfd, 13, 0x0b],
            &[
                0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x0b,
            ],
        ] {
            assert_eq!(value(bytes), None, "{bytes:?}");
        }
        assert!(evaluate_as(ValType::I64, &[0x41, 1, 0x0b], &mut Fixed).is_err());
    }
}
