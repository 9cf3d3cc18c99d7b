//! Files that appear whole or not at all, and directories that no other user can write to.
//!
//! A cache's entries end up as code that runs with this user's rights. So a cache lies in a
//! [`PrivateDir`]: it belongs to this user, and nobody else can write to it. Everything below it is
//! reached through its descriptor, not by its name again.

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The mode of a cache's directories.
const PRIVATE_DIR_MODE: u32 = 0o700;

/// The mode of a cache's files.
const PRIVATE_FILE_MODE: u32 = 0o600;

/// The mode bits that let the group or others write.
const OTHERS_WRITE: u32 = 0o022;

/// Puts a file with the contents `bytes` at `path`, in place of the file that is there. Other processes
/// see the old file or the new one, never a part. `mode` is reduced by the umask.
///
/// # Errors
/// If the file cannot be written. No temporary file is left then.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    replace_at(CWD, path, bytes, mode)
}

fn replace_at(dir: impl AsFd, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let temporary = temporary(path)?;
    let written = write_temporary(dir.as_fd(), &temporary, bytes, Mode::from_raw_mode(mode));
    let replaced = written
        .and_then(|()| rustix::fs::renameat(&dir, &temporary, &dir, path).map_err(io::Error::from));
    if replaced.is_err() {
        // The first error is the one to report; there may be no file.
        let _ = rustix::fs::unlinkat(&dir, &temporary, AtFlags::empty());
    }
    replaced
}

/// A name beside `path` that no other process and no other thread uses.
///
/// # Errors
/// If `path` has no file name.
pub fn temporary(path: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.{number}.tmp", std::process::id()));
    Ok(path.with_file_name(hidden))
}

/// Writes a file without a name and names it when it is complete: a process that is killed while it
/// writes leaves nothing. Where the file system has no files without names, the file has its
/// name from the start.
fn write_temporary(
    dir: impl AsFd + Copy,
    temporary: &Path,
    bytes: &[u8],
    mode: Mode,
) -> io::Result<()> {
    // A process of the same number may have been killed here.
    let _ = rustix::fs::unlinkat(dir, temporary, AtFlags::empty());
    if let Some(mut file) = unnamed(dir, temporary, mode) {
        file.write_all(bytes)?;
        let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
        let flags = AtFlags::SYMLINK_FOLLOW;
        if rustix::fs::linkat(CWD, descriptor, dir, temporary, flags).is_ok() {
            return Ok(());
        }
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, temporary, flags, mode)?;
    File::from(file).write_all(bytes)
}

#[cfg(target_os = "linux")]
fn unnamed(dir: impl AsFd, temporary: &Path, mode: Mode) -> Option<File> {
    let folder = temporary.parent().filter(|path| *path != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, folder, flags, mode);
    file.ok().map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: impl AsFd, _: &Path, _: Mode) -> Option<File> {
    None
}

/// A directory that belongs to this user and that nobody else can write to.
#[derive(Debug)]
pub struct PrivateDir {
    dir: OwnedFd,
    path: PathBuf,
}

impl PrivateDir {
    /// Opens the directory `path`. If it is missing, it is made with the mode 0700.
    ///
    /// # Errors
    /// If there is no such directory and none can be made, or with [`ErrorKind::PermissionDenied`] if the
    /// directory belongs to another user or others can write to it. The message says what to do.
    pub fn open(path: &Path) -> io::Result<Self> {
        make(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(path, flags, Mode::empty())?;
        let path = path.to_owned();
        check(File::from(dir), path.clone()).map(|dir| Self {
            dir: dir.into(),
            path,
        })
    }

    /// Where the directory was when it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file `name` for reading. The name may have a directory in front.
    ///
    /// # Errors
    /// If there is no such file, or another user owns it or can write to it.
    pub fn file(&self, name: &Path) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.dir, name, flags, Mode::empty())?;
        check(File::from(file), self.path.join(name))
    }

    /// Puts a file with the contents `bytes` at `name`, with the mode 0600. The directory in front of the name
    /// is made if it is missing.
    ///
    /// # Errors
    /// If the file cannot be written, or others can write to the directory in front of its name.
    pub fn replace(&self, name: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(folder) = name.parent().filter(|path| *path != Path::new("")) {
            self.folder(folder)?;
        }
        replace_at(&self.dir, name, bytes, PRIVATE_FILE_MODE)
    }

    fn folder(&self, name: &Path) -> io::Result<()> {
        match rustix::fs::mkdirat(&self.dir, name, PRIVATE_DIR_MODE.into()) {
            Ok(()) => {
                let mode = Mode::from_raw_mode(PRIVATE_DIR_MODE);
                Ok(rustix::fs::chmodat(
                    &self.dir,
                    name,
                    mode,
                    AtFlags::empty(),
                )?)
            }
            Err(Errno::EXIST) => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let folder = rustix::fs::openat(&self.dir, name, flags, Mode::empty())?;
                check(File::from(folder), self.path.join(name)).map(drop)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Makes the directory `path` and those above it, as far as they are missing.
fn make(path: &Path) -> io::Result<()> {
    if path == Path::new("") || path.exists() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), make)?;
    match DirBuilder::new().mode(PRIVATE_DIR_MODE).create(path) {
        // The umask may have cleared bits that are needed.
        Ok(()) => std::fs::set_permissions(path, Permissions::from_mode(PRIVATE_DIR_MODE)),
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns `file` if it belongs to this user and nobody else can write to it.
fn check(file: File, path: PathBuf) -> io::Result<File> {
    let found = file.metadata()?;
    let user = rustix::process::geteuid().as_raw();
    let problem = if found.uid() != user {
        format!(
            "{} belongs to user {}, and this is user {user}: use a directory of your own",
            path.display(),
            found.uid()
        )
    } else if found.mode() & OTHERS_WRITE != 0 {
        let mode = found.mode() & 0o7777;
        let path = path.display();
        format!("others can write to {path} (mode {mode:04o}): `chmod go-w {path}` prevents that")
    } else {
        return Ok(file);
    };
    Err(io::Error::new(ErrorKind::PermissionDenied, problem))
}
