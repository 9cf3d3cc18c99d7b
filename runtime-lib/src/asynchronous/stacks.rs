//! Stacks with guards, and the pool of them.
//!
//! # Safety
//!
//! A [`Stack`] owns its mapping, of which everything above the guard is accessible and nothing in
//! the guard.
#![allow(unsafe_code, reason = "implements the trait of stacks for fibers")]

use crate::error::Error;
use crate::mapping::Mapping;
use crate::pages::PageSize;
use corosensei::stack::StackPointer;
use corosensei::stack::valgrind::ValgrindStackRegistration;
use rustix::io::Errno;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The size of a stack unless the store asks for another.
pub(crate) const DEFAULT_SIZE_BYTES: usize = 1 << 20;

/// The least size: a quarter of it is left to the host functions that a guest calls, unless the store
/// leaves them more.
pub(super) const MIN_SIZE_BYTES: usize = 128 << 10;

/// Below every stack. As much as the largest pages have, and more than code that does not probe
/// its frames skips.
const GUARD_BYTES: usize = 64 << 10;

/// How many idle stacks, those last used, keep all their memory: giving it back takes several times
/// as long as a call does.
const MAX_HOT: usize = 16;

/// How much of each other idle stack, from its top, keeps its memory: what most calls use.
const KEPT_BYTES: usize = 16 << 10;

/// How many idle stacks the process keeps.
const MAX_IDLE: usize = 256;

/// A stack for a fiber.
pub(super) struct Stack {
    mapping: Mapping,
    guard_bytes: usize,
    size_bytes: usize,
    /// How large it was asked to be.
    asked_bytes: usize,
    /// It has given back its memory since it was last used.
    is_trimmed: bool,
    _registration: ValgrindStackRegistration,
}

// SAFETY: the addresses of `base` and `limit` bound the mapping, whose lowest part is a guard; what
// lies above has at least `MIN_SIZE_BYTES`, and starts and ends with a page.
unsafe impl corosensei::stack::Stack for Stack {
    fn base(&self) -> StackPointer {
        self.address(self.guard_bytes + self.size_bytes)
    }

    fn limit(&self) -> StackPointer {
        self.address(0)
    }
}

impl Stack {
    fn new(asked_bytes: usize, page: PageSize) -> Result<Self, Errno> {
        let round = |size: usize| page.round_up(size).ok_or(Errno::NOMEM);
        let guard_bytes = round(GUARD_BYTES)?;
        let size_bytes = round(asked_bytes.max(MIN_SIZE_BYTES))?;
        let len = guard_bytes.checked_add(size_bytes).ok_or(Errno::NOMEM)?;
        let mut mapping = Mapping::reserve(len, page)?;
        mapping.make_accessible(guard_bytes, size_bytes)?;
        let start = mapping.base().as_ptr().wrapping_add(guard_bytes);
        Ok(Self {
            _registration: ValgrindStackRegistration::new(start, size_bytes),
            mapping,
            guard_bytes,
            size_bytes,
            asked_bytes,
            is_trimmed: true,
        })
    }

    fn address(&self, offset: usize) -> StackPointer {
        // Whoever makes the stack the processor's accesses it by numbers.
        crate::address::of(self.mapping.base().as_ptr());
        // The mapping does not wrap around.
        self.mapping.base().addr().saturating_add(offset)
    }

    /// The addresses that code on the stack may use.
    pub(super) fn usable(&self) -> Range<u64> {
        let address = |offset| self.address(offset).get() as u64;
        address(self.guard_bytes)..address(self.guard_bytes + self.size_bytes)
    }

    /// Gives back the memory below what most calls use.
    fn trim(&mut self) {
        if self.is_trimmed {
            return;
        }
        let page = self.mapping.page();
        let kept = page.round_up(KEPT_BYTES).unwrap_or(self.size_bytes);
        let given_back = self.size_bytes.saturating_sub(kept);
        // If the system does not take it, it stays.
        let _ = self.mapping.discard(self.guard_bytes, given_back);
        self.is_trimmed = true;
    }
}

/// The stacks of the process.
struct Pool {
    /// The longest idle first.
    idle: VecDeque<Stack>,
    /// How many of which size are in use.
    used: BTreeMap<usize, usize>,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    idle: VecDeque::new(),
    used: BTreeMap::new(),
});

fn pool() -> MutexGuard<'static, Pool> {
    // Nothing that runs while it is locked panics half-way.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    fn take_idle(&mut self, size_bytes: usize) -> Option<Stack> {
        let same = |stack: &Stack| stack.asked_bytes == size_bytes;
        let index = self.idle.iter().rposition(same)?;
        self.idle.remove(index)
    }
}

/// A stack of this size, an idle one if there is one.
pub(super) fn take(size_bytes: usize) -> Result<Stack, Error> {
    let idle = {
        let mut pool = pool();
        *pool.used.entry(size_bytes).or_default() += 1;
        pool.take_idle(size_bytes)
    };
    if let Some(stack) = idle {
        return Ok(stack);
    }
    Stack::new(size_bytes, PageSize::of_system()).map_err(|error| {
        pool().no_longer_used(size_bytes);
        Error::resource("make a stack for an asynchronous call", error)
    })
}

