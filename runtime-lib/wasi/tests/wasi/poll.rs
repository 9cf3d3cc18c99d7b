//! `poll_oneoff`: times and readiness for real.

use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use prefab_wasi::{Errno, InputStream, OutputStream, Rights, Snapshot, WasiCtx};

use crate::guest::*;

const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;
const ABSTIME: u16 = 1;

/// Less than the hour that some subscriptions wait, and more than a busy machine can need for the rest.
const LONG: Duration = Duration::from_secs(1800);

#[derive(Clone, Copy)]
enum Sub {
    Clock { id: u32, timeout: u64, flags: u16 },
    Read(u32),
    Write(u32),
}

#[derive(Debug, PartialEq, Eq)]
struct Event {
    userdata: u64,
    errno: u16,
    kind: u8,
    nbytes: u64,
    hangup: bool,
}

fn relative(timeout: Duration) -> Sub {
    Sub::Clock {
        id: MONOTONIC,
        timeout: timeout.as_nanos() as u64,
        flags: 0,
    }
}

/// Polls; the userdata of each subscription is 100 and its place.
fn poll(guest: &mut Guest, subs: &[Sub]) -> Result<Vec<Event>, Errno> {
    let (size, clock) = match guest.snapshot {
        Snapshot::Preview0 => (56, 24),
        Snapshot::Preview1 => (48, 16),
    };
    let list = guest.alloc(subs.len() * size);
    for (index, sub) in subs.iter().enumerate() {
        let ptr = list + (index * size) as u32;
        let userdata = 100 + index as u64;
        guest
            .bytes_mut(ptr, 8)
            .copy_from_slice(&userdata.to_le_bytes());
        let tag = match sub {
            Sub::Clock { .. } => 0,
            Sub::Read(_) => 1,
            Sub::Write(_) => 2,
        };
        guest.bytes_mut(ptr + 8, 1)[0] = tag;
        match sub {
            Sub::Clock { id, timeout, flags } => {
                guest
                    .bytes_mut(ptr + clock, 4)
                    .copy_from_slice(&id.to_le_bytes());
                guest
                    .bytes_mut(ptr + clock + 8, 8)
                    .copy_from_slice(&timeout.to_le_bytes());
                guest
                    .bytes_mut(ptr + clock + 24, 2)
                    .copy_from_slice(&flags.to_le_bytes());
            }
            Sub::Read(fd) | Sub::Write(fd) => {
                guest
                    .bytes_mut(ptr + 16, 4)
                    .copy_from_slice(&fd.to_le_bytes());
            }
        }
    }
    let (events, count) = (guest.alloc(subs.len() * 32), guest.alloc(4));
    guest.call(
        "poll_oneoff",
        &[list.into(), events.into(), subs.len() as u64, count.into()],
    )?;
    let event = |index| {
        let ptr = events + index * 32;
        Event {
            userdata: guest.u64_at(ptr),
            errno: guest.u32_at(ptr + 8) as u16,
            kind: guest.bytes(ptr + 10, 1)[0],
            nbytes: guest.u64_at(ptr + 16),
            hangup: guest.bytes(ptr + 24, 2) == [1, 0],
        }
    };
    Ok((0..guest.u32_at(count)).map(event).collect())
}

fn clock_event(userdata: u64) -> Event {
    Event {
        userdata,
        errno: 0,
        kind: 0,
        nbytes: 0,
        hangup: false,
    }
}

