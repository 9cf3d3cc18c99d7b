//! The identities of function types: one number per type, the same in the whole process.
//!
//! A type of few parameters and results is its own identity, an odd number of its types:
//!
//! ```text
//!  1 ┆ 3 bits per value type, 0 between parameters and results ┆ 1
//! ```
//!
//! Others have the address of a word that is kept for good.

use prefab_abi::types::ValType;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

static TYPES: Mutex<Option<HashMap<&'static [u8], u64>>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<HashMap<&'static [u8], u64>>> {
    // A panic while the lock is held leaves the map as it was or with one more entry.
    TYPES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As many bytes of a type's as a number has room for.
const MOST: usize = 20;

/// The number that the bytes of a short type are; different bytes are different numbers.
fn number(canonical: &[u8]) -> Option<u64> {
    if canonical.len() > MOST {
        return None;
    }
    let mut digits = 1_u64;
    for byte in canonical {
        let digit = match ValType::from_byte(*byte) {
            None if *byte == 0 => 0,
            None => return None,
            Some(ValType::I32) => 1,
            Some(ValType::I64) => 2,
            Some(ValType::F32) => 3,
            Some(ValType::F64) => 4,
            Some(ValType::V128) => 5,
            Some(ValType::FuncRef) => 6,
            Some(ValType::ExternRef) => 7,
        };
        digits = digits << 3 | digit;
    }
    Some(digits << 1 | 1)
}

/// The identity of the type with these canonical bytes
/// ([`FuncType::to_canonical_bytes`](prefab_abi::types::FuncType::to_canonical_bytes)).
///
/// Never 0. Equal bytes have equal identities, for as long as the process runs: what is interned
/// is never freed, and there are never more identities than there are types in the modules loaded.
#[must_use]
pub fn intern_type(canonical: &[u8]) -> u64 {
    if let Some(number) = number(canonical) {
        return number;
    }
    let mut types = lock();
    let types = types.get_or_insert_default();
    if let Some(identity) = types.get(canonical) {
        return *identity;
    }
    // Even, as the addresses of whole words are: no short type is it.
    let identity = std::ptr::from_ref(Box::leak(Box::new(0_u64))).addr() as u64;
    types.insert(Vec::leak(canonical.to_vec()), identity);
    identity
}

#[cfg(test)]
mod tests {
    use super::{MOST, intern_type};
    use prefab_abi::types::ValType;

    #[test]
    fn identities() {
        let long = |byte| [&[0x7f; MOST][..], &[byte]].concat();
        let (long, longer) = (long(0), long(0x7f));
        let all: Vec<u64> = [
            &b""[..],
            b"\0",
            b"\0\0",
            b"\x7f\0",
            b"\0\x7f",
            b"\x01",
            b"\x02",
            &long[..MOST],
            &long,
            &longer,
        ]
        .iter()
        .map(|bytes| intern_type(bytes))
        .collect();
        for (index, identity) in all.iter().enumerate() {
            assert_ne!(*identity, 0);
            assert!(!all[..index].contains(identity));
        }
        assert_eq!(intern_type(b"\x7f\0"), all[3]);
        let elsewhere = std::thread::spawn(move || intern_type(&long)).join();
        assert_eq!(elsewhere.ok(), Some(all[8]));
    }

    #[test]
    fn all_types_of_two_values_differ() {
        use ValType::{ExternRef, F32, F64, FuncRef, I32, I64, V128};
        let all = [I32, I64, F32, F64, V128, FuncRef, ExternRef];
        let mut bytes = vec![0];
        bytes.extend(all.map(ValType::to_byte));
        let mut found: Vec<u64> = bytes
            .iter()
            .flat_map(|one| bytes.iter().map(|two| intern_type(&[*one, *two, 0])))
            .collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), bytes.len() * bytes.len());
    }
}
