//! Open files as files: `fd_advise`, `fd_allocate`, `fd_datasync`, `fd_sync`, `fd_filestat_*`.

use std::num::NonZeroU64;

use rustix::fs::{Advice, FallocateFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use rustix::io::retry_on_intr;

use crate::ctx::WasiCtx;
use crate::descriptor::Resource;
use crate::errno::Errno;
use crate::memory::GuestMemory;
use crate::rights::Rights;
use crate::types::FstFlags;

/// One timestamp of a file, as the guest wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewTime {
    Keep,
    Now,
    /// Nanoseconds since 1970.
    At(u64),
}

impl NewTime {
    /// The wishes for the times of access and of modification.
    pub(crate) fn pair(atim_ns: u64, mtim_ns: u64, flags: u32) -> Result<[NewTime; 2], Errno> {
        let flags = FstFlags::from_guest(flags)?;
        let wish = |at: FstFlags, now: FstFlags, time_ns| match (flags.has(at), flags.has(now)) {
            (false, false) => Ok(NewTime::Keep),
            (true, false) => Ok(NewTime::At(time_ns)),
            (false, true) => Ok(NewTime::Now),
            (true, true) => Err(Errno::Inval),
        };
        Ok([
            wish(FstFlags::ATIM, FstFlags::ATIM_NOW, atim_ns)?,
            wish(FstFlags::MTIM, FstFlags::MTIM_NOW, mtim_ns)?,
        ])
    }

    fn to_host(self) -> Timespec {
        let special = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
        match self {
            NewTime::Keep => special(UTIME_OMIT),
            NewTime::Now => special(UTIME_NOW),
            // A quotient below 2^35 and a remainder below 10^9.
            NewTime::At(time_ns) => Timespec {
                tv_sec: (time_ns / 1_000_000_000) as i64,
                tv_nsec: (time_ns % 1_000_000_000) as _,
            },
        }
    }
}

impl WasiCtx {
    /// Tells the host how a part of a file will be used.
    ///
    /// # Errors
    ///
    /// [`Errno::Inval`] for unknown advice or a range beyond what a file can have,
    /// [`Errno::Spipe`] for what has no position, [`Errno::Badf`], [`Errno::Notcapable`].
    pub fn fd_advise(
        &mut self,
        _mem: &mut GuestMemory<'_>,
        fd: u32,
        offset: u64,
        len: u64,
        advice: u32,
    ) -> Result<(), Errno> {
        let file = self.table.positioned(fd, Rights::FD_ADVISE)?;
        let advice = match advice {
            0 => Advice::Normal,
            1 => Advice::Sequential,
            2 => Advice::Random,
            3 => Advice::WillNeed,
            4 => Advice::DontNeed,
            5 => Advice::NoReuse,
            _ => return Err(Errno::Inval),
        };
        check_range(offset, len)?;
        Ok(rustix::fs::fadvise(
            file,
            offset,
            NonZeroU64::new(len),
            advice,
        )?)
    }

    /// Makes sure that a part of a file has space on its device; the file grows if it ends before.
    ///
    /// # Errors
    ///
    /// [`Errno::Inval`] for an empty range, [`Errno::Nospc`], [`Errno::Fbig`], [`Errno::Notsup`]
    /// where the file system cannot, [`Errno::Spipe`], [`Errno::Badf`], [`Errno::Notcapable`].
    pub fn fd_allocate(
        &mut self,
        _mem: &mut GuestMemory<'_>,
        fd: u32,
        offset: u64,
        len: u64,
    ) -> Result<(), Errno> {
        let file = self.table.positioned(fd, Rights::FD_ALLOCATE)?;
        check_range(offset, len)?;
        Ok(retry_on_intr(|| {
            rustix::fs::fallocate(file, FallocateFlags::empty(), offset, len)
        })?)
    }

    /// Waits until a file's data are on its device.
    ///
    /// # Errors
    ///
    /// [`Errno::Badf`], [`Errno::Notcapable`], [`Errno::Inval`] for what is on no device, and what
    /// the host reports.
    pub fn fd_datasync(&mut self, _mem: &mut GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
        let descriptor = self.table.with_rights(fd, Rights::FD_DATASYNC)?;
        let file = descriptor.resource.host_fd().ok_or(Errno::Inval)?;
        Ok(retry_on_intr(|| rustix::fs::fdatasync(file))?)
    }

    /// Waits until a file's data and attributes are on its device.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::fd_datasync`].
    pub fn fd_sync(&mut self, _mem: &mut GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
        let descriptor = self.table.with_rights(fd, Rights::FD_SYNC)?;
        let file = descriptor.resource.host_fd().ok_or(Errno::Inval)?;
        Ok(retry_on_intr(|| rustix::fs::fsync(file))?)
    }

    /// Writes the attributes of an open file.
    ///
    /// # Errors
    ///
    /// [`Errno::Badf`], [`Errno::Notcapable`], [`Errno::Fault`].
    pub fn fd_filestat_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        stat: u32,
    ) -> Result<(), Errno> {
        let descriptor = self.table.with_rights(fd, Rights::FD_FILESTAT_GET)?;
        mem.write_filestat(stat, &descriptor.resource.stat()?)
    }

    /// Sets the size of an open file: it is cut off, or filled up with zeros.
    ///
    /// # Errors
    ///
    /// [`Errno::Inval`] for what has no size, [`Errno::Fbig`], [`Errno::Badf`],
    /// [`Errno::Notcapable`].
    pub fn fd_filestat_set_size(
        &mut self,
        _mem: &mut GuestMemory<'_>,
        fd: u32,
        size: u64,
    ) -> Result<(), Errno> {
        match &self.table.get(fd)?.resource {
            Resource::File(file) if file.is_regular() => {
                let file = self.table.file(fd, Rights::FD_FILESTAT_SET_SIZE)?;
                check_range(size, 0)?;
                Ok(retry_on_intr(|| rustix::fs::ftruncate(file, size))?)
            }
            Resource::Directory(_) => Err(Errno::Badf),
            _ => Err(Errno::Inval),
        }
    }

    /// Sets the times of access and modification of an open file.
    ///
    /// # Errors
    ///
    /// [`Errno::Inval`] for unknown or contradictory flags, [`Errno::Badf`],
    /// [`Errno::Notcapable`], and what the host reports.
    pub fn fd_filestat_set_times(
        &mut self,
        _mem: &mut GuestMemory<'_>,
        fd: u32,
        atim: u64,
        mtim: u64,
        fst_flags: u32,
    ) -> Result<(), Errno> {
        let descriptor = self.table.with_rights(fd, Rights::FD_FILESTAT_SET_TIMES)?;
        let [last_access, last_modification] =
            NewTime::pair(atim, mtim, fst_flags)?.map(NewTime::to_host);
        let file = descriptor.resource.host_fd().ok_or(Errno::Inval)?;
        Ok(rustix::fs::futimens(
            file,
            &Timestamps {
                last_access,
                last_modification,
            },
        )?)
    }
}

/// Checks that a range of a file ends before the largest offset a file can have.
fn check_range(offset: u64, len: u64) -> Result<(), Errno> {
    let end = offset
        .checked_add(len)
        .and_then(|end| i64::try_from(end).ok());
    end.map(drop).ok_or(Errno::Inval)
}
