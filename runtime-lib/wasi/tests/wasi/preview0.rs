//! The places in which preview 0 differs, by whole calls (`poll_oneoff` stands in `poll.rs`).

use prefab_wasi::Snapshot;

use crate::guest::*;

#[test]
fn whence_and_filestat() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.snapshot = Snapshot::Preview0;
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    guest.write(fd, b"0123456789").unwrap();
    // 0 is the position, 1 the end, 2 the start.
    assert_eq!(guest.seek(fd, -4, 0), Ok(6));
    assert_eq!(guest.seek(fd, -1, 1), Ok(9));
    assert_eq!(guest.seek(fd, 3, 2), Ok(3));
    assert_eq!(guest.seek(fd, 0, 0), Ok(3));
    guest.link(ROOT, false, "file", ROOT, "other").unwrap();
    guest.set_times(ROOT, true, "file", (5, 6, 5)).unwrap();
    let by_fd = guest.filestat(fd).unwrap();
    assert_eq!((by_fd.filetype, by_fd.links, by_fd.size), (4, 2, 10));
    assert_eq!((by_fd.atim, by_fd.mtim), (5, 6));
    assert_eq!(guest.stat(ROOT, true, "file").unwrap(), by_fd);
    guest.snapshot = Snapshot::Preview1;
    assert_eq!(guest.filestat(fd).unwrap(), by_fd);
}

#[test]
fn filestat_does_not_write_beyond_its_end() {
    let (mut guest, _dir) = Guest::with_dir();
    for (snapshot, size) in [(Snapshot::Preview0, 56), (Snapshot::Preview1, 64)] {
        guest.snapshot = snapshot;
        let out = guest.alloc(72);
        guest.bytes_mut(out, 72).fill(0xff);
        guest
            .call("fd_filestat_get", &[ROOT.into(), out.into()])
            .unwrap();
        let end = guest
            .bytes(out, 72)
            .iter()
            .rposition(|byte| *byte != 0xff)
            .unwrap();
        assert!(end < size, "{snapshot:?}: {end}");
    }
}
