//! Files by their paths.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use prefab_wasi::{Errno, Rights};

use crate::guest::*;

#[test]
fn opening_creates_truncates_and_excludes() {
    let (mut guest, dir) = Guest::with_dir();
    assert_eq!(guest.open(ROOT, "file", 0, READ), Err(Errno::Noent));
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    guest.write(fd, b"text").unwrap();
    assert_eq!(
        guest.open(ROOT, "file", CREAT | EXCL, READ_WRITE),
        Err(Errno::Exist)
    );
    // Creating needs no right to write, and leaves what is there.
    let fd = guest.open(ROOT, "file", CREAT, READ).unwrap();
    assert_eq!(guest.read(fd, 9).unwrap(), b"text");
    let fd = guest.open(ROOT, "file", TRUNC, READ).unwrap();
    assert_eq!(guest.read(fd, 9).unwrap(), b"");
    assert_eq!(fs::metadata(dir.path().join("file")).unwrap().len(), 0);
    assert_eq!(
        guest
            .open(ROOT, "new", CREAT | EXCL | TRUNC, READ_WRITE)
            .map(drop),
        Ok(())
    );
    assert_eq!(guest.open(ROOT, "file", 16, READ), Err(Errno::Inval));
    // Truncating in append mode.
    let rights = (READ_WRITE, Rights::NONE);
    let fd = guest
        .open_with(ROOT, true, "file", CREAT | TRUNC, rights, APPEND)
        .unwrap();
    assert_eq!(guest.write(fd, b"x"), Ok(1));
    assert_eq!(
        guest.open_with(ROOT, true, "file", 0, rights, 64),
        Err(Errno::Inval)
    );
}

#[test]
fn no_rights_at_all_still_open() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.open(ROOT, "file", CREAT, Rights::NONE).unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().base, Rights::NONE);
    assert_eq!(guest.read(fd, 1), Err(Errno::Notcapable));
    let write_only = guest.open(ROOT, "file", 0, Rights::FD_WRITE).unwrap();
    assert_eq!(guest.write(write_only, b"x"), Ok(1));
    assert_eq!(guest.read(write_only, 1), Err(Errno::Notcapable));
}

#[test]
fn a_file_that_may_only_be_read_is_opened_with_creat() {
    let (mut guest, dir) = Guest::with_dir();
    let path = dir.path().join("file");
    fs::write(&path, "text").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let fd = guest.open(ROOT, "file", CREAT, READ).unwrap();
    assert_eq!(guest.read(fd, 9).unwrap(), b"text");
}

#[test]
fn directories_open_as_directories() {
    let (mut guest, dir) = Guest::with_dir();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    for path in ["sub", "sub/", "sub///", "./sub/.", "sub/../sub"] {
        for oflags in [0, DIRECTORY] {
            let fd = guest
                .open(ROOT, path, oflags, READ | Rights::DIRECTORY)
                .unwrap();
            let stat = guest.fdstat(fd).unwrap();
            assert_eq!(
                (stat.filetype, stat.flags, stat.base),
                (3, 0, Rights::DIRECTORY)
            );
        }
    }
    assert_eq!(
        guest.open(ROOT, "file", DIRECTORY, READ),
        Err(Errno::Notdir)
    );
    assert_eq!(guest.open(ROOT, "sub", 0, READ_WRITE), Err(Errno::Isdir));
    assert_eq!(
        guest.open(ROOT, "sub", DIRECTORY, READ_WRITE),
        Err(Errno::Isdir)
    );
    assert_eq!(
        guest.open(ROOT, "sub", CREAT, READ_WRITE),
        Err(Errno::Isdir)
    );
    assert_eq!(
        guest.open(ROOT, "new", DIRECTORY | CREAT, READ),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.open(ROOT, "sub", DIRECTORY | TRUNC, READ),
        Err(Errno::Inval)
    );
}