#[test]
fn timeouts_take_their_time() {
    let mut guest = Guest::new(WasiCtx::builder().build().unwrap());
    let out = guest.alloc(8);
    guest
        .call("clock_time_get", &[MONOTONIC.into(), 0, out.into()])
        .unwrap();
    let later = 40_000_000;
    for (id, flags) in [
        (MONOTONIC, 0),
        (REALTIME, 0),
        (MONOTONIC, ABSTIME),
        (REALTIME, ABSTIME),
    ] {
        // Taken before the deadline is computed: what passes between the two counts as waiting.
        let start = Instant::now();
        guest
            .call("clock_time_get", &[id.into(), 0, out.into()])
            .unwrap();
        let base = if flags == ABSTIME {
            guest.u64_at(out)
        } else {
            0
        };
        let sub = Sub::Clock {
            id,
            timeout: base + later,
            flags,
        };
        assert_eq!(poll(&mut guest, &[sub]).unwrap(), [clock_event(100)]);
        let waited = start.elapsed();
        assert!(
            waited >= Duration::from_millis(39),
            "clock {id}, flags {flags}: {waited:?}"
        );
        assert!(waited < LONG, "clock {id}, flags {flags}: {waited:?}");
    }
}

#[test]
fn the_earliest_time_wins_and_the_past_is_now() {
    let mut guest = Guest::new(WasiCtx::builder().build().unwrap());
    let start = Instant::now();
    let hour = Duration::from_secs(3600);
    let subs = [
        relative(hour),
        relative(Duration::from_millis(10)),
        relative(Duration::MAX),
    ];
    assert_eq!(poll(&mut guest, &subs[..2]).unwrap(), [clock_event(101)]);
    let past = Sub::Clock {
        id: REALTIME,
        timeout: 1,
        flags: ABSTIME,
    };
    assert_eq!(
        poll(&mut guest, &[subs[0], past, past]).unwrap(),
        [clock_event(101), clock_event(102)]
    );
    let never = Sub::Clock {
        id: MONOTONIC,
        timeout: u64::MAX,
        flags: 0,
    };
    assert_eq!(
        poll(&mut guest, &[never, past]).unwrap(),
        [clock_event(101)]
    );
    assert!(start.elapsed() < LONG);
}

#[test]
fn pipes_become_ready() {
    let (input, feed) = rustix::pipe::pipe().unwrap();
    let (drain, output) = rustix::pipe::pipe().unwrap();
    let mut builder = WasiCtx::builder();
    builder
        .stdin(InputStream::File(File::from(input)))
        .stdout(OutputStream::File(File::from(output)));
    let mut guest = Guest::new(builder.build().unwrap());
    let short = relative(Duration::from_millis(20));
    // Nothing to read: the time comes first.
    assert_eq!(
        poll(&mut guest, &[Sub::Read(0), short]).unwrap(),
        [clock_event(101)]
    );
    // Room to write: at once, and the time is not mentioned.
    let writable = Event {
        userdata: 100,
        errno: 0,
        kind: 2,
        nbytes: 0,
        hangup: false,
    };
    let long = relative(Duration::from_secs(3600));
    assert_eq!(
        poll(&mut guest, &[Sub::Write(1), long]).unwrap(),
        [writable]
    );
    // Somebody writes while we wait.
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(30));
        let mut feed = File::from(feed);
        feed.write_all(b"abc").unwrap();
        feed
    });
    let readable = Event {
        userdata: 101,
        errno: 0,
        kind: 1,
        nbytes: 3,
        hangup: false,
    };
    assert_eq!(poll(&mut guest, &[long, Sub::Read(0)]).unwrap(), [readable]);
    assert_eq!(guest.read(0, 10).unwrap(), b"abc");
    drop(writer.join().unwrap());
    let ended = Event {
        userdata: 100,
        errno: 0,
        kind: 1,
        nbytes: 0,
        hangup: true,
    };
    assert_eq!(poll(&mut guest, &[Sub::Read(0)]).unwrap(), [ended]);
    drop(drain);
    assert!(poll(&mut guest, &[Sub::Write(1)]).unwrap()[0].hangup);
}

