//! Runs `.wast` scripts, the official test suite's form, in a store. Where their modules come from is
//! not known here: [`Modules`] has them, compiled on the spot, or long ago and linked to the program.
//!
//! What a script means: the reference interpreter's README, "Scripts", in the WebAssembly
//! specification's repository.

mod definitions;
mod messages;
mod script;
mod spectest;
mod values;

pub use definitions::{Definition, definitions};
pub use wast::QuoteWat;

use prefab_runtime::Module;
use script::Script;
use wast::Wast;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};

/// Where the modules of a script come from.
pub trait Modules {
    /// The module that a directive needs, which is asked for once, in the order in which
    /// [`definitions`] lists them. If [`compiles`](Self::compiles) says so, it is also asked for
    /// those that have to be refused.
    ///
    /// # Errors
    /// If it is none, or not here.
    fn module(&mut self, module: &mut QuoteWat<'_>) -> Result<Module, Refusal>;

    /// Whether it can say of a module that it is none. The directives `assert_malformed` and
    /// `assert_invalid` are passed over if not.
    fn compiles(&self) -> bool;
}

/// Why there is no module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// By the parser of the text format.
    Text(String),
    /// By decoding or validating.
    Binary(String),
    /// By ourselves: there is an error in Prefab.
    Other(String),
}

/// A directive of a script that did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The line in the script, counted from 1.
    pub line: usize,
    /// What happened instead.
    pub message: String,
}

/// What became of a script's directives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many did what they should.
    pub passed: usize,
    /// The lines of those that were passed over, as only a compiler could tell.
    pub passed_over: Vec<usize>,
    /// Those that did not, in the script's order.
    pub failures: Vec<Failure>,
}

/// Runs the script `text` with its modules. Where `print` is true, the print functions of the module
/// `spectest` print.
///
/// # Errors
/// If the text is no script.
pub fn run(text: &str, modules: &mut dyn Modules, print: bool) -> Result<Outcome, Failure> {
    with_script(text, |script| {
        let mut outcome = Outcome::default();
        let mut state =
            Script::new(modules, print).map_err(|message| Failure { line: 1, message })?;
        for directive in script.directives {
            let line = line(text, directive.span());
            match state.directive(directive) {
                Ok(true) => outcome.passed += 1,
                Ok(false) => outcome.passed_over.push(line),
                Err(message) => outcome.failures.push(Failure { line, message }),
            }
        }
        Ok(outcome)
    })
}

/// Parses `text` and has `run` do something with it.
fn with_script<R>(
    text: &str,
    run: impl FnOnce(Wast<'_>) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let syntax = |error: wast::Error| Failure {
        line: line(text, error.span()),
        message: error.message(),
    };
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(syntax)?;
    run(parser::parse(&buffer).map_err(syntax)?)
}

fn line(text: &str, span: wast::token::Span) -> usize {
    span.linecol_in(text).0 + 1
}
