//! Descriptors as such: `fd_close`, `fd_renumber`, `fd_fdstat_*`, `fd_prestat_*`, `fd_readdir`.

use crate::ctx::WasiCtx;
use crate::descriptor::Resource;
use crate::errno::Errno;
use crate::memory::GuestMemory;
use crate::rights::Rights;
use crate::types::FdFlags;

impl WasiCtx {
    /// Closes a descriptor.
    ///
    /// # Errors
    ///
    /// [`Errno::Badf`] if it is not open.
    pub fn fd_close(&mut self, _mem: &mut GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
        self.table.remove(fd).map(drop)
    }

    /// Gives the descriptor `from` the number `to`, which is closed for that.
    ///
    /// # Errors
    ///
    /// [`Errno::Badf`] if one of them is not open.
    pub fn fd_renumber(
        &mut self,
        _mem: &mut GuestMemory<'_>,
        from: u32,
        to: u32,
    ) -> Result<(), Errno> {
        self.table.renumber(from, to)
    }

    /// Writes the type, the flags and the rights of a descriptor.
    ///
    /// ```text
    /// fdstat   0  u8  file type     2  u16  flags     8  u64  base     16  u64  inheriting
    /// ```
    ///
    /// # Errors
    ///
    /// [`Errno::Badf`], [`Errno::Fault`].
    pub fn fd_fdstat_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        stat: u32,
    ) -> Result<(), Errno> {
        let descriptor = self.table.get(fd)?;
        let mut bytes = [0; 24];
        bytes[0] = descriptor.resource.filetype() as u8;
        bytes[2..4].copy_from_slice(&descriptor.resource.flags()?.bits().to_le_bytes());
        bytes[8..16].copy_from_slice(&descriptor.base.bits().to_le_bytes());
        bytes[16..24].copy_from_slice(&descriptor.inheriting.bits().to_le_bytes());
        mem.write(stat, &bytes)
    }

    /// Sets the flags of a descriptor. Only `append` and `nonblock` can change after opening.
    ///
    /// # Errors
    ///
    /// [`Errno::Inval`] for unknown flags and those that cannot change, [`Errno::Badf`],
    /// [`Errno::Notcapable`], and [`Errno::Notsup`] for `append` on a stream shared with the host.
    pub fn fd_fdstat_set_flags(
        &mut self,
        _mem: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
    ) -> Result<(), Errno> {
        let descriptor = self.table.get_mut(fd)?;
        let flags = FdFlags::from_guest(flags)?;
        descriptor.check(Rights::FD_FDSTAT_SET_FLAGS)?;
        match &mut descriptor.resource {
            Resource::File(file) => file.set_flags(flags),
            Resource::Directory(directory) => {
                directory.flags = flags;
                Ok(())
            }
            // They never wait and always append.
            Resource::Null | Resource::Input { .. } | Resource::Output(_) => Ok(()),
        }
    }

    /// Takes rights away from a descriptor: afterwards it has these, all of which it had before.
    ///
    /// # Errors
    ///
    /// [`Errno::Notcapable`] if it did not have one of them, [`Errno::Badf`].
    pub fn fd_fdstat_set_rights(
        &mut self,
        _mem: &mut GuestMemory<'_>,
        fd: u32,
        base: u64,
        inheriting: u64,
    ) -> Result<(), Errno> {
        let descriptor = self.table.get_mut(fd)?;
        let (base, inheriting) = (Rights::from_bits(base), Rights::from_bits(inheriting));
        if !descriptor.base.contains(base) || !descriptor.inheriting.contains(inheriting) {
            return Err(Errno::Notcapable);
        }
        (descriptor.base, descriptor.inheriting) = (base, inheriting);
        Ok(())
    }

    /// Writes what a preopened descriptor is: a directory (tag 0), and how long its name is.
    ///
    /// # Errors
    ///
    /// [`Errno::Badf`] for every descriptor that is no preopened directory (this is where a guest
    /// stops looking for more), [`Errno::Fault`].
    pub fn fd_prestat_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        prestat: u32,
    ) -> Result<(), Errno> {
        let length = u32::try_from(self.preopened_name(fd)?.len()).map_err(|_| Errno::Overflow)?;
        mem.write_u64(prestat, u64::from(length) << 32)
    }

    /// Writes the name of a preopened directory, without a NUL.
    ///
    /// # Errors
    ///
    /// [`Errno::Nametoolong`] if it has more than `path_len` bytes, [`Errno::Badf`],
    /// [`Errno::Fault`].
    pub fn fd_prestat_dir_name(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let name = self.preopened_name(fd)?;
        if name.len() as u64 > u64::from(path_len) {
            return Err(Errno::Nametoolong);
        }
        mem.write(path, name.as_bytes())
    }

    /// Writes entries of a directory to `buf`, from the position `cookie` on (0 is the start), the
    /// last one cut off where the buffer ends.
    ///
    /// # Errors
    ///
    /// [`Errno::Notdir`], [`Errno::Badf`], [`Errno::Notcapable`], [`Errno::Inval`] for a cookie
    /// that cannot be one, [`Errno::Fault`], and what the host reports.
    pub fn fd_readdir(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        buf: u32,
        buf_len: u32,
        cookie: u64,
        bufused: u32,
    ) -> Result<(), Errno> {
        mem.check(bufused, 4)?;
        let buffer = mem.bytes_mut(buf, buf_len)?;
        let descriptor = self.table.get_mut(fd)?;
        let allowed = descriptor.check(Rights::FD_READDIR);
        let Resource::Directory(directory) = &mut descriptor.resource else {
            return Err(Errno::Notdir);
        };
        allowed?;
        let used = directory.read_entries(buffer, cookie)?;
        // Not above `buf_len`.
        mem.write_u32(bufused, used as u32)
    }

    fn preopened_name(&self, fd: u32) -> Result<&str, Errno> {
        match &self.table.get(fd)?.resource {
            Resource::Directory(directory) => directory.preopened_as.as_deref().ok_or(Errno::Badf),
            _ => Err(Errno::Badf),
        }
    }
}
