//! What must happen to a whole process: each test runs itself again in a child.

use super::{TrapCode, drop_store, enter, guest, store, trap};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

const CHILD: &str = "PREFAB_TRAP_TEST_CHILD";

/// Runs the test of this name in a child, where [`is_child`] holds.
fn in_child(test: &str) -> Output {
    let program = std::env::current_exe().unwrap();
    // Where programs of this instruction set need another one to run them, this says which.
    let runner = std::env::var("PREFAB_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    let mut command = match words.next() {
        None => Command::new(program),
        Some(runner) => {
            let mut command = Command::new(runner);
            command.args(words).arg(program);
            command
        }
    };
    command
        .args([&format!("trap::tests::process::{test}"), "--exact"])
        .args(["--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap()
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Lets a guest trap, so that our handler is in place and used.
fn use_handler() {
    let guest = guest();
    let exec = store(&guest);
    assert_eq!(
        trap(enter(exec, guest.illegal, 0)).code(),
        TrapCode::IndirectCallTypeMismatch
    );
    drop_store(exec);
}

fn fault_in_host() {
    // SAFETY: it is not: that is the test, in a process of its own.
    unsafe { std::ptr::without_provenance::<u8>(0x10).read_volatile() };
}

fn set_action(signal: i32, action: &libc::sigaction) {
    // SAFETY: the action's handler has the signature that its flags say.
    let result = unsafe { libc::sigaction(signal, action, std::ptr::null_mut()) };
    assert_eq!(result, 0);
}

fn action(handler: usize, flags: i32) -> libc::sigaction {
    // SAFETY: plain data, for which zeros are a value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    action
}

#[test]
fn a_fault_of_the_host_kills_it() {
    if is_child() {
        set_action(libc::SIGSEGV, &action(libc::SIG_DFL, 0));
        use_handler();
        fault_in_host();
        return;
    }
    let output = in_child("a_fault_of_the_host_kills_it");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
}

#[test]
fn a_fault_that_is_ignored_kills_all_the_same() {
    if is_child() {
        set_action(libc::SIGSEGV, &action(libc::SIG_IGN, 0));
        use_handler();
        // SAFETY: sends a signal to this thread, where it is ignored.
        assert_eq!(unsafe { libc::raise(libc::SIGSEGV) }, 0);
        eprintln!("ignored what was sent");
        fault_in_host();
        return;
    }
    let output = in_child("a_fault_that_is_ignored_kills_all_the_same");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("ignored what was sent"));
}

#[test]
fn a_fault_of_a_host_function_under_a_guest_is_not_swallowed() {
    if is_child() {
        set_action(libc::SIGSEGV, &action(libc::SIG_DFL, 0));
        extern "C" fn faults(_: *mut u8) {
            fault_in_host();
        }
        let guest = guest();
        let exec = store(&guest);
        let arg = guest.host_call(exec, faults, 0);
        let _ = enter(exec, guest.outer, arg.address());
        return;
    }
    let output = in_child("a_fault_of_a_host_function_under_a_guest_is_not_swallowed");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
}

#[test]
fn a_guest_that_reaches_out_of_its_memories_is_no_trap() {
    if is_child() {
        set_action(libc::SIGSEGV, &action(libc::SIG_DFL, 0));
        let guest = guest();
        let exec = store(&guest);
        let _ = enter(exec, guest.load, 0x10);
        return;
    }
    let output = in_child("a_guest_that_reaches_out_of_its_memories_is_no_trap");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
}

#[test]
fn what_is_sent_has_its_default() {
    if is_child() {
        set_action(libc::SIGFPE, &action(libc::SIG_DFL, 0));
        use_handler();
        // SAFETY: sends a signal to this thread.
        unsafe { libc::raise(libc::SIGFPE) };
        return;
    }
    let output = in_child("what_is_sent_has_its_default");
    assert_eq!(output.status.signal(), Some(libc::SIGFPE), "{output:?}");
}

#[test]
fn a_plain_handler_before_ours_is_called() {
    if is_child() {
        extern "C" fn before(signal: i32) {
            // SAFETY: a handler may end the process.
            unsafe { libc::_exit(if signal == libc::SIGSEGV { 77 } else { 1 }) };
        }
        let before: extern "C" fn(i32) = before;
        set_action(libc::SIGSEGV, &action(before as usize, 0));
        use_handler();
        fault_in_host();
        return;
    }
    let output = in_child("a_plain_handler_before_ours_is_called");
    assert_eq!(output.status.code(), Some(77), "{output:?}");
}

#[test]
fn a_handler_before_ours_has_its_arguments_and_its_mask() {
    if is_child() {
        extern "C" fn before(
            signal: i32,
            info: *mut libc::siginfo_t,
            context: *mut libc::ucontext_t,
        ) {
            // SAFETY: the system's arguments, in a handler; what is called may be called in one.
            unsafe {
                let mut mask: libc::sigset_t = std::mem::zeroed();
                libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut mask);
                let blocked = libc::sigismember(&raw const mask, signal) == 1
                    && libc::sigismember(&raw const mask, libc::SIGUSR1) == 1;
                let at = prefab_targets::host::registers(&*context);
                let right = (*info).si_addr() as usize == 0x10 && at.pc != 0 && blocked;
                libc::_exit(if right { 78 } else { 1 });
            }
        }
        let before: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::ucontext_t) = before;
        let mut action = action(before as usize, libc::SA_SIGINFO);
        // SAFETY: the set is alive.
        unsafe { libc::sigaddset(&raw mut action.sa_mask, libc::SIGUSR1) };
        set_action(libc::SIGSEGV, &action);
        use_handler();
        fault_in_host();
        return;
    }
    let output = in_child("a_handler_before_ours_has_its_arguments_and_its_mask");
    assert_eq!(output.status.code(), Some(78), "{output:?}");
}

