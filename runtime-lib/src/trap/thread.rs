//! What handling traps needs of a thread: which guest it runs, the bounds of its stack, and a stack
//! for signals.
//!
//! # Safety
//! Unsafe for the system's interfaces to threads and signal stacks.
#![allow(unsafe_code, reason = "pthread attributes and signal stacks")]

use super::exec::Exec;
use super::handler;
use crate::pages::PageSize;
use memmap2::{MmapMut, MmapOptions};
use prefab_targets::host;
use rustix::io::Errno;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};
use std::cell::Cell;
use std::ffi::c_void;
use std::io;
use std::mem::{self, ManuallyDrop};
use std::ops::Range;
use std::ptr;
use std::sync::OnceLock;

/// What is left of a stack for the host when a guest calls it, at most, unless the store says more.
const HOST_RESERVE_BYTES: u64 = 256 << 10;

/// What a handler may use besides what the system saves. Handlers that were there before ours run
/// on it too.
const SIGNAL_STACK_BYTES: usize = 64 << 10;

/// A multiple of every page size.
const GUARD_BYTES: usize = 64 << 10;

/// What a thread knows of what it runs, in one place: entering a guest is one look there.
struct Known {
    /// The state of the store whose guest the thread runs, for the signal handler; null if it runs
    /// none.
    current: Cell<*mut Exec>,
    /// The bounds of the stack that the thread is on: its own, once somebody has asked, or a
    /// fiber's.
    stack: Cell<Option<(u64, u64)>>,
    /// How much of the stack is left to the host, as the store says that was entered last.
    reserve_bytes: Cell<u64>,
    /// The stack pointer below which a guest must not call the host on that stack, and how much of
    /// the stack is above it; nothing if no bounds are known.
    limit: Cell<u64>,
    room_bytes: Cell<u64>,
    /// As much, once guests that trap by signals may run on the thread.
    prepared_bytes: Cell<u64>,
    is_prepared: Cell<bool>,
    /// Where the [mark](Self::mark) is, in the signal stack that ours has replaced; null if there is
    /// none.
    marked: Cell<*mut u64>,
    /// Whether the page of the mark had been unmapped, and is ours now.
    is_page_ours: Cell<bool>,
    /// Whether another thread has mapped something there after it had been unmapped.
    is_page_taken: Cell<bool>,
}

thread_local! {
    /// Initialised at compile time and without a destructor, so that it is there to the end and
    /// reading it runs no code.
    static KNOWN: Known = const {
        Known {
            current: Cell::new(ptr::null_mut()),
            stack: Cell::new(None),
            reserve_bytes: Cell::new(0),
            limit: Cell::new(0),
            room_bytes: Cell::new(0),
            prepared_bytes: Cell::new(0),
            is_prepared: Cell::new(false),
            marked: Cell::new(ptr::null_mut()),
            is_page_ours: Cell::new(false),
            is_page_taken: Cell::new(false),
        }
    };
}

impl Known {
    fn set_stack(&self, stack: Option<(u64, u64)>) {
        self.stack.set(stack);
        let (start, end) = stack.unwrap_or_default();
        let limit = limit_of(start, end, self.reserve_bytes.get());
        self.limit.set(limit);
        self.room_bytes.set(end - limit);
        self.set_prepared(self.is_prepared.get());
    }

    fn set_reserve(&self, reserve_bytes: u64) {
        if self.reserve_bytes.replace(reserve_bytes) != reserve_bytes {
            self.set_stack(self.stack.get());
        }
    }

    fn set_prepared(&self, is_prepared: bool) {
        self.is_prepared.set(is_prepared);
        let room_bytes = self.room_bytes.get();
        self.prepared_bytes
            .set(if is_prepared { room_bytes } else { 0 });
    }

    /// What no other thread that is alive writes.
    fn mark(&self) -> u64 {
        ptr::from_ref(self).addr() as u64
    }

    /// Whether the signal stack that ours has replaced is still there.
    ///
    /// Whoever owns that stack disables the thread's signal stack, which is ours, before the memory is
    /// given back. The standard library does so when a thread's main function has returned, and
    /// only then come the destructors of thread-local values, which may call guests.
    #[inline(always)]
    fn is_mark_there(&self) -> bool {
        let marked = self.marked.get();
        // SAFETY: the address is aligned, and was one of a mapping. If it is none any more,
        // `replace_page` lets the read go on.
        marked.is_null() || unsafe { marked.read_volatile() } == self.mark()
    }

