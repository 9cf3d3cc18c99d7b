//! Descriptors: what a number in the guest's hands stands for, and what may be done with it.

use std::os::fd::{AsFd, BorrowedFd};

use crate::directory::Directory;
use crate::errno::Errno;
use crate::host_file::HostFile;
use crate::rights::Rights;
use crate::stream::OutputCapture;
use crate::types::{FdFlags, Filestat, Filetype};

/// What a descriptor stands for.
#[derive(Debug)]
pub(crate) enum Resource {
    File(HostFile),
    Directory(Directory),
    /// Reads are at the end, writes vanish.
    Null,
    /// Bytes given by the host, and how many of them were read.
    Input {
        bytes: Vec<u8>,
        position: usize,
    },
    Output(OutputCapture),
}

/// One open descriptor.
#[derive(Debug)]
pub(crate) struct Descriptor {
    pub(crate) resource: Resource,
    pub(crate) base: Rights,
    pub(crate) inheriting: Rights,
}

impl Resource {
    pub(crate) fn filetype(&self) -> Filetype {
        match self {
            Resource::File(file) => file.filetype(),
            Resource::Directory(_) => Filetype::Directory,
            // As the host's /dev/null and a pipe would be.
            Resource::Null => Filetype::CharacterDevice,
            Resource::Input { .. } | Resource::Output(_) => Filetype::Unknown,
        }
    }

    /// The rights that make sense on it.
    pub(crate) fn applicable_rights(&self) -> Rights {
        match self {
            Resource::File(file) => file.applicable_rights(),
            Resource::Directory(_) => Rights::DIRECTORY,
            Resource::Null => Rights::STREAM | Rights::FD_SEEK | Rights::FD_TELL,
            Resource::Input { .. } => Rights::STREAM.without(Rights::FD_WRITE),
            Resource::Output(_) => Rights::STREAM.without(Rights::FD_READ),
        }
    }

    pub(crate) fn stat(&self) -> Result<Filestat, Errno> {
        match self {
            Resource::File(file) => file.stat(),
            Resource::Directory(directory) => directory.stat(),
            Resource::Null => Ok(Filestat::of_stream(self.filetype(), 0)),
            Resource::Input { bytes, position } => {
                let left = bytes.len() - position;
                Ok(Filestat::of_stream(self.filetype(), left as u64))
            }
            Resource::Output(_) => Ok(Filestat::of_stream(self.filetype(), 0)),
        }
    }

    pub(crate) fn flags(&self) -> Result<FdFlags, Errno> {
        match self {
            Resource::File(file) => file.flags(),
            Resource::Directory(directory) => Ok(directory.flags),
            _ => Ok(FdFlags::default()),
        }
    }

    /// The open file of the host's behind it, if there is one.
    pub(crate) fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Resource::File(file) => Some(file.as_fd()),
            Resource::Directory(directory) => Some(directory.as_fd()),
            _ => None,
        }
    }
}

impl Descriptor {
    /// A descriptor with every right that makes sense on `resource`.
    pub(crate) fn new(resource: Resource) -> Descriptor {
        let base = resource.applicable_rights();
        Descriptor {
            resource,
            base,
            inheriting: Rights::NONE,
        }
    }

    /// Checks that it has the rights in `needed`.
    pub(crate) fn check(&self, needed: Rights) -> Result<(), Errno> {
        if self.base.contains(needed) {
            Ok(())
        } else {
            Err(Errno::Notcapable)
        }
    }
}
