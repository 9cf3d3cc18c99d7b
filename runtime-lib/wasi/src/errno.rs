//! Error numbers of WASI, the same in both snapshots.

use std::fmt;
use std::io;

use rustix::io::Errno as HostErrno;

/// Defines [`Errno`] from one table: variant, number, message, and the host's error of the same
/// meaning (`_` where the host has none).
macro_rules! errnos {
    (@host _, $host:expr, $variant:ident) => {};
    ($( #[doc = $doc:literal] $variant:ident = $code:literal, $message:literal, $host:tt; )*) => {
        /// The result of a WASI call, as the guest receives it (WASI preview 1, `errno`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Errno {
            $( #[doc = $doc] $variant = $code, )*
        }

        impl Errno {
            /// Every error number, in the order of their codes.
            pub const ALL: &'static [Errno] = &[$( Errno::$variant, )*];

            fn message(self) -> &'static str {
                match self {
                    $( Errno::$variant => $message, )*
                }
            }
        }

        /// The pairs that exist on both sides.
        const HOST: &[(Option<HostErrno>, Errno)] = &[$( (errnos!(@pair $host), Errno::$variant), )*];
    };
    (@pair _) => { None };
    (@pair $host:ident) => { Some(HostErrno::$host) };
}

errnos! {
    /// No error.
    Success = 0, "no error", _;
    /// Argument list too long.
    TooBig = 1, "argument list too long", TOOBIG;
    /// Permission denied.
    Acces = 2, "permission denied", ACCESS;
    /// Address in use.
    Addrinuse = 3, "address in use", ADDRINUSE;
    /// Address not available.
    Addrnotavail = 4, "address not available", ADDRNOTAVAIL;
    /// Address family not supported.
    Afnosupport = 5, "address family not supported", AFNOSUPPORT;
    /// Resource unavailable, or the operation would block.
    Again = 6, "resource unavailable, or the operation would block", AGAIN;
    /// Connection already in progress.
    Already = 7, "connection already in progress", ALREADY;
    /// Bad file descriptor.
    Badf = 8, "bad file descriptor", BADF;
    /// Bad message.
    Badmsg = 9, "bad message", BADMSG;
    /// Device or resource busy.
    Busy = 10, "device or resource busy", BUSY;
    /// Operation cancelled.
    Canceled = 11, "operation cancelled", CANCELED;
    /// No child processes.
    Child = 12, "no child processes", CHILD;
    /// Connection aborted.
    Connaborted = 13, "connection aborted", CONNABORTED;
    /// Connection refused.
    Connrefused = 14, "connection refused", CONNREFUSED;
    /// Connection reset.
    Connreset = 15, "connection reset", CONNRESET;
    /// Resource deadlock would occur.
    Deadlk = 16, "resource deadlock would occur", DEADLK;
    /// Destination address required.
    Destaddrreq = 17, "destination address required", DESTADDRREQ;
    /// Argument out of the domain of the function.
    Dom = 18, "argument out of the domain of the function", DOM;
    /// Disk quota exceeded.
    Dquot = 19, "disk quota exceeded", DQUOT;
    /// File exists.
    Exist = 20, "file exists", EXIST;
    /// Bad address.
    Fault = 21, "bad address", FAULT;
    /// File too large.
    Fbig = 22, "file too large", FBIG;
    /// Host unreachable.
    Hostunreach = 23, "host unreachable", HOSTUNREACH;
    /// Identifier removed.
    Idrm = 24, "identifier removed", IDRM;
    /// Illegal byte sequence.
    Ilseq = 25, "illegal byte sequence", ILSEQ;
    /// Operation in progress.
    Inprogress = 26, "operation in progress", INPROGRESS;
    /// Interrupted.
    Intr = 27, "interrupted", INTR;
    /// Invalid argument.
    Inval = 28, "invalid argument", INVAL;
    /// Input/output error.
    Io = 29, "input/output error", IO;
    /// Socket is connected.
    Isconn = 30, "socket is connected", ISCONN;
    /// Is a directory.
    Isdir = 31, "is a directory", ISDIR;
    /// Too many levels of symbolic links.
    Loop = 32, "too many levels of symbolic links", LOOP;
    /// Too many open descriptors.
    Mfile = 33, "too many open descriptors", MFILE;
    /// Too many links.
    Mlink = 34, "too many links", MLINK;
    /// Message too large.
    Msgsize = 35, "message too large", MSGSIZE;
    /// Multihop attempted.
    Multihop = 36, "multihop attempted", MULTIHOP;
    /// Name too long.
    Nametoolong = 37, "name too long", NAMETOOLONG;
    /// Network is down.
    Netdown = 38, "network is down", NETDOWN;
    /// Connection aborted by the network.
    Netreset = 39, "connection aborted by the network", NETRESET;
    /// Network unreachable.
    Netunreach = 40, "network unreachable", NETUNREACH;
    /// Too many files open in the system.
    Nfile = 41, "too many files open in the system", NFILE;
    /// No buffer space available.
    Nobufs = 42, "no buffer space available", NOBUFS;
    /// No such device.
    Nodev = 43, "no such device", NODEV;
    /// No such file or directory.
    Noent = 44, "no such file or directory", NOENT;
    /// Executable format error.
    Noexec = 45, "executable format error", NOEXEC;
    /// No locks available.
    Nolck = 46, "no locks available", NOLCK;
    /// Link has been severed.
    Nolink = 47, "link has been severed", NOLINK;
    /// Not enough memory.
    Nomem = 48, "not enough memory", NOMEM;
    /// No message of the desired type.
    Nomsg = 49, "no message of the desired type", NOMSG;
    /// Protocol option not available.
    Noprotoopt = 50, "protocol option not available", NOPROTOOPT;
    /// No space left on the device.
    Nospc = 51, "no space left on the device", NOSPC;
    /// Function not supported.
    Nosys = 52, "function not supported", NOSYS;
    /// Socket is not connected.
    Notconn = 53, "socket is not connected", NOTCONN;
    /// Not a directory.
    Notdir = 54, "not a directory", NOTDIR;
    /// Directory not empty.
    Notempty = 55, "directory not empty", NOTEMPTY;
    /// State not recoverable.
    Notrecoverable = 56, "state not recoverable", NOTRECOVERABLE;
    /// Not a socket.
    Notsock = 57, "not a socket", NOTSOCK;
    /// Not supported.
    Notsup = 58, "not supported", NOTSUP;
    /// Inappropriate I/O control operation.
    Notty = 59, "inappropriate I/O control operation", NOTTY;
    /// No such device or address.
    Nxio = 60, "no such device or address", NXIO;
    /// Value too large.
    Overflow = 61, "value too large", OVERFLOW;
    /// Previous owner died.
    Ownerdead = 62, "previous owner died", OWNERDEAD;
    /// Operation not permitted.
    Perm = 63, "operation not permitted", PERM;
    /// Broken pipe.
    Pipe = 64, "broken pipe", PIPE;
    /// Protocol error.
    Proto = 65, "protocol error", PROTO;
    /// Protocol not supported.
    Protonosupport = 66, "protocol not supported", PROTONOSUPPORT;
    /// Wrong protocol type for the socket.
    Prototype = 67, "wrong protocol type for the socket", PROTOTYPE;
    /// Result too large.
    Range = 68, "result too large", RANGE;
    /// Read-only file system.
    Rofs = 69, "read-only file system", ROFS;
    /// Invalid seek.
    Spipe = 70, "invalid seek", SPIPE;
    /// No such process.
    Srch = 71, "no such process", SRCH;
    /// Stale file handle.
    Stale = 72, "stale file handle", STALE;
    /// Timed out.
    Timedout = 73, "timed out", TIMEDOUT;
    /// Text file busy.
    Txtbsy = 74, "text file busy", TXTBSY;
    /// Cross-device link.
    Xdev = 75, "cross-device link", XDEV;
    /// Capabilities insufficient.
    Notcapable = 76, "capabilities insufficient", _;
}

