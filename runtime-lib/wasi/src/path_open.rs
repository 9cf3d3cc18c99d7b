//! `path_open`.

use std::os::fd::OwnedFd;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{FileType, OFlags};

use crate::ctx::WasiCtx;
use crate::descriptor::{Descriptor, Resource};
use crate::directory::Directory;
use crate::errno::Errno;
use crate::host_file::HostFile;
use crate::last::Last;
use crate::memory::GuestMemory;
use crate::path::follows;
use crate::rights::Rights;
use crate::types::{FdFlags, OpenFlags};

/// How a guest wants a file opened.
struct Request {
    follow: bool,
    how: OpenFlags,
    flags: FdFlags,
    read: bool,
    write: bool,
}

impl WasiCtx {
    /// Opens a file or directory below the directory `fd`, and writes the new descriptor, which
    /// has the lowest free number. Of the rights asked for it gets those that make sense on what
    /// was opened.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::path_create_directory`]; [`Errno::Notcapable`] also for rights that `fd` may
    /// not pass on; [`Errno::Inval`] for unknown or contradictory flags; [`Errno::Loop`] for a
    /// symbolic link without `symlink_follow`; [`Errno::Isdir`] for a directory with `FD_WRITE` or
    /// `creat`; [`Errno::Notdir`] with `directory` for anything else.
    #[allow(
        clippy::too_many_arguments,
        reason = "these are the parameters of the interface"
    )]
    pub fn path_open(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        dirflags: u32,
        path: u32,
        path_len: u32,
        oflags: u32,
        base: u64,
        inheriting: u64,
        fdflags: u32,
        opened_fd: u32,
    ) -> Result<(), Errno> {
        mem.check(opened_fd, 4)?;
        let path = mem.path(path, path_len)?;
        let how = OpenFlags::from_guest(oflags)?;
        let flags = FdFlags::from_guest(fdflags)?;
        let (base, inheriting) = (Rights::from_bits(base), Rights::from_bits(inheriting));
        let parent = &self.table.directory(fd, needed_on_parent(how))?.dir;
        let granted = self.table.get(fd)?.inheriting;
        if !granted.contains(base | inheriting | needed_to_inherit(flags)) {
            return Err(Errno::Notcapable);
        }
        let request = Request {
            follow: follows(dirflags)? || Last::of(path).always_follows(),
            how,
            flags,
            read: base.contains(Rights::FD_READ),
            write: base.contains(Rights::FD_WRITE),
        };
        let resource = request.open(parent, path)?;
        let base = base & resource.applicable_rights();
        let opened = self.table.insert(Descriptor {
            resource,
            base,
            inheriting,
        })?;
        mem.write_u32(opened_fd, opened)
    }
}

/// The rights on a directory that opening below it in this way needs.
fn needed_on_parent(how: OpenFlags) -> Rights {
    let mut needed = Rights::PATH_OPEN;
    if how.has(OpenFlags::CREAT) {
        needed = needed | Rights::PATH_CREATE_FILE;
    }
    if how.has(OpenFlags::TRUNC) {
        needed = needed | Rights::PATH_FILESTAT_SET_SIZE;
    }
    needed
}

/// The rights a directory must be able to pass on for a file to be opened with these flags.
fn needed_to_inherit(flags: FdFlags) -> Rights {
    let mut needed = Rights::NONE;
    if flags.has(FdFlags::DSYNC) {
        needed = needed | Rights::FD_DATASYNC;
    }
    if flags.has(FdFlags::SYNC) || flags.has(FdFlags::RSYNC) {
        needed = needed | Rights::FD_SYNC;
    }
    needed
}

impl Request {
    fn open(&self, parent: &Dir, path: &str) -> Result<Resource, Errno> {
        let creates = self.how.has(OpenFlags::CREAT);
        if self.how.has(OpenFlags::DIRECTORY) && (creates || self.how.has(OpenFlags::TRUNC)) {
            return Err(Errno::Inval);
        }
        let opened = match parent.open_with(path, &self.options(creates)) {
            // Creating asks for more access than the guest did; it may have to do without, if
            // the file is there already.
            Err(error) if creates && !self.writes() && !self.how.has(OpenFlags::EXCL) => {
                match Errno::from(error) {
                    Errno::Acces | Errno::Rofs | Errno::Txtbsy | Errno::Perm => {
                        parent.open_with(path, &self.options(false))?
                    }
                    errno => return Err(errno),
                }
            }
            opened => opened?,
        };
        let file = opened.into_std();
        let mode = rustix::fs::fstat(&file)?.st_mode;
        if FileType::from_raw_mode(mode) == FileType::Directory {
            return Ok(Resource::Directory(Directory::new(
                Dir::from_std_file(file),
                self.flags,
            )));
        }
        if self.how.has(OpenFlags::DIRECTORY) {
            return Err(Errno::Notdir);
        }
        Ok(Resource::File(HostFile::new(OwnedFd::from(file))?))
    }

    fn writes(&self) -> bool {
        self.write || self.how.has(OpenFlags::TRUNC)
    }

    fn options(&self, create: bool) -> OpenOptions {
        let write = self.writes() || create;
        let mut flags = self.flags.to_host();
        if self.how.has(OpenFlags::DIRECTORY) {
            // Should it be a pipe instead, nobody waits for the other end of it.
            flags |= OFlags::NONBLOCK;
        }
        let mut options = OpenOptions::new();
        options
            // A file that is neither read nor written is opened for its attributes.
            .read(self.read || !write)
            .write(write)
            .truncate(self.how.has(OpenFlags::TRUNC))
            .create(create)
            .create_new(create && self.how.has(OpenFlags::EXCL))
            .custom_flags(flags.bits() as i32)
            .follow(if self.follow {
                FollowSymlinks::Yes
            } else {
                FollowSymlinks::No
            });
        options
    }
}
