//! Clocks: `clock_res_get`, `clock_time_get`.

use rustix::time::{ClockId, Timespec};

use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::memory::GuestMemory;

impl WasiCtx {
    /// Writes the resolution of a clock in nanoseconds.
    ///
    /// # Errors
    ///
    /// [`Errno::Inval`] for an unknown clock, [`Errno::Fault`] for a pointer outside the memory.
    pub fn clock_res_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        clock_id: u32,
        resolution: u32,
    ) -> Result<(), Errno> {
        let clock = clock(clock_id)?;
        mem.write_u64(resolution, nanoseconds(rustix::time::clock_getres(clock))?)
    }

    /// Writes the time of a clock in nanoseconds. It is always exact, so `precision` has no effect.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::clock_res_get`]; [`Errno::Overflow`] for a time that does not fit 64 bits.
    pub fn clock_time_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        clock_id: u32,
        _precision: u64,
        time: u32,
    ) -> Result<(), Errno> {
        mem.write_u64(time, now(clock(clock_id)?)?)
    }
}

/// The host's clock of a number of WASI's.
pub(crate) fn clock(id: u32) -> Result<ClockId, Errno> {
    match id {
        0 => Ok(ClockId::Realtime),
        1 => Ok(ClockId::Monotonic),
        2 => Ok(ClockId::ProcessCPUTime),
        3 => Ok(ClockId::ThreadCPUTime),
        _ => Err(Errno::Inval),
    }
}

/// The time of `clock` in nanoseconds.
pub(crate) fn now(clock: ClockId) -> Result<u64, Errno> {
    nanoseconds(rustix::time::clock_gettime(clock))
}

fn nanoseconds(time: Timespec) -> Result<u64, Errno> {
    let seconds = u64::try_from(time.tv_sec).map_err(|_| Errno::Overflow)?;
    let nanoseconds = u64::try_from(time.tv_nsec).map_err(|_| Errno::Overflow)?;
    let total = seconds
        .checked_mul(1_000_000_000)
        .and_then(|total| total.checked_add(nanoseconds));
    total.ok_or(Errno::Overflow)
}
