//! Where a guest was when it stopped.
//!
//! # Safety
//! Unsafe for reading a guest's frames: compiled code keeps frame pointers, so that at each of
//! them lies the caller's, with the return address a word above, up to the landing's.
#![allow(unsafe_code, reason = "walks the frames of compiled code")]

use super::enter::{Activation, Saved};
use super::exec::Exec;
use crate::address;
use crate::demangle::demangle;
use prefab_abi::exec::ExecState;
use prefab_abi::trap::TrapCode;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// One function of a guest that was running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The name of the module.
    pub module: Arc<str>,
    /// The function's index.
    pub func_index: u32,
    /// Its name, by the module's name section.
    pub func_name: Option<Arc<str>>,
    /// Where in the module it was, in bytes, if the module's address map says.
    pub wasm_offset: Option<u32>,
}

impl Frame {
    /// The function's name as its source has it, if it is a mangled name of Rust or C++ and the feature `demangle` is
    /// on; otherwise the name as it is.
    #[must_use]
    pub fn demangled_name(&self) -> Option<Cow<'_, str>> {
        self.func_name.as_deref().map(demangle)
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}!", self.module)?;
        match self.demangled_name() {
            Some(name) => f.write_str(&name)?,
            None => write!(f, "func[{}]", self.func_index)?,
        }
        self.wasm_offset
            .map_or(Ok(()), |offset| write!(f, " @ {offset:#x}"))
    }
}

/// Why and where a guest trapped. Printed, it is both: the reason, then a line for each frame.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Error, Trap, TrapCode};
///
/// /// The name of the function that used up the guest's stack, if that is what happened.
/// fn recursive(error: &Error) -> Option<&str> {
///     match error {
///         Error::Trap(trap) if trap.code() == TrapCode::StackOverflow => {
///             trap.backtrace().first()?.func_name.as_deref()
///         }
///         _ => None,
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    code: TrapCode,
    detail: Option<Box<str>>,
    backtrace: Backtrace,
}

/// The frames of a guest, and how many there were besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backtrace {
    frames: Box<[Frame]>,
    left_out: usize,
}

impl Backtrace {
    /// The innermost frames.
    pub(crate) const fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The number of outer frames that were not kept.
    pub(crate) const fn left_out(&self) -> usize {
        self.left_out
    }
}

impl Trap {
    pub(crate) const fn new(code: TrapCode, backtrace: Backtrace) -> Self {
        Self {
            code,
            detail: None,
            backtrace,
        }
    }

    /// A trap of a host function, which returns it as [`Error::Trap`](crate::Error::Trap). `detail`
    /// says what happened, and is printed after the code's own words.
    #[must_use]
    pub fn with_detail(code: TrapCode, detail: impl Into<Box<str>>) -> Self {
        Self {
            code,
            detail: Some(detail.into()),
            backtrace: Backtrace::default(),
        }
    }

    /// The trap, as the caller of the guest that called the host function from these frames sees it.
    pub(crate) fn with_backtrace(self, backtrace: Backtrace) -> Self {
        Self { backtrace, ..self }
    }

    /// What the host function that trapped said, if one did.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Why it trapped.
    #[must_use]
    pub const fn code(&self) -> TrapCode {
        self.code
    }

    /// The guest's frames, the innermost first; of a very deep stack, as many as are kept.
    #[must_use]
    pub const fn backtrace(&self) -> &[Frame] {
        self.backtrace.frames()
    }

    /// The number of outer frames that [`backtrace`](Self::backtrace) leaves out. A function that was inlined
    /// into another has no frame of its own there and is not counted.
    #[must_use]
    pub const fn frames_left_out(&self) -> usize {
        self.backtrace.left_out()
    }
}

impl std::error::Error for Trap {}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wasm trap: {}", self.code)?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        let mut index = 0;
        for run in self.backtrace().chunk_by(PartialEq::eq) {
            write!(f, "\n  {index}: {}", run[0])?;
            if run.len() > 1 {
                write!(f, " ({} times)", run.len())?;
            }
            index += run.len();
        }
        match self.frames_left_out() {
            0 => Ok(()),
            1 => write!(f, "\n  and 1 more frame"),
            count => write!(f, "\n  and {count} more frames"),
        }
    }
}

/// How many frames are kept. A signal handler has no more room than this.
const MAX_FRAMES: usize = 64;

/// The program counters of a guest's frames, the innermost first.
pub(super) struct Pcs {
    pcs: Box<[u64; MAX_FRAMES]>,
    len: usize,
    /// The number of frames that there was no room for.
    left_out: usize,
    /// Whether the first one is an instruction that faulted; all others are return addresses.
    faulted: bool,
}

impl Pcs {
    pub(super) fn new() -> Self {
        Self {
            pcs: Box::new([0; MAX_FRAMES]),
            len: 0,
            left_out: 0,
            faulted: false,
        }
    }

    fn push(&mut self, pc: u64) {
        match self.pcs.get_mut(self.len) {
            Some(place) => {
                *place = pc;
                self.len += 1;
            }
            None => self.left_out += 1,
        }
    }