#[test]
fn files_and_memory_are_always_ready() {
    let dir = tempfile::tempdir().unwrap();
    let mut builder = builder(dir.path());
    builder.stdin(InputStream::Bytes(b"input".to_vec()));
    let mut guest = Guest::new(builder.build().unwrap());
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    guest.write(fd, b"0123456789").unwrap();
    guest.seek(fd, 4, 0).unwrap();
    guest.read(0, 1).unwrap();
    let events = poll(
        &mut guest,
        &[Sub::Read(fd), Sub::Write(fd), Sub::Read(0), Sub::Write(1)],
    )
    .unwrap();
    let summary: Vec<_> = events
        .iter()
        .map(|event| (event.userdata, event.kind, event.nbytes))
        .collect();
    assert_eq!(
        summary,
        [(100, 1, 6), (101, 2, 0), (102, 1, 4), (103, 2, 0)]
    );
}

#[test]
fn sockets_become_ready() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut builder = WasiCtx::builder();
    builder.preopened_socket(listener);
    let mut guest = Guest::new(builder.build().unwrap());
    let client = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        TcpStream::connect(address).unwrap()
    });
    let long = relative(Duration::from_secs(3600));
    assert_eq!(
        poll(&mut guest, &[Sub::Read(3), long]).unwrap()[0].userdata,
        100
    );
    let out = guest.alloc(4);
    guest
        .call("sock_accept", &[3, NONBLOCK.into(), out.into()])
        .unwrap();
    let fd = guest.u32_at(out);
    let mut client = client.join().unwrap();
    client.write_all(b"four").unwrap();
    let events = poll(&mut guest, &[Sub::Read(fd), long]).unwrap();
    assert_eq!(
        (events[0].userdata, events[0].nbytes, events[0].hangup),
        (100, 4, false)
    );
    drop(client);
    assert_eq!(guest.read(fd, 9).unwrap(), b"four");
    assert_eq!(poll(&mut guest, &[Sub::Read(fd)]).unwrap()[0].nbytes, 0);
}

#[test]
fn what_is_wrong_with_one_subscription_is_its_event() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.open(ROOT, "file", CREAT, READ).unwrap();
    let no_clock = Sub::Clock {
        id: 9,
        timeout: 0,
        flags: 0,
    };
    let cpu_clock = Sub::Clock {
        id: 2,
        timeout: 0,
        flags: 0,
    };
    let bad_flags = Sub::Clock {
        id: 1,
        timeout: 0,
        flags: 2,
    };
    let subs = [
        Sub::Read(99),
        Sub::Write(fd),
        no_clock,
        cpu_clock,
        bad_flags,
        Sub::Read(fd),
    ];
    let events = poll(&mut guest, &subs).unwrap();
    let errnos: Vec<_> = events
        .iter()
        .map(|event| Errno::from_code(event.errno).unwrap())
        .collect();
    use Errno::*;
    assert_eq!(errnos, [Badf, Notcapable, Inval, Notsup, Inval, Success]);
    guest.drop_rights(fd, Rights::POLL_FD_READWRITE, Rights::NONE);
    assert_eq!(
        poll(&mut guest, &[Sub::Read(fd)]).unwrap()[0].errno,
        Notcapable.code()
    );
    assert_eq!(poll(&mut guest, &[]), Err(Inval));
    assert_eq!(
        guest.call("poll_oneoff", &[16, 16, 1 << 31, 16]),
        Err(Inval)
    );
}

#[test]
fn preview0_subscriptions() {
    let mut guest = Guest::new(WasiCtx::builder().build().unwrap());
    guest.snapshot = Snapshot::Preview0;
    let start = Instant::now();
    let subs = [
        relative(Duration::from_millis(30)),
        relative(Duration::from_secs(3600)),
    ];
    assert_eq!(poll(&mut guest, &subs).unwrap(), [clock_event(100)]);
    assert!(start.elapsed() >= Duration::from_millis(29));
    let events = poll(
        &mut guest,
        &[relative(Duration::from_secs(3600)), Sub::Write(1)],
    )
    .unwrap();
    assert_eq!(
        (events.len(), events[0].userdata, events[0].kind),
        (1, 101, 2)
    );
}
