//! Running a program: what `prefab run` and `prefab-run` have in common.

pub mod error;
mod invoke;
pub mod limits;
pub mod load;
pub mod output;
pub mod signals;
pub mod unknown;
#[cfg(feature = "wasi")]
mod world;

use crate::{Error, Linker, Module, ModuleKind, Store, UnknownImport};
use error::Failure;
use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::time::Duration;
use unknown::UnknownImports;

/// The exit code of a program that trapped: 128 + SIGABRT.
const TRAPPED: u8 = 134;

#[cfg(feature = "wasi")]
pub(crate) use crate::wasi::WasiCtx as Host;

/// Without WASI, programs have nothing of the world.
#[cfg(not(feature = "wasi"))]
pub(crate) type Host = ();

/// A program, and what it is given.
#[derive(Debug, Default)]
pub struct Program {
    /// The file that it is in.
    pub file: PathBuf,
    /// Its arguments, or those of the function that is called.
    pub args: Vec<OsString>,
    /// The export that is called instead of the program's start.
    pub invoke: Option<String>,
    /// How many instructions it may execute.
    pub fuel: Option<u64>,
    /// How long it may run.
    pub timeout: Option<Duration>,
    /// What stands for imports that are not defined.
    pub unknown_imports: UnknownImports,
    /// Its directories: `HOST` or `HOST::GUEST`.
    #[cfg(feature = "wasi")]
    pub dirs: Vec<String>,
    /// Its environment: `NAME=VALUE`, or `NAME` of this environment.
    #[cfg(feature = "wasi")]
    pub env: Vec<String>,
    /// What it sees as its name, if not the file's.
    #[cfg(feature = "wasi")]
    pub argv0: Option<String>,
}

impl Program {
    /// Runs `module`, which is in the program's file; returns its exit code.
    ///
    /// # Errors
    /// If its imports are not there, or it cannot be started.
    pub fn run(&self, module: &Module) -> Result<u8, Failure> {
        // The process ends with the program: the system gives everything back at once.
        let (mut linker, mut store) = self.world(module)?;
        self.define_unknown(&mut linker, &mut store, module)?;
        let (linker, mut store) = (ManuallyDrop::new(linker), ManuallyDrop::new(store));
        match self.start(module, &linker, &mut store) {
            Ok(()) => Ok(0),
            Err(Stop::Failure(failure)) => Err(failure),
            Err(Stop::Error(error)) => self.stopped(error),
        }
    }

    #[cfg(not(feature = "wasi"))]
    fn world(&self, _: &Module) -> Result<(Linker<Host>, Store<Host>), Failure> {
        Ok((Linker::new(), Store::new(())))
    }

    fn start(
        &self,
        module: &Module,
        linker: &Linker<Host>,
        store: &mut Store<Host>,
    ) -> Result<(), Stop> {
        self.limit(store)?;
        let instance = linker.instantiate(&mut *store, module)?;
        if let Some(name) = &self.invoke {
            let func = instance.get_func(&mut *store, name);
            let func =
                func.ok_or_else(|| self.failure(format!("no function is exported as {name:?}")))?;
            return invoke::invoke(store, func, &self.args, |message| self.failure(message));
        }
        match module.kind() {
            ModuleKind::Command => Ok(instance.run_command(store)?),
            ModuleKind::Reactor | ModuleKind::Library => Err(Stop::Failure(self.failure(
                "this is no program (it exports no _start): --invoke calls one of its functions",
            ))),
        }
    }

    fn failure(&self, message: impl Into<String>) -> Failure {
        Failure::of(&self.file, message)
    }

    /// The exit code of a program that did not just return.
    fn stopped(&self, error: Error) -> Result<u8, Failure> {
        #[cfg(feature = "wasi")]
        if let Some(exit) = error.downcast_ref::<crate::wasi::Exit>() {
            // The system keeps eight bits, of a guest's exit code too.
            return Ok(exit.code as u8);
        }
        let failure = self.failure(error.to_string());
        match error {
            Error::Host(_) if error.downcast_ref::<UnknownImport>().is_some() => {
                output::print_error(&failure);
                Ok(TRAPPED)
            }
            Error::Trap(_) => {
                output::print_error(&failure);
                Ok(TRAPPED)
            }
            _ => Err(failure),
        }
    }
}

/// Why a program stopped, other than by returning.
enum Stop {
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
