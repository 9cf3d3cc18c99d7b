//! Compiled functions, kept from one compilation to the next.
//!
//! A function is found by what it is made of: Cranelift's key, a SHA-256 over the intermediate
//! representation, the instruction set and its flags, hashed once more with what Cranelift's key
//! leaves out: our version and Cranelift's, and which of our passes run. Neither function indices nor source locations are
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

use crate::optimize::Passes;
use cranelift_codegen::CompiledCode;
use cranelift_codegen::incremental_cache::{CacheKeyHash, compute_cache_key, try_finish_recompile};
use cranelift_codegen::ir::Function;
use cranelift_codegen::isa::TargetIsa;
use sha2::{Digest, Sha256};
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
    /// If there can be no such directory, or others can write to it.
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

    /// The entry of a function that is compiled for `isa`.
    pub(super) fn entry(&self, isa: &dyn TargetIsa, func: &Function, passes: Passes) -> Entry<'_> {
        Entry {
            cache: &self.0,
            key: versioned(&compute_cache_key(isa, func), passes),
        }
    }
}

/// Where a cache keeps a function.
pub(super) struct Entry<'a> {
    cache: &'a Inner,
    key: CacheKey,
}

impl Entry<'_> {
    /// The function's code, with the names and locations of `func`, if it is there.
    pub fn get(&self, func: &Function) -> Option<CompiledCode> {
        let entry = self.cache.store.get(&self.key)?;
        let (found, code) = entry.split_at_checked(HASH_SIZE_BYTES)?;
        let intact = found == checksum(&self.key, code);
        let compiled = intact.then(|| try_finish_recompile(func, code));
        compiled?.ok()
    }

    /// Keeps the code, as Cranelift has serialized it.
    pub fn put(&self, code: &[u8]) {
        let mut entry = checksum(&self.key, code).to_vec();
        entry.extend(code);
        self.cache.store.put(&self.key, entry);
    }

    /// Counts the function.
    pub fn count(&self, hit: bool) {
        let counter = if hit {
            &self.cache.hits
        } else {
            &self.cache.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Cranelift's key, with what the code depends on besides: the versions, and our passes.
fn versioned(key: &CacheKeyHash, passes: Passes) -> CacheKey {
    let mut hash = Sha256::new();
    for part in [crate::VERSION, cranelift_codegen::VERSION] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update([match passes {
        Passes::None => 0,
        Passes::Cheap => 1,
        Passes::All { .. } => 2,
    }]);
    // Cranelift shows its key, and gives it to nobody.
    hash.update(key.to_string());
    hash.finalize().into()
}

/// Covers the key, so that an entry under another's name is seen.
fn checksum(key: &CacheKey, code: &[u8]) -> [u8; HASH_SIZE_BYTES] {
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update(code);
    hash.finalize().into()
}
