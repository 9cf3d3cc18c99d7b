//! `prefab_error_t`: why a call failed.
//!
//! # Safety
//!
//! Errors are boxes that C owns, until it frees them or a host function returns them.
#![allow(unsafe_code, reason = "functions for C")]

use crate::ffi::{self, Failure, guard_or};
use prefab_runtime::{Error as RuntimeError, Frame as GuestFrame, TrapCode};
use std::ffi::{CString, c_char};
use std::ptr;

/// What kind of thing went wrong, as `prefab_error_kind_t` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// The guest trapped.
    Trap = 1,
    /// A host function failed.
    Host = 2,
    /// The guest ended its program, by WASI's `proc_exit`.
    Exit = 3,
    /// Imports are missing or of another type.
    Link = 4,
    /// The module is malformed, or needs another machine or runtime.
    Module = 5,
    /// A function, value or signature is of another type.
    Type = 6,
    /// A handle of another store.
    Handle = 7,
    /// Nothing of the kind is exported by this name.
    NotFound = 8,
    /// The name is taken.
    Duplicate = 9,
    /// Outside a memory or table, or larger than it may become.
    Bounds = 10,
    /// The system or a limit refused what was asked of it.
    Resource = 11,
    /// An argument is null, or not text.
    Argument = 12,
    /// A bug: the runtime panicked.
    Panic = 13,
    /// A command that has run, an instance that is not initialised, or a reset while a guest runs.
    State = 14,
}

/// A function of a guest, as `prefab_frame_t` has it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Frame {
    module: *const c_char,
    func_name: *const c_char,
    func_index: u32,
    wasm_offset: u32,
}

/// What `wasm_offset` is where it is not known.
const UNKNOWN_OFFSET: u32 = u32::MAX;

/// Why a call failed.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: CString,
    trap: Option<TrapCode>,
    exit_code: Option<i32>,
    frames: Vec<(CString, Option<CString>, GuestFrame)>,
    /// What the runtime said, if it did.
    source: Option<RuntimeError>,
}

/// What a host function of C's failed with.
#[derive(Debug)]
struct Message(String);

impl std::fmt::Display for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Message {}

/// The end of a program, at the wish of a host function of C's.
#[derive(Debug)]
struct Exited(i32);

impl std::fmt::Display for Exited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the program exited with code {}", self.0)
    }
}

impl std::error::Error for Exited {}

/// Text as C has it: a NUL would end it early.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl AsRef<str>) -> Failure {
        Box::new(Self {
            kind,
            message: c_string(message.as_ref()),
            trap: None,
            exit_code: None,
            frames: Vec::new(),
            source: None,
        })
    }

    /// The error with which a host function ends the guest.
    pub(crate) fn into_runtime(self) -> RuntimeError {
        let message = || Message(self.message.to_string_lossy().into_owned());
        match self.source {
            Some(source) => source,
            None => RuntimeError::host(message()),
        }
    }

    #[cfg(feature = "wasi")]
    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) const fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    #[cfg(any(feature = "wasi", test))]
    pub(crate) fn message(&self) -> std::borrow::Cow<'_, str> {
        self.message.to_string_lossy()
    }
}

fn exit_code(error: &RuntimeError) -> Option<i32> {
    #[cfg(feature = "wasi")]
    if let Some(exit) = error.downcast_ref::<prefab_wasi::Exit>() {
        return Some(exit.code.cast_signed());
    }
    error.downcast_ref::<Exited>().map(|exited| exited.0)
}

const fn kind(error: &RuntimeError) -> Kind {
    match error {
        RuntimeError::Trap(_) => Kind::Trap,
        RuntimeError::Link(_) => Kind::Link,
        RuntimeError::Format(_) | RuntimeError::Unmet(_) | RuntimeError::Unsupported(_) => {
            Kind::Module
        }
        RuntimeError::Type(_) | RuntimeError::NotACommand { .. } => Kind::Type,
        RuntimeError::WrongStore(_) => Kind::Handle,
        RuntimeError::NoExport { .. } => Kind::NotFound,
        RuntimeError::Duplicate { .. } => Kind::Duplicate,
        RuntimeError::OutOfBounds(_) | RuntimeError::TooLarge { .. } => Kind::Bounds,
        RuntimeError::Resource { .. } => Kind::Resource,
        RuntimeError::CommandAlreadyRun { .. }
        | RuntimeError::NotInitialized { .. }
        | RuntimeError::AlreadyInitialized { .. }
        | RuntimeError::GuestRuns => Kind::State,
        // Host errors, and what the runtime may add one day.
        _ => Kind::Host,
    }
}

