//! Sockets: real ones, on the loopback interface and in the file system.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use prefab_wasi::{Errno, Rights, WasiCtx};

use crate::guest::*;

const LISTENER: u32 = 3;
const PEEK: u64 = 1;
const WAITALL: u64 = 2;

fn guest_with(socket: impl Into<std::os::fd::OwnedFd>) -> Guest {
    let mut builder = WasiCtx::builder();
    assert_eq!(builder.next_socket_fd(), LISTENER);
    builder.preopened_socket(socket);
    Guest::new(builder.build().unwrap())
}

fn tcp() -> (Guest, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (guest_with(listener), client)
}

fn accept(guest: &mut Guest, fd: u32, flags: u32) -> Result<u32, Errno> {
    let out = guest.alloc(4);
    guest
        .call("sock_accept", &[fd.into(), flags.into(), out.into()])
        .map(|()| guest.u32_at(out))
}

fn recv(guest: &mut Guest, fd: u32, sizes: &[usize], flags: u64) -> Result<(Vec<u8>, bool), Errno> {
    let (list, count, first) = guest.buffers(sizes);
    let (len, out_flags) = (guest.alloc(4), guest.alloc(4));
    guest.bytes_mut(out_flags, 2).fill(0xff);
    guest.call(
        "sock_recv",
        &[fd.into(), list, count, flags, len.into(), out_flags.into()],
    )?;
    let truncated = guest.bytes(out_flags, 2) == [1, 0];
    assert!(truncated || guest.bytes(out_flags, 2) == [0, 0]);
    Ok((
        guest.bytes(first, guest.u32_at(len) as usize).to_vec(),
        truncated,
    ))
}

fn send(guest: &mut Guest, fd: u32, bytes: &[u8]) -> Result<u32, Errno> {
    guest.write_by("sock_send", fd, &[bytes], &[0])
}

#[test]
fn a_connection_is_accepted_and_used() {
    let (mut guest, mut client) = tcp();
    let stat = guest.fdstat(LISTENER).unwrap();
    assert_eq!((stat.filetype, stat.base), (6, Rights::LISTENER));
    let fd = accept(&mut guest, LISTENER, 0).unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().base, Rights::CONNECTION);
    client.write_all(b"hello").unwrap();
    assert_eq!(recv(&mut guest, fd, &[2], PEEK).unwrap().0, b"he");
    assert_eq!(
        recv(&mut guest, fd, &[2, 3], WAITALL).unwrap(),
        (b"hello".to_vec(), false)
    );
    assert_eq!(send(&mut guest, fd, b"answer"), Ok(6));
    assert_eq!(guest.write(fd, b"!"), Ok(1));
    let mut answer = [0; 7];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"answer!");
    client.write_all(b"plain").unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"plain");
    guest.call("sock_shutdown", &[fd.into(), 2]).unwrap();
    assert_eq!(client.read(&mut answer).unwrap(), 0);
    assert_eq!(send(&mut guest, fd, b"x"), Err(Errno::Pipe));
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(recv(&mut guest, fd, &[9], 0).unwrap().0, b"");
    assert_eq!(guest.filestat(fd).unwrap().filetype, 6);
}

#[test]
fn non_blocking_sockets_say_again() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut guest = guest_with(listener);
    guest
        .call("fd_fdstat_set_flags", &[LISTENER.into(), NONBLOCK.into()])
        .unwrap();
    assert_eq!(accept(&mut guest, LISTENER, 0), Err(Errno::Again));
    let _client = TcpStream::connect(address).unwrap();
    let fd = accept(&mut guest, LISTENER, NONBLOCK).unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().flags, 4);
    assert_eq!(recv(&mut guest, fd, &[1], 0), Err(Errno::Again));
    assert_eq!(guest.read(fd, 1), Err(Errno::Again));
    // Until the buffers are full.
    let errno = loop {
        if let Err(errno) = send(&mut guest, fd, &[0; 1000]) {
            break errno;
        }
        guest.reset_memory();
    };
    assert_eq!(errno, Errno::Again);
}

