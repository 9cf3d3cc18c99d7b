//! The process in which one engine does one thing: for each line of its input, a number `n`, it does `n` of
//! that and prints a checksum and the process's CPU time in nanoseconds.

mod native;
mod prefab;
#[cfg(feature = "peers")]
mod wasmtime;
#[cfg(not(feature = "peers"))]
#[path = "without_wasmtime.rs"]
mod wasmtime;

pub use wasmtime::precompile;

use anyhow::{Result, bail};
use rustix::time::{ClockId, clock_gettime};
use std::io::Write as _;
use std::path::Path;

/// Does `n` of something; returns a checksum.
type Job = Box<dyn FnMut(u32) -> Result<u32>>;

/// The CPU time of this process, all threads together, in nanoseconds.
fn cpu_time_ns() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// How much of a memory wasmtime's pool keeps where it is set up as a server would: see `groups/touch.rs`.
#[cfg_attr(not(feature = "peers"), expect(dead_code, reason = "of wasmtime"))]
const RESIDENT_BYTES: usize = 128 << 10;

/// Serves until its input ends. `touch` is the number of pages that each instance writes into.
///
/// # Errors
/// If the file cannot be loaded, or what is done with it fails.
pub fn serve(engine: &str, what: &str, file: &Path, touch: Option<u32>) -> Result<()> {
    let mut job = match engine {
        "native" => native::job(file)?,
        "wasmtime" => wasmtime::job(what, file, touch)?,
        "prefab" => prefab::job(what, file, touch)?,
        other => bail!("no engine is called {other}"),
    };
    let mut stdout = std::io::stdout().lock();
    for line in std::io::stdin().lines() {
        let n = line?.trim().parse()?;
        let start = cpu_time_ns();
        let sum = job(n)?;
        let spent = cpu_time_ns() - start;
        writeln!(stdout, "{sum} {spent}")?;
        stdout.flush()?;
    }
    Ok(())
}

/// What `micro.wat` exports for a measurement that is a loop inside of the guest.
fn looping_export(what: &str) -> Option<&'static str> {
    ["to_host", "static", "many", "dynamic", "grow"]
        .into_iter()
        .find(|it| *it == what)
}
