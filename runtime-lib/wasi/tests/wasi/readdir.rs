//! `fd_readdir`.

use std::collections::BTreeMap;
use std::fs;

use prefab_wasi::{Errno, Rights};

use crate::guest::*;

struct Entry {
    next: u64,
    inode: u64,
    filetype: u8,
}

/// One call; returns the whole entries and whether the buffer was filled up.
fn readdir(
    guest: &mut Guest,
    fd: u32,
    size: usize,
    cookie: u64,
) -> Result<(Vec<(String, Entry)>, bool), Errno> {
    let (buf, out) = (guest.alloc(size), guest.alloc(4));
    guest.call(
        "fd_readdir",
        &[fd.into(), buf.into(), size as u64, cookie, out.into()],
    )?;
    let used = guest.u32_at(out) as usize;
    let (mut entries, mut at) = (Vec::new(), 0);
    while at + 24 <= used {
        let ptr = buf + at as u32;
        let len = guest.u32_at(ptr + 16) as usize;
        if at + 24 + len > used {
            break;
        }
        let name = String::from_utf8(guest.bytes(ptr + 24, len).to_vec()).unwrap();
        let filetype = guest.bytes(ptr + 20, 1)[0];
        entries.push((
            name,
            Entry {
                next: guest.u64_at(ptr),
                inode: guest.u64_at(ptr + 8),
                filetype,
            },
        ));
        at += 24 + len;
    }
    Ok((entries, used == size))
}

/// The whole directory, by buffers of `size` bytes.
fn all(guest: &mut Guest, fd: u32, size: usize) -> BTreeMap<String, Entry> {
    let (mut found, mut cookie) = (BTreeMap::new(), 0);
    loop {
        let (entries, full) = readdir(guest, fd, size, cookie).unwrap();
        assert!(!(full && entries.is_empty()), "no progress");
        for (name, entry) in entries {
            cookie = entry.next;
            assert!(found.insert(name, entry).is_none(), "an entry came twice");
        }
        if !full {
            return found;
        }
    }
}

#[test]
fn every_entry_comes_once_whatever_the_buffer() {
    let (mut guest, dir) = Guest::with_dir();
    fs::create_dir(dir.path().join("sub")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
    for number in 0..40 {
        fs::write(
            dir.path().join(format!("file with a long name {number}")),
            "",
        )
        .unwrap();
    }
    for size in [64, 65, 100, 300, 4096, 20_000] {
        let found = all(&mut guest, ROOT, size);
        assert_eq!(found.len(), 44, "{size}");
        assert_eq!([".", "..", "sub"].map(|name| found[name].filetype), [3; 3]);
        assert_eq!(found["link"].filetype, 7);
        assert_eq!(found["file with a long name 7"].filetype, 4);
        assert_eq!(found["."].inode, guest.filestat(ROOT).unwrap().inode);
        assert_eq!(
            found["sub"].inode,
            guest.stat(ROOT, false, "sub").unwrap().inode
        );
    }
}

#[test]
fn cookies_survive_changes_and_other_readers() {
    let (mut guest, dir) = Guest::with_dir();
    for number in 0..20 {
        fs::write(dir.path().join(format!("{number:02}")), "").unwrap();
    }
    let (first, full) = readdir(&mut guest, ROOT, 200, 0).unwrap();
    assert!(full);
    let cookie = first.last().unwrap().1.next;
    // Somebody else reads from the start, and what was read is removed.
    all(&mut guest, ROOT, 4096);
    for (name, _) in first.iter().filter(|(name, _)| !name.starts_with('.')) {
        guest.at("path_unlink_file", ROOT, name).unwrap();
    }
    let (rest, full) = readdir(&mut guest, ROOT, 4096, cookie).unwrap();
    assert!(!full);
    assert_eq!(first.len() + rest.len(), 22);
    let twice = rest
        .iter()
        .any(|(name, _)| first.iter().any(|(other, _)| name == other));
    assert!(!twice);
    // A new start shows what is there now.
    fs::write(dir.path().join("new"), "").unwrap();
    assert!(all(&mut guest, ROOT, 4096).contains_key("new"));
}

#[test]
fn a_tiny_buffer_is_filled_and_the_end_is_empty() {
    let (mut guest, _dir) = Guest::with_dir();
    let (entries, full) = readdir(&mut guest, ROOT, 10, 0).unwrap();
    assert!(entries.is_empty() && full);
    let (entries, full) = readdir(&mut guest, ROOT, 0, 0).unwrap();
    assert!(entries.is_empty() && full);
    let (entries, _) = readdir(&mut guest, ROOT, 4096, 0).unwrap();
    let last = entries.last().unwrap().1.next;
    let (entries, full) = readdir(&mut guest, ROOT, 4096, last).unwrap();
    assert!(entries.is_empty() && !full);
}

#[test]
fn what_cannot_be_read() {
    let (mut guest, _dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    assert_eq!(readdir(&mut guest, file, 64, 0).err(), Some(Errno::Notdir));
    assert_eq!(readdir(&mut guest, 99, 64, 0).err(), Some(Errno::Badf));
    assert_eq!(
        readdir(&mut guest, ROOT, 64, u64::MAX).err(),
        Some(Errno::Inval)
    );
    guest.drop_rights(ROOT, Rights::FD_READDIR, Rights::NONE);
    assert_eq!(
        readdir(&mut guest, ROOT, 64, 0).err(),
        Some(Errno::Notcapable)
    );
}
