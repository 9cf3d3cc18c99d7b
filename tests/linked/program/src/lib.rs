//! Runs scripts of the official test suite with modules that a linker made part of this program.
//!
//! `program FOLDER [mixed]` reads the scripts from `FOLDER`. With `mixed`, every other module is loaded
//! from the object in `FOLDER` instead, so that modules of both kinds meet. It prints, for each script:
//!
//! ```text
//! script wasm-v1/address.wast
//! line 7: what happened there, if it is not what should
//! passed 12, passed over 31 32
//! ```
//!
//! # Safety
//! Unsafe for reading the table that `main` passes, which the tests generate along with the
//! program, and for trusting the modules in it and the objects, which the tests have just compiled.
#![allow(
    unsafe_code,
    reason = "reads a table of C's, and runs modules that were linked"
)]

use prefab_runtime::Module;
use prefab_wast::{Modules, QuoteWat, Refusal};
use std::ffi::{CStr, c_char, c_int};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A module of a script, as `main` has it.
#[derive(Debug)]
#[repr(C)]
pub struct LinkedModule {
    /// The module's name, that of its object without `.o`.
    name: *const c_char,
    /// Its descriptor; null if the compiler refused it.
    descriptor: *const u8,
}

/// A script, as `main` has it.
#[derive(Debug)]
#[repr(C)]
pub struct Script {
    /// The script's path in the folder.
    path: *const c_char,
    /// Its modules, in the order in which the script asks for them.
    modules: *const LinkedModule,
    /// How many they are.
    modules_len: usize,
}

/// Runs the scripts; the result is the program's.
///
/// # Safety
/// `scripts` points at `scripts_len` scripts, whose pointers are those of strings and of descriptors
/// of modules that are linked to the program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_linked_suite(scripts: *const Script, scripts_len: usize) -> c_int {
    // SAFETY: the caller says that they are there.
    let scripts = unsafe { std::slice::from_raw_parts(scripts, scripts_len) };
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_default());
    let is_mixed = arguments.next().is_some_and(|argument| argument == "mixed");
    let run = || {
        scripts
            .iter()
            .try_for_each(|it| script(it, &folder, is_mixed))
    };
    match run() {
        Ok(()) => 0,
        Err(message) => {
            eprintln!("{message}");
            1
        }
    }
}

fn script(script: &Script, folder: &Path, is_mixed: bool) -> Result<(), String> {
    // SAFETY: who calls `prefab_linked_suite` says so.
    let (path, modules) = unsafe {
        let modules = std::slice::from_raw_parts(script.modules, script.modules_len);
        (CStr::from_ptr(script.path).to_string_lossy(), modules)
    };
    // Before it runs: should the program die, this is where.
    println!("script {path}");
    let file = folder.join(&*path);
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut modules = Linked {
        rest: modules,
        folder,
        is_mixed,
        is_loaded: false,
    };
    let outcome = prefab_wast::run(&text, &mut modules, false)
        .map_err(|error| format!("{path}:{}: {}", error.line, error.message))?;
    let mut out = std::io::stdout().lock();
    for failure in &outcome.failures {
        let message = failure.message.replace('\n', " ");
        writeln!(out, "line {}: {message}", failure.line).map_err(|error| error.to_string())?;
    }
    if !modules.rest.is_empty() {
        return Err(format!("{path}: {} modules too many", modules.rest.len()));
    }
    let lines: Vec<String> = outcome.passed_over.iter().map(usize::to_string).collect();
    let (passed, passed_over) = (outcome.passed, lines.join(" "));
    writeln!(out, "passed {passed}, passed over {passed_over}").map_err(|error| error.to_string())
}

/// The modules of a script.
struct Linked<'a> {
    rest: &'a [LinkedModule],
    folder: &'a Path,
    is_mixed: bool,
    /// Whether the module before was loaded.
    is_loaded: bool,
}

impl Modules for Linked<'_> {
    fn module(&mut self, _: &mut QuoteWat<'_>) -> Result<Module, Refusal> {
        let other = |message: String| Refusal::Other(message);
        let (module, rest) = self
            .rest
            .split_first()
            .ok_or_else(|| other("the program has not so many modules".to_owned()))?;
        self.rest = rest;
        if module.descriptor.is_null() {
            return Err(other("the compiler refused the module".to_owned()));
        }
        // SAFETY: who calls `prefab_linked_suite` says that it is a string.
        let name = unsafe { CStr::from_ptr(module.name) }.to_string_lossy();
        self.is_loaded = self.is_mixed && !self.is_loaded;
        if self.is_loaded {
            let object = self.folder.join(format!("{name}.o"));
            // SAFETY: the test has just compiled it.
            return unsafe { prefab_loader::load_file(&object) }.map_err(|e| other(e.to_string()));
        }
        // SAFETY: who calls `prefab_linked_suite` says that it is a linked module's descriptor.
        unsafe { Module::from_linked(module.descriptor, &name) }.map_err(|e| other(e.to_string()))
    }

    fn compiles(&self) -> bool {
        false
    }
}
