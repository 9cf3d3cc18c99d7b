//! Programs that are linked of WASI commands: what `main` calls in what `prefab link` makes.
//!
//! # Safety
//!
//! Pointers are checked for null; what is not null is as `prefab.h` says.
#![allow(unsafe_code, reason = "functions for C")]

use crate::error::{Error, Kind};
use crate::ffi::{Failure, array, bytes, guard, reference, text};
use crate::instance::start;
use crate::module::linked;
use crate::store::{Data, Store, context, prefab_store_free, prefab_store_new};
use crate::wasi::failed;
use prefab_runtime::{Linker, ModuleKind};
use prefab_wasi::{WasiCtx, WasiCtxBuilder};
use std::ffi::{OsStr, c_char, c_int};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::ptr;

/// As `prefab_linked_module_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LinkedModule {
    name: *const c_char,
    descriptor: *const u8,
}

/// As `prefab_linked_dir_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LinkedDir {
    host: *const c_char,
    guest: *const c_char,
}

/// As `prefab_program_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Program {
    modules: *const LinkedModule,
    module_count: usize,
    dirs: *const LinkedDir,
    dir_count: usize,
}

/// The exit code of a program that trapped: 128 + SIGABRT.
const TRAPPED: c_int = 134;
/// The exit code of a program that cannot be started.
const FAILED: c_int = 1;

/// Runs a program that is linked of a WASI command; the exit code.
///
/// # Safety
/// `program` is null or can be read, with all that it points at; `argv` is null or has `argc`
/// strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_main(
    program: *const Program,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    let mut code = FAILED;
    let store = prefab_store_new(ptr::null_mut());
    let error = guard(|| {
        // SAFETY: the caller says so.
        code = unsafe {
            let program = reference(program, "the program")?;
            let args = array(argv, usize::try_from(argc).unwrap_or(0), "argv")?;
            run(program, args, store)?
        };
        Ok(())
    });
    if !error.is_null() {
        // SAFETY: `guard` has just made it.
        let error = unsafe { Box::from_raw(error) };
        // SAFETY: the caller says so.
        let name = unsafe { argv.as_ref().map(|name| bytes(*name, "the name")) };
        let name = name.and_then(Result::ok).unwrap_or(b"prefab");
        let name = String::from_utf8_lossy(name);
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{name}: error: {}", error.message());
        code = if error.kind() == Kind::Trap {
            TRAPPED
        } else {
            FAILED
        };
    }
    // SAFETY: it was made above, and no guest runs any more.
    unsafe { prefab_store_free(store) };
    code
}

/// # Safety
/// As [`prefab_main`]; `store` is a store.
unsafe fn run(
    program: &Program,
    args: &[*const c_char],
    store: *mut Store,
) -> Result<c_int, Failure> {
    // SAFETY: the caller says so.
    let (modules, dirs) = unsafe {
        (
            array(program.modules, program.module_count, "the modules")?,
            array(program.dirs, program.dir_count, "the directories")?,
        )
    };
    // SAFETY: the caller says so.
    let wasi = unsafe { world(args, dirs) }?;
    // SAFETY: the caller says so.
    let mut context = unsafe { context(store) }?;
    context.data_mut().set_wasi(wasi);
    let mut linker = Linker::<Data>::new();
    prefab_wasi::add_to_linker(&mut linker, Data::wasi)?;
    let mut command = None;
    for module in modules {
        // SAFETY: the caller says so.
        let (name, module) = unsafe {
            let name = text(module.name, "a module's name")?;
            (name, linked(module.descriptor, name)?)
        };
        if module.kind() == ModuleKind::Command {
            command = Some(module);
            continue;
        }
        let instance = linker.instantiate(&mut context, &module)?;
        linker.instance(&mut context, name, instance)?;
    }
    let text = "none of the linked modules is a program: none exports _start";
    let command = command.ok_or_else(|| Error::new(Kind::Module, text))?;
    let instance = linker.instantiate(&mut context, &command)?;
    // The system keeps eight bits, of a guest's exit code too.
    Ok(start(context, instance)? & 0xff)
}

/// What the program sees of the world: all that this process has, and the directories.
///
/// # Safety
/// The pointers are null or strings.
unsafe fn world(args: &[*const c_char], dirs: &[LinkedDir]) -> Result<WasiCtx, Failure> {
    let mut builder = WasiCtxBuilder::default();
    builder.inherit_stdio();
    for arg in args {
        // SAFETY: the caller says so.
        builder.arg(unsafe { bytes(*arg, "an argument") }?);
    }
    for (name, value) in std::env::vars_os() {
        builder.env(name.into_vec(), value.into_vec());
    }
    for dir in dirs {
        // SAFETY: the caller says so.
        let (host, guest) = unsafe {
            (
                bytes(dir.host, "a directory")?,
                text(dir.guest, "its name")?,
            )
        };
        let host = OsStr::from_bytes(host);
        builder
            .preopened_dir(host, guest)
            .map_err(|error| failed(&error))?;
    }
    builder.build().map_err(|error| failed(&error))
}
