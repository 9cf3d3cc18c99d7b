//! What can go wrong when a host uses a guest.

use crate::module::{ImportType, Unmet};
use crate::trap::{Backtrace, Frame, Trap};
use crate::types::ExternType;
use prefab_abi::bytes::FormatError;
use prefab_abi::trap::TrapCode;
use std::fmt;

/// The error type of host functions: any error that can be sent to another thread.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong.
///
/// A guest that is stopped is [`Error::Trap`], or [`Error::Host`] with what a host function returned
/// to stop it; the store can be used on. Each error's text says what was found and what helps.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Error, Func, Store, TrapCode};
///
/// let mut store = Store::new(());
/// let read = Func::wrap(&mut store, || -> Result<i32, Error> {
///     Err(Error::host(std::io::Error::from(std::io::ErrorKind::NotFound)))
/// });
/// let error = read.typed::<(), i32>(&store)?.call(&mut store, ()).unwrap_err();
/// let found: Option<&std::io::Error> = error.downcast_ref();
/// assert_eq!(found.map(|error| error.kind()), Some(std::io::ErrorKind::NotFound));
///
/// let trap = Func::wrap(&mut store, || -> Result<(), Error> { Err(TrapCode::Unreachable.into()) });
/// let error = trap.typed::<(), ()>(&store)?.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
///
/// let error = trap.ty(&Store::new(())).unwrap_err();
/// assert!(matches!(error, Error::WrongStore("function")));
/// # Ok::<(), prefab::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The guest trapped.
    #[error(transparent)]
    Trap(Trap),
    /// A host function returned an error, which ended the guest.
    #[error(transparent)]
    Host(HostError),
    /// Imports are missing or of another type.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A module imports a memory that is reserved in another way than its code needs.
    #[error(transparent)]
    MemoryPlan(#[from] MemoryPlanError),
    /// There are not as many addresses as a memory needs.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    /// A module was compiled without something that the store asks of all code in it.
    #[error(
        "{module} was compiled without `{flag}`, so that {why}: compile it with `prefab compile {flag}`"
    )]
    CompiledWithout {
        /// The module.
        module: String,
        /// What it was compiled without.
        flag: &'static str,
        /// What it is needed for.
        why: &'static str,
    },
    /// The fuel of a store was asked for that has no bound: it was never set.
    #[error("the store's fuel was never set: its guests execute as much as they like")]
    FuelNotSet,
    /// The module's metadata is malformed.
    #[error("malformed module: {0}")]
    Format(#[from] FormatError),
    /// A module that was linked into the program was compiled for another machine or runtime.
    #[error(transparent)]
    Unmet(#[from] Unmet),
    /// Values, or the function they were for, are of another type.
    #[error("{0}")]
    Type(String),
    /// A handle was used with another store than the one that it belongs to.
    #[error("the {0} was used with another store than its own")]
    WrongStore(&'static str),
    /// There is no such export.
    #[error("no {kind} is exported as {name:?}")]
    NoExport {
        /// The kind that was asked for.
        kind: &'static str,
        /// The name that was asked for.
        name: String,
    },
    /// A linker has something of this name already.
    #[error("{module:?} {name:?} is already defined")]
    Duplicate {
        /// The name of the module.
        module: String,
        /// The name in the module.
        name: String,
    },
    /// A program was to be run that has already run: it runs once, until its instance is reset.
    #[error(
        "the command {module} has already run: reset its instance (`Instance::reset`), or make another one"
    )]
    CommandAlreadyRun {
        /// The name of the module.
        module: String,
    },
    /// A module was to be run that is no program: it exports no `_start`.
    #[error("{module} is no command: it exports no function `_start`")]
    NotACommand {
        /// The name of the module.
        module: String,
    },
    /// An instance was used before what has to run first has returned: its start function, and
    /// the `_initialize` of a reactor.
    #[error("{module} is not initialized: {}", way_out(*has_failed))]
    NotInitialized {
        /// The name of the module.
        module: String,
        /// Whether it did not return, or could not even be called.
        has_failed: bool,
    },
    /// A reactor's `_initialize` was called again.
    #[error("{module} is already initialized: a reactor's `_initialize` runs once")]
    AlreadyInitialized {
        /// The name of the module.
        module: String,
    },
    /// All instances of a pool are in use.
    #[error("all {capacity} instances of the pool are in use")]
    PoolFull {
        /// How many there are.
        capacity: usize,
    },
    /// All instances of a pool are in use, and nobody else could give one back while this thread
    /// waits for one.
    #[error(
        "all {capacity} instances of the pool are in use by this thread, which would wait for itself"
    )]
    PoolDeadlock {
        /// How many there are.
        capacity: usize,
    },
    /// An instance was to be reset while a guest of its store waits for a host function to return.
    #[error("an instance cannot be reset while a guest of its store runs")]
    GuestRuns,
    /// An index or an offset lies outside the memory or table that it was for.
    #[error("{0}")]
    OutOfBounds(&'static str),
    /// A memory or a table would be larger than its maximum or than any may be.
    #[error("the {what} would have {size} {unit}; the limit is {limit}")]
    TooLarge {
        /// `memory` or `table`.
        what: &'static str,
        /// The size that it would have.
        size: u64,
        /// What sizes are counted in: `bytes` or `elements`.
        unit: &'static str,
        /// The size that it may have at most.
        limit: u64,
    },
    /// The system or a limit refused what was asked of it.
    #[error("cannot {what}: {source}")]
    Resource {
        /// What was to be done.
        what: &'static str,
        /// Why it was refused.
        source: std::io::Error,
    },
    /// Something has to wait, for a host that does not.
    #[error(
        "{what} has to wait, and what led to it does not: await it, by `call_async`, \
         `instantiate_async` or another function whose name ends so"
    )]
    AsyncNeeded {
        /// What has to wait.
        what: String,
    },
    /// The module needs something that this runtime does not have.
    #[error("the module needs {0}, which this runtime does not have")]
    Unsupported(&'static str),
}

