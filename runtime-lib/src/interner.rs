//! The identities of function types: one address per type, the same in the whole process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

static TYPES: Mutex<Option<HashMap<&'static [u8], u64>>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<HashMap<&'static [u8], u64>>> {
    // A panic while the lock is held leaves the map as it was or with one more entry.
    TYPES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The identity of the type with these canonical bytes
/// ([`FuncType::to_canonical_bytes`](prefab_abi::types::FuncType::to_canonical_bytes)).
///
/// Never 0. Equal bytes have equal identities, for as long as the process runs: what is interned
/// is never freed, and there are never more identities than there are types in the modules loaded.
#[must_use]
pub fn intern_type(canonical: &[u8]) -> u64 {
    let mut types = lock();
    let types = types.get_or_insert_default();
    if let Some(identity) = types.get(canonical) {
        return *identity;
    }
    // The byte in front makes the allocation, and so its address, exist even for no bytes.
    let mut bytes = Vec::with_capacity(canonical.len() + 1);
    bytes.push(0);
    bytes.extend_from_slice(canonical);
    let bytes: &'static [u8] = Vec::leak(bytes);
    let identity = bytes.as_ptr().addr() as u64;
    types.insert(&bytes[1..], identity);
    identity
}

/// The identity of the type with these canonical bytes: `address`, which a linker gave it, if the
/// type has none yet.
pub(crate) fn adopt_type(canonical: &[u8], address: u64) -> u64 {
    let mut types = lock();
    let types = types.get_or_insert_default();
    if let Some(identity) = types.get(canonical) {
        return *identity;
    }
    types.insert(Vec::leak(canonical.to_vec()), address);
    address
}

#[cfg(test)]
mod tests {
    use super::{adopt_type, intern_type};

    #[test]
    fn identities() {
        let all: Vec<u64> = [&b""[..], b"\0", b"\x7f\0", b"\0\x7f"]
            .iter()
            .map(|bytes| intern_type(bytes))
            .collect();
        for (index, identity) in all.iter().enumerate() {
            assert_ne!(*identity, 0);
            assert!(!all[..index].contains(identity));
        }
        assert_eq!(intern_type(b"\x7f\0"), all[2]);
        let elsewhere = std::thread::spawn(|| intern_type(b"\x7f\0")).join();
        assert_eq!(elsewhere.ok(), Some(all[2]));
        assert_eq!(adopt_type(b"\x7f\0", 16), all[2]);
        assert_eq!(adopt_type(b"\x7f\x7f\0", 16), 16);
        assert_eq!(intern_type(b"\x7f\x7f\0"), 16);
    }
}
