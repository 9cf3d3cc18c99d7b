//! From intermediate representation to machine code, function by function, in parallel.

pub(crate) mod abi;
mod budget;
pub(crate) mod cache;
pub(crate) mod glue;
mod pipeline;
pub(crate) mod slots;
pub(crate) mod vectors;

use crate::error::CompileError;
use crate::module::Module;
use crate::optimize::Passes;
use crate::plan::Plan;
use crate::translate::{Env, Inlining, is_ruled_out, trap_code};
use abi::Symbol;
use budget::Budget;
use cache::Cache;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::{ExternalName, Function};
use cranelift_codegen::isa::unwind::UnwindInfo;
use cranelift_codegen::{CompiledCode, FinalizedMachReloc, FinalizedRelocTarget};
use glue::Glue;
use pipeline::State;
use prefab_abi::builtin::Builtin;
use prefab_abi::code_map::{InlineTable, Site};
use prefab_abi::func::is_native;
use prefab_abi::note::Traps;
use prefab_abi::trap::TrapCode;
use rayon::prelude::*;
use slots::Slots;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The part of the budget from which on a thread keeps nothing of a function for the next.
const MUCH: u32 = budget::WHOLE / 4;

/// A reference to another piece of code.
#[derive(Clone, Copy, Debug)]
pub struct CodeReloc {
    /// Where it stands, in bytes from the start of the code.
    pub offset: u32,
    /// How it is encoded.
    pub kind: Reloc,
    /// What it refers to.
    pub target: Symbol,
    /// What is added to the target's address.
    pub addend: i64,
}

/// A function's machine code, and what is known of it.
#[derive(Debug)]
pub struct Code {
    /// Its name.
    pub symbol: Symbol,
    /// The code, until it is laid out.
    pub bytes: Vec<u8>,
    /// The alignment that it needs, in bytes.
    pub alignment: u32,
    /// References to other code.
    pub relocs: Vec<CodeReloc>,
    /// Its part of the code map; offsets are from the start of the code.
    pub sites: Vec<Site>,
    /// What of it is inlined; offsets are from the start of the code.
    pub inlined: InlineTable,
    /// How to unwind its frame.
    pub unwind: Option<UnwindInfo>,
    /// How much of the stack its frame takes, in bytes; without what the caller has put there.
    pub frame_size_bytes: u32,
}

impl Code {
    /// Whether it goes with the code before it: what checks the stack for it.
    pub const fn is_body(&self) -> bool {
        matches!(self.symbol, Symbol::Body(_))
    }
}

/// How much of a frame code may use before it has compared the stack pointer with the limit: what
/// lies below the limit has room for two of them, the stubs, and the runtime's functions that note
/// a trap. A function with a larger frame is checked before its frame is made.
pub const FRAME_MARGIN_BYTES: u32 = 4 << 10;

/// All code of a module.
#[derive(Debug)]
pub struct ModuleCode {
    /// The module's functions, in order, each behind what checks the stack for it if that is apart;
    /// then the glue.
    pub code: Vec<Code>,
    /// The slots of the import table.
    pub slots: Slots,
}

