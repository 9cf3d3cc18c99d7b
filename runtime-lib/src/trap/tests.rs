//! Compiled code by hand, and its faults of every kind.
//!
//! # Safety
//! The machine code keeps the promises that compiled code makes.
#![allow(unsafe_code, reason = "runs machine code made by hand")]

mod code;
mod process;

use super::{Exec, Pending, Stopped};
use code::{Guest, call, guest};
use prefab_abi::trap::TrapCode;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// Enters the guest function at `code` with `arg`.
fn enter(exec: *mut Exec, code: u64, arg: u64) -> Result<(), Stopped> {
    // SAFETY: the tests' guests are as `enter` asks, and `exec` comes from `Box::into_raw`.
    unsafe { Exec::enter(exec, || call(exec, code, arg).into()) }
}

fn trap(result: Result<(), Stopped>) -> super::Trap {
    match result {
        Err(Stopped::Trap(trap)) => trap,
        Err(Stopped::Host { error, .. }) => panic!("{error}"),
        Err(Stopped::Panic(_)) => panic!("a panic"),
        Err(Stopped::System(error)) => panic!("{error}"),
        Ok(()) => panic!("no trap"),
    }
}

/// A store's state that knows the guest's code and one memory.
fn store(guest: &Guest) -> *mut Exec {
    let mut exec = Box::<Exec>::default();
    exec.add_module(Arc::new(guest.clone()));
    exec.add_memory(guest.memory());
    Box::into_raw(exec)
}

fn drop_store(exec: *mut Exec) {
    // SAFETY: from `Box::into_raw`, and no guest is running.
    let exec = unsafe { Box::from_raw(exec) };
    assert!(!exec.is_running());
}

fn names(trap: &super::Trap) -> Vec<String> {
    trap.backtrace().iter().map(ToString::to_string).collect()
}

#[test]
fn a_guest_returns() {
    let guest = guest();
    let exec = store(&guest);
    assert!(enter(exec, guest.load, guest.readable()).is_ok());
    drop_store(exec);
}

#[test]
fn memory_faults_are_traps() {
    let guest = guest();
    let exec = store(&guest);
    for address in [guest.memory().start, guest.memory().end - 8] {
        let trap = trap(enter(exec, guest.load, address));
        assert_eq!(trap.code(), TrapCode::MemoryOutOfBounds);
        assert_eq!(names(&trap), ["hand!load @ 0x104"]);
    }
    assert!(enter(exec, guest.load, guest.readable()).is_ok());
    drop_store(exec);
}

