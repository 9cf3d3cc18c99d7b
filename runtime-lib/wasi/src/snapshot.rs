//! The two snapshots of WASI, and everything in which their binary interfaces differ.
//!
//! Preview 0 (`wasi_unstable`) and preview 1 (`wasi_snapshot_preview1`) share their functions,
//! error numbers and flags (preview 1 adds `sock_accept`). They differ in three places, found by
//! comparing `typenames.witx` of both: the numbers of `whence`, the width of `filestat.nlink`,
//! and the `identifier` that only preview 0 has in `subscription_clock`.
//!
//! ```text
//! filestat      preview 1     preview 0        subscription   preview 1     preview 0
//!   dev             0             0              userdata         0             0
//!   ino             8             8              tag              8             8
//!   filetype       16            16              identifier       -            16
//!   nlink          24 (u64)      20 (u32)        clock id        16            24
//!   size           32            24              timeout         24            32
//!   atim           40            32              precision       32            40
//!   mtim           48            40              flags           40            48
//!   ctim           56            48              fd (not clock)  16            16
//!   total          64            56              total           48            56
//! ```

use crate::errno::Errno;
use crate::memory::GuestMemory;
use crate::types::Filestat;

/// Which WASI a guest was compiled against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Snapshot {
    /// `wasi_unstable`, also called preview 0.
    Preview0,
    /// `wasi_snapshot_preview1`.
    Preview1,
}

/// What `fd_seek` counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whence {
    Start,
    Current,
    End,
}

/// What a guest wants to wait for, as it lies in memory (`subscription`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) userdata: u64,
    pub(crate) event: SubscribedEvent,
}

/// The kinds of a subscription (`eventtype` with its payload).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscribedEvent {
    Clock {
        clock_id: u32,
        timeout_ns: u64,
        flags: u16,
    },
    FdRead {
        fd: u32,
    },
    FdWrite {
        fd: u32,
    },
}

impl SubscribedEvent {
    /// The number of the event's type (`eventtype`).
    pub(crate) fn code(self) -> u8 {
        match self {
            SubscribedEvent::Clock { .. } => 0,
            SubscribedEvent::FdRead { .. } => 1,
            SubscribedEvent::FdWrite { .. } => 2,
        }
    }
}

impl Snapshot {
    /// Both snapshots.
    pub const ALL: [Snapshot; 2] = [Snapshot::Preview0, Snapshot::Preview1];

    /// The name under which guests import the functions of this snapshot.
    pub const fn module_name(self) -> &'static str {
        match self {
            Snapshot::Preview0 => "wasi_unstable",
            Snapshot::Preview1 => "wasi_snapshot_preview1",
        }
    }

    pub(crate) fn whence(self, number: u32) -> Result<Whence, Errno> {
        match (self, number) {
            (Snapshot::Preview1, 0) | (Snapshot::Preview0, 2) => Ok(Whence::Start),
            (Snapshot::Preview1, 1) | (Snapshot::Preview0, 0) => Ok(Whence::Current),
            (Snapshot::Preview1, 2) | (Snapshot::Preview0, 1) => Ok(Whence::End),
            _ => Err(Errno::Inval),
        }
    }

    pub(crate) fn filestat_size_bytes(self) -> u32 {
        match self {
            Snapshot::Preview0 => 56,
            Snapshot::Preview1 => 64,
        }
    }

    pub(crate) fn subscription_size_bytes(self) -> u32 {
        match self {
            Snapshot::Preview0 => 56,
            Snapshot::Preview1 => 48,
        }
    }

    /// Reads one subscription from exactly its bytes.
    pub(crate) fn subscription(self, bytes: &[u8]) -> Result<Subscription, Errno> {
        // Where the fields of a clock begin, after the identifier that preview 0 has.
        let clock = match self {
            Snapshot::Preview0 => 24,
            Snapshot::Preview1 => 16,
        };
        let event = match number(bytes, 8, 1)? {
            0 => SubscribedEvent::Clock {
                clock_id: number(bytes, clock, 4)? as u32,
                timeout_ns: number(bytes, clock + 8, 8)?,
                flags: number(bytes, clock + 24, 2)? as u16,
            },
            1 => SubscribedEvent::FdRead {
                fd: number(bytes, 16, 4)? as u32,
            },
            2 => SubscribedEvent::FdWrite {
                fd: number(bytes, 16, 4)? as u32,
            },
            _ => return Err(Errno::Inval),
        };
        Ok(Subscription {
            userdata: number(bytes, 0, 8)?,
            event,
        })
    }
}

