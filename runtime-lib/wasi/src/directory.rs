//! An open directory that a guest holds.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, DirEntry, FileType, Mode, OFlags};

use crate::errno::Errno;
use crate::types::{FdFlags, Filestat, Filetype};

/// An open directory. Paths are resolved below it and never leave it.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) dir: Dir,
    /// The name by which the guest finds it, if it was there from the start.
    pub(crate) preopened_as: Option<String>,
    /// Flags the guest gave; they have no effect on a directory.
    pub(crate) flags: FdFlags,
    reader: Option<Reader>,
}

/// A directory being read: where the last call of the guest stopped.
#[derive(Debug)]
struct Reader {
    entries: rustix::fs::Dir,
    /// The cookie of the entry that comes next.
    cookie: u64,
    /// That entry, if it was read already and did not fit.
    pending: Option<DirEntry>,
}

impl Directory {
    pub(crate) fn new(dir: Dir, flags: FdFlags) -> Directory {
        Directory {
            dir,
            preopened_as: None,
            flags,
            reader: None,
        }
    }

    /// A directory that is there from the start. It may have been opened as a mere path; then it
    /// is opened again, if the host allows, since such a handle can be neither synchronised nor
    /// given new times.
    pub(crate) fn preopened(dir: Dir, name: String) -> Directory {
        let dir = open_for_reading(&dir).map_or(dir, |fd| Dir::from_std_file(fd.into()));
        Directory {
            preopened_as: Some(name),
            ..Directory::new(dir, FdFlags::default())
        }
    }

    pub(crate) fn stat(&self) -> Result<Filestat, Errno> {
        Ok(Filestat::from_host(&rustix::fs::fstat(&self.dir)?))
    }

    /// Fills `buffer` with entries from `cookie` on, the last one cut off where the buffer ends,
    /// and returns how much of it is used: less than all of it only at the end of the directory.
    ///
    /// Cookies are the host's own offsets: they stay valid while entries come and go.
    ///
    /// ```text
    /// dirent   0  u64  cookie of the next entry      16  u32  length of the name
    ///          8  u64  inode                         20  u8   file type      24  the name
    /// ```
    pub(crate) fn read_entries(&mut self, buffer: &mut [u8], cookie: u64) -> Result<usize, Errno> {
        let mut reader = match self.reader.take() {
            // The start is always read anew, so that a guest that rewinds sees what is there now.
            Some(reader) if reader.cookie == cookie && cookie != 0 => reader,
            _ => Reader::open(&self.dir, cookie)?,
        };
        let mut used = 0;
        while used < buffer.len() {
            let Some(entry) = reader.next()? else { break };
            let bytes = encode(&self.dir, &entry);
            let part = bytes.len().min(buffer.len() - used);
            buffer[used..used + part].copy_from_slice(&bytes[..part]);
            used += part;
            if part < bytes.len() {
                // The guest comes back for this entry with the cookie of the one before.
                reader.pending = Some(entry);
            } else {
                reader.cookie = entry.offset() as u64;
            }
        }
        self.reader = Some(reader);
        Ok(used)
    }
}

impl Reader {
    fn open(dir: &Dir, cookie: u64) -> Result<Reader, Errno> {
        // An open file of its own, so that nobody else moves its position.
        let mut entries = rustix::fs::Dir::new(open_for_reading(dir)?)?;
        if cookie != 0 {
            let offset = i64::try_from(cookie).map_err(|_| Errno::Inval)?;
            entries.seek(offset)?;
        }
        Ok(Reader {
            entries,
            cookie,
            pending: None,
        })
    }

    fn next(&mut self) -> Result<Option<DirEntry>, Errno> {
        if let Some(entry) = self.pending.take() {
            return Ok(Some(entry));
        }
        Ok(self.entries.read().transpose()?)
    }
}

fn open_for_reading(dir: &Dir) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, c".", flags, Mode::empty())?)
}

fn encode(dir: &Dir, entry: &DirEntry) -> Vec<u8> {
    let name = entry.file_name();
    let file_type = match entry.file_type() {
        // Some file systems do not keep the type with the name.
        FileType::Unknown => rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_or(FileType::Unknown, |stat| {
                FileType::from_raw_mode(stat.st_mode)
            }),
        known => known,
    };
    let name = name.to_bytes();
    let mut bytes = Vec::with_capacity(24 + name.len());
    bytes.extend(entry.offset().to_le_bytes());
    bytes.extend(entry.ino().to_le_bytes());
    // A name has at most 255 bytes.
    bytes.extend((name.len() as u32).to_le_bytes());
    bytes.extend(u32::from(Filetype::from(file_type) as u8).to_le_bytes());
    bytes.extend(name);
    bytes
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}
