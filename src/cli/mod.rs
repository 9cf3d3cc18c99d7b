//! The command line: commands, options, exit codes.
//!
//! | exit code | meaning |
//! | --- | --- |
//! | the program's own | `prefab run` of a program that ends by itself |
//! | 134 | the guest trapped (128 + SIGABRT, as when a native program aborts) |
//! | 1 | anything else went wrong: the message says what |
//! | 2 | the command line is not understood |

#[cfg(feature = "compile")]
mod cache;
#[cfg(feature = "compile")]
mod compile;
#[cfg(feature = "compile")]
mod files;
#[cfg(feature = "compile")]
mod header;
mod input;
mod inspect;
#[cfg(feature = "compile")]
mod link;
#[cfg(feature = "compile")]
mod progress;
mod run;
#[cfg(feature = "compile")]
mod wast;

use clap::{Parser, Subcommand};
use error::Failure;
use prefab::runner::{error, load, output, signals};
use std::process::ExitCode;

/// Compiles WebAssembly ahead of time into ordinary object files, and runs them
#[derive(Debug, Parser)]
#[command(name = "prefab", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "compile")]
    Compile(compile::CompileArgs),
    Run(run::RunArgs),
    #[cfg(feature = "compile")]
    Link(link::LinkArgs),
    Inspect(inspect::InspectArgs),
    #[cfg(feature = "compile")]
    Wast(wast::WastArgs),
}

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    signals::ignore_file_size_signal();
    let result: Result<ExitCode, Failure> = match Cli::parse().command {
        #[cfg(feature = "compile")]
        Command::Compile(args) => args.run(),
        Command::Run(args) => args.run(),
        #[cfg(feature = "compile")]
        Command::Link(args) => args.run(),
        Command::Inspect(args) => args.run(),
        #[cfg(feature = "compile")]
        Command::Wast(args) => args.run(),
    };
    result.unwrap_or_else(|failure| {
        output::print_error(&failure);
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        super::Cli::command().debug_assert();
    }
}
