//! Open files: reading, writing, the position, sizes, times, flags.

use std::fs;

use prefab_wasi::{Errno, Rights};

use crate::guest::*;

#[test]
fn reads_and_writes_move_the_position() {
    let (mut guest, dir) = Guest::with_dir();
    let fd = guest.open(ROOT, "file", CREAT | EXCL, READ_WRITE).unwrap();
    assert_eq!(fd, 4);
    assert_eq!(
        guest.write_by("fd_write", fd, &[b"hello", b"", b" world"], &[]),
        Ok(11)
    );
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"hello world");
    assert_eq!(guest.tell(fd), Ok(11));
    assert_eq!(guest.seek(fd, -5, 1), Ok(6));
    assert_eq!(
        guest.read_by("fd_read", fd, &[2, 0, 2], &[]).unwrap(),
        b"worl"
    );
    assert_eq!(guest.read(fd, 100).unwrap(), b"d");
    assert_eq!(guest.read(fd, 100).unwrap(), b"");
    assert_eq!(guest.seek(fd, 0, 0), Ok(0));
    assert_eq!(guest.seek(fd, -1, 2), Ok(10));
    assert_eq!(guest.seek(fd, 100, 2), Ok(111));
    assert_eq!(guest.seek(fd, -1, 0), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, -1000, 1), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, 0, 3), Err(Errno::Inval));
    assert_eq!(guest.close(fd), Ok(()));
    assert_eq!(guest.close(fd), Err(Errno::Badf));
}

#[test]
fn positioned_io_leaves_the_position() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    guest.write(fd, b"0123456789").unwrap();
    assert_eq!(guest.write_by("fd_pwrite", fd, &[b"ab", b"c"], &[4]), Ok(3));
    assert_eq!(
        guest.read_by("fd_pread", fd, &[3, 3], &[3]).unwrap(),
        b"3abc78"
    );
    assert_eq!(guest.read_by("fd_pread", fd, &[3], &[100]).unwrap(), b"");
    assert_eq!(guest.tell(fd), Ok(10));
    assert_eq!(
        guest.read_by("fd_pread", fd, &[1], &[u64::MAX]),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.write_by("fd_pwrite", fd, &[b"x"], &[1 << 63]),
        Err(Errno::Inval)
    );
}

#[test]
fn overlapping_buffers_are_filled_in_order() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    guest.write(fd, b"abcdef").unwrap();
    let buffer = guest.put(b"______");
    let list: Vec<u8> = [buffer, 4, buffer + 2, 2]
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect();
    let (list, out) = (guest.put(&list), guest.alloc(4));
    guest
        .call("fd_pread", &[fd.into(), list.into(), 2, 0, out.into()])
        .unwrap();
    assert_eq!(guest.u32_at(out), 6);
    assert_eq!(guest.bytes(buffer, 6), b"abef__");
}

#[test]
fn append_mode_can_be_switched_off() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("file"), "start").unwrap();
    let fd = guest
        .open_with(ROOT, true, "file", 0, (READ_WRITE, Rights::NONE), APPEND)
        .unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().flags, 1);
    guest.seek(fd, 0, 0).unwrap();
    guest.write(fd, b"+end").unwrap();
    guest.call("fd_fdstat_set_flags", &[fd.into(), 0]).unwrap();
    guest.seek(fd, 0, 0).unwrap();
    guest.write(fd, b"S").unwrap();
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"Start+end");
    guest
        .call(
            "fd_fdstat_set_flags",
            &[fd.into(), (NONBLOCK | APPEND).into()],
        )
        .unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().flags, 5);
    // Synchronous writing is decided on opening.
    assert_eq!(
        guest.call("fd_fdstat_set_flags", &[fd.into(), SYNC.into()]),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.call("fd_fdstat_set_flags", &[fd.into(), 32]),
        Err(Errno::Inval)
    );
    for flags in [SYNC, DSYNC] {
        let fd = guest
            .open_with(ROOT, true, "file", 0, (READ_WRITE, Rights::NONE), flags)
            .unwrap();
        assert_eq!(u32::from(guest.fdstat(fd).unwrap().flags), flags);
        guest
            .call("fd_fdstat_set_flags", &[fd.into(), (flags | APPEND).into()])
            .unwrap();
    }
}

