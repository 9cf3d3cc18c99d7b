//! How many addresses a memory has, by the plan of whoever accesses it.

use crate::error::{Error, ReserveError};
use crate::instance::Spares;
use crate::mapping::Mapping;
use crate::pages::PageSize;
use crate::types::{MemoryType, PAGE_SIZE};
use prefab_abi::note::{Assumptions, MEMORY_SIZE_LIMIT_BYTES, MemoryPlan};
use rustix::io::Errno;

/// The guard behind a memory that no module asks for, in bytes: enough for every module that
/// may import it.
const HOST_GUARD_SIZE_BYTES: u64 = 1 << 32;

/// How much a memory may grow that the host makes without a maximum where addresses are scarce, in
/// bytes.
const HOST_GROWTH_BYTES: u64 = 16 << 20;

/// The addresses that are a memory's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reservation {
    /// How far the memory may grow, in bytes: a multiple of its page size.
    pub(crate) size_bytes: u64,
    /// The size of the guard behind that, in bytes.
    pub(crate) guard_size_bytes: u64,
}

impl Reservation {
    /// For a memory that a module defines.
    pub(crate) fn of_module(assumptions: &Assumptions, ty: MemoryType) -> Self {
        match assumptions.memory_plan {
            MemoryPlan::Guarded => Self {
                size_bytes: MEMORY_SIZE_LIMIT_BYTES,
                guard_size_bytes: assumptions.guard_size_bytes,
            },
            MemoryPlan::Bounded => Self::bounded(ty, assumptions.max_memory_bytes),
        }
    }

    /// For a memory that the host makes: such that all modules can import it.
    pub(crate) const fn of_host() -> Self {
        Self {
            size_bytes: MEMORY_SIZE_LIMIT_BYTES,
            guard_size_bytes: HOST_GUARD_SIZE_BYTES,
        }
    }

    /// For a memory that the host makes where addresses are scarce: the declared maximum, or 16 MiB
    /// more than the minimum. Only modules that check their accesses can import it.
    pub(crate) fn of_host_where_scarce(ty: MemoryType) -> Self {
        let least = ty.min.saturating_mul(PAGE_SIZE);
        let max_bytes = match ty.max {
            Some(max) => max.saturating_mul(PAGE_SIZE),
            None => least.saturating_add(HOST_GROWTH_BYTES),
        };
        Self::bounded(ty, max_bytes)
    }

    /// Just what a memory may grow to, which is `max_bytes` if its type does not say less.
    fn bounded(ty: MemoryType, max_bytes: u64) -> Self {
        let declared = ty.max.map_or(u64::MAX, |max| max.saturating_mul(PAGE_SIZE));
        let least = ty.min.saturating_mul(PAGE_SIZE);
        let size_bytes = max_bytes.min(declared).min(MEMORY_SIZE_LIMIT_BYTES);
        Self {
            size_bytes: (size_bytes - size_bytes % PAGE_SIZE).max(least),
            guard_size_bytes: 0,
        }
    }

    /// Whether the code of a module may access a memory with this reservation.
    pub(crate) const fn suits(&self, assumptions: &Assumptions) -> bool {
        match assumptions.memory_plan {
            MemoryPlan::Guarded => {
                self.size_bytes == MEMORY_SIZE_LIMIT_BYTES
                    && self.guard_size_bytes >= assumptions.guard_size_bytes
            }
            MemoryPlan::Bounded => true,
        }
    }

    /// How many addresses these are, in bytes. No module's guard makes this overflow.
    pub(crate) const fn len(&self) -> u64 {
        self.size_bytes + self.guard_size_bytes
    }

    /// Reserves the addresses, and `before` bytes before them in the same mapping, in pages of this
    /// size. Where there are not so many, what is kept of instances that are gone is given back.
    ///
    /// # Errors
    /// If there are not so many.
    pub(crate) fn map(&self, before: usize, page: PageSize) -> Result<Mapping, Error> {
        let size = usize::try_from(self.len()).ok();
        let size = size.and_then(|size| page.round_up(size.checked_add(before)?));
        let size = size.ok_or(Errno::NOMEM);
        let mapping = size.and_then(|size| match Mapping::reserve(size, page) {
            Err(_) if Spares::shared().clear() => Mapping::reserve(size, page),
            mapping => mapping,
        });
        mapping.map_err(|error| {
            let is_bounded = self.guard_size_bytes == 0;
            ReserveError::new(self.len(), is_bounded, error.into()).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Reservation;
    use crate::types::MemoryType;
    use prefab_abi::note::{Assumptions, MemoryPlan, Traps};

    const BOUNDED: Assumptions = Assumptions {
        memory_plan: MemoryPlan::Bounded,
        guard_size_bytes: 0,
        max_memory_bytes: 0x2_8000,
        traps: Traps::Explicit,
        is_interruptible: false,
        uses_fuel: false,
        has_direct_calls: true,
    };
    const GUARDED: Assumptions = Assumptions {
        memory_plan: MemoryPlan::Guarded,
        guard_size_bytes: 1 << 25,
        max_memory_bytes: 1 << 32,
        traps: Traps::Signals,
        is_interruptible: false,
        uses_fuel: false,
        has_direct_calls: true,
    };

    fn bounded(min: u64, max: Option<u64>) -> u64 {
        let reservation = Reservation::of_module(&BOUNDED, MemoryType::new(min, max));
        assert_eq!(reservation.guard_size_bytes, 0);
        reservation.size_bytes
    }

    #[test]
    fn scarce_host_memory_reserves_its_declared_maximum() {
        let size =
            |min, max| Reservation::of_host_where_scarce(MemoryType::new(min, max)).size_bytes;
        assert_eq!(size(1, None), (1 << 16) + (16 << 20));
        assert_eq!(size(1, Some(2)), 2 << 16);
        assert_eq!(size(1, Some(32_770)), 32_770 << 16);
        assert_eq!(size(1, Some(1 << 16)), 1 << 32);
    }

    #[test]
    fn a_bounded_memory_has_whole_pages_up_to_its_maximum() {
        assert_eq!(bounded(0, None), 0x2_0000);
        assert_eq!(bounded(0, Some(1)), 0x1_0000);
        assert_eq!(bounded(0, Some(0)), 0);
        assert_eq!(bounded(1, Some(1 << 16)), 0x2_0000);
        assert_eq!(bounded(3, None), 0x3_0000);
    }

    #[test]
    fn only_what_is_guarded_suits_code_that_does_not_check() {
        let ty = MemoryType::new(1, None);
        let guarded = Reservation::of_module(&GUARDED, ty);
        let bounded = Reservation::of_module(&BOUNDED, ty);
        for reservation in [guarded, bounded, Reservation::of_host()] {
            assert!(reservation.suits(&BOUNDED));
        }
        assert!(guarded.suits(&GUARDED));
        assert!(Reservation::of_host().suits(&GUARDED));
        assert!(!bounded.suits(&GUARDED));
        assert!(!Reservation::of_host_where_scarce(ty).suits(&GUARDED));
    }
}
