//! `prefab compile`: a module to an object.

use super::error::Failure;
use super::progress::Progress;
use super::{files, header, input};
use clap::Args;
use prefab::{Cache, CompileOptions, OptLevel};
use prefab_targets::{FeatureSet, Target};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compiles a WebAssembly module into an object file
#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// The module, in the binary or the text format
    #[arg(value_name = "IN.wasm|.wat")]
    input: PathBuf,
    /// The object; by default the input's name, ending in .o
    #[arg(short, long, value_name = "OUT.o")]
    output: Option<PathBuf>,
    /// Also write a C header for the module: a typed function for each export, and a declaration for
    /// each import that the program has to implement
    #[arg(long, value_name = "OUT.h")]
    header: Option<PathBuf>,
    /// What to compile for: a triple, or an architecture's name; by default this machine
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// The CPU whose instructions may be used; by default what every machine of the target has
    #[arg(long)]
    cpu: Option<String>,
    /// CPU features to use or not to use besides, as +NAME,-NAME
    #[arg(long, value_name = "SET", allow_hyphen_values = true)]
    features: Option<String>,
    /// How hard to optimise: 0, 1 or 2
    #[arg(short = 'O', value_name = "LEVEL", default_value = "2",
          value_parser = clap::value_parser!(u8).range(0..=2))]
    opt_level: u8,
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
        let bytes = input::read(&self.input)?;
        let options = self.options()?;
        let wasm = input::module(&self.input, bytes)?;
        let object = compile(&self.input, &wasm, &options)?;
        if let Some(cache) = &options.cache {
            let stats = cache.stats();
            let all = stats.hits + stats.misses;
            eprintln!("cache: compiled {} of {all} functions", stats.misses);
        }
        let path = self
            .output
            .unwrap_or_else(|| self.input.with_extension("o"));
        files::write(&path, &object)?;
        if let Some(path) = &self.header {
            let text = header::header(&self.input, &options.name, &object)?;
            files::write(path, text.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
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
        let features = FeatureSet::parse(target, self.cpu.as_deref(), self.features.as_deref());
        options.features = features.map_err(|error| Failure::new(error.to_string()))?;
        options.opt_level = match self.opt_level {
            0 => OptLevel::O0,
            1 => OptLevel::O1,
            _ => OptLevel::O2,
        };
        options.jobs = self.jobs.map(|jobs| jobs as usize);
        options.name = module_name(&self.input);
        options.cache = self.cache.as_deref().map(open_cache).transpose()?;
        Ok(options)
    }
}

fn open_cache(path: &Path) -> Result<Cache, Failure> {
    let cannot = "cannot be used as a cache";
    Cache::directory(path).map_err(|error| Failure::io(path, cannot, &error))
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

/// What a module in this file is called.
pub(super) fn module_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
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
