//! How much may be compiled at a time.
//!
//! A function near a limit takes gigabytes of memory to compile. Threads that each compile such a one
//! would take a multiple, so that functions share what one may take.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// All that may be taken: what a function at a limit needs.
pub(super) const WHOLE: u32 = 1000;

/// What is taken at the moment, in parts of [`WHOLE`].
#[derive(Debug, Default)]
pub(super) struct Budget {
    taken: Mutex<u32>,
    given_back: Condvar,
}

/// A part of a budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share<'a> {
    budget: &'a Budget,
    parts: u32,
}

impl Budget {
    /// Waits until so many parts are left, and takes them.
    pub fn take(&self, parts: u32) -> Share<'_> {
        let parts = parts.min(WHOLE);
        let is_short = |taken: &mut u32| *taken + parts > WHOLE;
        let waited = self.given_back.wait_while(self.lock(), is_short);
        *waited.unwrap_or_else(PoisonError::into_inner) += parts;
        Share {
            budget: self,
            parts,
        }
    }

    /// The count holds whatever a thread panicked with: each change of it is one addition.
    fn lock(&self) -> MutexGuard<'_, u32> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.lock() -= self.parts;
        self.budget.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, WHOLE};
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn no_more_than_the_whole_is_taken() {
        let (budget, taken) = (Budget::default(), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (budget, taken) = (&budget, &taken);
                scope.spawn(move || {
                    for round in 0..200 {
                        let parts = (thread * 131 + round * 37) % WHOLE;
                        let share = budget.take(parts);
                        let before = taken.fetch_add(parts, Ordering::SeqCst);
                        assert!(before + parts <= WHOLE, "{before} + {parts}");
                        taken.fetch_sub(parts, Ordering::SeqCst);
                        drop(share);
                    }
                });
            }
        });
        assert_eq!(*budget.lock(), 0);
        // More than there is: alone.
        drop(budget.take(5 * WHOLE));
    }
}
