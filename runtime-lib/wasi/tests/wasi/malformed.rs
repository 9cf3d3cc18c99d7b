//! Wild arguments for every function: never a panic, and a bad pointer ends the guest.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use prefab_wasi::{
    End, Errno, FUNCTIONS, Function, GuestMemory, Outcome, PointerError, Snapshot, WasiCtx,
    WasmType,
};
use tempfile::TempDir;

use crate::guest::builder;

const MEMORY_SIZE_BYTES: u32 = 4096;

/// A file, a directory to begin at, and a connection, so that calls get as far as their pointers.
fn context() -> (WasiCtx, TempDir, TcpStream) {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("file"), "contents").unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let mut builder = builder(dir.path());
    builder
        .arg("argument")
        .env("NAME", "value")
        .preopened_socket(server);
    (builder.build().unwrap(), dir, client)
}

fn function(name: &str) -> &'static Function {
    FUNCTIONS
        .iter()
        .find(|function| function.name == name)
        .unwrap()
}

fn pointer_error(outcome: Outcome) -> PointerError {
    match outcome {
        Err(End::Pointer(error)) => error,
        outcome => panic!("the pointer was taken: {outcome:?}"),
    }
}

/// Memory in which 0 holds the path `file` and 16 a list of one buffer (64, 8 bytes), and 128 a
/// subscription to a time in the past.
fn memory() -> Vec<u8> {
    let mut memory = vec![0; MEMORY_SIZE_BYTES as usize];
    memory[..4].copy_from_slice(b"file");
    memory[16] = 64;
    memory[20] = 8;
    memory
}

/// For each function with pointers: arguments that are right, and which of them are pointers.
const POINTERS: &[(&str, &[u64], &[usize])] = &[
    ("args_get", &[256, 512], &[0, 1]),
    ("args_sizes_get", &[256, 512], &[0, 1]),
    ("environ_get", &[256, 512], &[0, 1]),
    ("environ_sizes_get", &[256, 512], &[0, 1]),
    ("clock_res_get", &[0, 256], &[1]),
    ("clock_time_get", &[0, 0, 256], &[2]),
    ("fd_fdstat_get", &[3, 256], &[1]),
    ("fd_filestat_get", &[3, 256], &[1]),
    ("fd_pread", &[5, 16, 1, 0, 256], &[1, 4]),
    ("fd_prestat_get", &[3, 256], &[1]),
    ("fd_prestat_dir_name", &[3, 256, 1], &[1]),
    ("fd_pwrite", &[5, 16, 1, 0, 256], &[1, 4]),
    ("fd_read", &[5, 16, 1, 256], &[1, 3]),
    ("fd_readdir", &[3, 256, 64, 0, 512], &[1, 4]),
    ("fd_seek", &[5, 1, 0, 256], &[3]),
    ("fd_tell", &[5, 256], &[1]),
    ("fd_write", &[5, 16, 1, 256], &[1, 3]),
    ("path_create_directory", &[3, 0, 3], &[1]),
    ("path_filestat_get", &[3, 0, 0, 4, 256], &[2, 4]),
    ("path_filestat_set_times", &[3, 0, 0, 4, 0, 0, 0], &[2]),
    ("path_link", &[3, 0, 0, 4, 3, 0, 3], &[2, 5]),
    ("path_open", &[3, 0, 0, 4, 0, 0, 0, 0, 256], &[2, 8]),
    ("path_readlink", &[3, 0, 2, 256, 64, 512], &[1, 3, 5]),
    ("path_remove_directory", &[3, 0, 3], &[1]),
    ("path_rename", &[3, 0, 4, 3, 0, 4], &[1, 4]),
    ("path_symlink", &[0, 4, 3, 0, 1], &[0, 3]),
    ("path_unlink_file", &[3, 0, 3], &[1]),
    ("poll_oneoff", &[128, 256, 1, 512], &[0, 1, 3]),
    ("random_get", &[256, 64], &[0]),
    ("sock_accept", &[4, 0, 256], &[2]),
    ("sock_recv", &[4, 16, 1, 0, 256, 512], &[1, 4, 5]),
    ("sock_send", &[4, 16, 1, 0, 256], &[1, 4]),
];

