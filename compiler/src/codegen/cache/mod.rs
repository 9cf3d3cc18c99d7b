//! Compiled functions, kept from one compilation to the next.
//!
//! A function is found by what it is made of: Cranelift's key, a SHA-256 over the intermediate
//! representation, the instruction set and its flags, hashed once more with our version and
//! Cranelift's, which Cranelift's key leaves out. Neither function indices nor source locations are
//! part of it: names in the representation are numbered by first use, and locations are counted from
//! the function's first. So a function that has only moved in its module is found, and gets its new
//! names and locations from the representation at hand.
//!
//! ```text
//! entry:   SHA-256 of key and code (32 bytes) │ code, as Cranelift serializes it
//! ```
//!
//! What a cache returns is not trusted: an entry that is damaged, or was made for another key, is
//! as good as none.

mod directory;

pub use directory::DirectoryCache;

use cranelift_codegen::incremental_cache::CacheKvStore;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a compiled function is found by.
pub type CacheKey = [u8; 32];

/// The size of the hash at the start of an entry, in bytes.
const HASH_SIZE_BYTES: usize = 32;

/// Keeps bytes by keys. Used from several threads at once, perhaps by several processes.
pub trait FunctionCache: fmt::Debug + Send + Sync {
    /// What was put by this key. Bytes that are not what was put do no harm.
    fn get(&self, key: &CacheKey) -> Option<Vec<u8>>;

    /// Keeps an entry, or does not: it is then compiled again.
    fn put(&self, key: &CacheKey, entry: Vec<u8>);

    /// A compilation has ended: the time to tidy up.
    fn finish(&self) {}
}

/// How many functions were found in a cache, and how many were compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Functions that were found.
    pub hits: usize,
    /// Functions that were compiled, because they were not there or not usable.
    pub misses: usize,
}

/// A cache as [`Options`](crate::Options) take it. Clones are the same cache.
#[derive(Clone, Debug)]
pub struct Cache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Box<dyn FunctionCache>,
    hits: AtomicUsize,
    misses: AtomicUsize,
}

impl Cache {
    /// A cache that keeps its entries in `store`.
    pub fn new(store: impl FunctionCache + 'static) -> Self {
        Self(Arc::new(Inner {
            store: Box::new(store),
            hits: AtomicUsize::new(0),
            misses: AtomicUsize::new(0),
        }))
    }

    /// A cache that keeps its entries in files below `path`, which is made if need be, with
    /// [`DirectoryCache::DEFAULT_SIZE_BYTES`].
    ///
    /// # Errors
    /// If there can be no such directory.
    pub fn directory(path: &Path) -> std::io::Result<Self> {
        DirectoryCache::open(path, DirectoryCache::DEFAULT_SIZE_BYTES).map(Self::new)
    }

    /// What happened since the cache was opened. A module's functions and the glue that the
    /// compiler adds to them count alike.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            hits: self.0.hits.load(Ordering::Relaxed),
            misses: self.0.misses.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn finish(&self) {
        self.0.store.finish();
    }

    /// Counts a function.
    pub(super) fn count(&self, hit: bool) {
        let counter = if hit { &self.0.hits } else { &self.0.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The cache as Cranelift uses it.
impl CacheKvStore for &Cache {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let key = versioned(key);
        let mut entry = self.0.store.get(&key)?;
        let found = entry.get(..HASH_SIZE_BYTES)?;
        let intact = found == checksum(&key, &entry[HASH_SIZE_BYTES..]);
        intact.then(|| Cow::Owned(entry.split_off(HASH_SIZE_BYTES)))
    }

    fn insert(&mut self, key: &[u8], code: Vec<u8>) {
        let key = versioned(key);
        let mut entry = checksum(&key, &code).to_vec();
        entry.extend(code);
        self.0.store.put(&key, entry);
    }
}

/// Cranelift's key, with the versions that the code depends on.
fn versioned(key: &[u8]) -> CacheKey {
    let mut hash = Sha256::new();
    for part in [crate::VERSION, cranelift_codegen::VERSION] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(key);
    hash.finalize().into()
}

/// Covers the key, so that an entry under another's name is seen.
fn checksum(key: &CacheKey, code: &[u8]) -> [u8; HASH_SIZE_BYTES] {
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update(code);
    hash.finalize().into()
}
