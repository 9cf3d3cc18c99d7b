//! Why a module is not part of the program.

use std::path::PathBuf;

/// Why a module is not part of the program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file cannot be read or written.
    #[error("{}: {what}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was to be done.
        what: &'static str,
        /// Why it is not possible.
        source: std::io::Error,
    },
    /// The module is malformed, or uses what is not supported.
    #[error("{}: {message}", path.display())]
    Module {
        /// The module's file.
        path: PathBuf,
        /// What is wrong, and where in the module.
        message: String,
    },
    /// An environment variable that Cargo sets for build scripts is missing.
    #[error(
        "the environment variable {0} is not set, as Cargo does for a build script: call this from build.rs, \
         or say the target by `target` and where to write by `out_dir`"
    )]
    NotInCargo(&'static str),
    /// An option says what cannot be.
    #[error("{option}: {problem}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The archive cannot be made.
    #[error("static archive: {0}")]
    Archive(std::io::Error),
}