#[test]
fn trailing_slashes_mean_directories() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("file"), "").unwrap();
    assert_eq!(guest.open(ROOT, "file/", 0, READ), Err(Errno::Notdir));
    assert_eq!(guest.open(ROOT, "file///", 0, READ), Err(Errno::Notdir));
    assert_eq!(guest.stat(ROOT, true, "file/").err(), Some(Errno::Notdir));
    assert!(guest.open(ROOT, "new/", CREAT, READ_WRITE).is_err());
    assert!(!dir.path().join("new").exists());
    assert_eq!(
        guest.at("path_unlink_file", ROOT, "file/"),
        Err(Errno::Notdir)
    );
    assert_eq!(guest.at("path_create_directory", ROOT, "sub/"), Ok(()));
    let unlinked = guest.at("path_unlink_file", ROOT, "sub/");
    assert!(
        matches!(unlinked, Err(Errno::Isdir | Errno::Notdir | Errno::Perm)),
        "{unlinked:?}"
    );
    assert_eq!(guest.rename(ROOT, "sub/", ROOT, "moved"), Ok(()));
    assert_eq!(guest.rename(ROOT, "moved", ROOT, "sub/"), Ok(()));
    assert_eq!(guest.rename(ROOT, "sub/", ROOT, "moved/"), Ok(()));
    assert_eq!(
        guest.rename(ROOT, "file/", ROOT, "other"),
        Err(Errno::Notdir)
    );
    assert_eq!(
        guest.rename(ROOT, "file", ROOT, "other/"),
        Err(Errno::Notdir)
    );
    assert_eq!(guest.symlink("x", ROOT, "target/"), Err(Errno::Noent));
    assert_eq!(guest.symlink("x", ROOT, "moved/"), Err(Errno::Exist));
    assert_eq!(
        guest.link(ROOT, false, "file", ROOT, "link/"),
        Err(Errno::Noent)
    );
    assert_eq!(
        guest.at("path_remove_directory", ROOT, "file/"),
        Err(Errno::Notdir)
    );
    assert_eq!(guest.at("path_remove_directory", ROOT, "moved//"), Ok(()));
}

#[test]
fn directories_come_and_go() {
    let (mut guest, _dir) = Guest::with_dir();
    assert_eq!(guest.at("path_create_directory", ROOT, "a"), Ok(()));
    assert_eq!(
        guest.at("path_create_directory", ROOT, "a"),
        Err(Errno::Exist)
    );
    assert_eq!(
        guest.at("path_create_directory", ROOT, "b/c"),
        Err(Errno::Noent)
    );
    assert_eq!(guest.at("path_create_directory", ROOT, "a/b"), Ok(()));
    assert_eq!(
        guest.at("path_remove_directory", ROOT, "a"),
        Err(Errno::Notempty)
    );
    let unlinked = guest.at("path_unlink_file", ROOT, "a");
    assert_eq!(unlinked, Err(Errno::Isdir));
    assert_eq!(guest.at("path_remove_directory", ROOT, "a/b"), Ok(()));
    assert_eq!(guest.at("path_remove_directory", ROOT, "a"), Ok(()));
    assert_eq!(
        guest.at("path_remove_directory", ROOT, "a"),
        Err(Errno::Noent)
    );
    guest.open(ROOT, "file", CREAT, READ).unwrap();
    assert_eq!(
        guest.at("path_remove_directory", ROOT, "file"),
        Err(Errno::Notdir)
    );
    assert_eq!(guest.at("path_unlink_file", ROOT, "file"), Ok(()));
    assert_eq!(
        guest.at("path_unlink_file", ROOT, "file"),
        Err(Errno::Noent)
    );
    assert_eq!(
        guest.at("path_create_directory", ROOT, ""),
        Err(Errno::Noent)
    );
    assert_eq!(
        guest.at("path_create_directory", ROOT, "a\0b"),
        Err(Errno::Inval)
    );
    assert_eq!(guest.at("path_create_directory", ROOT, "s//"), Ok(()));
    assert_eq!(guest.symlink("s", ROOT, "l"), Ok(()));
    assert_eq!(
        guest.at("path_remove_directory", ROOT, "l/"),
        Err(Errno::Notdir)
    );
    assert_eq!(
        guest.at("path_create_directory", ROOT, "l/"),
        Err(Errno::Exist)
    );
}

#[test]
fn renaming_replaces() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("a"), "a").unwrap();
    fs::write(dir.path().join("b"), "b").unwrap();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::create_dir(dir.path().join("full")).unwrap();
    fs::write(dir.path().join("full/x"), "").unwrap();
    assert_eq!(guest.rename(ROOT, "a", ROOT, "b"), Ok(()));
    assert_eq!(fs::read(dir.path().join("b")).unwrap(), b"a");
    assert_eq!(guest.rename(ROOT, "a", ROOT, "b"), Err(Errno::Noent));
    assert_eq!(guest.rename(ROOT, "b", ROOT, "d"), Err(Errno::Isdir));
    assert_eq!(guest.rename(ROOT, "d", ROOT, "b"), Err(Errno::Notdir));
    assert_eq!(guest.rename(ROOT, "d", ROOT, "full"), Err(Errno::Notempty));
    assert_eq!(guest.rename(ROOT, "full", ROOT, "d"), Ok(()));
    let sub = guest.open(ROOT, "d", DIRECTORY, Rights::DIRECTORY).unwrap();
    assert_eq!(guest.rename(sub, "x", ROOT, "y"), Ok(()));
    assert_eq!(guest.rename(ROOT, "d", sub, "inside"), Err(Errno::Inval));
    assert!(dir.path().join("y").exists());
}

