//! Rights of descriptors: what may be done with one, and with those made from it.

use std::fmt;
use std::ops::{BitAnd, BitOr};

/// A set of rights (WASI preview 1, `rights`).
///
/// A descriptor carries two: its *base* rights say what may be done with it, its *inheriting*
/// rights bound both sets of the descriptors made through it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u64);

macro_rules! rights {
    ($( $name:ident = $bit:literal, $doc:literal; )*) => {
        impl Rights {
            $( #[doc = concat!("The right to ", $doc, ".")] pub const $name: Rights = Rights(1 << $bit); )*

            /// Every right there is.
            pub const ALL: Rights = Rights(0 $( | 1 << $bit )*);
        }

        const NAMES: &[(Rights, &str)] = &[$( (Rights::$name, stringify!($name)), )*];
    };
}

rights! {
    FD_DATASYNC = 0, "call `fd_datasync`, and to open files with `dsync`";
    FD_READ = 1, "call `fd_read` and `sock_recv`, and with `FD_SEEK` `fd_pread`";
    FD_SEEK = 2, "call `fd_seek`; it implies `FD_TELL`";
    FD_FDSTAT_SET_FLAGS = 3, "call `fd_fdstat_set_flags`";
    FD_SYNC = 4, "call `fd_sync`, and to open files with `sync` and `rsync`";
    FD_TELL = 5, "call `fd_tell`, and `fd_seek` where it does not move";
    FD_WRITE = 6, "call `fd_write` and `sock_send`, and with `FD_SEEK` `fd_pwrite`";
    FD_ADVISE = 7, "call `fd_advise`";
    FD_ALLOCATE = 8, "call `fd_allocate`";
    PATH_CREATE_DIRECTORY = 9, "call `path_create_directory`";
    PATH_CREATE_FILE = 10, "call `path_open` with `creat`";
    PATH_LINK_SOURCE = 11, "call `path_link` with this as the source directory";
    PATH_LINK_TARGET = 12, "call `path_link` with this as the target directory";
    PATH_OPEN = 13, "call `path_open`";
    FD_READDIR = 14, "call `fd_readdir`";
    PATH_READLINK = 15, "call `path_readlink`";
    PATH_RENAME_SOURCE = 16, "call `path_rename` with this as the source directory";
    PATH_RENAME_TARGET = 17, "call `path_rename` with this as the target directory";
    PATH_FILESTAT_GET = 18, "call `path_filestat_get`";
    PATH_FILESTAT_SET_SIZE = 19, "change a file's size by `path_open` with `trunc`";
    PATH_FILESTAT_SET_TIMES = 20, "call `path_filestat_set_times`";
    FD_FILESTAT_GET = 21, "call `fd_filestat_get`";
    FD_FILESTAT_SET_SIZE = 22, "call `fd_filestat_set_size`";
    FD_FILESTAT_SET_TIMES = 23, "call `fd_filestat_set_times`";
    PATH_SYMLINK = 24, "call `path_symlink`";
    PATH_REMOVE_DIRECTORY = 25, "call `path_remove_directory`";
    PATH_UNLINK_FILE = 26, "call `path_unlink_file`";
    POLL_FD_READWRITE = 27, "wait for this with `poll_oneoff`, as far as `FD_READ` and `FD_WRITE` go";
    SOCK_SHUTDOWN = 28, "call `sock_shutdown`";
    SOCK_ACCEPT = 29, "call `sock_accept`";
}

impl Rights {
    /// No right at all.
    pub const NONE: Rights = Rights(0);

    /// What makes sense on a directory.
    pub const DIRECTORY: Rights = Rights::NONE
        .union(Rights::FD_DATASYNC)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::PATH_CREATE_DIRECTORY)
        .union(Rights::PATH_CREATE_FILE)
        .union(Rights::PATH_LINK_SOURCE)
        .union(Rights::PATH_LINK_TARGET)
        .union(Rights::PATH_OPEN)
        .union(Rights::FD_READDIR)
        .union(Rights::PATH_READLINK)
        .union(Rights::PATH_RENAME_SOURCE)
        .union(Rights::PATH_RENAME_TARGET)
        .union(Rights::PATH_FILESTAT_GET)
        .union(Rights::PATH_FILESTAT_SET_SIZE)
        .union(Rights::PATH_FILESTAT_SET_TIMES)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::PATH_SYMLINK)
        .union(Rights::PATH_REMOVE_DIRECTORY)
        .union(Rights::PATH_UNLINK_FILE);

    /// What makes sense on a stream without a position: a pipe, a terminal.
    pub const STREAM: Rights = Rights::NONE
        .union(Rights::FD_READ)
        .union(Rights::FD_WRITE)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::POLL_FD_READWRITE);

    /// What makes sense on a file with a position.
    pub const FILE: Rights = Rights::STREAM
        .union(Rights::FD_DATASYNC)
        .union(Rights::FD_SEEK)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_TELL)
        .union(Rights::FD_ADVISE)
        .union(Rights::FD_ALLOCATE)
        .union(Rights::FD_FILESTAT_SET_SIZE)
        .union(Rights::FD_FILESTAT_SET_TIMES);

    /// What makes sense on a connected socket.
    pub const CONNECTION: Rights = Rights::STREAM.union(Rights::SOCK_SHUTDOWN);

    /// What makes sense on a listening socket.
    pub const LISTENER: Rights = Rights::NONE
        .union(Rights::FD_READ)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::POLL_FD_READWRITE)
        .union(Rights::SOCK_SHUTDOWN)
        .union(Rights::SOCK_ACCEPT);

    /// The set with these bits; bits that name no right are dropped.
    pub const fn from_bits(bits: u64) -> Rights {
        Rights(bits & Rights::ALL.0)
    }

    /// The bits as the guest sees them.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Both sets together.
    pub const fn union(self, other: Rights) -> Rights {
        Rights(self.0 | other.0)
    }

    /// What is in `self` but not in `other`.
    pub const fn without(self, other: Rights) -> Rights {
        Rights(self.0 & !other.0)
    }

    /// Whether every right of `other` is here too.
    pub const fn contains(self, other: Rights) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Rights {
    type Output = Rights;

    fn bitor(self, other: Rights) -> Rights {
        self.union(other)
    }
}

impl BitAnd for Rights {
    type Output = Rights;

    fn bitand(self, other: Rights) -> Rights {
        Rights(self.0 & other.0)
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = NAMES.iter().filter(|(right, _)| self.contains(*right));
        f.debug_set()
            .entries(held.map(|(_, name)| format_args!("{name}").to_string()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_the_specification() {
        assert_eq!(Rights::ALL.bits(), (1 << 30) - 1);
        assert_eq!(Rights::PATH_OPEN.bits(), 1 << 13);
        assert_eq!(Rights::SOCK_ACCEPT.bits(), 1 << 29);
        assert_eq!(Rights::from_bits(u64::MAX), Rights::ALL);
        assert!(!Rights::DIRECTORY.contains(Rights::FD_SEEK));
        assert!(Rights::ALL.contains(Rights::DIRECTORY | Rights::FILE));
    }
}
