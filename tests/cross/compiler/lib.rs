//! Stands in for the compiler in programs that run under an emulator. It has the compiler's interface and
//! no code generator: `compile` asks the test that started the emulator, which runs on the host and has
//! the real compiler (`tests/cross/service.rs`). An object does not depend on the machine that made it.
//!
//! `tests/cross/workspace.rs` puts this crate in the compiler's place. The files of the
//! other modules are the compiler's own.
#![forbid(unsafe_code)]

mod error;
mod features;
pub mod files;
mod options;

pub use error::CompileError;
pub use features::{UnknownWasmFeature, parse_wasm_features};
pub use options::{OptLevel, Options};
pub use prefab_abi::note::{MemoryPlan, Traps};
pub use wasmparser::WasmFeatures;

use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// The compiler's version.
pub const VERSION: &str = concat!("prefab ", env!("CARGO_PKG_VERSION"));

/// The variable that holds the address of the service.
const SERVICE: &str = "PREFAB_COMPILER";

/// Compiles a module on the host. `progress` is not called.
///
/// # Errors
/// If the compiler refuses the module, or does not answer.
pub fn compile(
    wasm: &[u8],
    options: &Options,
    _progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<u8>, CompileError> {
    ask(wasm, options).unwrap_or_else(|error| {
        let message = format!("no answer from the compiler that {SERVICE} names: {error}");
        Err(CompileError::new(message))
    })
}

/// Sends a line of JSON and the module. The answer is a line of JSON and the object.
fn ask(wasm: &[u8], options: &Options) -> io::Result<Result<Vec<u8>, CompileError>> {
    thread_local! {
        /// The connection of the thread, once it has compiled something.
        static CONNECTION: RefCell<Option<BufReader<TcpStream>>> = const { RefCell::new(None) };
    }
    CONNECTION.with_borrow_mut(|connection| {
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(connect()?),
        };
        let mut message = format!("{}\n", request(wasm, options)).into_bytes();
        message.extend(wasm);
        connection.get_mut().write_all(&message)?;
        let mut line = String::new();
        connection.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        let Some(len) = answer["len"].as_u64() else {
            return Ok(Err(refusal(&answer)));
        };
        let mut object = vec![0; usize::try_from(len).map_err(io::Error::other)?];
        connection.read_exact(&mut object)?;
        Ok(Ok(object))
    })
}

fn connect() -> io::Result<BufReader<TcpStream>> {
    let address = std::env::var(SERVICE).map_err(io::Error::other)?;
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

fn request(wasm: &[u8], options: &Options) -> Value {
    // Each field by name: a new one has to be thought of here.
    let Options {
        features,
        opt_level,
        jobs: _,
        wasm_features,
        memory_plan,
        max_memory_bytes,
        traps,
        is_interruptible,
        uses_fuel,
        name,
        scalar_vectors,
        verifier,
        cache: _,
    } = options;
    json!({
        "len": wasm.len(),
        "target": features.target().triple(),
        "features": features.names().collect::<Vec<_>>(),
        "opt_level": *opt_level as u8,
        "wasm_features": wasm_features.bits(),
        "memory_plan": *memory_plan as u32,
        "max_memory_bytes": max_memory_bytes,
        "traps": *traps as u32,
        "is_interruptible": is_interruptible,
        "uses_fuel": uses_fuel,
        "name": name,
        "scalar_vectors": scalar_vectors,
        "verifier": verifier,
    })
}

/// The error that the compiler reported.
fn refusal(answer: &Value) -> CompileError {
    let message = answer["message"].as_str().unwrap_or_default();
    let mut error = match answer["offset"].as_u64() {
        Some(offset) => CompileError::at(offset, message),
        None => CompileError::new(message),
    };
    if let Some(Ok(index)) = answer["func"].as_u64().map(u32::try_from) {
        error = error.in_func(index, answer["func_name"].as_str());
    }
    match &answer["cause"] {
        Value::Null => error,
        cause => error.caused_by(refusal(cause)),
    }
}

/// What a compiled function is found by.
pub type CacheKey = [u8; 32];

/// Nothing keeps functions here: they are compiled elsewhere.
pub trait FunctionCache: std::fmt::Debug {}

/// A cache in a directory. There is none here.
#[derive(Clone, Copy, Debug)]
pub enum DirectoryCache {}

/// A cache of compiled functions. There is none here.
#[derive(Clone, Copy, Debug)]
pub enum Cache {}

/// How many functions were found in a cache, and how many were compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Functions that were found.
    pub hits: usize,
    /// Functions that were compiled.
    pub misses: usize,
}

impl Cache {
    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub fn directory(_path: &Path) -> io::Result<Self> {
        let message = "this program has no compiler of its own, and so no cache for it";
        Err(io::Error::new(io::ErrorKind::Unsupported, message))
    }

    /// What happened since the cache was opened.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        match *self {}
    }
}