impl GuestMemory<'_> {
    /// Writes `stat` at `ptr`.
    pub(crate) fn write_filestat(&mut self, ptr: u32, stat: &Filestat) -> Result<(), Errno> {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend(stat.device.to_le_bytes());
        bytes.extend(stat.inode.to_le_bytes());
        match self.snapshot() {
            Snapshot::Preview0 => {
                bytes.extend(u32::from(stat.filetype as u8).to_le_bytes());
                let links = u32::try_from(stat.links).unwrap_or(u32::MAX);
                bytes.extend(links.to_le_bytes());
            }
            Snapshot::Preview1 => {
                bytes.extend(u64::from(stat.filetype as u8).to_le_bytes());
                bytes.extend(stat.links.to_le_bytes());
            }
        }
        for field in [stat.size_bytes, stat.atim_ns, stat.mtim_ns, stat.ctim_ns] {
            bytes.extend(field.to_le_bytes());
        }
        debug_assert_eq!(bytes.len(), self.snapshot().filestat_size_bytes() as usize);
        self.write(ptr, &bytes)
    }
}

/// The little-endian number of `size` bytes at `offset`.
fn number(bytes: &[u8], offset: usize, size: usize) -> Result<u64, Errno> {
    let bytes = bytes.get(offset..offset + size).ok_or(Errno::Fault)?;
    Ok(bytes
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Filetype;

    #[test]
    fn whence_is_numbered_differently() {
        let order = |snapshot: Snapshot| [0, 1, 2].map(|number| snapshot.whence(number).unwrap());
        assert_eq!(
            order(Snapshot::Preview1),
            [Whence::Start, Whence::Current, Whence::End]
        );
        assert_eq!(
            order(Snapshot::Preview0),
            [Whence::Current, Whence::End, Whence::Start]
        );
        assert_eq!(Snapshot::Preview0.whence(3), Err(Errno::Inval));
    }

    #[test]
    fn filestat_has_two_layouts() {
        let stat = Filestat {
            device: 1,
            inode: 2,
            filetype: Filetype::RegularFile,
            links: 3,
            size_bytes: 4,
            atim_ns: 5,
            mtim_ns: 6,
            ctim_ns: 7,
        };
        for (snapshot, links, size) in [(Snapshot::Preview0, 20, 24), (Snapshot::Preview1, 24, 32)]
        {
            let mut bytes = [0xff; 64];
            GuestMemory::new(&mut bytes, snapshot)
                .write_filestat(0, &stat)
                .unwrap();
            assert_eq!(bytes[16], 4);
            assert_eq!(number(&bytes, links, 4), Ok(3));
            for (field, value) in [4, 5, 6, 7].into_iter().enumerate() {
                assert_eq!(number(&bytes, size + field * 8, 8), Ok(value));
            }
            let rest = &bytes[snapshot.filestat_size_bytes() as usize..];
            assert!(rest.iter().all(|byte| *byte == 0xff));
        }
    }

    #[test]
    fn subscriptions_have_two_layouts() {
        for (snapshot, clock) in [(Snapshot::Preview0, 24), (Snapshot::Preview1, 16)] {
            let mut bytes = vec![0; snapshot.subscription_size_bytes() as usize];
            bytes[0] = 9;
            bytes[clock] = 1;
            bytes[clock + 8] = 50;
            bytes[clock + 24] = 1;
            let event = SubscribedEvent::Clock {
                clock_id: 1,
                timeout_ns: 50,
                flags: 1,
            };
            assert_eq!(
                snapshot.subscription(&bytes),
                Ok(Subscription { userdata: 9, event })
            );
            bytes[8] = 2;
            bytes[16] = 5;
            let event = SubscribedEvent::FdWrite { fd: 5 };
            assert_eq!(snapshot.subscription(&bytes).unwrap().event, event);
            bytes[8] = 3;
            assert_eq!(snapshot.subscription(&bytes), Err(Errno::Inval));
        }
    }
}
