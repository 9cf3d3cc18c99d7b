//! The state of a running store that compiled code, runtime and trap handling share.

use core::mem::offset_of;

/// Where execution goes on when a guest traps: the exceptional edge of the entry trampoline
/// through which the host last called a guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Landing {
    /// The address of the landing pad.
    pub pc: u64,
    /// The stack pointer there.
    pub sp: u64,
    /// The frame pointer there; also where a backtrace of this activation ends.
    pub fp: u64,
}

/// One per store; every instance of the store points at it.
///
/// Compiled code writes `landing` (entry trampolines), `exit_fp` and `exit_pc` (stubs and host
/// adapters) and `fuel`, and reads `stack_limit`, `poll` and `interrupt`. Whoever enters a guest
/// saves `stack_limit`, `landing`, `exit_fp` and `exit_pc` before and puts them back after. `poll` and `interrupt`
/// do not change any more once the store has an instance of interruptible code.
///
/// Objects know the fields by their offsets: new ones come last.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct ExecState {
    /// A stub or host adapter whose stack pointer is below this traps with a stack overflow
    /// instead of calling the host; so does, where traps are explicit, a function that calls
    /// others. 0 if nothing is known of the stack.
    pub stack_limit: u64,
    /// Where a trap of the innermost activation lands. Means nothing when no guest runs; `pc` is 0
    /// between the beginning of an activation inside of another and its trampoline.
    pub landing: Landing,
    /// The frame pointer of the stub or adapter through which the guest last called the host:
    /// at this address lies the guest's frame pointer, and a word above it the return address
    /// into the guest. With [`NO_FRAME`](Self::NO_FRAME) in it the adapter has left no frame: it
    /// is the guest's own frame pointer, and the guest goes on at `exit_pc`.
    pub exit_fp: u64,
    /// The address of a page that can be read until the guest is to be stopped: what
    /// interruptible code loads from, where traps are also found by signals. 0 if the store has
    /// none.
    pub poll: u64,
    /// The address of an integer of 32 bits that is 0 until the guest is to be stopped: what
    /// interruptible code looks at, where traps are explicit. 0 if the store has none.
    pub interrupt: u64,
    /// How many instructions code compiled with fuel may still execute before it asks the runtime.
    pub fuel: i64,
    /// Where the guest goes on, if `exit_fp` says so.
    pub exit_pc: u64,
}

impl ExecState {
    /// The bit of [`exit_fp`](Self::exit_fp), which no frame pointer has, that says that the
    /// adapter has left no frame.
    pub const NO_FRAME: u64 = 1;
    /// Offset of [`stack_limit`](Self::stack_limit), in bytes.
    pub const STACK_LIMIT: i32 = offset_of!(Self, stack_limit) as i32;
    /// Offset of [`landing.pc`](Landing::pc), in bytes.
    pub const LANDING_PC: i32 = (offset_of!(Self, landing) + offset_of!(Landing, pc)) as i32;
    /// Offset of [`landing.sp`](Landing::sp), in bytes.
    pub const LANDING_SP: i32 = (offset_of!(Self, landing) + offset_of!(Landing, sp)) as i32;
    /// Offset of [`landing.fp`](Landing::fp), in bytes.
    pub const LANDING_FP: i32 = (offset_of!(Self, landing) + offset_of!(Landing, fp)) as i32;
    /// Offset of [`exit_fp`](Self::exit_fp), in bytes.
    pub const EXIT_FP: i32 = offset_of!(Self, exit_fp) as i32;
    /// Offset of [`poll`](Self::poll), in bytes.
    pub const POLL: i32 = offset_of!(Self, poll) as i32;
    /// Offset of [`interrupt`](Self::interrupt), in bytes.
    pub const INTERRUPT: i32 = offset_of!(Self, interrupt) as i32;
    /// Offset of [`fuel`](Self::fuel), in bytes.
    pub const FUEL: i32 = offset_of!(Self, fuel) as i32;
    /// Offset of [`exit_pc`](Self::exit_pc), in bytes.
    pub const EXIT_PC: i32 = offset_of!(Self, exit_pc) as i32;
}