impl Error {
    /// The error with which a host function ends the guest. If `error` is already one of this
    /// type, it stays as it is.
    pub fn host(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => Self::Host(HostError {
                source,
                backtrace: Backtrace::default(),
            }),
        }
    }

    /// The error that a host function returned, if it was one and of type `E`.
    #[must_use]
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        match self {
            Self::Host(error) => error.source.downcast_ref(),
            _ => None,
        }
    }

    /// Why the guest trapped, if it did.
    #[must_use]
    pub const fn trap_code(&self) -> Option<TrapCode> {
        match self {
            Self::Trap(trap) => Some(trap.code()),
            _ => None,
        }
    }

    /// What `error`, which a host function returned, is for the caller of the guest that called the
    /// function from these frames.
    pub(crate) fn of_host(error: BoxError, backtrace: Backtrace) -> Self {
        match Self::host(error) {
            Self::Host(error) => Self::Host(error.with_backtrace(backtrace)),
            Self::Trap(trap) if trap.backtrace().is_empty() => {
                Self::Trap(trap.with_backtrace(backtrace))
            }
            error => error,
        }
    }

    pub(crate) fn resource(what: &'static str, source: impl Into<std::io::Error>) -> Self {
        Self::Resource {
            what,
            source: source.into(),
        }
    }

    pub(crate) fn format(field: &'static str, problem: &'static str, offset: u64) -> Self {
        Self::Format(FormatError::new(field, problem, offset))
    }
}

impl From<TrapCode> for Error {
    /// The guest traps where it called the host function that returns this error.
    fn from(code: TrapCode) -> Self {
        Self::Trap(Trap::new(code, Backtrace::default()))
    }
}

