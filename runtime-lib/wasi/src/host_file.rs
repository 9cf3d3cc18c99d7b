//! An open file of the host's that a guest holds: regular file, pipe, terminal, device, socket.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{FileType, OFlags};
use rustix::io::retry_on_intr;
use rustix::net::{RecvAncillaryBuffer, SendAncillaryBuffer, SendFlags, SocketType};

use crate::errno::Errno;
use crate::rights::Rights;
use crate::types::{FdFlags, Filestat, Filetype};

/// What a pipe can take at once when it is reported writable (POSIX's `PIPE_BUF` on Linux).
const PIPE_BUF_BYTES: usize = 4096;

/// An open file of the host's.
#[derive(Debug)]
pub(crate) struct HostFile {
    fd: OwnedFd,
    filetype: Filetype,
    /// Whether other processes use the same open file, as with inherited standard streams. Its
    /// flags are theirs too, so a wish for non-blocking mode is only remembered here.
    shared: bool,
    shared_nonblock: bool,
}

impl HostFile {
    /// Takes over `fd`.
    pub(crate) fn new(fd: OwnedFd) -> Result<HostFile, Errno> {
        let mut filetype = Filetype::from(FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode));
        if filetype == Filetype::SocketStream
            && rustix::net::sockopt::socket_type(&fd)? == SocketType::DGRAM
        {
            filetype = Filetype::SocketDgram;
        }
        Ok(HostFile {
            fd,
            filetype,
            shared: false,
            shared_nonblock: false,
        })
    }

    /// Another handle on an open file that stays in use elsewhere.
    pub(crate) fn shared(fd: BorrowedFd<'_>) -> Result<HostFile, Errno> {
        let mut file = HostFile::new(rustix::io::fcntl_dupfd_cloexec(fd, 3)?)?;
        file.shared = true;
        Ok(file)
    }

    pub(crate) fn filetype(&self) -> Filetype {
        self.filetype
    }

    pub(crate) fn is_socket(&self) -> bool {
        matches!(
            self.filetype,
            Filetype::SocketStream | Filetype::SocketDgram
        )
    }

    /// Whether reads and writes never wait and have a position.
    pub(crate) fn is_regular(&self) -> bool {
        self.filetype == Filetype::RegularFile
    }

    /// The rights that make sense on this file, whatever it was opened for.
    pub(crate) fn applicable_rights(&self) -> Rights {
        match self.filetype {
            Filetype::RegularFile | Filetype::BlockDevice => Rights::FILE,
            // A guest takes a character device without a position for a terminal, and only that.
            Filetype::CharacterDevice if !rustix::termios::isatty(&self.fd) => Rights::FILE,
            _ if self.is_socket() => {
                let listens = rustix::net::sockopt::socket_acceptconn(&self.fd).unwrap_or(false);
                if listens {
                    Rights::LISTENER
                } else {
                    Rights::CONNECTION
                }
            }
            _ => Rights::STREAM,
        }
    }

    pub(crate) fn stat(&self) -> Result<Filestat, Errno> {
        let mut stat = Filestat::from_host(&rustix::fs::fstat(&self.fd)?);
        stat.filetype = self.filetype;
        Ok(stat)
    }

    pub(crate) fn flags(&self) -> Result<FdFlags, Errno> {
        let flags = FdFlags::from_host(rustix::fs::fcntl_getfl(&self.fd)?);
        Ok(flags.with(FdFlags::NONBLOCK, self.shared_nonblock))
    }

    /// Changes the flags that can be changed; the others must stay as they are.
    pub(crate) fn set_flags(&mut self, flags: FdFlags) -> Result<(), Errno> {
        let current = self.flags()?;
        if flags.without(FdFlags::CHANGEABLE) != current.without(FdFlags::CHANGEABLE) {
            return Err(Errno::Inval);
        }
        if self.shared {
            if flags.has(FdFlags::APPEND) != current.has(FdFlags::APPEND) {
                return Err(Errno::Notsup);
            }
            self.shared_nonblock = flags.has(FdFlags::NONBLOCK);
            return Ok(());
        }
        let kept = rustix::fs::fcntl_getfl(&self.fd)? - (OFlags::APPEND | OFlags::NONBLOCK);
        Ok(rustix::fs::fcntl_setfl(&self.fd, kept | flags.to_host())?)
    }

    pub(crate) fn read(&self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize, Errno> {
        self.check_ready(PollFlags::IN)?;
        Ok(retry_on_intr(|| rustix::io::readv(&self.fd, buffers))?)
    }

    pub(crate) fn write(&self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        if self.is_socket() {
            return self.send(buffers);
        }
        if self.shared_nonblock && !self.is_regular() {
            self.check_ready(PollFlags::OUT)?;
            // The file itself may be in blocking mode: write no more than it surely takes.
            let first = buffers.iter().find(|buffer| !buffer.is_empty());
            let part = first.map_or(&[][..], |buffer| {
                &buffer[..buffer.len().min(PIPE_BUF_BYTES)]
            });
            return Ok(retry_on_intr(|| rustix::io::write(&self.fd, part))?);
        }
        Ok(retry_on_intr(|| rustix::io::writev(&self.fd, buffers))?)
    }

    /// Writes to a socket. A peer that is gone is an error, never a signal for the host.
    pub(crate) fn send(&self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let mut control = SendAncillaryBuffer::default();
        let flags = SendFlags::NOSIGNAL;
        Ok(retry_on_intr(|| {
            rustix::net::sendmsg(&self.fd, buffers, &mut control, flags)
        })?)
    }

    /// Reads from a socket; also tells whether a message was longer than the buffers.
    pub(crate) fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        flags: rustix::net::RecvFlags,
    ) -> Result<(usize, bool), Errno> {
        // Descriptors sent along are not taken: there is no room for any.
        let mut control = RecvAncillaryBuffer::default();
        let flags = flags | rustix::net::RecvFlags::CMSG_CLOEXEC;
        let message =
            retry_on_intr(|| rustix::net::recvmsg(&self.fd, buffers, &mut control, flags))?;
        Ok((
            message.bytes,
            message.flags.contains(rustix::net::ReturnFlags::TRUNC),
        ))
    }

    /// In remembered non-blocking mode, whether the file is ready now.
    fn check_ready(&self, wanted: PollFlags) -> Result<(), Errno> {
        if !self.shared_nonblock {
            return Ok(());
        }
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let mut polled = [PollFd::new(&self.fd, wanted)];
        let ready = retry_on_intr(|| rustix::event::poll(&mut polled, Some(&now)))?;
        if ready == 0 {
            Err(Errno::Again)
        } else {
            Ok(())
        }
    }
}

impl AsFd for HostFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
