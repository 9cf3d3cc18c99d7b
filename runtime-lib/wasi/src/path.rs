//! Files by their paths, below a directory the guest holds: `path_*` except `path_open`.
//!
//! Every path is resolved by `cap-std`, which never leaves the directory: neither by `..`, nor by
//! an absolute path, nor by a symbolic link to either. An attempt is [`Errno::Perm`].

use std::time::{Duration, SystemTime};

use cap_fs_ext::{DirExt, SystemTimeSpec};
use cap_std::fs::{FileTypeExt, Metadata, MetadataExt};

use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::fd_file::NewTime;
use crate::last::{Last, new_link};
use crate::memory::GuestMemory;
use crate::rights::Rights;
use crate::types::{Filestat, Filetype, LookupFlags, timestamp};

impl WasiCtx {
    /// Creates a directory.
    ///
    /// # Errors
    ///
    /// As every function of a path: [`Errno::Notdir`] if `fd` is no directory, [`Errno::Badf`],
    /// [`Errno::Notcapable`], [`Errno::Perm`] if the path leads out of it, [`Errno::Ilseq`] or
    /// [`Errno::Inval`] if it is no text, [`Errno::Noent`] if it is empty, [`Errno::Fault`], and
    /// what the host reports.
    pub fn path_create_directory(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let path = mem.path(path, path_len)?;
        let directory = self.table.directory(fd, Rights::PATH_CREATE_DIRECTORY)?;
        match Last::of(path) {
            Last::Name { path, .. } => Ok(directory.dir.create_dir(path)?),
            Last::Dot | Last::DotDot => {
                directory.dir.metadata(path)?;
                Err(Errno::Exist)
            }
        }
    }

