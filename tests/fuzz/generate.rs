//! Modules made of bytes, by `wasm-smith`.

use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

/// How many loop iterations, calls and elements of bulk operations a module may go through; it
/// traps then. Also bounds how deep it recurses.
const FUEL: u32 = 5_000;

/// A module to run.
pub struct Generated {
    /// Its bytes.
    pub wasm: Vec<u8>,
    /// Whether its instructions may trap, other than `unreachable`. Most code that is made at random
    /// traps before it has done much; where it may not, `wasm-smith` puts checks before it.
    pub traps: bool,
    /// Whether to compile it without optimisation.
    pub plain: bool,
}

/// The module that `input` stands for; `None` if it stands for none.
pub fn module(input: &[u8]) -> Option<Generated> {
    let mut input = Unstructured::new(input);
    let traps = input.ratio(1, 4).ok()?;
    let plain = input.ratio(1, 4).ok()?;
    let config = config(&mut input, traps).ok()?;
    let mut module = Module::new(config, &mut input).ok()?;
    module.ensure_termination(FUEL).ok()?;
    let wasm = module.to_bytes();
    Some(Generated { wasm, traps, plain })
}

/// WebAssembly as the compiler takes it. What some inputs leave out, others meet more often.
fn config(input: &mut Unstructured<'_>, traps: bool) -> arbitrary::Result<Config> {
    Ok(Config {
        simd_enabled: input.arbitrary()?,
        tail_call_enabled: input.arbitrary()?,
        reference_types_enabled: true,
        bulk_memory_enabled: true,
        multi_value_enabled: true,
        extended_const_enabled: true,
        disallow_traps: !traps,
        // The payload of a NaN is not determined.
        canonicalize_nans: true,
        export_everything: true,
        min_funcs: 4,
        max_funcs: 12,
        max_imports: 0,
        min_memories: 1,
        max_memories: input.int_in_range(1..=3)?,
        max_memory32_bytes: 16 << 16,
        max_tables: input.int_in_range(0..=3)?,
        max_table_elements: 1_000,
        // Without a maximum, how far a memory or table grows is up to the machine.
        memory_max_size_required: true,
        table_max_size_required: true,
        max_instructions: input.int_in_range(20..=1_000)?,
        relaxed_simd_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        memory64_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    })
}
