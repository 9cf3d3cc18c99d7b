//! `prefab run`: runs a program, or one function of a module.

use super::error::Failure;
use super::{input, load};
use clap::Args;
use prefab::Module;
use prefab::runner::{Program, limits};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Runs a program: an object, or a module, which is compiled first and kept in a cache
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Give the program a directory; GUEST is what it is called there, HOST if not given
    #[arg(long = "dir", value_name = "HOST[::GUEST]")]
    dirs: Vec<String>,
    /// Set an environment variable; without =VALUE, to what it is here
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// What the program sees as its name; by default the file's
    #[arg(long, value_name = "NAME")]
    argv0: Option<String>,
    /// Call this exported function, with the arguments as its parameters, and print its results
    #[arg(long, value_name = "EXPORT")]
    invoke: Option<String>,
    /// How many instructions the program may execute (an object: one of `prefab compile --fuel`)
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// How long the program may run (an object: one of `prefab compile --interruptible`)
    #[arg(long, value_name = "SECONDS", value_parser = limits::seconds)]
    timeout: Option<Duration>,
    /// The object or module, and the program's arguments
    #[arg(
        value_name = "FILE.o|.wasm|.wat [ARGS]",
        required = true,
        trailing_var_arg = true
    )]
    file_and_args: Vec<OsString>,
}

impl RunArgs {
    /// Does it.
    ///
    /// # Errors
    /// If the file cannot be loaded, its imports are not there, or the program cannot be started.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut args = self.file_and_args.into_iter();
        let file = PathBuf::from(args.next().unwrap_or_default());
        let module = module(&file, self.fuel.is_some(), self.timeout.is_some())?;
        let program = Program {
            file,
            args: args.collect(),
            invoke: self.invoke,
            fuel: self.fuel,
            timeout: self.timeout,
            dirs: self.dirs,
            env: self.env,
            argv0: self.argv0,
        };
        Ok(program.run(&module)?.into())
    }
}

/// The module in a file: an object, or compiled now, to count fuel and to be interruptible if that
/// is needed.
fn module(file: &Path, uses_fuel: bool, is_interruptible: bool) -> Result<Module, Failure> {
    let is_object = {
        let mut start = [0; 4];
        let read = std::fs::File::open(file)
            .and_then(|mut file| std::io::Read::read(&mut file, &mut start));
        read.is_ok() && start == *b"\x7fELF"
    };
    if is_object {
        return load::file(file);
    }
    let bytes = input::read(file)?;
    compiled(file, bytes, uses_fuel, is_interruptible)
}

#[cfg(feature = "compile")]
fn compiled(
    file: &Path,
    bytes: Vec<u8>,
    uses_fuel: bool,
    is_interruptible: bool,
) -> Result<Module, Failure> {
    use super::cache::Entry;
    use super::compile;
    let wasm = input::module(file, bytes)?;
    let mut options = compile::host_options()?;
    options.name = compile::module_name(file);
    (options.uses_fuel, options.is_interruptible) = (uses_fuel, is_interruptible);
    let entry = Entry::new(&wasm, &options);
    if let Some(path) = entry.as_ref().and_then(Entry::find)
        && let Ok(module) = load::file(&path)
    {
        return Ok(module);
    }
    let object = compile::compile(file, &wasm, &options)?;
    match entry.and_then(|entry| entry.keep(&object)) {
        Some(path) => load::file(&path),
        None => load::bytes(file, &object),
    }
}

#[cfg(not(feature = "compile"))]
fn compiled(file: &Path, bytes: Vec<u8>, _: bool, _: bool) -> Result<Module, Failure> {
    let message = match input::kind(file, &bytes)? {
        input::Kind::Module => "this prefab was built without the compiler: it runs objects",
        _ => "not an object file",
    };
    Err(Failure::of(file, message))
}
