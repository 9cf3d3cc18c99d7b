//! Runs a command that wasmtime has compiled, with as little as there can be between process and guest.
//!
//! # Safety
//! Unsafe because loading compiled code vouches for it: the comparison has just had it compiled.
#![allow(unsafe_code, reason = "loads what was just compiled")]

use std::io::Write as _;
use wasmtime::{Caller, Engine, Extern, Linker, Memory, Module, Result, Store};

fn main() -> Result<()> {
    let file = std::env::args().nth(1).expect("a file to run");
    let engine = Engine::default();
    // SAFETY: the file is what this version of wasmtime has made.
    let module = unsafe { Module::deserialize_file(&engine, file)? };
    let mut linker = Linker::new(&engine);
    let wasi = "wasi_snapshot_preview1";
    linker.func_wrap(wasi, "args_get", |_: i32, _: i32| 0)?;
    linker.func_wrap(wasi, "args_sizes_get", two_zeros)?;
    linker.func_wrap(wasi, "environ_get", |_: i32, _: i32| 0)?;
    linker.func_wrap(wasi, "environ_sizes_get", two_zeros)?;
    linker.func_wrap(wasi, "fd_close", |_: i32| 0)?;
    linker.func_wrap(wasi, "fd_fdstat_get", |_: i32, _: i32| 8)?;
    linker.func_wrap(wasi, "fd_seek", |_: i32, _: i64, _: i32, _: i32| 8)?;
    linker.func_wrap(wasi, "fd_write", write)?;
    linker.func_wrap(wasi, "proc_exit", exit)?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())
}

fn exit(code: i32) {
    std::process::exit(code)
}

fn memory(caller: &mut Caller<'_, ()>) -> Memory {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    memory.expect("a program of WASI exports its memory")
}

fn two_zeros(mut caller: Caller<'_, ()>, first: u32, second: u32) -> Result<i32> {
    let memory = memory(&mut caller);
    for at in [first, second] {
        memory.write(&mut caller, at as usize, &[0; 4])?;
    }
    Ok(0)
}

fn write(mut caller: Caller<'_, ()>, _: i32, vectors: u32, count: u32, written: u32) -> Result<i32> {
    let memory = memory(&mut caller);
    let data = memory.data(&caller);
    let word = |at: u32| {
        let bytes = data[at as usize..][..4].try_into().expect("four bytes");
        u32::from_le_bytes(bytes)
    };
    let mut total = 0;
    for index in 0..count {
        let (at, length) = (word(vectors + 8 * index), word(vectors + 8 * index + 4));
        std::io::stdout().write_all(&data[at as usize..][..length as usize])?;
        total += length;
    }
    memory.write(&mut caller, written as usize, &total.to_le_bytes())?;
    Ok(0)
}
