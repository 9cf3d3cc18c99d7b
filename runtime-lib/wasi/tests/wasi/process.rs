//! Arguments, environment, clocks, random bytes, the end.

use prefab_wasi::{BuildError, End, Errno, Exit, WasiCtx, WasiCtxBuilder};

use crate::guest::*;

/// Both strings and pointers of `args_get` or `environ_get`.
fn strings(guest: &mut Guest, get: &str, sizes: &str) -> Vec<String> {
    let (count, size) = (guest.alloc(4), guest.alloc(4));
    guest.call(sizes, &[count.into(), size.into()]).unwrap();
    let (count, size) = (guest.u32_at(count) as usize, guest.u32_at(size) as usize);
    let (pointers, buffer) = (guest.alloc(count * 4), guest.alloc(size + 1));
    guest.bytes_mut(buffer, size + 1).fill(0xff);
    guest.call(get, &[pointers.into(), buffer.into()]).unwrap();
    assert_eq!(guest.bytes(buffer + size as u32, 1), [0xff]);
    let string = |index: usize| {
        let ptr = guest.u32_at(pointers + index as u32 * 4);
        let rest = guest.bytes(ptr, (buffer as usize + size) - ptr as usize);
        let end = rest.iter().position(|byte| *byte == 0).unwrap();
        String::from_utf8(rest[..end].to_vec()).unwrap()
    };
    (0..count).map(string).collect()
}

#[test]
fn arguments_and_environment() {
    let mut builder = WasiCtx::builder();
    builder
        .arg("prog")
        .args(["", "größe"])
        .env("A", "1")
        .env("B", "x=y")
        .env("A", "2")
        .env("E", "");
    let mut guest = Guest::new(builder.build().unwrap());
    assert_eq!(
        strings(&mut guest, "args_get", "args_sizes_get"),
        ["prog", "", "größe"]
    );
    assert_eq!(
        strings(&mut guest, "environ_get", "environ_sizes_get"),
        ["A=2", "B=x=y", "E="]
    );
    let mut guest = Guest::new(WasiCtx::builder().build().unwrap());
    assert!(strings(&mut guest, "args_get", "args_sizes_get").is_empty());
    assert!(strings(&mut guest, "environ_get", "environ_sizes_get").is_empty());
}

#[test]
fn what_a_guest_could_not_read_is_refused() {
    let build = |change: fn(&mut WasiCtxBuilder) -> &mut WasiCtxBuilder| {
        let mut builder = WasiCtx::builder();
        change(&mut builder);
        builder.build().err()
    };
    assert!(matches!(
        build(|builder| builder.arg("a\0b")),
        Some(BuildError::Nul { .. })
    ));
    assert!(matches!(
        build(|builder| builder.env("A", "\0")),
        Some(BuildError::Nul { .. })
    ));
    assert!(matches!(
        build(|builder| builder.env("A=", "x")),
        Some(BuildError::VariableName { .. })
    ));
    assert!(matches!(
        build(|builder| builder.env("", "x")),
        Some(BuildError::VariableName { .. })
    ));
}

#[test]
fn clocks_run() {
    let mut guest = Guest::new(WasiCtx::builder().build().unwrap());
    let out = guest.alloc(8);
    for clock in 0..4 {
        guest.call("clock_res_get", &[clock, out.into()]).unwrap();
        assert!((1..1_000_000_000).contains(&guest.u64_at(out)));
        guest
            .call("clock_time_get", &[clock, 0, out.into()])
            .unwrap();
        let first = guest.u64_at(out);
        guest
            .call("clock_time_get", &[clock, 1000, out.into()])
            .unwrap();
        assert!(guest.u64_at(out) >= first);
        if clock == 0 {
            assert!(first > 1_600_000_000_000_000_000);
        }
    }
    assert_eq!(
        guest.call("clock_res_get", &[4, out.into()]),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.call("clock_time_get", &[u64::MAX, 0, out.into()]),
        Err(Errno::Inval)
    );
}

#[test]
fn random_bytes_fill_the_buffer_and_no_more() {
    let mut guest = Guest::new(WasiCtx::builder().build().unwrap());
    for size in [0, 1, 300, 100_000] {
        let buffer = guest.alloc(size + 8);
        guest
            .call("random_get", &[buffer.into(), size as u64])
            .unwrap();
        assert_eq!(guest.bytes(buffer + size as u32, 8), [0; 8]);
        if size > 100 {
            let distinct = guest
                .bytes(buffer, size)
                .iter()
                .collect::<std::collections::HashSet<_>>();
            assert!(distinct.len() > 50);
        }
    }
}

#[test]
fn programs_end() {
    let mut guest = Guest::new(WasiCtx::builder().build().unwrap());
    assert_eq!(
        guest.try_call("proc_exit", &[7]),
        Err(End::Exit(Exit { code: 7 }))
    );
    assert_eq!(
        guest.try_call("proc_exit", &[u64::from(u32::MAX)]),
        Err(End::Exit(Exit { code: u32::MAX }))
    );
    assert_eq!(
        guest.try_call("proc_raise", &[6]),
        Err(End::Exit(Exit { code: 134 }))
    );
    assert_eq!(guest.try_call("proc_raise", &[99]), Ok(Errno::Inval));
    assert_eq!(guest.call("sched_yield", &[]), Ok(()));
}

#[test]
fn a_context_can_be_sent_and_shared() {
    fn check<T: Send + Sync>() {}
    check::<WasiCtx>();
}
