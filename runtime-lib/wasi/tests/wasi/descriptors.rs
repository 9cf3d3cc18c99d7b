//! Descriptors: rights, flags, renumbering, what is preopened.

use std::fs;

use prefab_wasi::{Errno, Rights, WasiCtx};
use tempfile::TempDir;

use crate::guest::*;

#[test]
fn rights_only_shrink() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().base, Rights::FILE);
    guest.drop_rights(fd, Rights::FD_READ | Rights::FD_SEEK, Rights::NONE);
    assert_eq!(guest.read(fd, 1), Err(Errno::Notcapable));
    assert_eq!(guest.write(fd, b"x"), Ok(1));
    assert_eq!(guest.seek(fd, 0, 0), Err(Errno::Notcapable));
    // Knowing the position is a right of its own.
    assert_eq!(guest.tell(fd), Ok(1));
    assert_eq!(guest.seek(fd, 0, 1), Ok(1));
    assert_eq!(
        guest.write_by("fd_pwrite", fd, &[b"x"], &[0]),
        Err(Errno::Notcapable)
    );
    let regain = [fd.into(), Rights::FILE.bits(), 0];
    assert_eq!(
        guest.call("fd_fdstat_set_rights", &regain),
        Err(Errno::Notcapable)
    );
}

/// Each function that needs a right is refused without it.
#[test]
fn every_right_is_asked_for() {
    let file_calls: &[(&str, &[u64], Rights)] = &[
        ("fd_datasync", &[], Rights::FD_DATASYNC),
        ("fd_sync", &[], Rights::FD_SYNC),
        ("fd_advise", &[0, 0, 0], Rights::FD_ADVISE),
        ("fd_allocate", &[0, 1], Rights::FD_ALLOCATE),
        ("fd_fdstat_set_flags", &[0], Rights::FD_FDSTAT_SET_FLAGS),
        ("fd_filestat_get", &[16], Rights::FD_FILESTAT_GET),
        ("fd_filestat_set_size", &[0], Rights::FD_FILESTAT_SET_SIZE),
        (
            "fd_filestat_set_times",
            &[0, 0, 0],
            Rights::FD_FILESTAT_SET_TIMES,
        ),
        ("fd_read", &[0, 0, 16], Rights::FD_READ),
        ("fd_pread", &[0, 0, 0, 16], Rights::FD_READ),
        ("fd_pread", &[0, 0, 0, 16], Rights::FD_SEEK),
        ("fd_write", &[0, 0, 16], Rights::FD_WRITE),
        ("fd_pwrite", &[0, 0, 0, 16], Rights::FD_SEEK),
        ("fd_seek", &[1, 0, 16], Rights::FD_SEEK),
        ("fd_tell", &[16], Rights::FD_SEEK | Rights::FD_TELL),
    ];
    for (name, args, right) in file_calls {
        let (mut guest, _dir) = Guest::with_dir();
        let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
        let args = [&[fd.into()], *args].concat();
        let allowed = guest.call(name, &args);
        assert!(
            matches!(allowed, Ok(()) | Err(Errno::Notsup)),
            "{name}: {allowed:?}"
        );
        guest.drop_rights(fd, *right, Rights::NONE);
        assert_eq!(guest.call(name, &args), Err(Errno::Notcapable), "{name}");
    }
}

#[test]
fn every_right_on_paths_is_asked_for() {
    type Call = fn(&mut Guest) -> Result<(), Errno>;
    let calls: &[(Rights, Call)] = &[
        (Rights::PATH_CREATE_DIRECTORY, |guest| {
            guest.at("path_create_directory", ROOT, "d")
        }),
        (Rights::PATH_CREATE_FILE, |guest| {
            guest.open(ROOT, "new", CREAT, READ).map(drop)
        }),
        (Rights::PATH_LINK_SOURCE, |guest| {
            guest.link(ROOT, false, "file", ROOT, "l")
        }),
        (Rights::PATH_LINK_TARGET, |guest| {
            guest.link(ROOT, false, "file", ROOT, "l")
        }),
        (Rights::PATH_OPEN, |guest| {
            guest.open(ROOT, "file", 0, READ).map(drop)
        }),
        (Rights::PATH_READLINK, |guest| {
            guest.readlink(ROOT, "link", 9).map(drop)
        }),
        (Rights::PATH_RENAME_SOURCE, |guest| {
            guest.rename(ROOT, "file", ROOT, "r")
        }),
        (Rights::PATH_RENAME_TARGET, |guest| {
            guest.rename(ROOT, "file", ROOT, "r")
        }),
        (Rights::PATH_FILESTAT_GET, |guest| {
            guest.stat(ROOT, false, "file").map(drop)
        }),
        (Rights::PATH_FILESTAT_SET_SIZE, |guest| {
            guest.open(ROOT, "file", TRUNC, READ).map(drop)
        }),
        (Rights::PATH_FILESTAT_SET_TIMES, |guest| {
            guest.set_times(ROOT, false, "file", (0, 0, 5))
        }),
        (Rights::PATH_SYMLINK, |guest| guest.symlink("x", ROOT, "s")),
        (Rights::PATH_REMOVE_DIRECTORY, |guest| {
            guest.at("path_remove_directory", ROOT, "empty")
        }),
        (Rights::PATH_UNLINK_FILE, |guest| {
            guest.at("path_unlink_file", ROOT, "file")
        }),
    ];
    for (right, call) in calls {
        let prepare = || {
            let (guest, dir) = Guest::with_dir();
            fs::write(dir.path().join("file"), "x").unwrap();
            fs::create_dir(dir.path().join("empty")).unwrap();
            std::os::unix::fs::symlink("file", dir.path().join("link")).unwrap();
            (guest, dir)
        };
        let (mut guest, _dir) = prepare();
        assert_eq!(call(&mut guest), Ok(()), "{right:?}");
        let (mut guest, _dir) = prepare();
        guest.drop_rights(ROOT, *right, Rights::NONE);
        assert_eq!(call(&mut guest), Err(Errno::Notcapable), "{right:?}");
    }
}

