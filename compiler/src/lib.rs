//! The Prefab compiler: a WebAssembly module in, a relocatable ELF object out.
//!
//! ```text
//! bytes ─ decode ─► Module ─ plan ─► Plan ─ translate ─► CLIF ─ codegen ─► code of each function
//!   ─ layout ─► .text ─ metadata, image, unwind ─► sections ─ emit ─► object
//! ```
//!
//! The compiler and the runtime never see each other: what they agree on stands in
//! [`prefab_abi`].
//!
//! ```
//! use prefab_compiler::{Options, compile};
//! use prefab_targets::Target;
//!
//! let target = Target::ALL[0];
//! let wasm = b"\0asm\x01\0\0\0";
//! let object = compile(wasm, &Options::new(target), &|_, _| ())?;
//! assert!(object.starts_with(b"\x7fELF"));
//! # Ok::<(), prefab_compiler::CompileError>(())
//! ```
#![forbid(unsafe_code)]

mod codegen;
mod const_expr;
mod decode;
mod emit;
mod error;
mod features;
pub mod files;
mod image;
mod layout;
pub mod limits;
mod metadata;
mod module;
mod optimize;
mod options;
mod plan;
mod settings;
mod translate;
mod unsupported;
mod unwind;

pub use codegen::cache::{Cache, CacheKey, CacheStats, DirectoryCache, FunctionCache};
pub use error::CompileError;
pub use features::{UnknownWasmFeature, parse_wasm_features};
pub use options::{OptLevel, Options};
pub use prefab_abi::note::{MemoryPlan, Traps};
pub use wasmparser::WasmFeatures;

use codegen::abi::Symbol;
use codegen::vectors::Vectors;
use codegen::{Code, ModuleCode};
use cranelift_codegen::isa::OwnedTargetIsa;
use emit::{Contents, TextSymbol};
use layout::Text;
use module::Module;
use plan::Plan;
use prefab_abi::code_map::write_code_map;
use prefab_abi::descriptor::Part;
use prefab_abi::note::{MEMORY_SIZE_LIMIT_BYTES, Note};
use sha2::{Digest, Sha256};
use translate::Env;

/// The size of the guard behind a memory's 4 GiB that code relies on, in bytes.
const GUARD_SIZE_BYTES: u64 = 1 << 25;

/// How far a bounded memory without a declared maximum may grow beyond its minimum, in bytes, if
/// `--max-memory` says nothing.
const GROWTH_BYTES: u64 = 16 << 20;

/// The binary logarithm of the size of a page of a memory, in bytes.
const PAGE_SIZE_LOG2: u32 = 16;

/// The size of a page of a memory, in bytes.
const PAGE_SIZE_BYTES: u64 = 1 << PAGE_SIZE_LOG2;

/// The compiler's version, as an object's note has it.
pub const VERSION: &str = concat!("prefab ", env!("CARGO_PKG_VERSION"));

/// Compiles a module. `progress` is called, from any thread, with the number of functions that are
/// compiled and of all.
///
/// The same module and options give the same bytes, on any host and for any number of jobs.
///
/// # Errors
/// If the module is malformed or invalid, uses what is not supported, or is too large.
pub fn compile(
    wasm: &[u8],
    options: &Options,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<u8>, CompileError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs.unwrap_or(0))
        .build()
        .map_err(|error| CompileError::new(format!("no threads to compile with: {error}")))?;
    pool.install(|| compile_here(wasm, options, progress))
}

