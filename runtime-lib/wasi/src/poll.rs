//! `poll_oneoff`: waiting for times and for descriptors.

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::time::ClockId;

use crate::clock::{clock, now};
use crate::ctx::WasiCtx;
use crate::descriptor::Resource;
use crate::errno::Errno;
use crate::host_file::HostFile;
use crate::memory::GuestMemory;
use crate::rights::Rights;
use crate::snapshot::{SubscribedEvent, Subscription};
use crate::table::Table;
use crate::types::ClockFlags;

/// The most that can be waited for at once; the host's own limit is below.
const SUBSCRIPTIONS_MAX: u32 = 1 << 16;

const EVENT_SIZE_BYTES: u32 = 32;

/// `eventrwflags`: the other end is gone.
const HANGUP: u16 = 1;

/// How long is waited at most for a time of the realtime clock before looking at it again: it may
/// be set meanwhile.
const REALTIME_RECHECK_NS: u64 = 1_000_000_000;

/// Something that happened, or an error instead.
#[derive(Clone, Copy, Debug, Default)]
struct Event {
    /// The place of its subscription in the list.
    index: usize,
    error: Option<Errno>,
    available_bytes: u64,
    flags: u16,
}

impl Event {
    fn at(index: usize) -> Event {
        Event {
            index,
            ..Event::default()
        }
    }
}

/// A time that is waited for.
#[derive(Clone, Copy, Debug)]
struct Deadline {
    index: usize,
    clock: ClockId,
    time_ns: u64,
}

impl WasiCtx {
    /// Waits until at least one of `count` subscriptions comes true, and writes an event for each
    /// that has. What is wrong with one subscription alone (a closed descriptor, a missing right,
    /// an unknown clock) is reported as its event.
    ///
    /// ```text
    /// event    0  u64  userdata    10  u8   type                  24  u16  flags (1: hangup)
    ///          8  u16  errno       16  u64  bytes available to read (0 where not known)
    /// ```
    ///
    /// # Errors
    ///
    /// [`Errno::Inval`] for no subscription, too many, or an unknown type of event;
    /// [`Errno::Fault`].
    pub fn poll_oneoff(
        &mut self,
        mem: &mut GuestMemory<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        nevents: u32,
    ) -> Result<(), Errno> {
        mem.check(nevents, 4)?;
        let size_bytes = mem.snapshot().subscription_size_bytes();
        if count == 0 || count > SUBSCRIPTIONS_MAX {
            return Err(Errno::Inval);
        }
        mem.check(events, count * EVENT_SIZE_BYTES)?;
        let list = mem
            .bytes(subscriptions, count * size_bytes)?
            .chunks_exact(size_bytes as usize);
        let read = |bytes| mem.snapshot().subscription(bytes);
        let list = list.map(read).collect::<Result<Vec<_>, _>>()?;

        let mut happened = wait(&self.table, &list)?;
        happened.sort_by_key(|event| event.index);
        for (position, event) in (0..).zip(&happened) {
            let subscription = &list[event.index];
            let mut bytes = [0; EVENT_SIZE_BYTES as usize];
            bytes[..8].copy_from_slice(&subscription.userdata.to_le_bytes());
            bytes[8..10].copy_from_slice(&event.error.map_or(0, Errno::code).to_le_bytes());
            bytes[10] = subscription.event.code();
            bytes[16..24].copy_from_slice(&event.available_bytes.to_le_bytes());
            bytes[24..26].copy_from_slice(&event.flags.to_le_bytes());
            mem.write(events + position * EVENT_SIZE_BYTES, &bytes)?;
        }
        // One event at most per subscription.
        mem.write_u32(nevents, happened.len() as u32)
    }
}