#[test]
fn sizes_change() {
    let (mut guest, dir) = Guest::with_dir();
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    guest.write(fd, b"0123456789").unwrap();
    guest.call("fd_filestat_set_size", &[fd.into(), 4]).unwrap();
    assert_eq!(guest.filestat(fd).unwrap().size, 4);
    guest.call("fd_filestat_set_size", &[fd.into(), 6]).unwrap();
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"0123\0\0");
    assert_eq!(
        guest.call("fd_filestat_set_size", &[fd.into(), u64::MAX]),
        Err(Errno::Inval)
    );
    match guest.call("fd_allocate", &[fd.into(), 0, 100]) {
        Ok(()) => assert_eq!(guest.filestat(fd).unwrap().size, 100),
        errno => assert_eq!(errno, Err(Errno::Notsup)),
    }
    assert_eq!(
        guest.call("fd_allocate", &[fd.into(), 10, 0]),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.call("fd_allocate", &[fd.into(), u64::MAX, 1]),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.call("fd_filestat_set_size", &[ROOT.into(), 0]),
        Err(Errno::Badf)
    );
}

#[test]
fn times_are_set_kept_and_now() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    let set = |guest: &mut Guest, atim, mtim, flags| {
        guest.call("fd_filestat_set_times", &[fd.into(), atim, mtim, flags])
    };
    set(&mut guest, 1_500_000_000, 7_000_000_009, 1 | 4).unwrap();
    let stat = guest.filestat(fd).unwrap();
    assert_eq!((stat.atim, stat.mtim), (1_500_000_000, 7_000_000_009));
    set(&mut guest, 5, 6, 4).unwrap();
    let stat = guest.filestat(fd).unwrap();
    assert_eq!((stat.atim, stat.mtim), (1_500_000_000, 6));
    set(&mut guest, 0, 0, 8).unwrap();
    let stat = guest.filestat(fd).unwrap();
    assert_eq!(stat.atim, 1_500_000_000);
    assert!(stat.mtim > 1_600_000_000_000_000_000);
    assert_eq!(set(&mut guest, 0, 0, 1 | 2), Err(Errno::Inval));
    assert_eq!(set(&mut guest, 0, 0, 4 | 8), Err(Errno::Inval));
    assert_eq!(set(&mut guest, 0, 0, 16), Err(Errno::Inval));
    // A directory has times too.
    let root = guest.open(ROOT, ".", DIRECTORY, Rights::DIRECTORY).unwrap();
    guest
        .call("fd_filestat_set_times", &[root.into(), 0, 9, 4])
        .unwrap();
    assert_eq!(guest.filestat(root).unwrap().mtim, 9);
}

#[test]
fn advice_and_syncing() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    for advice in 0..6 {
        assert_eq!(
            guest.call("fd_advise", &[fd.into(), 0, 100, advice]),
            Ok(())
        );
    }
    assert_eq!(
        guest.call("fd_advise", &[fd.into(), 0, 0, 6]),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.call("fd_advise", &[fd.into(), u64::MAX, 1, 0]),
        Err(Errno::Inval)
    );
    for name in ["fd_sync", "fd_datasync"] {
        assert_eq!(guest.call(name, &[fd.into()]), Ok(()));
        // As databases do after renaming a file.
        let root = guest.open(ROOT, ".", DIRECTORY, Rights::DIRECTORY).unwrap();
        for directory in [ROOT, root] {
            assert_eq!(guest.call(name, &[directory.into()]), Ok(()));
        }
        assert_eq!(guest.call(name, &[99]), Err(Errno::Badf));
    }
}

#[test]
fn filestat_tells_the_type_and_the_links() {
    let (mut guest, dir) = Guest::with_dir();
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    guest.link(ROOT, false, "file", ROOT, "link").unwrap();
    let stat = guest.filestat(fd).unwrap();
    assert_eq!((stat.filetype, stat.links, stat.size), (4, 2, 0));
    assert_eq!(guest.stat(ROOT, false, "link").unwrap(), stat);
    use std::os::unix::fs::MetadataExt;
    assert_eq!(
        fs::metadata(dir.path().join("file")).unwrap().ino(),
        stat.inode
    );
    assert_eq!(guest.filestat(ROOT).unwrap().filetype, 3);
}

#[test]
fn directories_are_no_files() {
    let (mut guest, _dir) = Guest::with_dir();
    assert_eq!(guest.read(ROOT, 1), Err(Errno::Isdir));
    assert_eq!(
        guest.read_by("fd_pread", ROOT, &[1], &[0]),
        Err(Errno::Isdir)
    );
    assert_eq!(guest.write(ROOT, b"x"), Err(Errno::Badf));
    assert_eq!(
        guest.write_by("fd_pwrite", ROOT, &[b"x"], &[0]),
        Err(Errno::Badf)
    );
    assert_eq!(guest.seek(ROOT, 1, 0), Err(Errno::Badf));
    assert_eq!(guest.tell(ROOT), Err(Errno::Badf));
    assert_eq!(
        guest.call("fd_allocate", &[ROOT.into(), 0, 1]),
        Err(Errno::Badf)
    );
    assert_eq!(
        guest.call("fd_advise", &[ROOT.into(), 0, 1, 0]),
        Err(Errno::Badf)
    );
}