#[test]
fn what_is_opened_inherits_no_more_than_its_directory_may_pass_on() {
    let (mut guest, dir) = Guest::with_dir();
    fs::create_dir(dir.path().join("sub")).unwrap();
    let inheriting = READ | Rights::DIRECTORY;
    let sub = guest.open_with(
        ROOT,
        true,
        "sub",
        DIRECTORY,
        (Rights::ALL.without(Rights::FD_WRITE), inheriting),
        0,
    );
    let sub = sub.unwrap();
    let stat = guest.fdstat(sub).unwrap();
    assert_eq!(
        (stat.filetype, stat.base, stat.inheriting),
        (3, Rights::DIRECTORY, inheriting)
    );
    assert_eq!(
        guest.open(sub, "file", CREAT, READ_WRITE),
        Err(Errno::Notcapable)
    );
    let file = guest.open(sub, "file", CREAT, READ).unwrap();
    assert_eq!(guest.fdstat(file).unwrap().base, READ);
    assert_eq!(guest.write(file, b"x"), Err(Errno::Notcapable));
    let wider = guest.open_with(sub, true, ".", 0, (READ, Rights::ALL), 0);
    assert_eq!(wider, Err(Errno::Notcapable));
    // Synchronous writing counts as the right to synchronise.
    guest.drop_rights(sub, Rights::NONE, Rights::FD_SYNC);
    let synced = guest.open_with(sub, true, "file", 0, (Rights::FD_READ, Rights::NONE), SYNC);
    assert_eq!(synced, Err(Errno::Notcapable));
}

#[test]
fn renumbering_moves_a_descriptor() {
    let (mut guest, dir) = Guest::with_dir();
    let a = guest.open(ROOT, "a", CREAT, READ_WRITE).unwrap();
    let b = guest.open(ROOT, "b", CREAT, READ_WRITE).unwrap();
    guest.call("fd_renumber", &[a.into(), b.into()]).unwrap();
    assert_eq!(guest.write(a, b"x"), Err(Errno::Badf));
    guest.write(b, b"x").unwrap();
    assert_eq!(fs::read(dir.path().join("a")).unwrap(), b"x");
    assert_eq!(guest.call("fd_renumber", &[b.into(), 77]), Err(Errno::Badf));
    assert_eq!(guest.call("fd_renumber", &[77, b.into()]), Err(Errno::Badf));
    assert_eq!(guest.call("fd_renumber", &[b.into(), b.into()]), Ok(()));
    // The lowest free number comes next.
    assert_eq!(guest.open(ROOT, "c", CREAT, READ_WRITE), Ok(a));
}

#[test]
fn preopened_directories_are_found_by_their_names() {
    let (first, second) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut builder = WasiCtx::builder();
    builder
        .preopened_dir(first.path(), "/")
        .unwrap()
        .preopened_dir(second.path(), "data/ü")
        .unwrap();
    let mut guest = Guest::new(builder.build().unwrap());
    let out = guest.alloc(8);
    for (fd, name) in [(3, "/"), (4, "data/ü")] {
        guest.call("fd_prestat_get", &[fd, out.into()]).unwrap();
        assert_eq!(
            (guest.u32_at(out), guest.u32_at(out + 4)),
            (0, name.len() as u32)
        );
        let buf = guest.put(b"................");
        guest
            .call("fd_prestat_dir_name", &[fd, buf.into(), name.len() as u64])
            .unwrap();
        assert_eq!(
            guest.bytes(buf, name.len() + 1),
            [name.as_bytes(), b"."].concat()
        );
        let short = name.len() as u64 - 1;
        assert_eq!(
            guest.call("fd_prestat_dir_name", &[fd, buf.into(), short]),
            Err(Errno::Nametoolong)
        );
        guest
            .call("fd_prestat_dir_name", &[fd, buf.into(), 16])
            .unwrap();
    }
    for fd in [0, 5] {
        assert_eq!(
            guest.call("fd_prestat_get", &[fd, out.into()]),
            Err(Errno::Badf)
        );
        assert_eq!(
            guest.call("fd_prestat_dir_name", &[fd, 0, 9]),
            Err(Errno::Badf)
        );
    }
    let stat = guest.fdstat(3).unwrap();
    assert_eq!(
        (stat.filetype, stat.flags, stat.base, stat.inheriting),
        (3, 0, Rights::DIRECTORY, Rights::ALL)
    );
    // Opened again with the very rights it has.
    guest
        .open_with(3, false, ".", 0, (stat.base, stat.inheriting), 0)
        .unwrap();
    guest.close(3).unwrap();
    assert_eq!(
        guest.call("fd_prestat_get", &[3, out.into()]),
        Err(Errno::Badf)
    );
}

#[test]
fn a_missing_directory_is_named() {
    let error = WasiCtx::builder()
        .preopened_dir("/nonexistent/dir", "/")
        .err()
        .unwrap();
    assert!(error.to_string().contains("/nonexistent/dir"), "{error}");
}