impl Errno {
    /// The number the guest sees.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The error number of `code`, if there is one.
    pub fn from_code(code: u16) -> Option<Errno> {
        Errno::ALL.get(usize::from(code)).copied()
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Errno {}

impl From<HostErrno> for Errno {
    fn from(host: HostErrno) -> Errno {
        // EOPNOTSUPP and ENOTSUP are one number on Linux, but not everywhere.
        if host == HostErrno::OPNOTSUPP {
            return Errno::Notsup;
        }
        let found = HOST.iter().find(|(known, _)| *known == Some(host));
        // A number WASI has no name for (a driver's own, say) is an I/O error to the guest.
        found.map_or(Errno::Io, |(_, errno)| *errno)
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Errno {
        if let Some(host) = HostErrno::from_io_error(&error) {
            return host.into();
        }
        // Errors without a number are made by the sandbox or the standard library. The sandbox
        // refuses to leave a directory with `PermissionDenied`.
        match error.kind() {
            io::ErrorKind::PermissionDenied => Errno::Perm,
            io::ErrorKind::NotFound => Errno::Noent,
            io::ErrorKind::AlreadyExists => Errno::Exist,
            io::ErrorKind::InvalidInput => Errno::Inval,
            io::ErrorKind::NotADirectory => Errno::Notdir,
            io::ErrorKind::IsADirectory => Errno::Isdir,
            io::ErrorKind::Unsupported => Errno::Notsup,
            _ => Errno::Io,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_dense_and_round_trip() {
        assert_eq!(Errno::ALL.len(), 77);
        for (index, errno) in Errno::ALL.iter().enumerate() {
            assert_eq!(usize::from(errno.code()), index);
            assert_eq!(Errno::from_code(errno.code()), Some(*errno));
        }
        assert_eq!(Errno::from_code(77), None);
    }

    #[test]
    fn host_errors_keep_their_meaning() {
        assert_eq!(Errno::from(HostErrno::NOENT), Errno::Noent);
        assert_eq!(Errno::from(HostErrno::OPNOTSUPP), Errno::Notsup);
        assert_eq!(Errno::from(HostErrno::TOOBIG), Errno::TooBig);
        assert_eq!(Errno::from(io::Error::from_raw_os_error(40)), Errno::Loop);
        assert_eq!(Errno::from(io::Error::other("unknown")), Errno::Io);
    }
}