fn wait(table: &Table, list: &[Subscription]) -> Result<Vec<Event>, Errno> {
    let mut happened = Vec::new();
    let mut deadlines = Vec::new();
    let mut files = Vec::new();
    let mut polled = Vec::new();
    for (index, subscription) in list.iter().enumerate() {
        let outcome = match subscription.event {
            SubscribedEvent::Clock {
                clock_id,
                timeout_ns,
                flags,
            } => deadline(index, clock_id, timeout_ns, flags).map(|deadline| {
                deadlines.push(deadline);
                None
            }),
            SubscribedEvent::FdRead { fd } => descriptor(table, fd, Rights::FD_READ, index),
            SubscribedEvent::FdWrite { fd } => descriptor(table, fd, Rights::FD_WRITE, index),
        };
        let wanted = match subscription.event {
            SubscribedEvent::FdRead { .. } => PollFlags::IN,
            _ => PollFlags::OUT,
        };
        match outcome {
            Ok(Some(Readiness::Now(event))) => happened.push(event),
            Ok(Some(Readiness::Ask(file))) => {
                files.push((index, file, wanted));
                polled.push(PollFd::new(file, wanted));
            }
            Ok(None) => {}
            Err(errno) => happened.push(Event {
                error: Some(errno),
                ..Event::at(index)
            }),
        }
    }

    loop {
        let timeout = if happened.is_empty() {
            longest_wait(&deadlines)?
        } else {
            Some(0)
        };
        let timeout = timeout.map(timespec);
        match rustix::event::poll(&mut polled, timeout.as_ref()) {
            // Interrupted: nothing is known about the files, but a time may have come.
            Err(rustix::io::Errno::INTR) => polled.iter_mut().for_each(PollFd::clear_revents),
            result => drop(result?),
        }
        for ((index, file, wanted), polled) in files.iter().zip(&polled) {
            happened.extend(file_event(*index, file, *wanted, polled.revents()));
        }
        for deadline in &deadlines {
            if now(deadline.clock)? >= deadline.time_ns {
                happened.push(Event::at(deadline.index));
            }
        }
        if !happened.is_empty() {
            return Ok(happened);
        }
    }
}

/// Whether a descriptor is ready, as far as that is known without asking the host.
enum Readiness<'a> {
    Now(Event),
    Ask(&'a HostFile),
}

fn descriptor(
    table: &Table,
    fd: u32,
    right: Rights,
    index: usize,
) -> Result<Option<Readiness<'_>>, Errno> {
    let descriptor = table.get(fd)?;
    descriptor.check(right | Rights::POLL_FD_READWRITE)?;
    match &descriptor.resource {
        Resource::File(file) if !file.is_regular() => Ok(Some(Readiness::Ask(file))),
        resource => {
            let mut event = Event::at(index);
            if right == Rights::FD_READ {
                event.available_bytes = left_to_read(resource);
            }
            Ok(Some(Readiness::Now(event)))
        }
    }
}

/// The bytes between the position and the end.
fn left_to_read(resource: &Resource) -> u64 {
    let size_bytes = resource.stat().map_or(0, |stat| stat.size_bytes);
    let position = match resource {
        Resource::File(file) => rustix::fs::tell(file).unwrap_or(0),
        _ => 0,
    };
    size_bytes.saturating_sub(position)
}

fn file_event(index: usize, file: &HostFile, wanted: PollFlags, found: PollFlags) -> Option<Event> {
    if found.is_empty() {
        return None;
    }
    let mut event = Event::at(index);
    if found.contains(PollFlags::NVAL) {
        event.error = Some(Errno::Badf);
    }
    if found.intersects(PollFlags::HUP | PollFlags::ERR) {
        event.flags = HANGUP;
    }
    if wanted == PollFlags::IN {
        event.available_bytes = rustix::io::ioctl_fionread(file).unwrap_or(0);
    }
    Some(event)
}

fn deadline(index: usize, clock_id: u32, timeout_ns: u64, flags: u16) -> Result<Deadline, Errno> {
    let clock = clock(clock_id)?;
    if !matches!(clock, ClockId::Realtime | ClockId::Monotonic) {
        // Time that passes only while the program runs cannot be waited for.
        return Err(Errno::Notsup);
    }
    let absolute = ClockFlags::from_guest(u32::from(flags))?.has(ClockFlags::ABSTIME);
    if absolute {
        return Ok(Deadline {
            index,
            clock,
            time_ns: timeout_ns,
        });
    }
    // A span of time is not affected when the clock is set.
    let clock = ClockId::Monotonic;
    Ok(Deadline {
        index,
        clock,
        time_ns: now(clock)?.saturating_add(timeout_ns),
    })
}

/// How long may be waited until the next deadline; `None` is for ever.
fn longest_wait(deadlines: &[Deadline]) -> Result<Option<u64>, Errno> {
    let mut longest = None;
    for deadline in deadlines {
        let mut wait_ns = deadline.time_ns.saturating_sub(now(deadline.clock)?);
        if deadline.clock == ClockId::Realtime {
            wait_ns = wait_ns.min(REALTIME_RECHECK_NS);
        }
        longest = Some(longest.map_or(wait_ns, |other: u64| other.min(wait_ns)));
    }
    Ok(longest)
}

fn timespec(ns: u64) -> Timespec {
    // A quotient below 2^35 and a remainder below 10^9.
    Timespec {
        tv_sec: (ns / 1_000_000_000) as i64,
        tv_nsec: (ns % 1_000_000_000) as _,
    }
}
