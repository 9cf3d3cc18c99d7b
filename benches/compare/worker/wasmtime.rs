//! wasmtime, in its default configuration.
//!
//! # Safety
//! Unsafe because loading compiled code vouches for it: the comparison itself had it compiled.
#![allow(unsafe_code, reason = "runs what the comparison has built")]

use super::Job;
use anyhow::{Context as _, Result as AnyResult, bail};
use std::path::Path;
use wasmtime::{
    Config, Engine, Instance, InstanceAllocationStrategy, Linker, Module, PoolingAllocationConfig,
    Result, Store, TypedFunc, Val,
};

/// Its errors are of a type of its own.
fn error(error: wasmtime::Error) -> anyhow::Error {
    anyhow::Error::from_boxed(error.into())
}

/// Compiles a module; on all processors if it is told to use several threads, and for this one unless for
/// any of its family.
///
/// # Errors
/// If the module does not compile or files cannot be read or written.
pub fn precompile(wasm: &Path, out: &Path, threads: usize, for_any: bool) -> AnyResult<()> {
    let mut config = Config::new();
    config.parallel_compilation(threads > 1);
    if for_any {
        let host =
            prefab::targets::Target::host().context("this machine is none of Prefab's targets")?;
        config.target(host.triple()).map_err(error)?;
    }
    let engine = Engine::new(&config).map_err(error)?;
    let code = engine.precompile_module(&std::fs::read(wasm)?);
    Ok(std::fs::write(out, code.map_err(error)?)?)
}

pub fn job(what: &str, file: &Path, touch: Option<u32>) -> AnyResult<Job> {
    let job = match what {
        "run" => run(file),
        "load" => load(file),
        "instantiate" => instantiate(file, touch, &Config::new()),
        "pooled" => instantiate(file, touch, &pooling(0)),
        "pooled_resident" => instantiate(file, touch, &pooling(super::RESIDENT_BYTES)),
        micro => self::micro(micro, file),
    };
    let mut job = match job {
        Ok(Some(job)) => job,
        Ok(None) => bail!("nothing is called {what}"),
        Err(it) => return Err(error(it)),
    };
    Ok(Box::new(move |n| job(n).map_err(error)))
}

type Inner = Result<Option<Box<dyn FnMut(u32) -> Result<u32>>>>;

fn module(engine: &Engine, file: &Path) -> Result<Module> {
    // SAFETY: the file is what this version of wasmtime has made (`precompile`).
    unsafe { Module::deserialize_file(engine, file) }
}

fn run(file: &Path) -> Inner {
    let engine = Engine::default();
    let module = module(&engine, file)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
        initialize.call(&mut store, ())?;
    }
    let run = instance.get_typed_func::<u32, u32>(&mut store, "run")?;
    Ok(Some(Box::new(move |n| run.call(&mut store, n))))
}

fn load(file: &Path) -> Inner {
    let (engine, file) = (Engine::default(), file.to_owned());
    Ok(Some(Box::new(move |n| {
        for _ in 0..n {
            module(&engine, &file)?;
        }
        Ok(0)
    })))
}

/// A pool that clears this many bytes of a memory itself when an instance is dropped, and keeps their pages.
fn pooling(resident_bytes: usize) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.linear_memory_keep_resident(resident_bytes);
    // Room for the largest of the modules, and for few at a time.
    pool.total_core_instances(4)
        .total_memories(4)
        .total_tables(8);
    pool.table_elements(100_000)
        .max_core_instance_size(16 << 20);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Makes instances; `Some(pages)` has each write into so many pages of its memory.
fn instantiate(file: &Path, touch: Option<u32>, config: &Config) -> Inner {
    let engine = Engine::new(config)?;
    let module = module(&engine, file)?;
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&module)?;
    let ready = linker.instantiate_pre(&module)?;
    Ok(Some(Box::new(move |n| {
        (0..n).try_fold(0, |sum, _| {
            let mut store = Store::new(&engine, ());
            let instance = ready.instantiate(&mut store)?;
            let Some(pages) = touch else { return Ok(sum) };
            let touch = instance.get_typed_func::<u32, u32>(&mut store, "touch")?;
            Ok(sum + touch.call(&mut store, pages)?)
        })
    })))
}

fn micro(what: &str, file: &Path) -> Inner {
    let engine = Engine::default();
    let module = module(&engine, file)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "identity", |value: u32| value)?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    let mut typed = |name| instance.get_typed_func::<u32, u32>(&mut store, name);
    Ok(match (what, super::looping_export(what)) {
        (_, Some(name)) => {
            let looping = typed(name)?;
            Some(Box::new(move |n| looping.call(&mut store, n)))
        }
        ("call", _) => {
            let identity = typed("identity")?;
            Some(Box::new(move |n| {
                (0..n).try_fold(0, |sum, it| Ok(sum ^ identity.call(&mut store, it)?))
            }))
        }
        ("call_untyped", _) => {
            let identity = typed("identity")?.func().to_owned();
            let mut out = [Val::I32(0)];
            Some(Box::new(move |n| {
                for it in 0..n {
                    identity.call(&mut store, &[Val::I32(it.cast_signed())], &mut out)?;
                }
                Ok(0)
            }))
        }
        ("fault" | "unreachable", _) => {
            let trap: TypedFunc<u32, u32> = typed(what)?;
            Some(Box::new(move |n| {
                let traps = (0..n).filter(|_| trap.call(&mut store, 0).is_err()).count();
                Ok(u32::try_from(traps).unwrap_or(0))
            }))
        }
        _ => None,
    })
}