#[test]
fn every_pointer_outside_the_memory_ends_the_guest() {
    for (name, args, pointers) in POINTERS {
        for pointer in *pointers {
            for wild in [
                MEMORY_SIZE_BYTES,
                0x7fff_ffff,
                0x8000_0000,
                u32::MAX - 1,
                u32::MAX,
            ] {
                for snapshot in Snapshot::ALL {
                    let (mut ctx, dir, client) = context();
                    std::os::unix::fs::symlink("file", dir.path().join("fi")).unwrap();
                    std::io::Write::write_all(&mut &client, b"some data").unwrap();
                    let mut memory = memory();
                    let mut mem = GuestMemory::new(&mut memory, snapshot);
                    // Descriptor 5 is the file.
                    let opened = [3, 0, 0, 4, 0, u64::MAX >> 34, 0, 0, 1024];
                    assert_eq!(
                        function("path_open").call(&mut ctx, &mut mem, &opened),
                        Ok(Errno::Success)
                    );
                    let mut args = args.to_vec();
                    args[*pointer] = wild.into();
                    let outcome = function(name).call(&mut ctx, &mut mem, &args);
                    let error = pointer_error(outcome);
                    assert_eq!(
                        (error.module, error.function),
                        (snapshot.module_name(), *name)
                    );
                    assert_eq!(error.outside.ptr, wild, "{name}{args:x?}");
                    assert_eq!(error.outside.memory_size_bytes, MEMORY_SIZE_BYTES.into());
                    assert!(
                        dir.path().join("file").exists(),
                        "{name} did something first"
                    );
                }
            }
        }
    }
}

#[test]
fn every_function_is_either_above_or_has_no_pointers() {
    let without = [
        "fd_advise",
        "fd_allocate",
        "fd_close",
        "fd_datasync",
        "fd_fdstat_set_flags",
        "fd_fdstat_set_rights",
        "fd_filestat_set_size",
        "fd_filestat_set_times",
        "fd_renumber",
        "fd_sync",
        "proc_exit",
        "proc_raise",
        "sched_yield",
        "sock_shutdown",
    ];
    for function in FUNCTIONS {
        let above = POINTERS.iter().any(|(name, ..)| *name == function.name);
        assert!(
            above != without.contains(&function.name),
            "{}",
            function.name
        );
    }
    assert_eq!(POINTERS.len() + without.len(), FUNCTIONS.len());
}

#[test]
fn buffers_that_reach_beyond_the_memory_end_the_guest() {
    let (mut ctx, _dir, _client) = context();
    for (start, len) in [(4095_u32, 2_u32), (0, 4097), (u32::MAX, 1), (1, u32::MAX)] {
        for name in ["fd_read", "fd_write", "sock_recv", "sock_send"] {
            let mut memory = memory();
            memory[16..20].copy_from_slice(&start.to_le_bytes());
            memory[20..24].copy_from_slice(&len.to_le_bytes());
            let mut mem = GuestMemory::new(&mut memory, Snapshot::Preview1);
            let args: &[u64] = if name.starts_with("fd") {
                &[4, 16, 1, 256]
            } else {
                &[4, 16, 1, 0, 256, 512]
            };
            let error = pointer_error(function(name).call(&mut ctx, &mut mem, args));
            assert_eq!(error.function, name);
            assert_eq!(
                (error.outside.ptr, error.outside.len_bytes),
                (start, len.into())
            );
        }
    }
}

/// Each function with many combinations of odd values; it may do anything but panic or hang.
#[test]
fn odd_values_do_not_panic() {
    let ints = [
        0,
        1,
        3,
        5,
        16,
        64,
        4090,
        4096,
        0x7fff_ffff,
        0x8000_0000,
        u64::from(u32::MAX),
    ];
    let longs = [0, 1, 4096, i64::MAX as u64, i64::MIN as u64, u64::MAX];
    let mut state = 0x1234_5678_9abc_def0_u64;
    let mut random = |limit: usize| {
        // xorshift: the same values in every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit as u64) as usize
    };
    for function in FUNCTIONS {
        for _ in 0..6 {
            // The peer is gone, so that nothing waits for it.
            let (mut ctx, _dir, _) = context();
            for _ in 0..50 {
                let mut memory = memory();
                let mut pick = |param: &WasmType| match param {
                    WasmType::I32 => ints[random(ints.len())],
                    WasmType::I64 => longs[random(longs.len())],
                };
                let args: Vec<u64> = function.params.iter().map(&mut pick).collect();
                let snapshot = Snapshot::ALL[random(2)];
                let mut mem = GuestMemory::new(&mut memory, snapshot);
                let _ = function.call(&mut ctx, &mut mem, &args);
            }
        }
    }
}
