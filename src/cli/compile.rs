//! `prefab compile`: a module to an object.

use super::error::Failure;
use super::files::Content;
use super::progress::Progress;
use super::{files, header, input, load, output};
use clap::Args;
use prefab::{Cache, CompileOptions, MemoryPlan, OptLevel, Traps, WasmFeatures};
use prefab_targets::{FeatureSet, Target};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compiles a WebAssembly module into an object file
#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// The module, in the binary or the text format; - is standard input
    #[arg(value_name = "IN.wasm|.wat")]
    input: PathBuf,
    /// The object; by default the input's name, ending in .o; - is standard output
    #[arg(short, long, value_name = "OUT.o")]
    output: Option<PathBuf>,
    /// Also write a C header for the module: a typed function for each export, and a declaration for
    /// each import that the program has to implement
    #[arg(long, value_name = "OUT.h")]
    header: Option<PathBuf>,
    /// What to compile for: a triple, or an architecture's name; by default this machine
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// The CPU whose instructions may be used, or `native` for this machine's; by default what
    /// nearly every machine of the target has
    #[arg(long)]
    cpu: Option<String>,
    /// CPU features to use or not to use besides, as +NAME,-NAME
    #[arg(long, value_name = "SET", allow_hyphen_values = true)]
    features: Option<String>,
    /// The features of WebAssembly that the module may use: wasm1, wasm2 or nothing for all that
    /// Prefab supports, then +NAME,-NAME
    #[arg(long, value_name = "SET", allow_hyphen_values = true)]
    wasm_features: Option<String>,
    /// How hard to optimise: 0, 1 or 2
    #[arg(short = 'O', value_name = "LEVEL", default_value = "2",
          value_parser = clap::value_parser!(u8).range(0..=2))]
    opt_level: u8,
    /// How accesses to memories are kept inside: by a guard of more than 4 GiB of addresses, or by
    /// comparisons, with only as many addresses as the memory may grow to
    #[arg(long, value_name = "guarded|bounded", value_parser = memory_plan)]
    memory: Option<MemoryPlan>,
    /// How far a bounded memory may grow that declares no lesser maximum, as 4194304, 4096K, 4M, 1G;
    /// by default to its declared maximum, or by 16M if it declares none
    #[arg(long, value_name = "SIZE", value_parser = size_bytes)]
    max_memory: Option<u64>,
    /// How traps are found: also by signals, or by comparisons alone, for programs that can have no
    /// signal handler (implies --memory bounded)
    #[arg(long, value_name = "signals|explicit", default_value = "signals", value_parser = traps)]
    traps: Traps,
    /// Let the host stop the module while it runs: each loop, and each function that calls others,
    /// looks whether it is asked to
    #[arg(long)]
    interruptible: bool,
    /// Count the instructions that are executed, and stop when they are as many as the host allows
    #[arg(long)]
    fuel: bool,
    /// How many threads compile; by default as many as there are processors
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// Where compiled functions are kept: the next time, only those that have changed are compiled
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl CompileArgs {
    /// Does it.
    ///
    /// # Errors
    /// If the options do not fit, the module is not valid, or the object cannot be written.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let path = self.output()?;
        let options = self.options()?;
        let bytes = input::read(&self.input)?;
        let wasm = input::module(&self.input, bytes)?;
        let object = compile(&self.input, &wasm, &options)?;
        if let Some(cache) = &options.cache {
            let stats = cache.stats();
            let all = stats.hits + stats.misses;
            output::print_error(&format!(
                "cache: compiled {} of {all} functions",
                stats.misses
            ));
        }
        files::write(&path, &object, Content::Binary)?;
        if let Some(path) = &self.header {
            let text = header::header(&self.input, &options.name, &object)?;
            files::write(path, text.as_bytes(), Content::Text)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Where the object goes.
    fn output(&self) -> Result<PathBuf, Failure> {
        let output = match &self.output {
            Some(path) => path.clone(),
            None if load::is_anonymous(&self.input) => {
                let message = "the input has no name to derive the object's from: `-o OUT.o` \
                               says where the object goes, `-o -` writes it to standard output";
                return Err(Failure::of(&self.input, message));
            }
            None => self.input.with_extension("o"),
        };
        let header = self.header.as_deref();
        if files::is_stdout(&output) && header.is_some_and(files::is_stdout) {
            let message = "the object and the header cannot both go to standard output";
            return Err(Failure::new(message));
        }
        Ok(output)
    }

    fn options(&self) -> Result<CompileOptions, Failure> {
        let target = match &self.target {
            Some(triple) => Target::from_triple(triple),
            None => return host_options().and_then(|options| self.set(options)),
        };
        let target = target.map_err(|error| Failure::new(error.to_string()))?;
        self.set(CompileOptions::new(target))
    }

    fn set(&self, mut options: CompileOptions) -> Result<CompileOptions, Failure> {
        let target = options.target();
        options.features = self.features(target)?;
        options.wasm_features = wasm_features(self.wasm_features.as_deref())?;
        set_code(&mut options, self.opt_level, self.memory, self.traps);
        options.max_memory_bytes = self.max_memory;
        options.is_interruptible = self.interruptible;
        options.uses_fuel = self.fuel;
        options.jobs = self.jobs.map(|jobs| jobs as usize);
        options.name = load::module_name(&self.input);
        options.cache = self.cache.as_deref().map(open_cache).transpose()?;
        Ok(options)
    }

    fn features(&self, target: &'static Target) -> Result<FeatureSet, Failure> {
        let (cpu, changes) = (self.cpu.as_deref(), self.features.as_deref());
        let features = if cpu == Some("native") {
            if Target::host() != Some(target) {
                return Err(Failure::new(format!(
                    "`--cpu native` is the CPU of this machine, which cannot run code for {target}: \
                     name a CPU of that target"
                )));
            }
            let found: Vec<&str> = prefab_targets::host::features().names().collect();
            let changes = format!("{},{}", found.join(","), changes.unwrap_or_default());
            FeatureSet::parse(target, None, Some(&changes))
        } else {
            FeatureSet::parse(target, cpu, changes)
        };
        features.map_err(|error| Failure::new(error.to_string()))
    }
}

/// The features of WebAssembly that `--wasm-features` chooses.
///
/// # Errors
/// If a name is not that of a feature.
pub(super) fn wasm_features(set: Option<&str>) -> Result<WasmFeatures, Failure> {
    let all = CompileOptions::default_wasm_features();
    prefab::parse_wasm_features(set.unwrap_or_default(), all)
        .map_err(|error| Failure::new(error.to_string()))
}

fn open_cache(path: &Path) -> Result<Cache, Failure> {
    let cannot = "cannot be used as a cache";
    Cache::directory(path).map_err(|error| Failure::io(path, cannot, &error))
}

/// Sets how hard code is optimised, and how it keeps inside memories and finds traps.
pub(super) fn set_code(
    options: &mut CompileOptions,
    opt_level: u8,
    memory: Option<MemoryPlan>,
    traps: Traps,
) {
    options.opt_level = match opt_level {
        0 => OptLevel::O0,
        1 => OptLevel::O1,
        _ => OptLevel::O2,
    };
    options.traps = traps;
    options.memory_plan = match (memory, traps) {
        (Some(plan), _) => plan,
        (None, Traps::Signals) => MemoryPlan::Guarded,
        (None, Traps::Explicit) => MemoryPlan::Bounded,
    };
}

pub(super) fn memory_plan(name: &str) -> Result<MemoryPlan, String> {
    let plans = [MemoryPlan::Guarded, MemoryPlan::Bounded];
    let plan = plans.into_iter().find(|plan| plan.name() == name);
    plan.ok_or_else(|| "it is guarded or bounded".to_string())
}

pub(super) fn traps(name: &str) -> Result<Traps, String> {
    let ways = [Traps::Signals, Traps::Explicit];
    let way = ways.into_iter().find(|way| way.name() == name);
    way.ok_or_else(|| "it is signals or explicit".to_string())
}

/// A number of bytes, or of the unit that a letter behind it stands for.
fn size_bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (&text[..text.len() - 1], 10),
        Some(b'M' | b'm') => (&text[..text.len() - 1], 20),
        Some(b'G' | b'g') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "it is a number of bytes, or a number and K, M or G".to_string())?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "it is too large".to_string())
}

/// The options for this machine.
///
/// # Errors
/// If it is none of Prefab's targets.
pub(super) fn host_options() -> Result<CompileOptions, Failure> {
    let target = Target::host();
    let target = target.ok_or_else(|| Failure::new("this machine is none of Prefab's targets"))?;
    Ok(CompileOptions::new(target))
}

/// Compiles the module of the file `path`, and shows how far it is.
///
/// # Errors
/// If the module is not valid.
pub(super) fn compile(
    path: &Path,
    wasm: &[u8],
    options: &CompileOptions,
) -> Result<Vec<u8>, Failure> {
    let progress = Progress::new();
    let object = prefab::compile(wasm, options, &|done, total| progress.set(done, total));
    object.map_err(|error| Failure::of(path, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::size_bytes;

    #[test]
    fn sizes() {
        assert_eq!(size_bytes("65536"), Ok(65536));
        assert_eq!(size_bytes("64K"), Ok(65536));
        assert_eq!(size_bytes("3m"), Ok(3 << 20));
        assert_eq!(size_bytes("4G"), Ok(4 << 30));
        for wrong in ["", "M", "-1", "1.5M", "1T", "99999999999999G"] {
            assert!(size_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