const fn way_out(has_failed: bool) -> &'static str {
    if has_failed {
        "its start function or `_initialize` has failed; after `Instance::reset` they run again"
    } else {
        "call `Instance::initialize` first, or make the instance by `Linker::instantiate`"
    }
}

/// An error of a host function, and where the guest was when it called the function.
#[derive(Debug)]
pub struct HostError {
    source: BoxError,
    backtrace: Backtrace,
}

impl HostError {
    /// The guest's frames, the innermost first; of a very deep stack, as many as are kept.
    #[must_use]
    pub const fn backtrace(&self) -> &[Frame] {
        self.backtrace.frames()
    }

    /// The number of outer frames that [`backtrace`](Self::backtrace) leaves out.
    #[must_use]
    pub const fn frames_left_out(&self) -> usize {
        self.backtrace.left_out()
    }

    /// What the host function returned.
    #[must_use]
    pub fn into_source(self) -> BoxError {
        self.source
    }

    /// The error, with these frames unless it has some already (of an activation further inside).
    #[must_use]
    pub(crate) fn with_backtrace(mut self, backtrace: Backtrace) -> Self {
        if self.backtrace.frames().is_empty() {
            self.backtrace = backtrace;
        }
        self
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl std::error::Error for HostError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The error's own text is this one's.
        self.source.source()
    }
}

/// A module whose code does not check its accesses imports a memory without a guard behind it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot link {module}: the memory {:?} {:?} that it imports is bounded, and {module} was compiled \
     for guarded ones: compile it with `prefab compile --memory bounded`, or what defines the \
     memory with `--memory guarded`",
    import.module, import.name
)]
pub struct MemoryPlanError {
    module: String,
    import: ImportType,
}

impl MemoryPlanError {
    pub(crate) fn new(module: &str, import: ImportType) -> Self {
        let module = module.to_owned();
        Self { module, import }
    }

    /// The import.
    #[must_use]
    pub const fn import(&self) -> &ImportType {
        &self.import
    }
}

/// There are not as many addresses as a memory needs.
#[derive(Debug)]
pub struct ReserveError {
    size_bytes: u64,
    is_bounded: bool,
    source: std::io::Error,
}

impl ReserveError {
    pub(crate) const fn new(size_bytes: u64, is_bounded: bool, source: std::io::Error) -> Self {
        Self {
            size_bytes,
            is_bounded,
            source,
        }
    }

    /// How many addresses were to be reserved, in bytes.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

impl fmt::Display for ReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = self.size_bytes.div_ceil(1 << 20);
        write!(f, "cannot reserve {mib} MiB of address space for a memory")?;
        write!(f, ": {}: ", self.source)?;
        f.write_str(if self.is_bounded {
            "the module may get by with less, by `prefab compile --memory bounded --max-memory SIZE`"
        } else {
            "where addresses are scarce, compile the module with `prefab compile --memory bounded`, \
             which reserves what the memory may grow to and no more"
        })
    }
}

impl std::error::Error for ReserveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Every import of a module that is missing or of another type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    module: String,
    problems: Vec<ImportProblem>,
}

/// One import that is missing or of another type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProblem {
    /// The name of the module that it is imported from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// What the module imports.
    pub expected: ExternType,
    /// What there is instead.
    pub found: Option<ExternType>,
}

impl LinkError {
    pub(crate) const fn new(module: String, problems: Vec<ImportProblem>) -> Self {
        Self { module, problems }
    }

    /// The imports, in the module's order.
    #[must_use]
    pub fn problems(&self) -> &[ImportProblem] {
        &self.problems
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot link {}", self.module)?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LinkError {}

impl fmt::Display for ImportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, name, .. } = self;
        match &self.found {
            None => write!(f, "unknown import: {module:?} {name:?}, {}", self.expected),
            Some(found) => write!(
                f,
                "incompatible import type: {module:?} {name:?} is {found}, not {}",
                self.expected
            ),
        }
    }
}
