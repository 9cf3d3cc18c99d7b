//! `prefab run`: runs a program, or one function of a module.

use super::error::Failure;
use super::input::{self, Input};
use super::load;
#[cfg(feature = "compile")]
use super::output;
use clap::Args;
use prefab::Module;
use prefab::runner::unknown::UnknownImports;
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
    /// What stands for imports that are not defined: nothing, which is an error; functions that stop the
    /// program when it calls them; or functions that return zeros, and empty memories, tables and globals
    #[arg(long, value_name = "error|trap|default", default_value = "error",
          value_parser = UnknownImports::parse)]
    unknown_imports: UnknownImports,
    /// The features of WebAssembly that a module may use: wasm1, wasm2 or nothing for all that
    /// Prefab supports, then +NAME,-NAME; an object has been checked when it was compiled
    #[cfg(feature = "compile")]
    #[arg(long, value_name = "SET", allow_hyphen_values = true)]
    wasm_features: Option<String>,
    /// The object or module (- is standard input), and the program's arguments
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
        let mut args = self.file_and_args.iter().cloned();
        let file = PathBuf::from(args.next().unwrap_or_default());
        let module = self.module(&file)?;
        let program = Program {
            file,
            args: args.collect(),
            invoke: self.invoke,
            fuel: self.fuel,
            timeout: self.timeout,
            unknown_imports: self.unknown_imports,
            dirs: self.dirs,
            env: self.env,
            argv0: self.argv0,
        };
        Ok(program.run(&module)?.into())
    }

    /// The module in a file: an object, or compiled now.
    fn module(&self, file: &Path) -> Result<Module, Failure> {
        let input = Input::open(file)?;
        if input.is_elf_file() {
            return load::opened(file, input.into_file());
        }
        let bytes = input.bytes()?;
        if input::kind(file, &bytes)? == input::Kind::Elf {
            return load::bytes(file, &bytes);
        }
        self.compiled(file, bytes)
    }

    /// The module in `bytes`, compiled so that it counts fuel and is interruptible if that is needed.
    #[cfg(feature = "compile")]
    fn compiled(&self, file: &Path, bytes: Vec<u8>) -> Result<Module, Failure> {
        use super::cache::Entry;
        use super::compile;
        let wasm = input::module(file, bytes)?;
        let mut options = compile::host_options()?;
        options.name = load::module_name(file);
        options.uses_fuel = self.fuel.is_some();
        options.is_interruptible = self.timeout.is_some();
        options.wasm_features = compile::wasm_features(self.wasm_features.as_deref())?;
        let entry = cache_entry(&wasm, &options);
        if let Some(found) = entry.as_ref().and_then(Entry::find)
            && let Ok(module) = load::opened(file, found)
        {
            return Ok(module);
        }
        let object = compile::compile(file, &wasm, &options)?;
        if let Some(entry) = entry {
            entry.keep(&object);
        }
        load::bytes(file, &object)
    }

    #[cfg(not(feature = "compile"))]
    fn compiled(&self, file: &Path, bytes: Vec<u8>) -> Result<Module, Failure> {
        let message = match input::kind(file, &bytes)? {
            input::Kind::Module => "this prefab was built without the compiler: it runs objects",
            _ => "not an object file",
        };
        Err(Failure::of(file, message))
    }
}

/// The place in the cache; none if there can be none, which only makes runs slower.
#[cfg(feature = "compile")]
fn cache_entry(wasm: &[u8], options: &prefab::CompileOptions) -> Option<super::cache::Entry> {
    let entry = super::cache::Entry::new(wasm, options);
    entry.unwrap_or_else(|refused| {
        output::print_error(&format!(
            "prefab: warning: the cache is not used: {refused}"
        ));
        None
    })
}