#[test]
fn symbolic_links() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("file"), "text").unwrap();
    assert_eq!(guest.symlink("file", ROOT, "link"), Ok(()));
    assert_eq!(guest.symlink("file", ROOT, "link"), Err(Errno::Exist));
    assert_eq!(guest.symlink("link", ROOT, "chain"), Ok(()));
    assert_eq!(guest.symlink("loop", ROOT, "loop"), Ok(()));
    assert_eq!(guest.symlink("", ROOT, "empty"), Err(Errno::Noent));
    assert_eq!(guest.readlink(ROOT, "link", 100).unwrap(), "file");
    assert_eq!(guest.readlink(ROOT, "link", 2).unwrap(), "fi");
    assert_eq!(guest.readlink(ROOT, "link", 0).unwrap(), "");
    assert_eq!(guest.readlink(ROOT, "file", 9), Err(Errno::Inval));
    assert_eq!(guest.readlink(ROOT, "none", 9), Err(Errno::Noent));

    let fd = guest.open(ROOT, "chain", 0, READ).unwrap();
    assert_eq!(guest.read(fd, 9).unwrap(), b"text");
    let nofollow = |guest: &mut Guest, path, oflags| {
        guest.open_with(ROOT, false, path, oflags, (READ, Rights::NONE), 0)
    };
    assert_eq!(nofollow(&mut guest, "link", 0), Err(Errno::Loop));
    assert_eq!(guest.open(ROOT, "loop", 0, READ), Err(Errno::Loop));
    assert_eq!(
        guest.open(ROOT, "link", CREAT | EXCL, READ),
        Err(Errno::Exist)
    );
    assert_eq!(guest.stat(ROOT, false, "link").unwrap().filetype, 7);
    assert_eq!(guest.stat(ROOT, false, "link").unwrap().size, 4);
    assert_eq!(guest.stat(ROOT, true, "link").unwrap().filetype, 4);
    assert_eq!(guest.stat(ROOT, true, "loop").err(), Some(Errno::Loop));

    fs::create_dir(dir.path().join("sub")).unwrap();
    guest.symlink("sub", ROOT, "dirlink").unwrap();
    let opened = nofollow(&mut guest, "dirlink", DIRECTORY);
    assert!(
        matches!(opened, Err(Errno::Loop | Errno::Notdir)),
        "{opened:?}"
    );
    assert!(guest.open(ROOT, "dirlink", DIRECTORY, READ).is_ok());
    assert_eq!(
        guest.open(ROOT, "link", DIRECTORY, READ),
        Err(Errno::Notdir)
    );
    // A link in the middle of a path is always followed.
    assert!(nofollow(&mut guest, "dirlink/new", CREAT).is_ok());
    assert!(dir.path().join("sub/new").exists());
    assert_eq!(guest.at("path_unlink_file", ROOT, "dirlink"), Ok(()));
    assert!(dir.path().join("sub").exists());
}

#[test]
fn hard_links() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("file"), "text").unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    guest.symlink("file", ROOT, "soft").unwrap();
    guest.symlink("nowhere", ROOT, "dangling").unwrap();
    let sub = guest
        .open(ROOT, "sub", DIRECTORY, Rights::DIRECTORY)
        .unwrap();
    assert_eq!(guest.link(ROOT, false, "file", sub, "hard"), Ok(()));
    assert_eq!(guest.stat(ROOT, false, "sub/hard").unwrap().links, 2);
    assert_eq!(
        guest.link(ROOT, false, "file", ROOT, "file"),
        Err(Errno::Exist)
    );
    assert_eq!(
        guest.link(ROOT, false, "file", ROOT, "dangling"),
        Err(Errno::Exist)
    );
    assert_eq!(
        guest.link(ROOT, false, "sub", ROOT, "new"),
        Err(Errno::Perm)
    );
    assert_eq!(
        guest.link(ROOT, false, "none", ROOT, "new"),
        Err(Errno::Noent)
    );
    // The link itself, or what it leads to.
    assert_eq!(guest.link(ROOT, false, "soft", ROOT, "softer"), Ok(()));
    assert_eq!(guest.stat(ROOT, false, "softer").unwrap().filetype, 7);
    assert_eq!(guest.link(ROOT, true, "soft", ROOT, "harder"), Ok(()));
    assert_eq!(guest.stat(ROOT, false, "harder").unwrap().links, 3);
    assert_eq!(
        guest.link(ROOT, true, "dangling", ROOT, "new"),
        Err(Errno::Noent)
    );
    assert_eq!(guest.link(ROOT, false, "dangling", ROOT, "new"), Ok(()));
}