impl From<RuntimeError> for Failure {
    fn from(source: RuntimeError) -> Self {
        let exit_code = exit_code(&source);
        let frames = match &source {
            RuntimeError::Trap(trap) => trap.backtrace(),
            RuntimeError::Host(error) => error.backtrace(),
            _ => &[],
        };
        let frame = |frame: &GuestFrame| {
            let name = frame.func_name.as_deref().map(c_string);
            (c_string(&frame.module), name, frame.clone())
        };
        Self::new(Error {
            kind: exit_code.map_or_else(|| kind(&source), |_| Kind::Exit),
            message: c_string(&source.to_string()),
            trap: source.trap_code(),
            exit_code,
            frames: frames.iter().map(frame).collect(),
            source: Some(source),
        })
    }
}

/// An error with which a host function ends the guest.
///
/// # Safety
/// `message` is null or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_error_new(message: *const c_char) -> *mut Error {
    let make = || {
        // SAFETY: `ffi` checks for null; otherwise the caller says so.
        let message = unsafe { ffi::bytes(message, "the message") };
        let text = message.map_or("".into(), String::from_utf8_lossy);
        Box::into_raw(Error::new(Kind::Host, text))
    };
    guard_or(ptr::null_mut(), make)
}

/// A trap of this code.
#[unsafe(no_mangle)]
pub extern "C" fn prefab_error_new_trap(code: u32) -> *mut Error {
    let make = || {
        let known = u8::try_from(code).ok().and_then(TrapCode::from_number);
        let error: Failure = match known {
            Some(code) => RuntimeError::from(code).into(),
            None => Error::new(Kind::Argument, format!("there is no trap code {code}")),
        };
        Box::into_raw(error)
    };
    guard_or(ptr::null_mut(), make)
}

/// The end of the program with this code.
#[unsafe(no_mangle)]
pub extern "C" fn prefab_error_new_exit(code: i32) -> *mut Error {
    let make = || Box::into_raw(Failure::from(RuntimeError::host(Exited(code))));
    guard_or(ptr::null_mut(), make)
}

/// Frees an error.
///
/// # Safety
/// `error` is null, or an error that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_error_free(error: *mut Error) {
    // SAFETY: the caller says so.
    unsafe { ffi::free(error) };
}

/// The error's kind; 0 for null.
///
/// # Safety
/// `error` is null or an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_error_kind(error: *const Error) -> u32 {
    // SAFETY: the caller says so.
    unsafe { error.as_ref() }.map_or(0, |error| error.kind as u32)
}

/// What happened; an empty string for null.
///
/// # Safety
/// As [`prefab_error_kind`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_error_message(error: *const Error) -> *const c_char {
    // SAFETY: the caller says so.
    unsafe { error.as_ref() }.map_or(c"".as_ptr(), |error| error.message.as_ptr())
}

/// The trap's code; 0 if it is none.
///
/// # Safety
/// As [`prefab_error_kind`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_error_trap_code(error: *const Error) -> u32 {
    // SAFETY: the caller says so.
    let trap = unsafe { error.as_ref() }.and_then(|error| error.trap);
    trap.map_or(0, |code| code.number().into())
}

/// Whether the program has ended by itself, and with which code.
///
/// # Safety
/// As [`prefab_error_kind`]; `code` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_error_exit_code(error: *const Error, code: *mut i32) -> bool {
    // SAFETY: the caller says so.
    let Some(found) = unsafe { error.as_ref() }.and_then(|error| error.exit_code) else {
        return false;
    };
    // SAFETY: the caller says so; whoever does not want it passes null.
    if let Some(code) = unsafe { code.as_mut() } {
        *code = found;
    }
    true
}

/// How many functions of guests were running.
///
/// # Safety
/// As [`prefab_error_kind`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_error_frame_count(error: *const Error) -> usize {
    // SAFETY: the caller says so.
    unsafe { error.as_ref() }.map_or(0, |error| error.frames.len())
}

/// One of them, the innermost first.
///
/// # Safety
/// As [`prefab_error_kind`]; `frame` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_error_frame(
    error: *const Error,
    index: usize,
    frame: *mut Frame,
) -> bool {
    // SAFETY: the caller says so.
    let found = unsafe { error.as_ref() }.and_then(|error| error.frames.get(index));
    let Some((module, name, found)) = found else {
        return false;
    };
    let found = Frame {
        module: module.as_ptr(),
        func_name: name.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
        func_index: found.func_index,
        wasm_offset: found.wasm_offset.unwrap_or(UNKNOWN_OFFSET),
    };
    // SAFETY: the caller says so.
    unsafe { ffi::put(frame, "the frame", found) }.is_ok()
}
