//! Prefab.
//!
//! # Safety
//! Unsafe because loading an object vouches for its code: the comparison itself had it compiled.
#![allow(unsafe_code, reason = "runs what the comparison has built")]

use super::Job;
use anyhow::{Context as _, Result, bail};
use prefab::{
    ExternType, Instance, InstancePool, Linker, Module, ReusePolicy, Store, TypedFunc, Val,
};
use std::path::Path;

pub fn job(what: &str, file: &Path, touch: Option<u32>) -> Result<Job> {
    match what {
        "run" => run(file),
        "load" => load(file),
        "instantiate" => instantiate(file, touch),
        "pooled" => pooled(file, touch, ReusePolicy::Fresh),
        "reset" => pooled(file, touch, ReusePolicy::Reset),
        micro => self::micro(micro, file),
    }
}

fn module(file: &Path) -> Result<Module> {
    // SAFETY: the file is what the compiler has made.
    unsafe { prefab::load_file(file) }.context("loading the object")
}

fn run(file: &Path) -> Result<Job> {
    let mut store = Store::new(());
    // This runs a reactor's `_initialize`.
    let instance = Linker::new().instantiate(&mut store, &module(file)?)?;
    let run = instance.get_typed_func::<u32, u32>(&mut store, "run")?;
    Ok(Box::new(move |n| Ok(run.call(&mut store, n)?)))
}

fn load(file: &Path) -> Result<Job> {
    let file = file.to_owned();
    Ok(Box::new(move |n| {
        for _ in 0..n {
            module(&file)?;
        }
        Ok(0)
    }))
}

/// Something for each function that the module imports.
fn imports(module: &Module) -> Result<Linker<()>> {
    let mut linker = Linker::new();
    linker.allow_shadowing(true);
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty else {
            bail!("it imports {} {}", import.module, import.name);
        };
        linker.func_new(&import.module, &import.name, ty, |_, _, _| Ok(()))?;
    }
    Ok(linker)
}

/// Has an instance write into this many pages of its memory; `None` calls nothing.
fn touch(store: &mut Store<()>, instance: Instance, pages: Option<u32>) -> Result<u32> {
    let Some(pages) = pages else { return Ok(0) };
    let touch = instance.get_typed_func::<u32, u32>(&mut *store, "touch")?;
    Ok(touch.call(store, pages)?)
}

fn instantiate(file: &Path, pages: Option<u32>) -> Result<Job> {
    let module = module(file)?;
    let ready = imports(&module)?.instantiate_pre(&module)?;
    Ok(Box::new(move |n| {
        (0..n).try_fold(0, |sum, _| {
            let mut store = Store::new(());
            let instance = ready.instantiate(&mut store)?;
            Ok(sum + touch(&mut store, instance, pages)?)
        })
    }))
}

fn pooled(file: &Path, pages: Option<u32>, policy: ReusePolicy) -> Result<Job> {
    let module = module(file)?;
    let pool = InstancePool::new(imports(&module)?, &module, 1).with_policy(policy);
    Ok(Box::new(move |n| {
        (0..n).try_fold(0, |sum, _| {
            let mut slot = pool.get(())?;
            let instance = slot.instance();
            Ok(sum + touch(slot.store_mut(), instance, pages)?)
        })
    }))
}

fn micro(what: &str, file: &Path) -> Result<Job> {
    let mut linker = Linker::new();
    linker.func_wrap("host", "identity", |value: u32| value)?;
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &module(file)?)?;
    let mut typed = |name| instance.get_typed_func::<u32, u32>(&mut store, name);
    Ok(match (what, super::looping_export(what)) {
        (_, Some(name)) => {
            let looping = typed(name)?;
            Box::new(move |n| Ok(looping.call(&mut store, n)?))
        }
        ("call", _) => {
            let identity = typed("identity")?;
            Box::new(move |n| {
                (0..n).try_fold(0, |sum, it| Ok(sum ^ identity.call(&mut store, it)?))
            })
        }
        ("call_untyped", _) => {
            let identity = instance
                .get_func(&mut store, "identity")
                .context("it is exported")?;
            let mut out = [Val::I32(0)];
            Box::new(move |n| {
                for it in 0..n {
                    identity.call(&mut store, &[Val::I32(it.cast_signed())], &mut out)?;
                }
                Ok(0)
            })
        }
        ("fault" | "unreachable", _) => {
            let trap: TypedFunc<u32, u32> = typed(what)?;
            Box::new(move |n| {
                let traps = (0..n).filter(|_| trap.call(&mut store, 0).is_err()).count();
                Ok(u32::try_from(traps).unwrap_or(0))
            })
        }
        _ => bail!("nothing is called {what}"),
    })
}
