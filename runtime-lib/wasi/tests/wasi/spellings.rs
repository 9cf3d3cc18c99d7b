//! Names with `/`, `/.` and `/..` behind them: each call answers as Linux does, for each kind of file.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use prefab_wasi::{Errno, Rights};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timespec, Timestamps};
use tempfile::TempDir;

use crate::guest::*;

/// What is there: a file, a directory, and links to both, to nothing, and to itself.
fn fill(root: &Path) {
    fs::write(root.join("file"), "").unwrap();
    fs::create_dir(root.join("sub")).unwrap();
    symlink("file", root.join("to-file")).unwrap();
    symlink("sub", root.join("to-sub")).unwrap();
    symlink("nothing", root.join("to-nothing")).unwrap();
    symlink("to-itself", root.join("to-itself")).unwrap();
}

const NAMES: [&str; 7] = [
    "file",
    "sub",
    "to-file",
    "to-sub",
    "to-nothing",
    "to-itself",
    "missing",
];

const ENDS: [&str; 7] = ["", "/", "//", "/.", "/./", "/..", "/../"];

/// What is below `root` now.
fn listing(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let stat = entry.path().symlink_metadata().unwrap();
        let links = if stat.is_file() {
            std::os::unix::fs::MetadataExt::nlink(&stat)
        } else {
            0
        };
        format!("{:?} {:?} {links}", entry.file_name(), stat.file_type())
    });
    let mut entries: Vec<String> = entries.collect();
    entries.sort();
    entries
}

/// A call on a path: natively, below a directory, and by the guest.
struct Call {
    name: &'static str,
    native: fn(&Path, &str) -> rustix::io::Result<()>,
    guest: fn(&mut Guest, &str) -> Result<(), Errno>,
}

fn times() -> Timestamps {
    let second = Timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    Timestamps {
        last_access: second,
        last_modification: second,
    }
}

/// One second, for both times.
const TIMES: (u64, u64, u64) = (1_000_000_000, 1_000_000_000, 1 | 4);

fn stat(root: &Path, path: &str, flags: AtFlags) -> rustix::io::Result<()> {
    rustix::fs::statat(CWD, at(root, path), flags).map(drop)
}

fn set_times(root: &Path, path: &str, flags: AtFlags) -> rustix::io::Result<()> {
    rustix::fs::utimensat(CWD, at(root, path), &times(), flags)
}

fn open(root: &Path, path: &str, flags: OFlags) -> rustix::io::Result<()> {
    rustix::fs::openat(CWD, at(root, path), flags, Mode::from_bits_retain(0o644)).map(drop)
}

fn at(root: &Path, path: &str) -> String {
    format!("{}/{path}", root.display())
}

fn link(root: &Path, old: &str, new: &str, flags: AtFlags) -> rustix::io::Result<()> {
    rustix::fs::linkat(CWD, at(root, old), CWD, at(root, new), flags)
}

fn rename(root: &Path, old: &str, new: &str) -> rustix::io::Result<()> {
    rustix::fs::renameat(CWD, at(root, old), CWD, at(root, new))
}

fn open_guest(guest: &mut Guest, follow: bool, path: &str, oflags: u32) -> Result<(), Errno> {
    let rights = if oflags == 0 { READ } else { READ_WRITE };
    guest
        .open_with(ROOT, follow, path, oflags, (rights, Rights::NONE), 0)
        .map(drop)
}

