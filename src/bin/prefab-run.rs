//! `prefab-run`: runs objects on the device. It has nothing of the compiler, and reads its
//! arguments without what it takes to explain them well: `prefab run` is the comfortable one.

use lexopt::ValueExt;
use lexopt::prelude::{Long, Short, Value};
use prefab::runner::error::Failure;
use prefab::runner::{Program, limits, load, output};
use std::mem::ManuallyDrop;
use std::process::ExitCode;

#[cfg(feature = "wasi")]
const USAGE: &str = "\
Runs an object that `prefab compile` wrote

Usage: prefab-run [OPTIONS] FILE.o [ARGS]

Options:
      --dir HOST[::GUEST]   Give the program a directory; GUEST is what it is called there
      --env NAME[=VALUE]    Set an environment variable; without =VALUE, to what it is here
      --argv0 NAME          What the program sees as its name; by default the file's
      --invoke EXPORT       Call this exported function with ARGS, and print its results
      --fuel N              How many instructions it may execute (prefab compile --fuel)
      --timeout SECONDS     How long it may run (prefab compile --interruptible)
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
  -h, --help             Print this
  -V, --version          Print the version
";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(Stop::Usage(error)) => {
            eprintln!("prefab-run: error: {error}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(Stop::Failure(failure)) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
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

fn run() -> Result<ExitCode, Stop> {
    let mut program = Program::default();
    let mut parser = lexopt::Parser::from_env();
    loop {
        let text = |parser: &mut lexopt::Parser| parser.value()?.string();
        match parser.next()? {
            Some(Long("invoke")) => program.invoke = Some(text(&mut parser)?),
            Some(Long("fuel")) => program.fuel = Some(parser.value()?.parse()?),
            Some(Long("timeout")) => {
                program.timeout = Some(parser.value()?.parse_with(limits::seconds)?);
            }
            #[cfg(feature = "wasi")]
            Some(Long("dir")) => program.dirs.push(text(&mut parser)?),
            #[cfg(feature = "wasi")]
            Some(Long("env")) => program.env.push(text(&mut parser)?),
            #[cfg(feature = "wasi")]
            Some(Long("argv0")) => program.argv0 = Some(text(&mut parser)?),
            Some(Short('h') | Long("help")) => {
                output::print(USAGE)?;
                return Ok(ExitCode::SUCCESS);
            }
            Some(Short('V') | Long("version")) => {
                output::print(concat!("prefab-run ", env!("CARGO_PKG_VERSION"), "\n"))?;
                return Ok(ExitCode::SUCCESS);
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
