//! Runs `.wast` scripts, the official test suite's form, through compiler, object, loader and store.
//!
//! What a script means: the reference interpreter's README, "Scripts", in the WebAssembly
//! specification's repository.

mod features;
mod load;
mod messages;
mod script;
mod spectest;
mod values;

pub use features::{FeatureError, parse as parse_features};

use crate::CompileOptions;
use script::Script;
use wast::Wast;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};

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
    /// Those that did not, in the script's order.
    pub failures: Vec<Failure>,
}

/// Runs the script `text`; modules are compiled with `options`. Where `print` is true, the print
/// functions of the module `spectest` print.
///
/// # Errors
/// If the text is no script.
pub fn run(text: &str, options: &CompileOptions, print: bool) -> Result<Outcome, Failure> {
    let syntax = |error: wast::Error| Failure {
        line: line(text, error.span()),
        message: error.message(),
    };
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(syntax)?;
    let script: Wast<'_> = parser::parse(&buffer).map_err(syntax)?;
    let mut outcome = Outcome::default();
    let mut state = Script::new(options, print).map_err(|message| Failure { line: 1, message })?;
    for directive in script.directives {
        let line = line(text, directive.span());
        match state.directive(directive) {
            Ok(()) => outcome.passed += 1,
            Err(message) => outcome.failures.push(Failure { line, message }),
        }
    }
    Ok(outcome)
}

fn line(text: &str, span: wast::token::Span) -> usize {
    span.linecol_in(text).0 + 1
}