    /// Marks `stack`, which ours replaces. No signal uses it from now on.
    fn set_mark(&self, stack: &libc::stack_t) {
        let at = stack.ss_sp.cast::<u64>();
        if stack.ss_flags == 0 && at.is_aligned() {
            // SAFETY: the system may write to the stack at any time, so that it is accessible; and
            // as it is not in use, nothing is in it.
            unsafe { at.write_volatile(self.mark()) };
            self.marked.set(at);
        }
    }

    fn forget_mark(&self) {
        let marked = self.marked.replace(ptr::null_mut());
        self.is_page_taken.set(false);
        if self.is_page_ours.replace(false) {
            let page = PageSize::of_system().bytes();
            let start = marked.map_addr(|address| address & !(page - 1));
            // SAFETY: `replace_page` has mapped the page, and nothing refers to it. If it cannot be
            // unmapped, it stays.
            let _ = unsafe { rustix::mm::munmap(start.cast(), page) };
        }
    }
}

/// Maps a page of zeros where the mark was, if that is the address of a fault: for the signal handler.
/// The read that has faulted goes on and finds no mark.
pub(super) fn replace_page(address: u64) -> bool {
    KNOWN.with(|known| {
        let marked = known.marked.get();
        if marked.is_null() || marked.addr() as u64 != address {
            return false;
        }
        let page = PageSize::of_system().bytes();
        let start = marked.map_addr(|address| address & !(page - 1)).cast();
        let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE;
        // SAFETY: a new mapping that replaces none.
        let mapped = unsafe { mmap_anonymous(start, page, ProtFlags::READ, flags) };
        match mapped {
            Ok(at) if at == start => known.is_page_ours.set(true),
            // The read goes on if what is there now can be read. If it faults again, there is no way on.
            Err(Errno::EXIST) => return !known.is_page_taken.replace(true),
            // The system does not know the flag, or has no memory.
            _ => return false,
        }
        true
    })
}

/// The state of the store whose guest this thread runs; null if it runs none.
#[inline(always)]
pub(super) fn current() -> *mut Exec {
    KNOWN.with(|known| known.current.get())
}

/// Makes `exec` the state of the store whose guest this thread runs; the one until now.
#[inline(always)]
pub(super) fn exchange_current(exec: *mut Exec) -> *mut Exec {
    KNOWN.with(|known| known.current.replace(exec))
}

/// The limit of the stack that the caller is on, if the caller is above it and the thread is
/// prepared for a guest: for signals, if it needs them. Otherwise [`prepare`] and [`stack_limit`]
/// tell more.
#[inline(always)]
pub(super) fn limit_below(needs_signals: bool, reserve_bytes: u64) -> Option<u64> {
    KNOWN.with(|known| {
        if known.reserve_bytes.get() != reserve_bytes {
            return None;
        }
        let limit = known.limit.get();
        let room_bytes = if needs_signals {
            if !known.is_mark_there() {
                return None;
            }
            known.prepared_bytes.get()
        } else {
            known.room_bytes.get()
        };
        if host::stack_pointer().wrapping_sub(limit) < room_bytes {
            Some(limit)
        } else {
            None
        }
    })
}

/// Prepares the process and this thread for a guest, for signals if it needs them.
pub(super) fn prepare(needs_signals: bool) -> io::Result<()> {
    KNOWN.with(|known| {
        if needs_signals && !(known.is_prepared.get() && known.is_mark_there()) {
            known.set_prepared(false);
            known.forget_mark();
            handler::install()?;
            prepare_for_signals(known)?;
            known.set_prepared(true);
        }
        Ok(())
    })
}

/// Gives the thread a stack for signals, unless it has one as large.
fn prepare_for_signals(known: &Known) -> io::Result<()> {
    // The least size that the system says depends on the registers it has to save.
    // SAFETY: reads the program's auxiliary vector.
    let saved = unsafe { libc::getauxval(libc::AT_MINSIGSTKSZ) } as usize;
    let usable_bytes = SIGNAL_STACK_BYTES + saved.next_multiple_of(GUARD_BYTES);
    let now = signal_stack(None)?;
    let has_one = now.ss_flags & libc::SS_DISABLE == 0;
    if has_one && now.ss_size >= usable_bytes {
        return Ok(());
    }
    let start = SignalStack::of_thread(usable_bytes)?;
    signal_stack(Some(libc::stack_t {
        ss_sp: start,
        ss_flags: 0,
        ss_size: usable_bytes,
    }))?;
    if has_one {
        known.set_mark(&now);
    }
    Ok(())
}