fn compile_here(
    wasm: &[u8],
    options: &Options,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<u8>, CompileError> {
    options.check()?;
    let features = options.wasm_features;
    let (module, usage) = decode::decode(wasm, features)?;
    let plan = Plan::new(&module, &usage);
    let isa = options.isa()?;
    let env = Env {
        module: &module,
        plan: &plan,
        isa: &*isa,
        features,
        vectors: options.vectors(),
        passed: Vectors::passed(options.target()),
        memory_plan: options.memory_plan,
        guard_size_bytes: guard_size_bytes(options),
        traps: options.traps,
        is_interruptible: options.is_interruptible,
        uses_fuel: options.uses_fuel,
        passes: options.passes(),
        tail: options.target().tail_calls(),
    };
    let code = codegen::compile(&env, options.cache.as_ref(), progress);
    if let Some(cache) = &options.cache {
        cache.finish();
    }
    let mut code = code?;
    let text = layout::layout(&*isa, &mut code.code)?;
    let contents = contents(&module, &plan, options, &isa, &code, text)?;
    drop(code);
    emit::emit(isa, contents)
}

fn contents<'a>(
    module: &Module<'_>,
    plan: &Plan,
    options: &'a Options,
    isa: &OwnedTargetIsa,
    code: &ModuleCode,
    text: Text,
) -> Result<Contents<'a>, CompileError> {
    let image = image::build(module, options.target().page_size());
    let metadata = metadata::write(module, plan, code, &text, &image);
    let text_symbols = text_symbols(module, &code.code, &text);
    let mut parts = [
        text.bytes,
        metadata.meta,
        Vec::new(),
        write_code_map(&text.sites, &text.inlined),
        metadata.static_tables,
        metadata.data,
        image.bytes,
        Vec::new(),
    ];
    let hash_of_type = |canonical: &u32| {
        let hash = Sha256::digest(module.types[*canonical as usize].to_canonical_bytes());
        let mut out = [0; 16];
        out.copy_from_slice(&hash[..16]);
        out
    };
    let mut content = Sha256::new();
    for (part, bytes) in Part::ALL.into_iter().zip(&parts) {
        if part.is_hashed() {
            content.update(bytes);
        }
    }
    let mut note = note(module, options, content.finalize().into())?;
    note.has_inlined = !text.inlined.inlined.is_empty();
    parts[Part::Note as usize] = note.to_bytes();
    Ok(Contents {
        target: options.target(),
        name: &options.name,
        identities: plan.identities.keys().map(hash_of_type).collect(),
        builtins: code.slots.builtins().to_vec(),
        text_symbols,
        eh_frame: unwind::eh_frame(&**isa, &code.code, &text.ranges)?,
        parts,
    })
}

fn guard_size_bytes(options: &Options) -> u64 {
    match options.memory_plan {
        MemoryPlan::Guarded => GUARD_SIZE_BYTES,
        MemoryPlan::Bounded => 0,
    }
}

/// The size that the note lets the module's memories grow to, in bytes. A memory that declares a
/// lesser maximum stops there.
fn max_memory_bytes(module: &Module<'_>, options: &Options) -> Result<u64, CompileError> {
    if options.memory_plan == MemoryPlan::Guarded {
        return Ok(MEMORY_SIZE_LIMIT_BYTES);
    }
    let imported = module.layout.counts().imported_memories;
    let defined = || (imported..).zip(&module.memories[imported as usize..]);
    let Some(max) = options.max_memory_bytes else {
        // The note has one number for all memories: the largest that any of them needs.
        let needed = defined().map(|(_, memory)| match memory.max {
            Some(max) => max.saturating_mul(PAGE_SIZE_BYTES),
            None => memory.min * PAGE_SIZE_BYTES + GROWTH_BYTES,
        });
        let needed = needed.max().unwrap_or(GROWTH_BYTES);
        return Ok(needed.min(MEMORY_SIZE_LIMIT_BYTES));
    };
    match defined().find(|(_, memory)| memory.min * PAGE_SIZE_BYTES > max) {
        None => Ok(max),
        Some((index, memory)) => {
            let least = memory.min * PAGE_SIZE_BYTES;
            Err(CompileError::new(format!(
                "memory {index} has {least} bytes at least, more than `--max-memory {max}` lets it \
                 have"
            )))
        }
    }
}

fn note(
    module: &Module<'_>,
    options: &Options,
    content_sha256: [u8; 32],
) -> Result<Note, CompileError> {
    Ok(Note {
        abi_revision: prefab_abi::ABI_REVISION,
        compiler: VERSION.to_string(),
        target: options.target().triple().to_string(),
        cpu_features: options.features.names().map(str::to_string).collect(),
        page_size: options.target().page_size(),
        memory_plan: options.memory_plan,
        guard_size_bytes: guard_size_bytes(options),
        max_memory_bytes: max_memory_bytes(module, options)?,
        traps: options.traps,
        is_interruptible: options.is_interruptible,
        uses_fuel: options.uses_fuel,
        has_code_map: true,
        has_inlined: false,
        has_direct_calls: true,
        options: options.describe(),
        module_sha256: Sha256::digest(module.wasm).into(),
        content_sha256,
    })
}

fn text_symbols(module: &Module<'_>, code: &[Code], text: &Text) -> Vec<TextSymbol> {
    let name = |symbol: Symbol| match symbol {
        Symbol::Func(index) => module.func_name(index),
        _ => None,
    };
    text.functions(code)
        .map(|(symbol, range)| TextSymbol {
            name: emit::symbol_name(symbol, name(symbol)),
            offset: range.start,
            size: range.end - range.start,
        })
        .collect()
}
