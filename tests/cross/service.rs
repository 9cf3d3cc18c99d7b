//! Compiles for programs that run under an emulator: they have no compiler of their own
//! (`tests/cross/compiler/`).

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use anyhow::{Context, Result};
use prefab::targets::{FeatureSet, Target};
use prefab::{CompileError, CompileOptions, MemoryPlan, OptLevel, Traps, WasmFeatures};
use serde_json::{Value, json};

/// The variable in which a program finds the service's address.
pub const VARIABLE: &str = "PREFAB_COMPILER";

/// A request: its line of JSON, and the module.
type Request = (String, Vec<u8>);

/// The answers so far: scripts and instruction sets share many modules.
static ANSWERS: LazyLock<Mutex<HashMap<Request, Arc<Vec<u8>>>>> = LazyLock::new(Mutex::default);

/// The address of the service, which runs in this process from the first call on.
pub fn address() -> Result<SocketAddr> {
    static ADDRESS: LazyLock<io::Result<SocketAddr>> = LazyLock::new(start);
    let address = ADDRESS.as_ref();
    Ok(*address.map_err(|error| anyhow::anyhow!("cannot listen: {error}"))?)
}

fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                if let Err(error) = serve(stream) {
                    eprintln!("a program under test asks for what cannot be compiled: {error:#}");
                }
            });
        }
    });
    Ok(address)
}

/// Answers one request after the other, until the program ends.
fn serve(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        // A program that ends or is killed closes its connection in its own way.
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return Ok(());
        }
        let header: Value = serde_json::from_str(&line)?;
        let len = usize::try_from(header["len"].as_u64().context("len")?)?;
        let mut wasm = vec![0; len];
        stream.read_exact(&mut wasm)?;
        let request = (line, wasm);
        let known = ANSWERS
            .lock()
            .expect("no thread panics with it")
            .get(&request)
            .cloned();
        let answer = match known {
            Some(answer) => answer,
            None => {
                let answer = Arc::new(answer(&header, &request.1)?);
                let mut answers = ANSWERS.lock().expect("no thread panics with it");
                Arc::clone(answers.entry(request).or_insert(answer))
            }
        };
        stream.get_mut().write_all(&answer)?;
    }
}

/// Compiles; the answer is a line of JSON and the object.
fn answer(header: &Value, wasm: &[u8]) -> Result<Vec<u8>> {
    match prefab::compile(wasm, &options(header)?, &|_, _| ()) {
        Ok(object) => {
            let mut answer = format!("{}\n", json!({ "len": object.len() })).into_bytes();
            answer.extend(object);
            Ok(answer)
        }
        Err(error) => Ok(format!("{}\n", refusal(&error)).into_bytes()),
    }
}

/// The error, as the stand-in reads it.
fn refusal(error: &CompileError) -> Value {
    json!({
        "message": error.message(),
        "offset": error.offset(),
        "func": error.func().map(|(index, _)| index),
        "func_name": error.func().and_then(|(_, name)| name),
        "cause": error.cause().map(refusal),
    })
}

fn options(header: &Value) -> Result<CompileOptions> {
    let text = |field: &str| header[field].as_str().with_context(|| field.to_owned());
    let number = |field: &str| header[field].as_u64().with_context(|| field.to_owned());
    let flag = |field: &str| header[field].as_bool().with_context(|| field.to_owned());
    let target = Target::from_triple(text("target")?)?;
    let features = header["features"].as_array().context("features")?;
    let features = features.iter().filter_map(Value::as_str);
    let levels = [OptLevel::O0, OptLevel::O1, OptLevel::O2];
    let level = levels
        .into_iter()
        .find(|it| Ok(*it as u64) == number("opt_level").map_err(drop));
    let plan = MemoryPlan::from_number(u32::try_from(number("memory_plan")?)?);
    let traps = Traps::from_number(u32::try_from(number("traps")?)?);
    let mut options = CompileOptions::new(target);
    options.features = FeatureSet::from_names(target, features)?;
    options.opt_level = level.context("opt_level")?;
    options.jobs = Some(1);
    options.wasm_features = WasmFeatures::from_bits_retain(number("wasm_features")?);
    options.memory_plan = plan.context("memory_plan")?;
    options.max_memory_bytes = header["max_memory_bytes"].as_u64();
    options.traps = traps.context("traps")?;
    options.is_interruptible = flag("is_interruptible")?;
    options.uses_fuel = flag("uses_fuel")?;
    text("name")?.clone_into(&mut options.name);
    options.scalar_vectors = flag("scalar_vectors")?;
    options.verifier = flag("verifier")?;
    Ok(options)
}