/// The stack pointer below which a guest must not call the host on the stack that the caller is
/// on; 0 if that is neither the thread's own nor a fiber's, so that nothing is known of it.
pub(super) fn stack_limit(reserve_bytes: u64) -> io::Result<u64> {
    KNOWN.with(|known| known.set_reserve(reserve_bytes));
    if cfg!(miri) {
        // Nothing is known of an interpreter's stack: wherever it is, there is room.
        return Ok(KNOWN.with(|known| {
            known.limit.set(1);
            known.room_bytes.set(u64::MAX);
            1
        }));
    }
    let stack = match known_stack() {
        Some(stack) => stack,
        None => {
            let stack = stack_bounds()?;
            KNOWN.with(|known| known.set_stack(Some((stack.start, stack.end))));
            stack
        }
    };
    Ok(limit(&stack, host::stack_pointer(), reserve_bytes))
}

fn limit(stack: &Range<u64>, stack_pointer: u64, reserve_bytes: u64) -> u64 {
    if !stack.contains(&stack_pointer) {
        return 0;
    }
    limit_of(stack.start, stack.end, reserve_bytes)
}

/// Where the part of a stack ends that is left to the host. On a stack that has no more than that, it
/// is the whole stack, and no guest is entered.
fn limit_of(start: u64, end: u64, reserve_bytes: u64) -> u64 {
    let reserve = match reserve_bytes {
        0 => HOST_RESERVE_BYTES.min((end - start) / 4),
        reserve => reserve.min(end - start),
    };
    start + reserve
}

/// Tells which stack the thread is on from now on; what was known before.
#[cfg(feature = "async")]
pub(super) fn exchange_stack(stack: Option<Range<u64>>) -> Option<Range<u64>> {
    let before = known_stack();
    KNOWN.with(|known| known.set_stack(stack.map(|stack| (stack.start, stack.end))));
    before
}

/// The bounds of the stack that the thread is on, if they are known: for the signal handler.
pub(super) fn known_stack() -> Option<Range<u64>> {
    let stack = KNOWN.with(|known| known.stack.get());
    stack.map(|(start, end)| start..end)
}

/// The bounds of the stack that a process begins on, if the caller is on it and it has bounds. To ask
/// for it as for those of other threads has libcs read a file that lists the process's mappings.
fn first_stack() -> Option<Range<u64>> {
    if rustix::thread::gettid() != rustix::process::getpid() {
        return None;
    }
    // The name of the program is what the kernel puts there first (`begin_new_exec` in its fs/exec.c):
    // the stack ends with that page.
    // SAFETY: reads the program's auxiliary vector.
    let name = unsafe { libc::getauxval(libc::AT_EXECFN) };
    let top = PageSize::of_system().round_up(usize::try_from(name).ok()?)? as u64;
    let size = rustix::process::getrlimit(rustix::process::Resource::Stack).current?;
    let start = top.checked_sub(size)?;
    // A child that another thread has forked goes on on that thread's stack.
    let bounds = start..top;
    bounds.contains(&host::stack_pointer()).then_some(bounds)
}

/// The bounds of the calling thread's stack, without its guard.
fn stack_bounds() -> io::Result<Range<u64>> {
    if let Some(bounds) = first_stack() {
        return Ok(bounds);
    }
    // SAFETY: attributes are plain data, for which zeros are a value; the call initialises them.
    let mut attributes: libc::pthread_attr_t = unsafe { mem::zeroed() };
    // SAFETY: the thread is the calling one, and the attributes are alive.
    let result = unsafe { libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) };
    if result != 0 {
        return Err(io::Error::from_raw_os_error(result));
    }
    let (mut start, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the call above initialised the attributes.
    let result = unsafe {
        libc::pthread_attr_getstack(&raw const attributes, &raw mut start, &raw mut size)
    };
    // SAFETY: as above; they are not used again.
    unsafe { libc::pthread_attr_destroy(&raw mut attributes) };
    if result != 0 {
        return Err(io::Error::from_raw_os_error(result));
    }
    let start = start as u64;
    Ok(start..start.saturating_add(size as u64))
}

