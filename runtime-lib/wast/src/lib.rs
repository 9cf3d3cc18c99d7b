//! Runs `.wast` scripts, the official test suite's form. [`run`] does so in a store of Prefab's, and
//! does not know where the modules come from: [`Modules`] has them, compiled on the spot, or long ago
//! and linked to the program. [`run_in`] does so wherever modules run: a [`Runtime`] says how.
//!
//! What a script means: the reference interpreter's README, "Scripts", in the WebAssembly
//! specification's repository.

mod definitions;
mod messages;
mod script;
mod spectest;
mod store;
mod values;

pub use definitions::{Definition, definitions};
pub use messages::{Synonym, synonyms};
pub use values::Value;
pub use wast::QuoteWat;

use prefab_runtime::Module;
use script::Script;
use std::collections::{BTreeSet, HashMap};
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

/// The instances of a script, by the names from which modules import.
#[derive(Debug)]
pub struct Instances<I> {
    /// By the name of the `register` directive.
    registered: HashMap<String, I>,
    /// By the module's or the instance's own name, without `$`.
    named: HashMap<String, I>,
}

impl<I> Default for Instances<I> {
    fn default() -> Self {
        Self {
            registered: HashMap::new(),
            named: HashMap::new(),
        }
    }
}

impl<I> Instances<I> {
    /// The instance from which a module imports by this name: the registered one, otherwise the
    /// one that has the name itself.
    pub fn importable(&self, name: &str) -> Option<&I> {
        self.registered.get(name).or_else(|| self.named.get(name))
    }
}

/// What runs the modules of a script. It has the host module `spectest`, as the reference
/// interpreter has it.
pub trait Runtime {
    /// A module.
    type Module: Clone;
    /// An instance.
    type Instance: Clone;

    /// As [`Modules::module`].
    ///
    /// # Errors
    /// If it is none, or not here.
    fn module(&mut self, module: &mut QuoteWat<'_>) -> Result<Self::Module, Refusal>;

    /// As [`Modules::compiles`].
    fn compiles(&self) -> bool;

    /// An instance of `module`, whose imports come from `instances` and from `spectest`. Nothing
    /// else can be imported: an instance that was in `instances` once is forgotten.
    ///
    /// # Errors
    /// What stopped it.
    fn instantiate(
        &mut self,
        module: &Self::Module,
        instances: &Instances<Self::Instance>,
    ) -> Result<Self::Instance, Stop>;

    /// Calls the function that `instance` exports as `name`.
    ///
    /// # Errors
    /// What stopped it; [`Stop::Other`] if there is no such function.
    fn invoke(
        &mut self,
        instance: &Self::Instance,
        name: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, Stop>;

    /// The value of the global that `instance` exports as `name`.
    ///
    /// # Errors
    /// If there is none.
    fn global(&mut self, instance: &Self::Instance, name: &str) -> Result<Value, Stop>;

    /// Whether `func` is the function that has `index` in the module of `instance`. It was the
    /// number of a [`Value::FuncRef`] that this runtime returned.
    ///
    /// # Errors
    /// If there is no function of this index, or the runtime cannot tell.
    fn is_func(&mut self, func: u32, instance: &Self::Instance, index: u32) -> Result<bool, Stop>;
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The guest trapped.
    Trap {
        /// What traps of its kind are called.
        kind: &'static str,
        /// All that there is to say of it.
        text: String,
    },
    /// Imports are missing or of another type.
    Link(String),
    /// Something else.
    Other(String),
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trap { text, .. } | Self::Link(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Other(message)
    }
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
    /// The [`synonyms`] that error messages needed.
    pub synonyms: BTreeSet<Synonym>,
}

/// Runs the script `text` with its modules. Where `print` is true, the print functions of the module
/// `spectest` print.
///
/// # Errors
/// If the text is no script.
pub fn run(text: &str, modules: &mut dyn Modules, print: bool) -> Result<Outcome, Failure> {
    let runtime = store::Plain::new(modules, print);
    let mut runtime = runtime.map_err(|message| Failure { line: 1, message })?;
    run_in(text, &mut runtime)
}

/// Runs the script `text` wherever `runtime` runs modules.
///
/// # Errors
/// If the text is no script.
pub fn run_in(text: &str, runtime: &mut impl Runtime) -> Result<Outcome, Failure> {
    with_script(text, |script| {
        let mut outcome = Outcome::default();
        let mut state = Script::new(runtime);
        for directive in script.directives {
            let line = line(text, directive.span());
            match state.directive(directive) {
                Ok(true) => outcome.passed += 1,
                Ok(false) => outcome.passed_over.push(line),
                Err(message) => outcome.failures.push(Failure { line, message }),
            }
        }
        outcome.synonyms = state.synonyms;
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