const CALLS: &[Call] = &[
    Call {
        name: "stat",
        native: |root, path| stat(root, path, AtFlags::empty()),
        guest: |guest, path| guest.stat(ROOT, true, path).map(drop),
    },
    Call {
        name: "lstat",
        native: |root, path| stat(root, path, AtFlags::SYMLINK_NOFOLLOW),
        guest: |guest, path| guest.stat(ROOT, false, path).map(drop),
    },
    Call {
        name: "utimes",
        native: |root, path| set_times(root, path, AtFlags::empty()),
        guest: |guest, path| guest.set_times(ROOT, true, path, TIMES),
    },
    Call {
        name: "lutimes",
        native: |root, path| set_times(root, path, AtFlags::SYMLINK_NOFOLLOW),
        guest: |guest, path| guest.set_times(ROOT, false, path, TIMES),
    },
    Call {
        name: "link from, followed",
        native: |root, path| link(root, path, "new", AtFlags::SYMLINK_FOLLOW),
        guest: |guest, path| guest.link(ROOT, true, path, ROOT, "new"),
    },
    Call {
        name: "link from",
        native: |root, path| link(root, path, "new", AtFlags::empty()),
        guest: |guest, path| guest.link(ROOT, false, path, ROOT, "new"),
    },
    Call {
        name: "link to",
        native: |root, path| link(root, "file", path, AtFlags::empty()),
        guest: |guest, path| guest.link(ROOT, false, "file", ROOT, path),
    },
    Call {
        name: "symlink",
        native: |root, path| rustix::fs::symlinkat("x", CWD, at(root, path)),
        guest: |guest, path| guest.symlink("x", ROOT, path),
    },
    Call {
        name: "readlink",
        native: |root, path| rustix::fs::readlinkat(CWD, at(root, path), Vec::new()).map(drop),
        guest: |guest, path| guest.readlink(ROOT, path, 64).map(drop),
    },
    Call {
        name: "unlink",
        native: |root, path| rustix::fs::unlinkat(CWD, at(root, path), AtFlags::empty()),
        guest: |guest, path| guest.at("path_unlink_file", ROOT, path),
    },
    Call {
        name: "mkdir",
        native: |root, path| rustix::fs::mkdirat(CWD, at(root, path), Mode::RWXU),
        guest: |guest, path| guest.at("path_create_directory", ROOT, path),
    },
    Call {
        name: "rmdir",
        native: |root, path| rustix::fs::unlinkat(CWD, at(root, path), AtFlags::REMOVEDIR),
        guest: |guest, path| guest.at("path_remove_directory", ROOT, path),
    },
    Call {
        name: "rename from",
        native: |root, path| rename(root, path, "new"),
        guest: |guest, path| guest.rename(ROOT, path, ROOT, "new"),
    },
    Call {
        name: "rename a file to",
        native: |root, path| rename(root, "file", path),
        guest: |guest, path| guest.rename(ROOT, "file", ROOT, path),
    },
    Call {
        name: "rename a directory to",
        native: |root, path| rename(root, "sub", path),
        guest: |guest, path| guest.rename(ROOT, "sub", ROOT, path),
    },
    Call {
        name: "open",
        native: |root, path| open(root, path, OFlags::RDONLY),
        guest: |guest, path| open_guest(guest, true, path, 0),
    },
    Call {
        name: "open without following",
        native: |root, path| open(root, path, OFlags::RDONLY | OFlags::NOFOLLOW),
        guest: |guest, path| open_guest(guest, false, path, 0),
    },
    Call {
        name: "create",
        native: |root, path| open(root, path, OFlags::RDWR | OFlags::CREATE),
        guest: |guest, path| open_guest(guest, true, path, CREAT),
    },
    Call {
        name: "create without following",
        native: |root, path| open(root, path, OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW),
        guest: |guest, path| open_guest(guest, false, path, CREAT),
    },
];

#[test]
fn every_call_answers_as_linux_does() {
    let mut differences = Vec::new();
    for call in CALLS {
        for name in NAMES {
            for end in ENDS {
                let path = format!("{name}{end}");
                let native = TempDir::new().unwrap();
                fill(native.path());
                let expected = (call.native)(native.path(), &path).map_err(Errno::from);
                let (mut guest, dir) = Guest::with_dir();
                fill(dir.path());
                let found = (call.guest)(&mut guest, &path);
                if found != expected {
                    differences.push(format!(
                        "{} {path}: Linux says {expected:?}, WASI says {found:?}",
                        call.name
                    ));
                } else if listing(dir.path()) != listing(native.path()) {
                    differences.push(format!("{} {path}: other files are left", call.name));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
