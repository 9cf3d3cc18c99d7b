//! Standard streams.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use prefab_wasi::{Errno, InputStream, OutputCapture, OutputStream, Rights, WasiCtx};

use crate::guest::*;

fn pipe() -> (File, File) {
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    (File::from(reader), File::from(writer))
}

#[test]
fn streams_in_memory() {
    let (out, err) = (OutputCapture::new(), OutputCapture::new());
    let mut builder = WasiCtx::builder();
    builder.stdin(InputStream::Bytes(b"input".to_vec()));
    builder
        .stdout(OutputStream::Capture(out.clone()))
        .stderr(OutputStream::Capture(err.clone()));
    let mut guest = Guest::new(builder.build().unwrap());
    assert_eq!(guest.read_by("fd_read", 0, &[2, 2], &[]).unwrap(), b"inpu");
    assert_eq!(guest.read(0, 9).unwrap(), b"t");
    assert_eq!(guest.read(0, 9).unwrap(), b"");
    assert_eq!(guest.write_by("fd_write", 1, &[b"a", b"bc"], &[]), Ok(3));
    assert_eq!(guest.write(2, b"error"), Ok(5));
    assert_eq!(
        (out.take(), err.contents()),
        (b"abc".to_vec(), b"error".to_vec())
    );
    assert_eq!(out.contents(), b"");
    assert_eq!(guest.write(0, b"x"), Err(Errno::Notcapable));
    assert_eq!(guest.read(1, 1), Err(Errno::Notcapable));
    assert_eq!(guest.seek(0, 1, 0), Err(Errno::Spipe));
    assert_eq!(guest.fdstat(1).unwrap().filetype, 0);
    assert_eq!(guest.filestat(0).unwrap().size, 0);
    assert_eq!(
        guest.call("fd_fdstat_set_flags", &[1, NONBLOCK.into()]),
        Ok(())
    );
}

#[test]
fn nothing_by_default() {
    let mut guest = Guest::new(WasiCtx::builder().build().unwrap());
    assert_eq!(guest.read(0, 9).unwrap(), b"");
    assert_eq!(guest.write(1, b"gone"), Ok(4));
    let stat = guest.fdstat(1).unwrap();
    assert_eq!(stat.filetype, 2);
    // With a position: no guest takes it for a terminal.
    assert!(stat.base.contains(Rights::FD_SEEK));
    assert_eq!(guest.seek(1, 5, 0), Ok(0));
    assert_eq!(guest.fdstat(3).err(), Some(Errno::Badf));
}

#[test]
fn pipes_are_not_buffered_and_report_their_type() {
    let (mut reader, writer) = pipe();
    let (input, mut feed) = pipe();
    let mut builder = WasiCtx::builder();
    builder
        .stdin(InputStream::File(input))
        .stdout(OutputStream::File(writer));
    let mut guest = Guest::new(builder.build().unwrap());
    guest.write(1, b"now").unwrap();
    let mut bytes = [0; 3];
    reader.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"now");
    feed.write_all(b"abc").unwrap();
    assert_eq!(guest.read(0, 100).unwrap(), b"abc");
    let stat = guest.fdstat(0).unwrap();
    assert_eq!(stat.filetype, 0);
    assert!(!stat.base.contains(Rights::FD_SEEK) && !stat.base.contains(Rights::FD_WRITE));
    guest
        .call("fd_fdstat_set_flags", &[0, NONBLOCK.into()])
        .unwrap();
    assert_eq!(guest.read(0, 1), Err(Errno::Again));
    drop(feed);
    assert_eq!(guest.read(0, 1).unwrap(), b"");
    drop(reader);
    assert_eq!(guest.write(1, b"x"), Err(Errno::Pipe));
}

#[test]
fn files_and_terminals() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let controller =
        rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY)
            .unwrap();
    rustix::pty::unlockpt(&controller).unwrap();
    let flags = rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY;
    let terminal: OwnedFd = rustix::pty::ioctl_tiocgptpeer(&controller, flags).unwrap();
    let mut builder = WasiCtx::builder();
    builder.stdin(InputStream::File(File::from(terminal)));
    builder.stdout(OutputStream::File(File::create(&path).unwrap()));
    builder.stderr(OutputStream::File(
        File::options().write(true).open("/dev/null").unwrap(),
    ));
    let mut guest = Guest::new(builder.build().unwrap());
    let stats = [0, 1, 2].map(|fd| guest.fdstat(fd).unwrap());
    assert_eq!([0, 1, 2].map(|fd| stats[fd].filetype), [2, 4, 2]);
    // What is a terminal has no position; that is how guests tell.
    let positioned = [0, 1, 2].map(|fd| stats[fd].base.contains(Rights::FD_SEEK));
    assert_eq!(positioned, [false, true, true]);
    guest.write(1, b"text").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"text");
    let mut controller = File::from(controller);
    controller.write_all(b"line\n").unwrap();
    assert_eq!(guest.read(0, 100).unwrap(), b"line\n");
}

#[test]
fn inherited_streams_keep_the_hosts_flags() {
    let mut builder = WasiCtx::builder();
    builder.inherit_stdio();
    let mut guest = Guest::new(builder.build().unwrap());
    let before = rustix::fs::fcntl_getfl(rustix::stdio::stderr()).unwrap();
    let flags = guest.fdstat(2).unwrap().flags;
    guest
        .call(
            "fd_fdstat_set_flags",
            &[2, u64::from(flags) | u64::from(NONBLOCK)],
        )
        .unwrap();
    assert_eq!(guest.fdstat(2).unwrap().flags, flags | 4);
    assert_eq!(
        rustix::fs::fcntl_getfl(rustix::stdio::stderr()).unwrap(),
        before
    );
    guest.close(2).unwrap();
    assert!(rustix::fs::fcntl_getfl(rustix::stdio::stderr()).is_ok());
}