    /// Writes the attributes of a file; of a symbolic link itself, unless `symlink_follow` is set.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::path_create_directory`]; [`Errno::Inval`] for unknown flags.
    pub fn path_filestat_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
        path: u32,
        path_len: u32,
        stat: u32,
    ) -> Result<(), Errno> {
        let path = mem.path(path, path_len)?;
        let directory = self.table.directory(fd, Rights::PATH_FILESTAT_GET)?;
        let metadata = if follows(flags)? || Last::of(path).always_follows() {
            directory.dir.metadata(path)?
        } else {
            directory.dir.symlink_metadata(path)?
        };
        mem.write_filestat(stat, &filestat(&metadata))
    }

    /// Sets the times of access and modification of a file; of a symbolic link itself, unless
    /// `symlink_follow` is set.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::path_create_directory`]; [`Errno::Inval`] for unknown or contradictory flags.
    #[allow(
        clippy::too_many_arguments,
        reason = "these are the parameters of the interface"
    )]
    pub fn path_filestat_set_times(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
        path: u32,
        path_len: u32,
        atim: u64,
        mtim: u64,
        fst_flags: u32,
    ) -> Result<(), Errno> {
        let path = mem.path(path, path_len)?;
        let directory = self.table.directory(fd, Rights::PATH_FILESTAT_SET_TIMES)?;
        let [atim, mtim] = NewTime::pair(atim, mtim, fst_flags)?.map(time_spec);
        if follows(flags)? || Last::of(path).always_follows() {
            Ok(directory.dir.set_times(path, atim, mtim)?)
        } else {
            Ok(directory.dir.set_symlink_times(path, atim, mtim)?)
        }
    }

    /// Creates a hard link `new_path` to the file `old_path`; to a symbolic link itself, unless
    /// `symlink_follow` is set.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::path_create_directory`], for both paths.
    #[allow(
        clippy::too_many_arguments,
        reason = "these are the parameters of the interface"
    )]
    pub fn path_link(
        &mut self,
        mem: &mut GuestMemory<'_>,
        old_fd: u32,
        old_flags: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Errno> {
        let old_path = mem.path(old_path, old_path_len)?;
        let new_path = mem.path(new_path, new_path_len)?;
        let old = self.table.directory(old_fd, Rights::PATH_LINK_SOURCE)?;
        let new = self.table.directory(new_fd, Rights::PATH_LINK_TARGET)?;
        if follows(old_flags)? || Last::of(old_path).always_follows() {
            // Resolved inside the sandbox first. Should the file become a link meanwhile, that
            // link is what gets linked: still nothing outside.
            let resolved = old.dir.canonicalize(old_path)?;
            let new_path = new_link(&new.dir, new_path)?;
            return Ok(old.dir.hard_link(resolved, &new.dir, new_path)?);
        }
        old.dir.symlink_metadata(old_path)?;
        let new_path = new_link(&new.dir, new_path)?;
        Ok(old.dir.hard_link(old_path, &new.dir, new_path)?)
    }

    /// Writes the contents of a symbolic link to `buf`, as much as fits, without a NUL.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::path_create_directory`]; [`Errno::Inval`] if the file is no symbolic link.
    #[allow(
        clippy::too_many_arguments,
        reason = "these are the parameters of the interface"
    )]
    pub fn path_readlink(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
        buf: u32,
        buf_len: u32,
        bufused: u32,
    ) -> Result<(), Errno> {
        mem.check(bufused, 4)?;
        let path = mem.path(path, path_len)?;
        let directory = self.table.directory(fd, Rights::PATH_READLINK)?;
        if Last::of(path).always_follows() {
            directory.dir.metadata(path)?;
            return Err(Errno::Inval);
        }
        let contents = directory.dir.read_link_contents(path)?;
        let buffer = mem.bytes_mut(buf, buf_len)?;
        let contents = contents.as_os_str().as_encoded_bytes();
        let part = contents.len().min(buffer.len());
        buffer[..part].copy_from_slice(&contents[..part]);
        // Not above `buf_len`.
        mem.write_u32(bufused, part as u32)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::path_create_directory`]; [`Errno::Notempty`], [`Errno::Notdir`].
    pub fn path_remove_directory(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let path = mem.path(path, path_len)?;
        let directory = self.table.directory(fd, Rights::PATH_REMOVE_DIRECTORY)?;
        match Last::of(path) {
            Last::Name { path, .. } => Ok(directory.dir.remove_dir(path)?),
            last => {
                directory.dir.metadata(path)?;
                Err(if last == Last::Dot {
                    Errno::Inval
                } else {
                    Errno::Notempty
                })
            }
        }
    }

    /// Renames a file or directory; what has the new name already is replaced.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::path_create_directory`], for both paths; [`Errno::Xdev`] between two file
    /// systems.
    #[allow(
        clippy::too_many_arguments,
        reason = "these are the parameters of the interface"
    )]
    pub fn path_rename(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Errno> {
        let old_path = mem.path(old_path, old_path_len)?;
        let new_path = mem.path(new_path, new_path_len)?;
        let old = self.table.directory(fd, Rights::PATH_RENAME_SOURCE)?;
        let new = self.table.directory(new_fd, Rights::PATH_RENAME_TARGET)?;
        let names = match (Last::of(old_path), Last::of(new_path)) {
            (
                Last::Name {
                    path: old_path,
                    has_slash: old_slash,
                },
                Last::Name {
                    path: new_path,
                    has_slash: new_slash,
                },
            ) => {
                if (old_slash || new_slash) && !old.dir.symlink_metadata(old_path)?.is_dir() {
                    return Err(Errno::Notdir);
                }
                (old_path, new_path)
            }
            (old_last, new_last) => {
                if !matches!(old_last, Last::Name { .. }) {
                    old.dir.metadata(old_path)?;
                }
                if !matches!(new_last, Last::Name { .. }) {
                    new.dir.metadata(new_path)?;
                }
                return Err(Errno::Busy);
            }
        };
        Ok(old.dir.rename(names.0, &new.dir, names.1)?)
    }

    /// Creates a symbolic link `new_path` with the contents `old_path`, which may lead nowhere.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::path_create_directory`]; [`Errno::Perm`] for absolute contents too, which
    /// would mean another file to the host than to the guest.
    pub fn path_symlink(
        &mut self,
        mem: &mut GuestMemory<'_>,
        old_path: u32,
        old_path_len: u32,
        fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Errno> {
        let old_path = mem.path(old_path, old_path_len)?;
        let new_path = mem.path(new_path, new_path_len)?;
        let directory = self.table.directory(fd, Rights::PATH_SYMLINK)?;
        let new_path = new_link(&directory.dir, new_path)?;
        Ok(directory.dir.symlink(old_path, new_path)?)
    }

    /// Removes a file's name.
    ///
    /// # Errors
    ///
    /// As [`WasiCtx::path_create_directory`]; [`Errno::Isdir`] for a directory.
    pub fn path_unlink_file(
        &mut self,
        mem: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let path = mem.path(path, path_len)?;
        let directory = self.table.directory(fd, Rights::PATH_UNLINK_FILE)?;
        match Last::of(path) {
            Last::Name {
                path,
                has_slash: false,
            } => Ok(directory.dir.remove_file(path)?),
            Last::Name { path, .. } => {
                let is_dir = directory.dir.symlink_metadata(path)?.is_dir();
                Err(if is_dir { Errno::Isdir } else { Errno::Notdir })
            }
            Last::Dot | Last::DotDot => {
                directory.dir.metadata(path)?;
                Err(Errno::Isdir)
            }
        }
    }
}

pub(crate) fn follows(flags: u32) -> Result<bool, Errno> {
    Ok(LookupFlags::from_guest(flags)?.has(LookupFlags::SYMLINK_FOLLOW))
}

fn time_spec(time: NewTime) -> Option<SystemTimeSpec> {
    match time {
        NewTime::Keep => None,
        NewTime::Now => Some(SystemTimeSpec::SymbolicNow),
        NewTime::At(time_ns) => {
            let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(time_ns);
            Some(SystemTimeSpec::Absolute(
                cap_std::time::SystemTime::from_std(time),
            ))
        }
    }
}

fn filestat(metadata: &Metadata) -> Filestat {
    let file_type = metadata.file_type();
    let filetype = if file_type.is_file() {
        Filetype::RegularFile
    } else if file_type.is_dir() {
        Filetype::Directory
    } else if file_type.is_symlink() {
        Filetype::SymbolicLink
    } else if FileTypeExt::is_char_device(&file_type) {
        Filetype::CharacterDevice
    } else if FileTypeExt::is_block_device(&file_type) {
        Filetype::BlockDevice
    } else if FileTypeExt::is_socket(&file_type) {
        Filetype::SocketStream
    } else {
        Filetype::Unknown
    };
    Filestat {
        device: metadata.dev(),
        inode: metadata.ino(),
        filetype,
        links: metadata.nlink(),
        size_bytes: metadata.len(),
        atim_ns: timestamp(metadata.atime(), metadata.atime_nsec()),
        mtim_ns: timestamp(metadata.mtime(), metadata.mtime_nsec()),
        ctim_ns: timestamp(metadata.ctime(), metadata.ctime_nsec()),
    }
}