/// Compiles every function of a module, and the glue around them, as far as they are not in the
/// cache. `progress` is called with the number of functions that are done, and of all.
pub fn compile(
    env: &Env<'_>,
    cache: Option<&Cache>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<ModuleCode, CompileError> {
    let module = env.module;
    let total = module.bodies.len();
    let done = AtomicUsize::new(0);
    // The largest first, and one at a time to whoever is free, so that no thread has much to do when
    // the others are done. In halves, one would have nearly all.
    let mut order: Vec<u32> = (0..total as u32).collect();
    order.sort_by_key(|defined| Reverse(module.bodies[*defined as usize].range.len()));
    let budget = Budget::default();
    // All are compiled even if one fails, so that the error is that of the first.
    let mut results: Vec<(u32, Result<Code, CompileError>)> = order
        .into_iter()
        .par_bridge()
        .map_init(State::default, |state, defined| {
            let code = compile_func(env, cache, defined, &budget, state).map_err(|error| {
                let func = module.imported_funcs() + defined;
                error.in_func(func, module.func_name(func))
            });
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            (defined, code)
        })
        .collect();
    results.sort_unstable_by_key(|(defined, _)| *defined);
    let results = results.into_iter().map(|(_, code)| code);
    let bodies = results.collect::<Result<Vec<_>, _>>()?;
    let mut code = guarded(env, cache, bodies)?;

    let mut builtins = BTreeSet::new();
    let mut traps = BTreeSet::new();
    for reloc in code.iter().flat_map(|code| &code.relocs) {
        match reloc.target {
            Symbol::Builtin(builtin) => drop(builtins.insert(builtin)),
            Symbol::Trap(trap) => drop(traps.insert(trap)),
            _ => {}
        }
    }
    let slots = Slots::new(env.plan.identities.len() as u32, &builtins);
    let glue = Glue {
        slots: &slots,
        layout: &module.layout,
        passed: env.passed,
        vectors: env.vectors,
        config: env.isa.frontend_config(),
        traps: env.traps,
        tail: env.tail,
    };
    let functions = glue_functions(module, env.plan, &glue, &builtins, &traps);
    let glue: Vec<Result<Code, CompileError>> = functions
        .into_par_iter()
        .map_init(State::default, |state, function| {
            state.context.func = function;
            finish_func(env, cache, Passes::None, &Inlining::default(), state)
        })
        .collect();
    for result in glue {
        code.push(result?);
    }
    Ok(ModuleCode { code, slots })
}

/// Puts a check of the stack before each function whose frame is too large to be made unchecked.
fn guarded(
    env: &Env<'_>,
    cache: Option<&Cache>,
    bodies: Vec<Code>,
) -> Result<Vec<Code>, CompileError> {
    if env.traps == Traps::Signals {
        return Ok(bodies);
    }
    let glue = Glue {
        slots: &Slots::new(0, &BTreeSet::new()),
        layout: &env.module.layout,
        passed: env.passed,
        vectors: env.vectors,
        config: env.isa.frontend_config(),
        traps: env.traps,
        tail: env.tail,
    };
    let mut code = Vec::with_capacity(bodies.len());
    let mut state = State::default();
    for mut body in bodies {
        if let Symbol::Func(index) = body.symbol
            && body.frame_size_bytes > FRAME_MARGIN_BYTES
        {
            let ty = env.module.func_type(index);
            state.context.func = glue.guard(index, ty, body.frame_size_bytes);
            let inlining = Inlining::default();
            code.push(finish_func(
                env,
                cache,
                Passes::None,
                &inlining,
                &mut state,
            )?);
            body.symbol = Symbol::Body(index);
        }
        code.push(body);
    }
    Ok(code)
}

fn glue_functions(
    module: &Module<'_>,
    plan: &Plan,
    glue: &Glue<'_>,
    builtins: &BTreeSet<Builtin>,
    traps: &BTreeSet<TrapCode>,
) -> Vec<Function> {
    let ty = |index: u32| &module.types[index as usize];
    let mut functions: Vec<Function> = Vec::new();
    functions.extend(builtins.iter().map(|builtin| glue.builtin_stub(*builtin)));
    functions.extend(traps.iter().map(|trap| glue.trap_stub(*trap)));
    functions.extend(
        plan.thunks
            .iter()
            .map(|func| glue.thunk(*func, module.func_type(*func))),
    );
    for index in &plan.entries {
        functions.push(glue.array_entry(*index, ty(*index)));
        if is_native(ty(*index)) {
            functions.push(glue.native_entry(*index, ty(*index)));
        }
    }
    for index in &plan.adapters {
        functions.push(glue.array_adapter(*index, ty(*index)));
        if is_native(ty(*index)) {
            functions.push(glue.native_adapter(*index, ty(*index)));
        }
    }
    functions
}

fn compile_func(
    env: &Env<'_>,
    cache: Option<&Cache>,
    defined: u32,
    budget: &Budget,
    state: &mut State,
) -> Result<Code, CompileError> {
    // A function that was refused has left what there was of it.
    state.context.clear();
    let (func, builder) = (&mut state.context.func, &mut state.builder);
    let translated = crate::translate::translate(env, defined, func, builder)?;
    let parts = (translated.part_of_limits * f64::from(budget::WHOLE)) as u32;
    let share = budget.take(parts);
    let code = finish_func(env, cache, env.passes, &translated.inlining, state);
    if parts > MUCH {
        // The state keeps its memory for the next function: too much after this one.
        *state = State::default();
    }
    drop(share);
    code
}

fn finish_func(
    env: &Env<'_>,
    cache: Option<&Cache>,
    passes: Passes,
    inlining: &Inlining,
    state: &mut State,
) -> Result<Code, CompileError> {
    let cache = cache.map(|cache| cache.entry(env.isa, &state.context.func, passes));
    let found = cache.as_ref().and_then(|entry| {
        let compiled = entry.get(&state.context.func)?;
        extract(env, &state.context.func, inlining, &compiled).ok()
    });
    let is_found = found.is_some();
    let code = match found {
        Some(code) => Ok(code),
        None => state
            .compile(env.isa, passes, cache.as_ref())
            .and_then(|compiled| extract(env, &state.context.func, inlining, &compiled)),
    };
    if let Some(entry) = &cache {
        entry.count(is_found);
    }
    state.context.clear();
    code
}

fn extract(
    env: &Env<'_>,
    func: &Function,
    inlining: &Inlining,
    compiled: &CompiledCode,
) -> Result<Code, CompileError> {
    let symbol = func
        .name
        .get_user()
        .and_then(Symbol::from_external_name)
        .ok_or_else(|| CompileError::new("a function without a name was compiled"))?;
    let buffer = &compiled.buffer;
    let relocs = buffer
        .relocs()
        .iter()
        .map(|reloc| code_reloc(func, reloc))
        .collect::<Result<_, _>>()?;
    let traps = trap_sites(env.traps, compiled)?;
    let unwind = compiled
        .create_unwind_info(env.isa)
        .map_err(|error| CompileError::new(format!("no unwind information: {error}")))?;
    let (sites, inlined) = sites(compiled, &traps, inlining);
    Ok(Code {
        symbol,
        bytes: buffer.data().to_vec(),
        alignment: buffer.alignment.max(env.isa.function_alignment().preferred),
        relocs,
        sites,
        inlined,
        unwind,
        frame_size_bytes: buffer
            .frame_layout()
            .map_or(u32::MAX, |layout| layout.frame_to_fp_offset),
    })
}

/// The instructions that may trap: none, where traps are explicit.
fn trap_sites(traps: Traps, compiled: &CompiledCode) -> Result<Vec<(u32, TrapCode)>, CompileError> {
    let sites = compiled.buffer.traps().iter();
    let mut sites = sites.filter_map(|trap| Some((trap.offset, trap_code(trap.code)?)));
    if traps == Traps::Signals {
        return Ok(sites.collect());
    }
    match sites.find(|(_, code)| !is_ruled_out(*code)) {
        None => Ok(Vec::new()),
        Some((offset, code)) => Err(CompileError::new(format!(
            "the instruction at code offset {offset:#x} would need a signal handler ({code})"
        ))),
    }
}

fn code_reloc(func: &Function, reloc: &FinalizedMachReloc) -> Result<CodeReloc, CompileError> {
    let target = match &reloc.target {
        FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => func
            .params
            .user_named_funcs()
            .get(*name)
            .and_then(Symbol::from_external_name),
        _ => None,
    };
    let target = target.ok_or_else(|| {
        CompileError::new(format!(
            "code refers to {:?}, which is outside the module",
            reloc.target
        ))
    })?;
    Ok(CodeReloc {
        offset: reloc.offset,
        kind: reloc.kind,
        target,
        addend: reloc.addend,
    })
}

/// The instructions that trap, and the calls that come from the module; and what they are inlined
/// of.
fn sites(
    compiled: &CompiledCode,
    traps: &[(u32, TrapCode)],
    inlining: &Inlining,
) -> (Vec<Site>, InlineTable) {
    let locations = compiled.buffer.get_srclocs_sorted();
    let place = |at: u32| {
        let after = locations.partition_point(|location| location.start <= at);
        let location = &locations[after.checked_sub(1)?];
        let is_inside = at < location.end && !location.loc.is_default();
        is_inside.then(|| inlining.resolve(location.loc))
    };
    let site = |code_offset, trap| {
        let place = place(code_offset);
        let site = Site {
            code_offset,
            trap,
            wasm_offset: place.map(|(wasm_offset, _)| wasm_offset),
        };
        (site, place.and_then(|(_, inlined)| inlined))
    };
    let traps = traps.iter().map(|(at, trap)| site(*at, Some(*trap)));
    let calls = compiled.buffer.call_sites();
    let calls = calls.map(|call| site(call.ret_addr - 1, None));
    let mut sites: Vec<(Site, Option<u32>)> = traps
        .chain(calls.filter(|(call, _)| call.wasm_offset.is_some()))
        .collect();
    sites.sort_unstable_by_key(|(site, _)| site.code_offset);
    let mut runs = Vec::new();
    for run in sites.chunk_by(|(_, a), (_, b)| a == b) {
        let (first, inlined) = run[0];
        if inlined.is_some() || !runs.is_empty() {
            runs.push((first.code_offset, inlined));
        }
    }
    if runs.last().is_some_and(|(_, inlined)| inlined.is_some()) {
        runs.push((compiled.buffer.data().len() as u32, None));
    }
    let inlined = match runs.is_empty() {
        true => Vec::new(),
        false => inlining.inlined.clone(),
    };
    let sites = sites.into_iter().map(|(site, _)| site).collect();
    (sites, InlineTable { runs, inlined })
}
