//! Sockets: `sock_accept`, `sock_recv`, `sock_send`, `sock_shutdown`.

use rustix::io::retry_on_intr;
use rustix::net::{Shutdown, SocketFlags};

use crate::ctx::WasiCtx;
use crate::descriptor::{Descriptor, Resource};
use crate::errno::Errno;
use crate::host_file::HostFile;
use crate::memory::GuestMemory;
use crate::rights::Rights;
use crate::types::{FdFlags, RecvFlags, ShutdownFlags};

/// `roflags`: the message was longer than the buffers.
const RECV_DATA_TRUNCATED: u16 = 1;

impl WasiCtx {
    /// Accepts a connection of the listening socket `fd`, and writes its descriptor. `flags` may
    /// hold `nonblock`, for the connection.
    ///
    /// # Errors
    ///
    /// [`Errno::Notsock`], [`Errno::Badf`], [`Errno::Notcapable`], [`Errno::Inval`] for other
    /// flags or a socket that does not listen, [`Errno::Again`] if `fd` is in non-blocking mode
    /// and nobody waits, [`Errno::Fault`], and what the host reports.
    pub fn sock_accept(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
        opened_fd: u32,
    ) -> Result<(), Errno> {
        mem.check(opened_fd, 4)?;
        let listener = self.table.socket(fd, Rights::SOCK_ACCEPT)?;
        let flags = FdFlags::from_guest(flags)?;
        if flags.without(FdFlags::NONBLOCK) != FdFlags::default() {
            return Err(Errno::Inval);
        }
        let mut host_flags = SocketFlags::CLOEXEC;
        host_flags.set(SocketFlags::NONBLOCK, flags.has(FdFlags::NONBLOCK));
        let accepted = retry_on_intr(|| rustix::net::accept_with(listener, host_flags))?;
        let mut descriptor = Descriptor::new(Resource::File(HostFile::new(accepted)?));
        descriptor.base = descriptor.base & self.table.get(fd)?.inheriting;
        let opened = self.table.insert(descriptor)?;
        mem.write_u32(opened_fd, opened)
    }

    /// Receives a message into a list of buffers, and writes its length and whether it was cut
    /// off. `ri_flags` may hold `peek` and `waitall`.
    ///
    /// # Errors
    ///
    /// [`Errno::Notsock`], [`Errno::Badf`], [`Errno::Notcapable`], [`Errno::Inval`] for unknown
    /// flags, [`Errno::Again`], [`Errno::Fault`], and what the host reports.
    #[allow(
        clippy::too_many_arguments,
        reason = "these are the parameters of the interface"
    )]
    pub fn sock_recv(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        ri_flags: u32,
        datalen: u32,
        ro_flags: u32,
    ) -> Result<(), Errno> {
        let iovecs = mem.iovecs(iovs, iovs_len)?;
        mem.check(datalen, 4)?;
        mem.check(ro_flags, 2)?;
        let socket = self.table.socket(fd, Rights::FD_READ)?;
        let flags = RecvFlags::from_guest(ri_flags)?;
        let mut host_flags = rustix::net::RecvFlags::empty();
        host_flags.set(rustix::net::RecvFlags::PEEK, flags.has(RecvFlags::PEEK));
        host_flags.set(
            rustix::net::RecvFlags::WAITALL,
            flags.has(RecvFlags::WAITALL),
        );
        let mut truncated = false;
        let received = mem.scatter(&iovecs, |buffers| {
            let (received, cut_off) = socket.receive(buffers, host_flags)?;
            truncated = cut_off;
            Ok(received)
        })?;
        mem.write_u32(datalen, received as u32)?;
        mem.write_u16(ro_flags, if truncated { RECV_DATA_TRUNCATED } else { 0 })
    }

    /// Sends a list of buffers as one message, and writes how much of it was sent. There are no
    /// flags: `si_flags` must be 0.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::sock_recv`]; [`Errno::Pipe`] if the other end is gone.
    pub fn sock_send(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        si_flags: u32,
        datalen: u32,
    ) -> Result<(), Errno> {
        let iovecs = mem.iovecs(iovs, iovs_len)?;
        mem.check(datalen, 4)?;
        let socket = self.table.socket(fd, Rights::FD_WRITE)?;
        if si_flags != 0 {
            return Err(Errno::Inval);
        }
        let sent = socket.send(&mem.gather(&iovecs)?)?;
        mem.write_u32(datalen, sent as u32)
    }

    /// Shuts down one direction of a connection, or both.
    ///
    /// # Errors
    ///
    /// [`Errno::Notsock`], [`Errno::Badf`], [`Errno::Notcapable`], [`Errno::Inval`] for no or
    /// unknown directions, [`Errno::Notconn`].
    pub fn sock_shutdown(
        &mut self,
        _mem: &mut GuestMemory<'_>,
        fd: u32,
        how: u32,
    ) -> Result<(), Errno> {
        let socket = self.table.socket(fd, Rights::SOCK_SHUTDOWN)?;
        let how = ShutdownFlags::from_guest(how)?;
        let how = match (how.has(ShutdownFlags::RD), how.has(ShutdownFlags::WR)) {
            (true, true) => Shutdown::Both,
            (true, false) => Shutdown::Read,
            (false, true) => Shutdown::Write,
            (false, false) => return Err(Errno::Inval),
        };
        Ok(rustix::net::shutdown(socket, how)?)
    }
}