#[test]
fn a_handler_before_ours_may_repair_and_go_on() {
    if is_child() {
        static mut PAGE: *mut libc::c_void = std::ptr::null_mut();
        extern "C" fn before(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
            // SAFETY: the test's own mapping.
            unsafe { libc::mprotect(PAGE, 4096, libc::PROT_READ) };
        }
        let before: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) = before;
        set_action(libc::SIGSEGV, &action(before as usize, libc::SA_SIGINFO));
        use_handler();
        // SAFETY: a new mapping; the handler makes it readable.
        unsafe {
            PAGE = libc::mmap(
                std::ptr::null_mut(),
                4096,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert_eq!(PAGE.cast::<u8>().read_volatile(), 0);
        }
        use_handler();
        return;
    }
    let output = in_child("a_handler_before_ours_may_repair_and_go_on");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_message_about_a_used_up_host_stack_survives() {
    if is_child() {
        fn recurse(depth: u64) -> u64 {
            let room = std::hint::black_box([depth; 64]);
            if depth == u64::MAX {
                return 0;
            }
            recurse(depth + 1) + room[7]
        }
        use_handler();
        std::thread::Builder::new()
            .name("deep".to_string())
            .spawn(|| {
                use_handler();
                recurse(0)
            })
            .unwrap()
            .join()
            .unwrap();
        return;
    }
    let output = in_child("the_message_about_a_used_up_host_stack_survives");
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{output:?}");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("overflowed its stack"), "{message}");
}

/// Other threads of the process map memory at any time, so this counts in a process of its own.
#[test]
fn threads_leave_no_signal_stack_behind() {
    if !is_child() {
        let output = in_child("threads_leave_no_signal_stack_behind");
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let mappings = || {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().count()
    };
    let guest = guest();
    let once = || {
        let exec = store(&guest);
        trap(enter(exec, guest.illegal, 0));
        drop_store(exec);
    };
    std::thread::scope(|scope| scope.spawn(once).join().unwrap());
    let before = mappings();
    for _ in 0..50 {
        std::thread::scope(|scope| scope.spawn(once).join().unwrap());
    }
    // Fifty signal stacks would be a hundred mappings. The allocator may keep a few of its own.
    let after = mappings();
    assert!(after < before + 20, "{before} mappings, then {after}");
}