    /// Notes the frames of a guest whose instruction at `pc` faulted, with the frame pointer `fp`.
    ///
    /// # Safety
    /// `state` is that of the running guest's store, and `activations` those suspended in it.
    pub(super) unsafe fn capture_fault(
        &mut self,
        pc: u64,
        fp: u64,
        state: &ExecState,
        activations: *const Activation,
    ) {
        (self.len, self.left_out) = (0, 0);
        self.faulted = true;
        self.push(pc);
        // SAFETY: compiled code was running, so the frame pointer is that of one of its frames.
        unsafe {
            self.walk(fp, state.landing.fp);
            self.suspended(activations);
        }
    }

    /// Notes the frames of a guest that called the host.
    ///
    /// # Safety
    /// As [`capture_fault`](Self::capture_fault).
    pub(super) unsafe fn capture_exit(
        &mut self,
        state: &ExecState,
        activations: *const Activation,
    ) {
        (self.len, self.left_out) = (0, 0);
        self.faulted = false;
        if activations.is_null() {
            return;
        }
        // SAFETY: a guest runs, and has called the host; the caller says what the activations are.
        unsafe {
            self.walk_exit(&Saved::of(state));
            self.suspended(activations);
        }
    }

    /// Notes the frames of the activations that wait for the host functions they called.
    unsafe fn suspended(&mut self, mut activation: *const Activation) {
        // SAFETY: each activation lives on the stack until the one that points at it has ended.
        while let Some(suspended) = unsafe { activation.as_ref() } {
            // SAFETY: as in `capture_exit`.
            unsafe { self.walk_exit(suspended.saved()) };
            activation = suspended.outer();
        }
    }

    /// Notes the frames of an activation whose guest has called the host.
    ///
    /// # Safety
    /// `state` says where, if it says anything: of this activation.
    unsafe fn walk_exit(&mut self, state: &Saved) {
        let mut fp = state.exit_fp;
        if fp & ExecState::NO_FRAME != 0 {
            fp &= !ExecState::NO_FRAME;
            if fp < state.landing.fp {
                self.push(state.exit_pc);
            }
        }
        // SAFETY: it is 0, or the frame pointer of the stub through which the guest called, or the
        // guest's own.
        unsafe { self.walk(fp, state.landing.fp) };
    }

    /// Notes the return addresses from the frame at `fp` outwards, as far as they are a guest's:
    /// the trampoline's frame is at `landing_fp`.
    ///
    /// # Safety
    /// `fp` is 0 or the frame pointer of a frame of compiled code of the activation that
    /// `landing_fp` belongs to.
    unsafe fn walk(&mut self, mut fp: u64, landing_fp: u64) {
        // Frames lie below the trampoline's, each above the one before; if ever one does not,
        // the backtrace ends early.
        while fp != 0 && fp < landing_fp && fp.is_multiple_of(8) {
            // SAFETY: the caller says that `fp` is a frame pointer of compiled code, so these two
            // words are its caller's and the return address.
            let (caller, return_address) = unsafe {
                (
                    *address::pointer::<u64>(fp),
                    *address::pointer::<u64>(fp + 8),
                )
            };
            if caller <= fp || caller >= landing_fp {
                // Called by the trampoline.
                return;
            }
            self.push(return_address);
            fp = caller;
        }
    }

    /// The frames by their functions; trampolines and stubs are none.
    pub(super) fn frames(&self, exec: &Exec) -> Backtrace {
        let pcs = self.pcs[..self.len].iter().enumerate();
        let mut frames: Vec<Frame> = pcs
            .flat_map(|(index, pc)| frames_at(exec, *pc, index == 0 && self.faulted))
            .collect();
        let left_out = self.left_out + frames.len().saturating_sub(MAX_FRAMES);
        frames.truncate(MAX_FRAMES);
        Backtrace {
            frames: frames.into(),
            left_out,
        }
    }
}

/// The frames of the function whose code is at `pc`: of those that are inlined there, and its own.
fn frames_at(exec: &Exec, pc: u64, faulted: bool) -> Vec<Frame> {
    // A call may be its function's last instruction: its return address lies behind.
    let inside = if faulted { Some(pc) } else { pc.checked_sub(1) };
    inside
        .and_then(|inside| find_frames(exec, inside))
        .unwrap_or_default()
}

fn find_frames(exec: &Exec, inside: u64) -> Option<Vec<Frame>> {
    let module = exec.module_at(inside)?;
    let offset = u32::try_from(inside - module.text().start).ok()?;
    let meta = module.meta();
    let defined = meta.func_at(offset)?;
    let func = meta.counts().imported_funcs.checked_add(defined)?;
    let frame = |func_index, wasm_offset| Frame {
        module: Arc::clone(module.name()),
        func_index,
        func_name: meta.func_name(func_index).map(Arc::from),
        wasm_offset,
    };
    let map = module.code_map();
    let mut wasm_offset = map.and_then(|map| map.wasm_offset(offset));
    let mut frames = Vec::with_capacity(1);
    for inlined in map.iter().flat_map(|map| map.inlined(offset)) {
        frames.push(frame(inlined.func, wasm_offset));
        wasm_offset = Some(inlined.call_offset);
    }
    frames.push(frame(func, wasm_offset));
    Some(frames)
}