#[test]
fn unix_sockets() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let mut guest = guest_with(UnixListener::bind(&path).unwrap());
    let mut client = UnixStream::connect(&path).unwrap();
    let fd = accept(&mut guest, LISTENER, 0).unwrap();
    send(&mut guest, fd, b"over unix").unwrap();
    let mut bytes = [0; 9];
    client.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"over unix");
}

#[test]
fn a_message_too_long_is_cut_off_and_says_so() {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    let mut guest = guest_with(theirs);
    assert_eq!(guest.fdstat(LISTENER).unwrap().filetype, 5);
    ours.send(b"a long message").unwrap();
    ours.send(b"short").unwrap();
    assert_eq!(
        recv(&mut guest, LISTENER, &[6], 0).unwrap(),
        (b"a long".to_vec(), true)
    );
    assert_eq!(
        recv(&mut guest, LISTENER, &[6], 0).unwrap(),
        (b"short".to_vec(), false)
    );
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    assert_eq!(guest_with(udp).fdstat(LISTENER).unwrap().filetype, 5);
}

#[test]
fn what_is_refused() {
    let (mut guest, _client) = tcp();
    let fd = accept(&mut guest, LISTENER, 0).unwrap();
    assert_eq!(accept(&mut guest, fd, 0), Err(Errno::Notcapable));
    assert_eq!(accept(&mut guest, LISTENER, APPEND), Err(Errno::Inval));
    assert_eq!(recv(&mut guest, fd, &[1], 4), Err(Errno::Inval));
    assert_eq!(
        guest.write_by("sock_send", fd, &[b"x"], &[1]),
        Err(Errno::Inval)
    );
    for how in [0, 4] {
        assert_eq!(
            guest.call("sock_shutdown", &[fd.into(), how]),
            Err(Errno::Inval)
        );
    }
    for (other, errno) in [(0, Errno::Notsock), (99, Errno::Badf)] {
        assert_eq!(accept(&mut guest, other, 0), Err(errno));
        assert_eq!(recv(&mut guest, other, &[1], 0), Err(errno));
        assert_eq!(send(&mut guest, other, b"x"), Err(errno));
        assert_eq!(guest.call("sock_shutdown", &[other.into(), 3]), Err(errno));
    }
    assert_eq!(guest.seek(fd, 1, 0), Err(Errno::Spipe));
    guest.drop_rights(fd, Rights::SOCK_SHUTDOWN | Rights::FD_READ, Rights::NONE);
    assert_eq!(
        guest.call("sock_shutdown", &[fd.into(), 3]),
        Err(Errno::Notcapable)
    );
    assert_eq!(recv(&mut guest, fd, &[1], 0), Err(Errno::Notcapable));
    // A connection gets no more than the listener may pass on.
    let (mut guest, _client) = tcp();
    guest.drop_rights(LISTENER, Rights::NONE, Rights::FD_WRITE);
    let fd = accept(&mut guest, LISTENER, 0).unwrap();
    assert_eq!(send(&mut guest, fd, b"x"), Err(Errno::Notcapable));
}

#[test]
fn sockets_come_after_directories() {
    let dir = tempfile::tempdir().unwrap();
    let mut builder = builder(dir.path());
    assert_eq!(builder.next_socket_fd(), 4);
    builder.preopened_socket(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let mut guest = Guest::new(builder.build().unwrap());
    assert_eq!(guest.fdstat(4).unwrap().filetype, 6);
    // Where a guest stops looking for directories.
    let out = guest.alloc(8);
    assert_eq!(
        guest.call("fd_prestat_get", &[4, out.into()]),
        Err(Errno::Badf)
    );
    let mut builder = WasiCtx::builder();
    builder.preopened_socket(std::fs::File::open("/dev/null").unwrap());
    assert!(builder.build().is_err());
}
