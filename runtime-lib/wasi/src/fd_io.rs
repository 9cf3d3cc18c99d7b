//! Reading, writing and the position: `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`, `fd_seek`,
//! `fd_tell`.

use std::io::{IoSlice, IoSliceMut};

use rustix::fs::SeekFrom;
use rustix::io::retry_on_intr;

use crate::ctx::WasiCtx;
use crate::descriptor::Resource;
use crate::errno::Errno;
use crate::memory::GuestMemory;
use crate::rights::Rights;
use crate::snapshot::Whence;

impl Resource {
    fn read(&mut self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize, Errno> {
        match self {
            Resource::File(file) => file.read(buffers),
            Resource::Directory(_) => Err(Errno::Isdir),
            Resource::Null => Ok(0),
            Resource::Input { bytes, position } => {
                let mut rest = &bytes[*position..];
                for buffer in buffers {
                    let (part, tail) = rest.split_at(buffer.len().min(rest.len()));
                    buffer[..part.len()].copy_from_slice(part);
                    rest = tail;
                }
                let before = *position;
                *position = bytes.len() - rest.len();
                Ok(*position - before)
            }
            Resource::Output(_) => Err(Errno::Badf),
        }
    }

    fn write(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let total = buffers.iter().map(|buffer| buffer.len()).sum();
        match self {
            Resource::File(file) => file.write(buffers),
            Resource::Null => Ok(total),
            Resource::Output(capture) => {
                capture.with(|bytes| {
                    buffers
                        .iter()
                        .for_each(|buffer| bytes.extend_from_slice(buffer))
                });
                Ok(total)
            }
            Resource::Directory(_) | Resource::Input { .. } => Err(Errno::Badf),
        }
    }
}

impl WasiCtx {
    /// Reads into a list of buffers at the descriptor's position, and moves that.
    ///
    /// # Errors
    ///
    /// [`Errno::Badf`], [`Errno::Isdir`], [`Errno::Notcapable`], [`Errno::Again`] in non-blocking
    /// mode, [`Errno::Inval`] for buffers of 4 GiB together, [`Errno::Fault`], and what the host
    /// reports.
    pub fn fd_read(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nread: u32,
    ) -> Result<(), Errno> {
        let iovecs = mem.iovecs(iovs, iovs_len)?;
        mem.check(nread, 4)?;
        let descriptor = self.table.get_mut(fd)?;
        if let Resource::Directory(_) = descriptor.resource {
            return Err(Errno::Isdir);
        }
        descriptor.check(Rights::FD_READ)?;
        let done = mem.scatter(&iovecs, |buffers| descriptor.resource.read(buffers))?;
        // Not above the buffers' length together, which is a `u32`.
        mem.write_u32(nread, done as u32)
    }

    /// Writes a list of buffers at the descriptor's position (in `append` mode, at the end), and
    /// moves that. Nothing is kept back.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::fd_read`]; [`Errno::Pipe`] if nobody reads any more.
    pub fn fd_write(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nwritten: u32,
    ) -> Result<(), Errno> {
        let iovecs = mem.iovecs(iovs, iovs_len)?;
        mem.check(nwritten, 4)?;
        let descriptor = self.table.get_mut(fd)?;
        if let Resource::Directory(_) = descriptor.resource {
            return Err(Errno::Badf);
        }
        descriptor.check(Rights::FD_WRITE)?;
        let done = descriptor.resource.write(&mem.gather(&iovecs)?)?;
        mem.write_u32(nwritten, done as u32)
    }

    /// Reads at `offset` and leaves the descriptor's position alone.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::fd_read`]; [`Errno::Spipe`] for what has no position.
    pub fn fd_pread(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nread: u32,
    ) -> Result<(), Errno> {
        let iovecs = mem.iovecs(iovs, iovs_len)?;
        mem.check(nread, 4)?;
        let file = match &self.table.get(fd)?.resource {
            Resource::Directory(_) => return Err(Errno::Isdir),
            _ => self
                .table
                .positioned(fd, Rights::FD_READ | Rights::FD_SEEK)?,
        };
        let done = mem.scatter(&iovecs, |buffers| {
            Ok(retry_on_intr(|| rustix::io::preadv(file, buffers, offset))?)
        })?;
        mem.write_u32(nread, done as u32)
    }

    /// Writes at `offset` and leaves the descriptor's position alone.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::fd_write`]; [`Errno::Spipe`] for what has no position.
    pub fn fd_pwrite(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nwritten: u32,
    ) -> Result<(), Errno> {
        let iovecs = mem.iovecs(iovs, iovs_len)?;
        mem.check(nwritten, 4)?;
        let file = self
            .table
            .positioned(fd, Rights::FD_WRITE | Rights::FD_SEEK)?;
        let buffers = mem.gather(&iovecs)?;
        let done = retry_on_intr(|| rustix::io::pwritev(file, &buffers, offset))?;
        mem.write_u32(nwritten, done as u32)
    }

    /// Moves the position by `offset` (signed) from `whence`, and writes the new one.
    ///
    /// # Errors
    ///
    /// [`Errno::Inval`] for an unknown `whence` and a position before the start, [`Errno::Spipe`]
    /// for what has no position, [`Errno::Badf`] (directories too), [`Errno::Notcapable`],
    /// [`Errno::Fault`].
    pub fn fd_seek(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        offset: u64,
        whence: u32,
        newoffset: u32,
    ) -> Result<(), Errno> {
        mem.check(newoffset, 8)?;
        let offset = offset as i64;
        let whence = mem.snapshot().whence(whence)?;
        if offset == 0 && whence == Whence::Current {
            return self.fd_tell(mem, fd, newoffset);
        }
        let target = match whence {
            Whence::Start => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
            Whence::Current => SeekFrom::Current(offset),
            Whence::End => SeekFrom::End(offset),
        };
        let position = match self.table.get(fd)?.resource {
            Resource::Null => {
                self.table.with_rights(fd, Rights::FD_SEEK)?;
                0
            }
            _ => rustix::fs::seek(self.table.positioned(fd, Rights::FD_SEEK)?, target)?,
        };
        mem.write_u64(newoffset, position)
    }

    /// Writes the descriptor's position.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::fd_seek`].
    pub fn fd_tell(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        offset: u32,
    ) -> Result<(), Errno> {
        mem.check(offset, 8)?;
        let descriptor = self.table.get(fd)?;
        // The right to move includes the right to know.
        let needed = if descriptor.base.contains(Rights::FD_SEEK) {
            Rights::FD_SEEK
        } else {
            Rights::FD_TELL
        };
        let position = match descriptor.resource {
            Resource::Null => {
                descriptor.check(needed)?;
                0
            }
            _ => rustix::fs::tell(self.table.positioned(fd, needed)?)?,
        };
        mem.write_u64(offset, position)
    }
}