impl Pool {
    fn no_longer_used(&mut self, size_bytes: usize) {
        if let Some(used) = self.used.get_mut(&size_bytes) {
            *used -= 1;
            if *used == 0 {
                self.used.remove(&size_bytes);
            }
        }
    }
}

/// Puts a stack back, for the next call that needs one.
pub(super) fn put_back(mut stack: Stack) {
    stack.is_trimmed = false;
    let mut pool = pool();
    pool.no_longer_used(stack.asked_bytes);
    pool.idle.push_back(stack);
    let cold = pool.idle.len().checked_sub(1 + MAX_HOT);
    if let Some(cold) = cold.and_then(|index| pool.idle.get_mut(index)) {
        cold.trim();
    }
    let surplus = if pool.idle.len() > MAX_IDLE {
        pool.idle.pop_front()
    } else {
        None
    };
    // Unmapping takes the system's time, not that of others who wait for the pool.
    drop(pool);
    drop(surplus);
}

/// The stacks of one size that asynchronous calls have, in all stores of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AsyncStacks {
    /// How many calls are running or suspended.
    pub used: usize,
    /// How many stacks are kept for the next calls: at most 256 of all sizes taken together.
    pub idle: usize,
}

impl AsyncStacks {
    /// Of the size that a store has asked for by
    /// [`Store::set_async_stack_size`](crate::Store::set_async_stack_size).
    #[must_use]
    pub fn of_size(size_bytes: usize) -> Self {
        let pool = pool();
        let same = |stack: &&Stack| stack.asked_bytes == size_bytes;
        Self {
            used: pool.used.get(&size_bytes).copied().unwrap_or_default(),
            idle: pool.idle.iter().filter(same).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        AsyncStacks, KEPT_BYTES, MAX_HOT, MAX_IDLE, MIN_SIZE_BYTES, Stack, pool, put_back, take,
    };
    use crate::pages::PageSize;
    use corosensei::stack::Stack as _;

    fn byte(stack: &Stack, below_base: usize) -> *mut u8 {
        let base: usize = stack.base().get();
        crate::address::pointer((base - below_base) as u64)
    }

    #[test]
    fn a_stack_has_a_guard_and_what_was_asked_for() {
        for page in PageSize::all() {
            let stack = Stack::new(1, page).unwrap();
            let usable = stack.usable();
            assert_eq!(usable.end - usable.start, MIN_SIZE_BYTES as u64);
            assert_eq!(usable.end, stack.base().get() as u64);
            assert!(usable.start >= stack.limit().get() as u64 + (64 << 10));
            for below in [1, MIN_SIZE_BYTES] {
                // SAFETY: the stack is accessible from its base down, and unused.
                unsafe { byte(&stack, below).write(1) };
            }
            assert!(Stack::new(usize::MAX, page).is_err());
        }
    }

    #[test]
    fn what_lay_deep_is_given_back() {
        let page = PageSize::of_system();
        let mut stack = Stack::new(300 << 10, page).unwrap();
        let deep = KEPT_BYTES.max(page.bytes()) + 1;
        for below in [1, deep] {
            // SAFETY: the stack is accessible from its base down, and unused.
            unsafe { byte(&stack, below).write(7) };
        }
        stack.is_trimmed = false;
        stack.trim();
        // SAFETY: as above.
        let bytes = [1, deep].map(|below| unsafe { byte(&stack, below).read() });
        assert_eq!(bytes, [7, 0]);
    }

    #[test]
    fn stacks_are_used_again() {
        const SIZE: usize = (300 << 10) + 1;
        let stack = take(SIZE).unwrap();
        assert_eq!(AsyncStacks::of_size(SIZE), AsyncStacks { used: 1, idle: 0 });
        put_back(stack);
        assert_eq!(AsyncStacks::of_size(SIZE).used, 0);
        // Unless others have put back so many meanwhile that there was no room for it.
        let again = take(SIZE).unwrap();
        assert_eq!(AsyncStacks::of_size(SIZE), AsyncStacks { used: 1, idle: 0 });
        put_back(again);
    }

    #[test]
    fn idle_stacks_are_bounded() {
        const SIZE: usize = MIN_SIZE_BYTES + 1;
        let stacks: Vec<Stack> = (0..MAX_IDLE + 44).map(|_| take(SIZE).unwrap()).collect();
        assert_eq!(AsyncStacks::of_size(SIZE).used, stacks.len());
        stacks.into_iter().for_each(put_back);
        let now = AsyncStacks::of_size(SIZE);
        assert_eq!(now.used, 0);
        // Others may have put theirs back meanwhile.
        assert!(0 < now.idle && now.idle <= MAX_IDLE);
        let pool = pool();
        let cold = pool.idle.iter().rev().skip(MAX_HOT);
        assert!(cold.clone().count() > 0 && cold.clone().all(|stack| stack.is_trimmed));
    }

    #[test]
    fn more_than_there_are_addresses_is_refused() {
        assert!(take(usize::MAX / 2).is_err());
        assert_eq!(AsyncStacks::of_size(usize::MAX / 2), AsyncStacks::default());
    }
}
