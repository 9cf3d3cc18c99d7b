//! The small types of WASI: file types, flags, file attributes.

use rustix::fs::{FileType, OFlags, Stat};

use crate::errno::Errno;

/// The type of a file or descriptor (`filetype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Filetype {
    /// Anything WASI has no name for; a pipe, for one.
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    SocketDgram = 5,
    SocketStream = 6,
    SymbolicLink = 7,
}

impl From<FileType> for Filetype {
    fn from(host: FileType) -> Filetype {
        match host {
            FileType::RegularFile => Filetype::RegularFile,
            FileType::Directory => Filetype::Directory,
            FileType::Symlink => Filetype::SymbolicLink,
            FileType::CharacterDevice => Filetype::CharacterDevice,
            FileType::BlockDevice => Filetype::BlockDevice,
            FileType::Socket => Filetype::SocketStream,
            FileType::Fifo | FileType::Unknown => Filetype::Unknown,
        }
    }
}

/// Defines a set of flags that come from the guest as an integer, where an unknown bit is
/// [`Errno::Inval`].
macro_rules! flags {
    ($( $(#[$attr:meta])* $name:ident($repr:ty) { $( $flag:ident = $value:literal, )* } )*) => { $(
        $(#[$attr])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
        pub(crate) struct $name($repr);

        impl $name {
            $( pub(crate) const $flag: $name = $name($value); )*

            pub(crate) fn from_guest(bits: u32) -> Result<$name, Errno> {
                let known: $repr = 0 $( | $value )*;
                if bits & !u32::from(known) != 0 {
                    return Err(Errno::Inval);
                }
                // Within the known bits, so within the type.
                Ok($name(bits as $repr))
            }

            #[allow(dead_code, reason = "not every set of flags needs every operation")]
            pub(crate) fn bits(self) -> $repr {
                self.0
            }

            /// Whether any flag of `other` is set.
            pub(crate) fn has(self, other: $name) -> bool {
                self.0 & other.0 != 0
            }

            /// `self` with the flags of `other`, if `on`.
            #[allow(dead_code, reason = "not every set of flags needs every operation")]
            pub(crate) fn with(self, other: $name, on: bool) -> $name {
                if on { $name(self.0 | other.0) } else { self }
            }
        }
    )* };
}

flags! {
    /// Flags of an open descriptor (`fdflags`).
    FdFlags(u16) { APPEND = 1, DSYNC = 2, NONBLOCK = 4, RSYNC = 8, SYNC = 16, }
    /// How to open (`oflags`).
    OpenFlags(u16) { CREAT = 1, DIRECTORY = 2, EXCL = 4, TRUNC = 8, }
    /// Which timestamps to set (`fstflags`).
    FstFlags(u16) { ATIM = 1, ATIM_NOW = 2, MTIM = 4, MTIM_NOW = 8, }
    /// How to resolve a path (`lookupflags`).
    LookupFlags(u32) { SYMLINK_FOLLOW = 1, }
    /// How to read a timeout (`subclockflags`).
    ClockFlags(u16) { ABSTIME = 1, }
    /// How to receive (`riflags`).
    RecvFlags(u16) { PEEK = 1, WAITALL = 2, }
    /// Which directions to shut down (`sdflags`).
    ShutdownFlags(u8) { RD = 1, WR = 2, }
}

/// Linux's `O_DSYNC`, one of the two bits of `O_SYNC` (asm-generic/fcntl.h). `rustix` takes the
/// one name for the other.
const HOST_DSYNC: OFlags = OFlags::from_bits_retain(0o10000);

impl FdFlags {
    /// The flags that can be changed on an open descriptor.
    pub(crate) const CHANGEABLE: FdFlags = FdFlags(FdFlags::APPEND.0 | FdFlags::NONBLOCK.0);

    /// The flags in `host`. Linux keeps one bit pattern for `SYNC` and `RSYNC`; it is reported as `SYNC`.
    pub(crate) fn from_host(host: OFlags) -> FdFlags {
        let sync = host.contains(OFlags::SYNC);
        FdFlags::default()
            .with(FdFlags::APPEND, host.contains(OFlags::APPEND))
            .with(FdFlags::NONBLOCK, host.contains(OFlags::NONBLOCK))
            .with(FdFlags::SYNC, sync)
            .with(FdFlags::DSYNC, host.contains(HOST_DSYNC) && !sync)
    }

    /// The host's flags for opening a file with these.
    pub(crate) fn to_host(self) -> OFlags {
        let pairs = [
            (FdFlags::APPEND, OFlags::APPEND),
            (FdFlags::DSYNC, HOST_DSYNC),
            (FdFlags::NONBLOCK, OFlags::NONBLOCK),
            (FdFlags::RSYNC, OFlags::RSYNC),
            (FdFlags::SYNC, OFlags::SYNC),
        ];
        let set = pairs.iter().filter(|(guest, _)| self.has(*guest));
        set.fold(OFlags::empty(), |host, (_, flag)| host | *flag)
    }

    /// `self` without the flags of `other`.
    pub(crate) fn without(self, other: FdFlags) -> FdFlags {
        FdFlags(self.0 & !other.0)
    }
}

/// Attributes of a file (`filestat`); its layout in memory depends on the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filestat {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) filetype: Filetype,
    pub(crate) links: u64,
    pub(crate) size_bytes: u64,
    pub(crate) atim_ns: u64,
    pub(crate) mtim_ns: u64,
    pub(crate) ctim_ns: u64,
}

impl Filestat {
    /// Attributes of a stream that is no file of the host's.
    pub(crate) fn of_stream(filetype: Filetype, size_bytes: u64) -> Filestat {
        Filestat {
            device: 0,
            inode: 0,
            filetype,
            links: 1,
            size_bytes,
            atim_ns: 0,
            mtim_ns: 0,
            ctim_ns: 0,
        }
    }

    pub(crate) fn from_host(stat: &Stat) -> Filestat {
        Filestat {
            device: widen(stat.st_dev),
            inode: widen(stat.st_ino),
            filetype: FileType::from_raw_mode(stat.st_mode).into(),
            links: widen(stat.st_nlink),
            size_bytes: widen(stat.st_size),
            atim_ns: timestamp(stat.st_atime, stat.st_atime_nsec),
            mtim_ns: timestamp(stat.st_mtime, stat.st_mtime_nsec),
            ctim_ns: timestamp(stat.st_ctime, stat.st_ctime_nsec),
        }
    }
}

/// A field of the host's `stat`, whose width and sign differ between instruction sets.
fn widen(field: impl TryInto<u64>) -> u64 {
    field.try_into().unwrap_or(0)
}

/// A timestamp of WASI: nanoseconds since 1970, unsigned; what lies before is 1970, what lies
/// after 2554 is the end of the range.
pub(crate) fn timestamp(seconds: impl TryInto<u64>, nanoseconds: impl TryInto<u64>) -> u64 {
    widen(seconds)
        .saturating_mul(1_000_000_000)
        .saturating_add(widen(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_bits_are_refused() {
        assert_eq!(FdFlags::from_guest(31), Ok(FdFlags(31)));
        assert_eq!(FdFlags::from_guest(32), Err(Errno::Inval));
        assert_eq!(FdFlags::from_guest(0x1_0000), Err(Errno::Inval));
        assert_eq!(ShutdownFlags::from_guest(4), Err(Errno::Inval));
    }

    #[test]
    fn flags_come_back_from_the_host() {
        for bits in [0, 1, 2, 4, 5, 16, 21] {
            let flags = FdFlags(bits);
            assert_eq!(FdFlags::from_host(flags.to_host()), flags);
        }
    }

    #[test]
    fn timestamps_saturate() {
        assert_eq!(timestamp(1_i64, 5), 1_000_000_005);
        assert_eq!(timestamp(-1_i64, 0), 0);
        assert_eq!(timestamp(i64::MAX, 0), u64::MAX);
    }
}