#[test]
fn times_by_path() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("file"), "").unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    guest.symlink("file", ROOT, "link").unwrap();
    for path in ["file", "sub"] {
        assert_eq!(
            guest.set_times(ROOT, true, path, (3, 1_000_000_004, 5)),
            Ok(())
        );
        let stat = guest.stat(ROOT, true, path).unwrap();
        assert_eq!((stat.atim, stat.mtim), (3, 1_000_000_004), "{path}");
    }
    // Of the link itself.
    assert_eq!(guest.set_times(ROOT, false, "link", (0, 77, 4)), Ok(()));
    assert_eq!(guest.stat(ROOT, false, "link").unwrap().mtim, 77);
    assert_eq!(guest.stat(ROOT, true, "link").unwrap().mtim, 1_000_000_004);
    assert_eq!(guest.set_times(ROOT, true, "link", (0, 88, 4)), Ok(()));
    assert_eq!(guest.stat(ROOT, false, "file").unwrap().mtim, 88);
    assert_eq!(guest.set_times(ROOT, true, "file", (0, 0, 8)), Ok(()));
    assert!(guest.stat(ROOT, true, "file").unwrap().mtim > 1_600_000_000_000_000_000);
    assert_eq!(
        guest.set_times(ROOT, true, "file", (0, 0, 12)),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.set_times(ROOT, true, "none", (0, 0, 4)),
        Err(Errno::Noent)
    );
}

#[test]
fn paths_start_at_directories() {
    let (mut guest, _dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    for (fd, errno) in [(file, Errno::Notdir), (1, Errno::Notdir), (99, Errno::Badf)] {
        assert_eq!(guest.open(fd, "x", CREAT, READ), Err(errno));
        assert_eq!(guest.stat(fd, true, "x").err(), Some(errno));
        assert_eq!(guest.rename(ROOT, "file", fd, "x"), Err(errno));
        assert_eq!(guest.link(fd, false, "file", ROOT, "x"), Err(errno));
        assert_eq!(guest.symlink("x", fd, "y"), Err(errno));
        assert_eq!(guest.readlink(fd, "x", 9), Err(errno));
        assert_eq!(guest.set_times(fd, true, "x", (0, 0, 0)), Err(errno));
        for name in [
            "path_create_directory",
            "path_remove_directory",
            "path_unlink_file",
        ] {
            assert_eq!(guest.at(name, fd, "x"), Err(errno));
        }
    }
    assert_eq!(guest.stat(ROOT, true, "file/x").err(), Some(Errno::Notdir));
    let flags = [ROOT.into(), 2, 16, 1, 64];
    assert_eq!(
        guest.call("path_filestat_get", &flags).err().map(|_| ()),
        Some(())
    );
}

#[test]
fn a_named_pipe_opens_without_waiting_when_asked_to() {
    let (mut guest, dir) = Guest::with_dir();
    let path = dir.path().join("fifo");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let fd = guest
        .open_with(ROOT, true, "fifo", 0, (READ, Rights::NONE), NONBLOCK)
        .unwrap();
    let stat = guest.fdstat(fd).unwrap();
    assert_eq!((stat.filetype, stat.flags), (0, 4));
    assert!(!stat.base.contains(Rights::FD_SEEK));
    assert_eq!(guest.read(fd, 1).unwrap(), b"");
    let writer = fs::OpenOptions::new().write(true).open(&path).unwrap();
    assert_eq!(guest.read(fd, 1), Err(Errno::Again));
    std::io::Write::write_all(&mut &writer, b"x").unwrap();
    assert_eq!(guest.read(fd, 9).unwrap(), b"x");
    assert_eq!(guest.seek(fd, 1, 0), Err(Errno::Spipe));
    assert_eq!(
        guest.open(ROOT, "fifo", DIRECTORY, READ),
        Err(Errno::Notdir)
    );
}
