//! `prefab-run`: runs objects on the device. It has nothing of the compiler, and reads its
//! arguments without what it takes to explain them well: `prefab run` is the comfortable one.
//!
//! It starts without Rust's runtime, which reads the list of the process's mappings, sets up a
//! signal stack and handles faults, a tenth of the time that a short program takes. The runtime of
//! guests does its own. What programs rely on is done here: descriptors and `SIGPIPE`.
//!
//! # Safety
//! Unsafe for being where a C program begins: the C library calls [`main`] once, before anything else, on
//! the only thread, with as many arguments as it says, each a string that ends with a zero byte
//! (C17, 5.1.2.2.1).
#![no_main]
#![allow(unsafe_code, reason = "is called by the C library, and calls it")]

use lexopt::ValueExt;
use lexopt::prelude::{Long, Short, Value};
use prefab::runner::error::Failure;
use prefab::runner::unknown::UnknownImports;
use prefab::runner::{Program, limits, load, output, signals};
use std::ffi::{CStr, OsString, c_char, c_int};
use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStringExt;
use std::panic::{self, AssertUnwindSafe};
use std::process;

#[cfg(feature = "wasi")]
const USAGE: &str = "\
Runs an object that `prefab compile` wrote

Usage: prefab-run [OPTIONS] FILE.o [ARGS]

FILE.o may be - for standard input, or a pipe.

Options:
      --dir HOST[::GUEST]   Give the program a directory; GUEST is what it is called there
      --env NAME[=VALUE]    Set an environment variable; without =VALUE, to what it is here
      --argv0 NAME          What the program sees as its name; by default the file's
      --invoke EXPORT       Call this exported function with ARGS, and print its results
      --fuel N              How many instructions it may execute (prefab compile --fuel)
      --timeout SECONDS     How long it may run (prefab compile --interruptible)
      --unknown-imports X   What stands for imports that are not defined: error (nothing),
                            trap (functions that stop the program) or default (zeros)
  -h, --help                Print this
  -V, --version             Print the version
";

#[cfg(not(feature = "wasi"))]
const USAGE: &str = "\
Calls a function of an object that `prefab compile` wrote

Usage: prefab-run --invoke EXPORT FILE.o [ARGS]

Options:
      --invoke EXPORT    Call this exported function with ARGS, and print its results
      --fuel N           How many instructions it may execute (prefab compile --fuel)
      --timeout SECONDS  How long it may run (prefab compile --interruptible)
      --unknown-imports X
                         What stands for imports that are not defined: error (nothing),
                         trap (functions that stop the program) or default (zeros)
  -h, --help             Print this
  -V, --version          Print the version
";

/// The exit code where the arguments say nothing that could be done.
const MISUSED: i32 = 2;

/// The exit code of a panic, as of any Rust program.
const PANICKED: i32 = 101;

/// Where the process begins.
///
/// # Safety
/// Only the C library calls it, as the head of this file says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    let argument = |at| {
        // SAFETY: one of `count` strings.
        let text = unsafe { CStr::from_ptr(*arguments.add(at)) };
        OsString::from_vec(text.to_bytes().to_vec())
    };
    let arguments = (0..usize::try_from(count).unwrap_or(0)).map(argument);
    start();
    // What panics must not unwind into the C library.
    let code = panic::catch_unwind(AssertUnwindSafe(|| code(arguments))).unwrap_or(PANICKED);
    process::exit(code)
}

/// What programs take for granted: descriptors 0 to 2 are open, so that no file becomes one of them, and writing
/// to a pipe that nobody reads is an error instead of the end.
fn start() {
    for descriptor in 0..3 {
        // SAFETY: asks about a descriptor; opens a file whose name ends with a zero byte.
        unsafe {
            if libc::fcntl(descriptor, libc::F_GETFD) < 0 {
                // The lowest that is free is this one.
                libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
            }
        }
    }
    // SAFETY: there is no other thread, and no handler but the system's.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    signals::ignore_file_size_signal();
}

fn code(arguments: impl Iterator<Item = OsString>) -> i32 {
    match run(lexopt::Parser::from_iter(arguments)) {
        Ok(code) => code.into(),
        Err(Stop::Usage(error)) => {
            output::print_error(&format!("prefab-run: error: {error}\n\n{USAGE}"));
            MISUSED
        }
        Err(Stop::Failure(failure)) => {
            output::print_error(&failure);
            libc::EXIT_FAILURE
        }
    }
}

enum Stop {
    Usage(lexopt::Error),
    Failure(Failure),
}

impl From<lexopt::Error> for Stop {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

fn run(mut parser: lexopt::Parser) -> Result<u8, Stop> {
    let mut program = Program::default();
    loop {
        let text = |parser: &mut lexopt::Parser| parser.value()?.string();
        match parser.next()? {
            Some(Long("invoke")) => program.invoke = Some(text(&mut parser)?),
            Some(Long("fuel")) => program.fuel = Some(parser.value()?.parse()?),
            Some(Long("timeout")) => {
                program.timeout = Some(parser.value()?.parse_with(limits::seconds)?);
            }
            Some(Long("unknown-imports")) => {
                let value = parser.value()?;
                program.unknown_imports = value.parse_with(UnknownImports::parse)?;
            }
            #[cfg(feature = "wasi")]
            Some(Long("dir")) => program.dirs.push(text(&mut parser)?),
            #[cfg(feature = "wasi")]
            Some(Long("env")) => program.env.push(text(&mut parser)?),
            #[cfg(feature = "wasi")]
            Some(Long("argv0")) => program.argv0 = Some(text(&mut parser)?),
            Some(Short('h') | Long("help")) => {
                output::print(USAGE)?;
                return Ok(0);
            }
            Some(Short('V') | Long("version")) => {
                output::print(concat!("prefab-run ", env!("CARGO_PKG_VERSION"), "\n"))?;
                return Ok(0);
            }
            Some(Value(file)) => {
                program.file = file.into();
                program.args = parser.raw_args()?.collect();
                break;
            }
            Some(other) => return Err(other.unexpected().into()),
            None => return Err(lexopt::Error::from("no object was given").into()),
        }
    }
    // As long as the process.
    let module = ManuallyDrop::new(load::file(&program.file)?);
    Ok(program.run(&module)?)
}
