//! The fuzz body: a module behaves the same as compiled code and in an interpreter.

use crate::generate::{self, Generated};
use crate::oracle::Oracle;
use crate::ours::Ours;
use crate::random::Random;

/// A value, by its bits; a reference by whether it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bits {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    V128(u128),
    Ref(bool),
}

/// Why a module stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A trap that the specification has, by what both machines can tell apart.
    Trap(Trap),
    /// The machine had no room left. What happens then is not determined.
    Exhausted,
}

/// The traps, by what both machines can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    Unreachable,
    Memory,
    Table,
    NullElement,
    ElementType,
    DivideByZero,
    Overflow,
    Conversion,
}

/// The results of a call, or why there are none.
pub type Outcome = Result<Vec<Bits>, Stop>;

/// What an export is, as far as it is compared.
#[derive(Clone, Debug)]
pub enum Kind {
    /// With zero or null of each parameter's type.
    Func(Vec<Bits>),
    Global,
    Memory,
    Table,
}

/// What starts the names of the provider's exports.
pub const PROVIDER: &str = "provider: ";

/// What of the provider is compared.
const PROVIDED: &[(&str, Kind)] = &[
    ("provider: memory", Kind::Memory),
    ("provider: funcs", Kind::Table),
    ("provider: externs", Kind::Table),
    ("provider: calls", Kind::Global),
    ("provider: float", Kind::Global),
    ("provider: vector", Kind::Global),
    ("provider: func", Kind::Global),
];

/// Something that a module runs on. Where it takes the name of an export, it takes the provider's
/// too.
pub trait Machine: Sized {
    /// Instantiates the module.
    fn new(module: &Generated) -> Result<Self, Stop>;
    /// Calls an export.
    fn call(&mut self, name: &str, args: &[Bits]) -> Outcome;
    /// An exported global's value.
    fn global(&mut self, name: &str) -> Bits;
    /// An exported memory's contents.
    fn memory(&mut self, name: &str) -> Vec<u8>;
    /// For each element of an exported table whether there is one.
    fn table(&mut self, name: &str) -> Vec<bool>;
    /// What the host function was called with.
    fn notes(&self) -> &[(u64, u64)];
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both machines agree.
    Same,
    /// The input is no module, or none that the oracle takes.
    Skipped,
}

/// The interpreter recurses on the machine's stack, far deeper than a test's thread has it.
const STACK_SIZE_BYTES: usize = 1 << 30;

/// Runs the module that `input` stands for on both machines.
///
/// # Panics
/// If they differ.
pub fn check(input: &[u8]) -> Verdict {
    let thread = std::thread::Builder::new().stack_size(STACK_SIZE_BYTES);
    std::thread::scope(|scope| {
        let thread = thread.spawn_scoped(scope, || run(input));
        let thread = thread.expect("the machine has room for a thread");
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn run(input: &[u8]) -> Verdict {
    let Some(module) = generate::module(input) else {
        return Verdict::Skipped;
    };
    if let Some(path) = std::env::var_os("PREFAB_FUZZ_KEEP") {
        std::fs::write(path, &module.wasm).expect("the module can be kept");
    }
    let Some(exports) = Oracle::exports(&module.wasm) else {
        return Verdict::Skipped;
    };
    let mut random = Random::of_bytes(input);
    let mut machines = instantiate(&module);
    for (name, kind) in &exports {
        let Kind::Func(params) = kind else { continue };
        let Some((ours, oracle)) = &mut machines else {
            return Verdict::Same;
        };
        let args = params.iter().map(|param| operand(&mut random, param));
        let args: Vec<Bits> = args.collect();
        let outcomes = (ours.call(name, &args), oracle.call(name, &args));
        if is_undetermined(&outcomes) {
            machines = instantiate(&module);
            continue;
        }
        assert_eq!(
            outcomes.0, outcomes.1,
            "{name:?} of {args:?}, ours and the oracle's"
        );
        if outcomes.0.is_err() {
            // Its fuel may be used up.
            compare_state(&exports, ours, oracle);
            machines = instantiate(&module);
        }
    }
    if let Some((ours, oracle)) = &mut machines {
        compare_state(&exports, ours, oracle);
    }
    Verdict::Same
}

/// Whether these outcomes may differ.
fn is_undetermined(outcomes: &(Outcome, Outcome)) -> bool {
    matches!(
        outcomes,
        (Err(Stop::Exhausted), _) | (_, Err(Stop::Exhausted))
    )
}

/// The module on both machines; nothing if it cannot be instantiated.
fn instantiate(module: &Generated) -> Option<(Ours, Oracle)> {
    match (Ours::new(module), Oracle::new(module)) {
        (Ok(ours), Ok(oracle)) => Some((ours, oracle)),
        (ours, oracle) => {
            let outcomes = (ours.map(|_| Vec::new()), oracle.map(|_| Vec::new()));
            if !is_undetermined(&outcomes) {
                assert_eq!(
                    outcomes.0, outcomes.1,
                    "instantiation, ours and the oracle's"
                );
            }
            None
        }
    }
}

fn compare_state(exports: &[(String, Kind)], ours: &mut Ours, oracle: &mut Oracle) {
    assert_eq!(ours.notes(), oracle.notes(), "calls of the host");
    let exports = exports.iter().map(|(name, kind)| (name.as_str(), kind));
    let provided = PROVIDED.iter().map(|(name, kind)| (*name, kind));
    for (name, kind) in exports.chain(provided) {
        match kind {
            Kind::Func(_) => {}
            Kind::Global => assert_eq!(ours.global(name), oracle.global(name), "global {name:?}"),
            Kind::Memory => assert!(
                ours.memory(name) == oracle.memory(name),
                "memory {name:?} differs"
            ),
            Kind::Table => assert_eq!(ours.table(name), oracle.table(name), "table {name:?}"),
        }
    }
}

/// A value of the type of `zero`.
fn operand(random: &mut Random, zero: &Bits) -> Bits {
    match zero {
        Bits::I32(_) => Bits::I32(random.operand() as u32),
        Bits::I64(_) => Bits::I64(random.operand()),
        // Not NaNs: their payloads must be those that the module makes.
        Bits::F32(_) => Bits::F32((random.operand() as i16 as f32).to_bits()),
        Bits::F64(_) => Bits::F64((random.operand() as i32 as f64).to_bits()),
        Bits::V128(_) => {
            let halves = (random.operand() as u32, random.operand() as u16);
            Bits::V128(u128::from(halves.0) << 64 | u128::from(halves.1))
        }
        Bits::Ref(_) => Bits::Ref(false),
    }
}
