//! What instances lay in, used again by others of the same module: the addresses, as they are mapped.
//!
//! ```text
//! Fields::map ─► instance ── its store is dropped ─► Spare ── another store ─► instance …
//!                                                      │ one too many, or the module is dropped
//!                                                      ╰─► unmapped
//! ```
//!
//! A spare is as good as new: its memories are of their least size and have their first contents. Its
//! fields are what they were; whoever takes it fills in all of them.

use super::data::InstanceData;
use super::fields::Backing;
use crate::memory::MemoryData;
use crate::module::Module;
use crate::store::StoreInner;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many are kept of the instances of no pool, in the whole process: where addresses have 39
/// bits, a quarter of them.
const SHARED: usize = 16;

/// The mappings of an instance that is gone.
pub(crate) struct Spare {
    /// That of its fields.
    pub(super) backing: Backing,
    /// The memories that it defined, but the one behind its fields.
    pub(super) memories: Vec<MemoryData>,
}

/// Spares of any modules, by the modules' numbers. The longer one is not used, the sooner it goes.
pub(crate) struct Spares {
    kept: Mutex<Vec<(u64, Spare)>>,
    capacity: usize,
}

impl Spares {
    /// None yet, and never more than `capacity`.
    pub(crate) const fn new(capacity: usize) -> Self {
        Self {
            kept: Mutex::new(Vec::new()),
            // An interpreter wants to see everything given back.
            capacity: if cfg!(miri) { 0 } else { capacity },
        }
    }

    /// Those of the instances of no pool.
    pub(crate) fn shared() -> &'static Self {
        static ALL: Spares = Spares::new(SHARED);
        &ALL
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(u64, Spare)>> {
        // Nothing panics with it that leaves it half changed.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self, module: &Module) -> Option<Spare> {
        let mut kept = self.lock();
        let index = kept.iter().rposition(|(of, _)| *of == module.number())?;
        Some(kept.remove(index).1)
    }

    fn put(&self, module: &Module, spare: Spare) {
        let mut kept = self.lock();
        // Dropped when the lock is not held any more.
        let _one_too_many = match kept.len() {
            len if len < self.capacity => None,
            0 => return,
            _ => Some(kept.remove(0)),
        };
        kept.push((module.number(), spare));
        drop(kept);
    }

    /// Gives back what is kept of the module of this number.
    pub(crate) fn forget(&self, module: u64) {
        let mut kept = self.lock();
        let (gone, stay) = kept.drain(..).partition(|(of, _)| *of == module);
        *kept = stay;
        drop(kept);
        let _: Vec<_> = gone;
    }

    /// Gives back everything; whether there was something.
    pub(crate) fn clear(&self) -> bool {
        let all = std::mem::take(&mut *self.lock());
        !all.is_empty()
    }
}

impl StoreInner {
    /// Where the mappings of its instances come from and go to.
    pub(super) fn spares(&self) -> &Spares {
        match &self.spares {
            Some(spares) => spares,
            None => Spares::shared(),
        }
    }

    /// Drops all instances and their memories. What they lay in is kept for others.
    pub(crate) fn retire(&mut self) {
        while let Some(mut data) = self.instances.pop() {
            if let Some(spare) = self.spare_of(&mut data) {
                self.spares().put(&data.module, spare);
            }
        }
    }

    /// What the last instance lay in, if it can be made as good as new. Its memories, and those that
    /// the store was given after them, are gone then: as the store is.
    fn spare_of(&mut self, data: &mut InstanceData) -> Option<Spare> {
        let counts = data.module.meta().counts();
        let own = data.memories.get(counts.imported_memories as usize..)?;
        if own.len() != counts.defined_memories as usize {
            return None;
        }
        // None of its functions can have run that nobody has asked for.
        let has_run = !data.funcs.is_empty();
        let mut first = None;
        let mut memories = Vec::new();
        for (place, index) in own.iter().enumerate().rev() {
            self.memories.truncate(*index as usize + 1);
            let mut memory = self.memories.pop()?;
            memory.renew(has_run).ok()?;
            match (place, data.mapping.is_none()) {
                (0, true) => first = Some(memory),
                _ => memories.push(memory),
            }
        }
        memories.reverse();
        let backing = match (data.mapping.take(), first) {
            (Some(mapping), _) => Backing::Fields(mapping),
            (None, Some(memory)) => Backing::Memory(memory),
            (None, None) => return None,
        };
        Some(Spare { backing, memories })
    }
}
