//! `prefab run`: runs a program, or one function of a module.

use super::error::Failure;
use super::{input, invoke, load};
use clap::Args;
use prefab::{Error, Linker, Module, ModuleKind, Store};
use prefab_wasi::{Exit, WasiCtx};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

/// The exit code of a program that trapped: 128 + SIGABRT.
const TRAPPED: u8 = 134;

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
        let fail = |error: Error| Failure::of(self.file(), error.to_string());
        let module = module(self.file())?;
        let mut linker: Linker<WasiCtx> = Linker::new();
        prefab_wasi::add_to_linker(&mut linker, |ctx| ctx).map_err(fail)?;
        let mut store = Store::new(self.wasi()?);
        match self.start(&module, &linker, &mut store) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(Stop::Failure(failure)) => Err(failure),
            Err(Stop::Error(error)) => self.stopped(error),
        }
    }

    fn file(&self) -> &Path {
        Path::new(
            self.file_and_args
                .first()
                .map_or(OsStr::new(""), |file| file),
        )
    }

    fn args(&self) -> &[OsString] {
        self.file_and_args.get(1..).unwrap_or_default()
    }

    /// What the program is given of the world.
    fn wasi(&self) -> Result<WasiCtx, Failure> {
        use std::os::unix::ffi::OsStrExt;
        let fail = |error: prefab_wasi::BuildError| Failure::new(error.to_string());
        let mut builder = WasiCtx::builder();
        builder.inherit_stdio();
        let name = match &self.argv0 {
            Some(name) => name.clone().into_bytes(),
            None => {
                let name = self.file().file_name().unwrap_or(self.file().as_os_str());
                name.as_bytes().to_vec()
            }
        };
        builder.arg(name);
        if self.invoke.is_none() {
            builder.args(self.args().iter().map(|arg| arg.as_bytes()));
        }
        for variable in &self.env {
            match variable.split_once('=') {
                Some((name, value)) => {
                    builder.env(name, value);
                }
                None => {
                    if let Some(value) = std::env::var_os(variable) {
                        builder.env(variable.as_str(), value.as_bytes());
                    }
                }
            }
        }
        for dir in &self.dirs {
            let (host, guest) = dir.split_once("::").unwrap_or((dir, dir));
            builder.preopened_dir(host, guest).map_err(fail)?;
        }
        builder.build().map_err(fail)
    }

    fn start(
        &self,
        module: &Module,
        linker: &Linker<WasiCtx>,
        store: &mut Store<WasiCtx>,
    ) -> Result<(), Stop> {
        let instance = linker.instantiate(&mut *store, module)?;
        if module.kind() == ModuleKind::Reactor {
            let initialize = instance.get_typed_func::<(), ()>(&mut *store, "_initialize")?;
            initialize.call(&mut *store, ())?;
        }
        if let Some(name) = &self.invoke {
            let func = instance.get_func(&mut *store, name);
            let func =
                func.ok_or_else(|| self.failure(format!("no function is exported as {name:?}")))?;
            return invoke::invoke(store, func, self.args(), |message| self.failure(message));
        }
        match module.kind() {
            ModuleKind::Command => {
                let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
                Ok(start.call(store, ())?)
            }
            ModuleKind::Reactor | ModuleKind::Library => Err(Stop::Failure(self.failure(
                "this is no program (it exports no _start): --invoke calls one of its functions",
            ))),
        }
    }

    fn failure(&self, message: impl Into<String>) -> Failure {
        Failure::of(self.file(), message)
    }

    /// The exit code of a program that did not just return.
    fn stopped(&self, error: Error) -> Result<ExitCode, Failure> {
        if let Some(exit) = error.downcast_ref::<Exit>() {
            // The system keeps eight bits, of a guest's exit code too.
            return Ok(ExitCode::from(exit.code as u8));
        }
        let failure = self.failure(error.to_string());
        match error {
            Error::Trap(_) => {
                eprintln!("{failure}");
                Ok(ExitCode::from(TRAPPED))
            }
            _ => Err(failure),
        }
    }
}

/// Why a program stopped, other than by returning.
pub(super) enum Stop {
    /// By what the runtime says.
    Error(Error),
    /// The command line asked for what is not there.
    Failure(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// The module in a file: an object, or compiled now.
fn module(file: &Path) -> Result<Module, Failure> {
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
    compiled(file, bytes)
}

#[cfg(feature = "compile")]
fn compiled(file: &Path, bytes: Vec<u8>) -> Result<Module, Failure> {
    use super::cache::Entry;
    use super::compile;
    let wasm = input::module(file, bytes)?;
    let mut options = compile::host_options()?;
    options.name = compile::module_name(file);
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
fn compiled(file: &Path, bytes: Vec<u8>) -> Result<Module, Failure> {
    let message = match input::kind(file, &bytes)? {
        input::Kind::Module => "this prefab was built without the compiler: it runs objects",
        _ => "not an object file",
    };
    Err(Failure::of(file, message))
}