/// A stack for signals, with a guard below it.
///
/// It is a thread's until the system runs the destructors of `pthread_key_create`, which come after
/// those of thread-local values. A guest that a later one of them calls has a new stack made, whose
/// destructor runs in the next round.
struct SignalStack {
    /// There until this is dropped.
    mapping: Option<MmapMut>,
    /// Where the guard ends.
    start: *mut c_void,
}

impl SignalStack {
    /// The start of the calling thread's, which is made if there is none.
    fn of_thread(usable_bytes: usize) -> io::Result<*mut c_void> {
        let key = Self::key()?;
        // SAFETY: the key exists as long as the process.
        let known = unsafe { libc::pthread_getspecific(key) }.cast::<Self>();
        // SAFETY: null, or what is made below, which `release` alone frees.
        if let Some(known) = unsafe { known.as_ref() } {
            return Ok(known.start);
        }
        let new = Self::new(usable_bytes)?;
        let start = new.start;
        let new = Box::into_raw(Box::new(new));
        // SAFETY: as above; `release` takes such a pointer.
        let result = unsafe { libc::pthread_setspecific(key, new.cast()) };
        if result != 0 {
            // SAFETY: made above, and nobody else has it.
            drop(unsafe { Box::from_raw(new) });
            return Err(io::Error::from_raw_os_error(result));
        }
        Ok(start)
    }

    fn key() -> io::Result<libc::pthread_key_t> {
        static KEY: OnceLock<Result<libc::pthread_key_t, i32>> = OnceLock::new();
        let key = KEY.get_or_init(|| {
            let mut key = 0;
            // SAFETY: `release` takes what the key's values are.
            match unsafe { libc::pthread_key_create(&raw mut key, Some(Self::release)) } {
                0 => Ok(key),
                error => Err(error),
            }
        });
        key.map_err(io::Error::from_raw_os_error)
    }

    /// The destructor of a thread's stack.
    ///
    /// # Safety
    /// `stack` is what `of_thread` has made for the calling thread, and is not used again.
    unsafe extern "C" fn release(stack: *mut c_void) {
        KNOWN.with(|known| {
            known.set_prepared(false);
            known.forget_mark();
        });
        // SAFETY: the caller says so.
        drop(unsafe { Box::from_raw(stack.cast::<Self>()) });
    }

    fn new(usable_bytes: usize) -> io::Result<Self> {
        let mut options = MmapOptions::new();
        let options = options.len(GUARD_BYTES + usable_bytes).no_reserve_swap();
        let mut mapping = options.map_anon()?;
        let guard: *mut c_void = mapping.as_mut_ptr().cast();
        // SAFETY: the start of the new mapping, which nothing refers to.
        unsafe { mprotect(guard, GUARD_BYTES, MprotectFlags::empty()) }?;
        Ok(Self {
            start: guard.wrapping_byte_add(GUARD_BYTES),
            mapping: Some(mapping),
        })
    }
}

impl Drop for SignalStack {
    /// Leaves the thread without a stack for signals, unless somebody has replaced ours: what was
    /// there before may be gone already.
    fn drop(&mut self) {
        // If it cannot be taken from the thread, it stays.
        let mapping = ManuallyDrop::new(self.mapping.take());
        match signal_stack(None) {
            Ok(now) if now.ss_sp == self.start && now.ss_flags & libc::SS_DISABLE == 0 => {
                let none = libc::stack_t {
                    ss_sp: ptr::null_mut(),
                    ss_flags: libc::SS_DISABLE,
                    ss_size: 0,
                };
                if signal_stack(Some(none)).is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(_) => return,
        }
        drop(ManuallyDrop::into_inner(mapping));
    }
}

/// The thread's signal stack until now, which becomes `new` if one is given.
fn signal_stack(new: Option<libc::stack_t>) -> io::Result<libc::stack_t> {
    let new = new.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: it is plain data, for which zeros are a value.
    let mut old: libc::stack_t = unsafe { mem::zeroed() };
    // SAFETY: `new` is null or a stack that the caller keeps mapped as long as it is the
    // thread's; `old` is alive.
    if unsafe { libc::sigaltstack(new, &raw mut old) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(old)
}