#[test]
fn a_memory_whose_file_was_cut_short_traps() {
    let guest = guest();
    let file = rustix::fs::memfd_create("short", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    rustix::fs::ftruncate(&file, 4096).unwrap();
    // SAFETY: nobody else maps the file.
    let map = unsafe { memmap2::MmapOptions::new().len(4096).map(&file) }.unwrap();
    rustix::fs::ftruncate(&file, 0).unwrap();
    let exec = store(&guest);
    let start = map.as_ptr() as u64;
    // SAFETY: no guest is running.
    unsafe { &mut *exec }.add_memory(start..start + 4096);
    let trap = trap(enter(exec, guest.load, start));
    assert_eq!(trap.code(), TrapCode::MemoryOutOfBounds);
    drop_store(exec);
}

#[test]
fn trap_instructions_and_divisions_are_traps() {
    let guest = guest();
    let exec = store(&guest);
    let illegal = trap(enter(exec, guest.illegal, 0));
    assert_eq!(illegal.code(), TrapCode::IndirectCallTypeMismatch);
    assert_eq!(names(&illegal), ["hand!illegal @ 0x204"]);
    let divide = trap(enter(exec, guest.divide, 0));
    assert_eq!(divide.code(), TrapCode::IntegerDivideByZero);
    assert!(enter(exec, guest.divide, 3).is_ok());
    let null = trap(enter(exec, guest.load_reference, 16));
    assert_eq!(null.code(), TrapCode::NullReference);
    drop_store(exec);
}

#[test]
fn a_used_up_stack_is_a_trap_and_the_thread_goes_on() {
    let guest = guest();
    let exec = store(&guest) as usize;
    let run = move || {
        for _ in 0..3 {
            let trap = trap(enter(exec as *mut Exec, guest.recurse, 0));
            assert_eq!(trap.code(), TrapCode::StackOverflow);
            assert!(trap.backtrace().len() > 30);
            let inner = &trap.backtrace()[5];
            assert_eq!(inner.func_name.as_deref(), Some("recurse"));
        }
    };
    run();
    std::thread::spawn(run).join().unwrap();
    drop_store(exec as *mut Exec);
}

#[test]
fn a_frame_of_many_pages_that_does_not_fit_is_a_trap() {
    let guest = guest();
    let exec = store(&guest) as usize;
    let run = move || {
        let trap = trap(enter(exec as *mut Exec, guest.large_frame, 0));
        assert_eq!(trap.code(), TrapCode::StackOverflow);
    };
    std::thread::spawn(run).join().unwrap();
    drop_store(exec as *mut Exec);
}

#[test]
fn the_host_is_not_entered_without_room() {
    let guest = guest();
    let exec = store(&guest);
    fn deeper(exec: *mut Exec, guest: &Guest) -> u32 {
        let room = std::hint::black_box([0u8; 4096]);
        match enter(exec, guest.load, guest.readable()) {
            Ok(()) => deeper(exec, guest) + u32::from(room[0]),
            Err(Stopped::Trap(trap)) if trap.code() == TrapCode::StackOverflow => 7,
            Err(_) => 0,
        }
    }
    assert_eq!(deeper(exec, &guest), 7);
    drop_store(exec);
}

#[test]
fn runtime_functions_raise() {
    let guest = guest();
    let exec = store(&guest);
    extern "C" fn unreachable(exec: *mut Exec) {
        // SAFETY: called by a guest through its stub, as compiled code does.
        unsafe {
            super::prefab_rt_trap(exec.cast(), TrapCode::Unreachable.number().into());
            super::prefab_rt_raise(exec.cast())
        }
    }
    let arg = guest.host_call(exec, unreachable, exec as u64);
    let trap = trap(enter(exec, guest.outer, arg.address()));
    assert_eq!(trap.code(), TrapCode::Unreachable);
    assert_eq!(names(&trap), ["hand!outer @ 0x1001"]);
    drop_store(exec);
}

#[test]
fn errors_and_panics_of_the_host_come_out_where_it_entered() {
    let guest = guest();
    let exec = store(&guest);
    extern "C" fn fail(exec: *mut Exec) {
        // SAFETY: called by a guest through its stub; no reference to the state is held.
        unsafe {
            (*exec).set_pending(Pending::Error("no disk".into()));
            super::prefab_rt_raise(exec.cast())
        }
    }
    extern "C" fn panics(exec: *mut Exec) {
        let payload = catch_unwind(|| resume_unwind(Box::new(7u32))).unwrap_err();
        // SAFETY: as above.
        unsafe {
            (*exec).set_pending(Pending::Panic(payload));
            super::prefab_rt_raise(exec.cast())
        }
    }
    let arg = guest.host_call(exec, fail, exec as u64);
    let Err(Stopped::Host { error, backtrace }) = enter(exec, guest.outer, arg.address()) else {
        panic!("no error");
    };
    assert_eq!(error.to_string(), "no disk");
    assert_eq!(backtrace.frames().len(), 1);
    let arg = guest.host_call(exec, panics, exec as u64);
    let Err(Stopped::Panic(payload)) = enter(exec, guest.outer, arg.address()) else {
        panic!("no panic");
    };
    assert_eq!(payload.downcast_ref(), Some(&7u32));
    drop_store(exec);
}

#[test]
fn activations_nest_and_backtraces_cross_the_host() {
    struct Inner {
        exec: *mut Exec,
        guest: Guest,
        frames: Vec<String>,
    }
    extern "C" fn nested(inner: *mut Inner) {
        // SAFETY: the test keeps it alive, and nobody else refers to it.
        let inner = unsafe { &mut *inner };
        for _ in 0..2 {
            let address = inner.guest.memory().start;
            let trap = trap(enter(inner.exec, inner.guest.load, address));
            inner.frames = names(&trap);
        }
    }
    let guest = guest();
    let exec = store(&guest);
    let mut inner = Inner {
        exec,
        guest: guest.clone(),
        frames: Vec::new(),
    };
    let arg = guest.host_call(exec, nested, (&raw mut inner) as u64);
    assert!(enter(exec, guest.outer, arg.address()).is_ok());
    assert_eq!(inner.frames, ["hand!load @ 0x104", "hand!outer @ 0x1001"]);
    drop_store(exec);
}

#[test]
fn an_unwinding_host_leaves_the_state_as_it_was() {
    let guest = guest();
    let exec = store(&guest);
    // SAFETY: nothing is entered.
    let unwound = catch_unwind(AssertUnwindSafe(|| unsafe {
        let _ = Exec::enter(exec, || panic!("before entering"));
    }));
    assert!(unwound.is_err());
    assert!(super::thread::current().is_null());
    let trap = trap(enter(exec, guest.illegal, 0));
    assert_eq!(trap.backtrace().len(), 1);
    drop_store(exec);
}

#[test]
fn eight_threads_trap_a_thousand_times_each() {
    let guest = guest();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let exec = store(&guest);
                for index in 0..1000 {
                    let trap = match index % 3 {
                        0 => trap(enter(exec, guest.load, guest.memory().start)),
                        1 => trap(enter(exec, guest.illegal, 0)),
                        _ => trap(enter(exec, guest.divide, 0)),
                    };
                    assert_eq!(trap.backtrace().len(), 1);
                }
                drop_store(exec);
            });
        }
    });
}
