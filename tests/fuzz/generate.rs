//! Modules made of bytes, by `wasm-smith`.

use arbitrary::Unstructured;
use prefab_compiler::{MemoryPlan, Traps};
use std::sync::LazyLock;
use wasm_smith::{Config, Module};

/// How many loop iterations, calls and elements of bulk operations a module may go through; it
/// traps then. Also bounds how deep it recurses.
const FUEL: u32 = 5_000;

/// A module to run.
pub struct Generated {
    /// Its bytes.
    pub wasm: Vec<u8>,
    /// Whether to compile it without optimisation.
    pub plain: bool,
    /// Whether to use all that this machine's CPU has.
    pub native: bool,
    /// Whether to do without vector instructions.
    pub scalar: bool,
    /// How memories are reserved.
    pub memory_plan: MemoryPlan,
    /// How traps are found.
    pub traps: Traps,
    /// Whether it is interruptible and counts fuel, and asks the runtime for more all the time.
    pub controlled: bool,
}

/// The module that `input` stands for; `None` if it stands for none.
pub fn module(input: &[u8]) -> Option<Generated> {
    let mut input = Unstructured::new(input);
    let plain = input.ratio(1, 4).ok()?;
    let native = input.ratio(1, 2).ok()?;
    let scalar = input.ratio(1, 3).ok()?;
    let (memory_plan, traps) = *input
        .choose(&[
            (MemoryPlan::Guarded, Traps::Signals),
            (MemoryPlan::Bounded, Traps::Signals),
            (MemoryPlan::Bounded, Traps::Explicit),
        ])
        .ok()?;
    let controlled = input.ratio(1, 3).ok()?;
    let config = config(&mut input).ok()?;
    let mut module = Module::new(config, &mut input).ok()?;
    module.ensure_termination(FUEL).ok()?;
    let wasm = module.to_bytes();
    Some(Generated {
        wasm,
        plain,
        native,
        scalar,
        memory_plan,
        traps,
        controlled,
    })
}

/// The other instance that modules import from, as `provider`.
pub fn provider() -> &'static Generated {
    static PROVIDER: LazyLock<Generated> = LazyLock::new(|| Generated {
        wasm: wat::parse_str(include_str!("provider.wat")).expect("the provider is a module"),
        plain: false,
        native: false,
        scalar: false,
        memory_plan: MemoryPlan::Guarded,
        traps: Traps::Signals,
        controlled: true,
    });
    &PROVIDER
}

/// A module that imports all there is to import.
fn importable() -> Vec<u8> {
    let text = r#"(module
        (import "host" "note" (func (param i64 f64) (result i32)))
        (import "provider" "memory" (memory 1 4))
        (import "provider" "funcs" (table 8 20 funcref))
        (import "provider" "externs" (table 8 20 externref))
        (import "provider" "constant" (global i32))
        (import "provider" "base" (global i64))
        (import "provider" "calls" (global (mut i64)))
        (import "provider" "float" (global (mut f64)))
        (import "provider" "vector" (global (mut v128)))
        (import "provider" "func" (global (mut funcref)))
        (import "provider" "count_one" (func))
        (import "provider" "mix" (func (param i32 i64 f32 f64) (result f64 i64 f32 i32)))
        (import "provider" "twice" (func (param v128 v128) (result v128 v128)))
        (import "provider" "references" (func (param funcref externref) (result externref funcref)))
        (import "provider" "poke" (func (param i32 i32)))
        (import "provider" "peek" (func (param i32) (result i32)))
        (import "provider" "call" (func (param i32))))"#;
    wat::parse_str(text).expect("it is a module")
}

/// WebAssembly as the compiler takes it. What some inputs leave out, others meet more often.
fn config(input: &mut Unstructured<'_>) -> arbitrary::Result<Config> {
    Ok(Config {
        simd_enabled: input.arbitrary()?,
        tail_call_enabled: input.arbitrary()?,
        reference_types_enabled: true,
        bulk_memory_enabled: true,
        multi_value_enabled: true,
        extended_const_enabled: true,
        // Most code that is made at random traps before it has done much.
        disallow_traps: input.ratio(3, 4)?,
        // The payload of a NaN is not determined.
        canonicalize_nans: true,
        export_everything: true,
        min_funcs: 4,
        max_funcs: 12,
        max_imports: input.int_in_range(0..=8)?,
        available_imports: Some(importable()),
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
