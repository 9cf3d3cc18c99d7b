//! The limits of the compiler: their names and numbers.
//!
//! `docs/conformance.md` lists them, which a test compares. Those of the module's sections are the limits
//! of embeddings on the Web (WebAssembly JavaScript Interface, "Implementation-defined limits"), which
//! `wasmparser` has, too.
//!
//! The last three are there so that a small module cannot take gigabytes of memory to compile. A function takes
//! memory for each value in Cranelift's intermediate representation, and for each argument of a branch. Most
//! values are results of instructions. A local is one more in each loop and behind each branch where it may
//! have changed, and an argument of each branch there; a block has a value for each parameter. So a few
//! bytes of WebAssembly can stand for thousands.

use crate::error::CompileError;
use prefab_abi::limits::TABLE_SIZE_LIMIT_ELEMENTS;
use wasmparser::Payload;

/// A limit.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// What is counted, as messages and the documentation say it.
    pub name: &'static str,
    /// How many there may be.
    pub max: u64,
}

impl Limit {
    const fn new(name: &'static str, max: u64) -> Self {
        Self { name, max }
    }

    /// What is wrong with a count that is more than the limit.
    pub(crate) fn exceeded(&self, count: u64) -> Option<String> {
        let Self { name, max } = self;
        (count > *max).then(|| format!("too many {name}: {count}; the limit is {max}"))
    }

    /// Checks a count that stands at `offset` in the module, in bytes.
    ///
    /// # Errors
    /// If it is more than the limit.
    pub(crate) fn check(&self, count: u64, offset: u64) -> Result<(), CompileError> {
        match self.exceeded(count) {
            None => Ok(()),
            Some(problem) => Err(CompileError::at(offset, problem)),
        }
    }
}

const TYPES: Limit = Limit::new("types", 1_000_000);
const IMPORTS: Limit = Limit::new("imports", 1_000_000);
const FUNCTIONS: Limit = Limit::new("functions", 1_000_000);
const GLOBALS: Limit = Limit::new("globals", 1_000_000);
const EXPORTS: Limit = Limit::new("exports", 1_000_000);
const TABLES: Limit = Limit::new("tables", 100_000);
const MEMORIES: Limit = Limit::new("memories", 100);
const ELEMENT_SEGMENTS: Limit = Limit::new("element segments", 100_000);
const DATA_SEGMENTS: Limit = Limit::new("data segments", 100_000);
const BODY: Limit = Limit::new("bytes in a function body", 7_654_321);
/// Parameters and locals of one function.
pub(crate) const LOCALS: Limit = Limit::new("locals and parameters of a function", 50_000);
const PARAMS: Limit = Limit::new("parameters of a function", 1000);
const RESULTS: Limit = Limit::new("results of a function", 1000);
const NAME: Limit = Limit::new("bytes in a name", 100_000);
const ELEMENTS: Limit = Limit::new("elements in an element segment", 10_000_000);
/// The size of a table. The runtime checks it: a module that declares a larger table is valid.
const TABLE_SIZE: Limit = Limit::new("elements in a table", TABLE_SIZE_LIMIT_ELEMENTS);
/// The values in Cranelift's form of one function.
pub(crate) const FUNCTION_VALUES: Limit = Limit::new("values in a compiled function", 1_800_000);
/// The arguments of branches in that form.
pub(crate) const FUNCTION_BRANCH_ARGS: Limit =
    Limit::new("arguments of branches in a compiled function", 1_500_000);
/// How deep blocks, loops and `if`s of one function are nested.
pub(crate) const FUNCTION_NESTING: Limit = Limit::new("nested blocks in a function", 13_000);

/// All limits.
pub const ALL: &[Limit] = &[
    TYPES,
    IMPORTS,
    FUNCTIONS,
    GLOBALS,
    EXPORTS,
    TABLES,
    MEMORIES,
    ELEMENT_SEGMENTS,
    DATA_SEGMENTS,
    BODY,
    LOCALS,
    PARAMS,
    RESULTS,
    NAME,
    ELEMENTS,
    TABLE_SIZE,
    FUNCTION_VALUES,
    FUNCTION_BRANCH_ARGS,
    FUNCTION_NESTING,
];

/// Checks how many things a section says that it has, and the size of a function's body.
pub(crate) fn check_section(payload: &Payload<'_>) -> Result<(), CompileError> {
    let (limit, count, range) = match payload {
        Payload::TypeSection(section) => (TYPES, section.count(), section.range()),
        Payload::ImportSection(section) => (IMPORTS, section.count(), section.range()),
        Payload::FunctionSection(section) => (FUNCTIONS, section.count(), section.range()),
        Payload::TableSection(section) => (TABLES, section.count(), section.range()),
        Payload::MemorySection(section) => (MEMORIES, section.count(), section.range()),
        Payload::GlobalSection(section) => (GLOBALS, section.count(), section.range()),
        Payload::ExportSection(section) => (EXPORTS, section.count(), section.range()),
        Payload::ElementSection(section) => (ELEMENT_SEGMENTS, section.count(), section.range()),
        Payload::DataSection(section) => (DATA_SEGMENTS, section.count(), section.range()),
        Payload::CodeSectionEntry(body) => {
            let range = body.range();
            return BODY.check(range.end - range.start, range.start);
        }
        _ => return Ok(()),
    };
    limit.check(u64::from(count), range.start)
}

/// Limits that `wasmparser` checks, with its messages, which have no number.
const WITHOUT_NUMBER: [(&str, Limit); 4] = [
    ("function params size is out of bounds", PARAMS),
    ("function returns size is out of bounds", RESULTS),
    ("string size out of bounds", NAME),
    ("number of elements is out of bounds", ELEMENTS),
];

/// A message of `wasmparser`. If it is about a limit, it names the limit and the number.
pub(crate) fn with_number(message: &str) -> String {
    match WITHOUT_NUMBER.iter().find(|(text, _)| *text == message) {
        Some((_, Limit { name, max })) => format!("too many {name}: the limit is {max}"),
        None => message.to_owned(),
    }
}
