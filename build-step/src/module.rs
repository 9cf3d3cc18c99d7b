//! A module to be compiled, as a build script says it.

use crate::archive::archive;
use crate::binding::{self, Binding};
use crate::error::BuildError;
use crate::interface::Interface;
use crate::{cargo, files, names};
use prefab_abi::note::{MemoryPlan, Traps};
use prefab_abi::object::identifier;
use prefab_compiler::{Cache, CacheStats, OptLevel, Options, WasmFeatures, compile};
use prefab_targets::{FeatureSet, Target};
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

/// A WebAssembly module that is to be a static part of a program.
///
/// ```no_run
/// # fn main() -> Result<(), prefab_build::BuildError> {
/// prefab_build::Module::new("plugin.wasm")
///     .target_from_cargo()
///     .wasi(true)
///     .features("+avx2")
///     .compile()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is done before `compile` is called"]
pub struct Module {
    path: PathBuf,
    name: Option<String>,
    type_name: Option<String>,
    symbol: Option<String>,
    from_cargo: bool,
    target: Option<String>,
    cpu: Option<String>,
    features: Option<String>,
    opt_level: Option<OptLevel>,
    memory_plan: MemoryPlan,
    max_memory_bytes: Option<u64>,
    traps: Traps,
    wasm_features: WasmFeatures,
    is_interruptible: bool,
    uses_fuel: bool,
    out_dir: Option<PathBuf>,
    cache: CacheChoice,
    wasi: bool,
    runtime: String,
}

#[derive(Clone, Debug)]
enum CacheChoice {
    OutDir,
    Dir(PathBuf),
    None,
}

/// What was made of a module.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Output {
    /// The static archive with the module's object.
    pub archive: PathBuf,
    /// The object itself, for linkers that are given one.
    pub object: PathBuf,
    /// The binding.
    pub binding: PathBuf,
    /// The symbol of the module's descriptor.
    pub symbol: String,
    /// How many functions were compiled, and how many were found in the cache.
    pub stats: CacheStats,
}

impl Module {
    /// The module in a file, in the binary or the text format. A build script's paths are relative to
    /// its package.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            name: None,
            type_name: None,
            symbol: None,
            from_cargo: false,
            target: None,
            cpu: None,
            features: None,
            opt_level: None,
            memory_plan: MemoryPlan::Guarded,
            max_memory_bytes: None,
            traps: Traps::Signals,
            wasm_features: Options::default_wasm_features(),
            is_interruptible: false,
            uses_fuel: false,
            out_dir: None,
            cache: CacheChoice::OutDir,
            wasi: false,
            runtime: "::prefab".to_owned(),
        }
    }

    /// Compiles for what Cargo compiles for, as hard as the profile says, into `OUT_DIR`, and tells
    /// Cargo to link the module and when to build again.
    pub fn target_from_cargo(mut self) -> Self {
        self.from_cargo = true;
        self
    }

    /// Compiles for this target: a triple, or an architecture's name. This machine, if nothing is
    /// said.
    pub fn target(mut self, triple: impl Into<String>) -> Self {
        self.target = Some(triple.into());
        self
    }

    /// The module's name: of its binding's file, and in backtraces. That of its file, if nothing
    /// is said.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name of the binding's type, such as `Plugin`; its traits and types start with it. The
    /// module's name in that form, if nothing is said.
    pub fn type_name(mut self, name: impl Into<String>) -> Self {
        self.type_name = Some(name.into());
        self
    }

    /// What the descriptor's symbol `prefab_module_<symbol>` and the archive `lib<symbol>.a` are
    /// called. It has to be another one for each module of a program; so it is made of the package's
    /// name and version and the module's name, if nothing is said.
    pub fn symbol(mut self, symbol: impl Into<String>) -> Self {
        self.symbol = Some(symbol.into());
        self
    }

    /// The CPU whose instructions may be used, as `prefab compile --cpu` takes it. What every machine
    /// of the target has, if nothing is said.
    pub fn cpu(mut self, cpu: impl Into<String>) -> Self {
        self.cpu = Some(cpu.into());
        self
    }

    /// CPU features to use or not to use besides, as `+NAME,-NAME`.
    pub fn features(mut self, features: impl Into<String>) -> Self {
        self.features = Some(features.into());
        self
    }

    /// How hard the compiler tries. As Cargo's profile says, if nothing is said.
    pub fn opt_level(mut self, opt_level: OptLevel) -> Self {
        self.opt_level = Some(opt_level);
        self
    }

    /// The parts of WebAssembly that the module may use; all that the compiler supports, if nothing is said.
    pub fn wasm_features(mut self, features: WasmFeatures) -> Self {
        self.wasm_features = features;
        self
    }

    /// How memories are reserved and accesses to them checked; [`MemoryPlan::Guarded`], if nothing is
    /// said.
    pub fn memory_plan(mut self, plan: MemoryPlan) -> Self {
        self.memory_plan = plan;
        self
    }

    /// With [`MemoryPlan::Bounded`], how far a memory may grow that declares no lesser maximum, in
    /// bytes. If nothing is said, a memory may grow to its declared maximum, and one that declares
    /// none by 16 MiB.
    pub fn max_memory_bytes(mut self, bytes: u64) -> Self {
        self.max_memory_bytes = Some(bytes);
        self
    }

    /// How the code finds that it has to trap; [`Traps::Signals`], if nothing is said.
    /// [`Traps::Explicit`] needs [`MemoryPlan::Bounded`], and no signal handler.
    pub fn traps(mut self, traps: Traps) -> Self {
        self.traps = traps;
        self
    }

    /// Whether the host can stop the code while it runs, by an interrupt handle of the store. It
    /// cannot, if nothing is said.
    pub fn interruptible(mut self, interruptible: bool) -> Self {
        self.is_interruptible = interruptible;
        self
    }

    /// Whether the code counts the instructions that it executes, and stops when it has executed as
    /// many as the store's fuel allows. It does not, if nothing is said.
    pub fn fuel(mut self, fuel: bool) -> Self {
        self.uses_fuel = fuel;
        self
    }

    /// Where to write. Cargo's `OUT_DIR`, if nothing is said.
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(path.into());
        self
    }

    /// Whether compiled functions are kept for the next time, in `prefab-cache` where the rest is
    /// written. They are, if nothing is said.
    pub fn cache(mut self, keep: bool) -> Self {
        self.cache = if keep {
            CacheChoice::OutDir
        } else {
            CacheChoice::None
        };
        self
    }

    /// Keeps compiled functions in this directory, which any number of packages can share.
    pub fn cache_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.cache = CacheChoice::Dir(path.into());
        self
    }

    /// Whether imports from WASI preview 1 are Prefab's own (`prefab::wasi`, its feature `wasi`), or functions that the
    /// host provides like all others. They are the host's, if nothing is said.
    pub fn wasi(mut self, wasi: bool) -> Self {
        self.wasi = wasi;
        self
    }

    /// The path of the crate `prefab` in the program; `::prefab`, if nothing is said.
    pub fn runtime(mut self, path: impl Into<String>) -> Self {
        self.runtime = path.into();
        self
    }

    /// Compiles the module, and writes its archive and its binding.
    ///
    /// # Errors
    /// If the module cannot be read or is not valid, an option does not fit, or nothing can be
    /// written.
    pub fn compile(self) -> Result<Output, BuildError> {
        let wasm = self.read()?;
        let out_dir = self.out_dir.clone().map_or_else(cargo::out_dir, Ok)?;
        fs::create_dir_all(&out_dir).map_err(|source| BuildError::File {
            path: out_dir.clone(),
            what: "cannot be made",
            source,
        })?;
        let name = self.module_name();
        let symbol = self.link_name(&name)?;
        let cache = self.open_cache(&out_dir)?;
        let options = self.options(&symbol, cache.clone())?;
        let object = compile(&wasm, &options, &|_, _| ());
        let object = object.map_err(|error| self.invalid(&error))?;
        let interface = Interface::read(&wasm).map_err(|error| self.invalid(&error))?;
        let type_name = self.binding_type(&name)?;
        let binding = binding::write(&Binding {
            interface: &interface,
            name: &name,
            type_name: &type_name,
            symbol: &symbol,
            runtime: &self.runtime,
            wasi: self.wasi,
        });
        let binding = binding.map_err(|problem| self.invalid(&problem))?;

        let output = Output {
            archive: out_dir.join(format!("lib{symbol}.a")),
            object: out_dir.join(format!("{symbol}.o")),
            binding: out_dir.join(format!("{name}.rs")),
            stats: cache.map(|cache| cache.stats()).unwrap_or_default(),
            symbol: format!("{}{symbol}", prefab_abi::object::DESCRIPTOR_SYMBOL_PREFIX),
        };
        files::write(&output.object, &object)?;
        let archive = archive(format!("{symbol}.o"), object)?;
        files::write(&output.archive, &archive)?;
        files::write(&output.binding, binding.as_bytes())?;
        if self.from_cargo {
            cargo::print_directives(&self.path, &out_dir, &symbol);
        }
        Ok(output)
    }

    /// The module in the binary format.
    fn read(&self) -> Result<Vec<u8>, BuildError> {
        let bytes = fs::read(&self.path).map_err(|source| BuildError::File {
            path: self.path.clone(),
            what: "cannot be read",
            source,
        })?;
        let wasm = wat::Parser::new()
            .parse_bytes(Some(&self.path), &bytes)
            .map_err(|error| self.invalid(&error))?;
        Ok(match wasm {
            Cow::Borrowed(_) => bytes,
            Cow::Owned(wasm) => wasm,
        })
    }

    fn invalid(&self, error: &dyn std::fmt::Display) -> BuildError {
        BuildError::Module {
            path: self.path.clone(),
            message: error.to_string(),
        }
    }

    fn module_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let stem = self.path.file_stem().unwrap_or_default();
            stem.to_string_lossy().into_owned()
        })
    }

    fn binding_type(&self, name: &str) -> Result<String, BuildError> {
        let Some(type_name) = &self.type_name else {
            return names::camel_case(name).ok_or_else(|| BuildError::Option {
                option: "type_name",
                problem: format!("has to be given: no type's name can be made of {name:?}"),
            });
        };
        if names::camel_case(type_name).as_ref() == Some(type_name) {
            return Ok(type_name.clone());
        }
        Err(BuildError::Option {
            option: "type_name",
            problem: format!("{type_name:?} is not the name of a type, such as `Plugin`"),
        })
    }

    fn link_name(&self, name: &str) -> Result<String, BuildError> {
        Ok(match &self.symbol {
            Some(symbol) => identifier(symbol),
            None if self.from_cargo => identifier(&format!("{}_{name}", cargo::package()?)),
            None => identifier(name),
        })
    }

    fn open_cache(&self, out_dir: &Path) -> Result<Option<Cache>, BuildError> {
        let path = match &self.cache {
            CacheChoice::OutDir => out_dir.join("prefab-cache"),
            CacheChoice::Dir(path) => path.clone(),
            CacheChoice::None => return Ok(None),
        };
        let cache = Cache::directory(&path).map_err(|source| BuildError::File {
            path,
            what: "cannot be used as a cache",
            source,
        })?;
        Ok(Some(cache))
    }

    fn options(&self, symbol: &str, cache: Option<Cache>) -> Result<Options, BuildError> {
        let wrong = |option| {
            move |error: &dyn std::fmt::Display| BuildError::Option {
                option,
                problem: error.to_string(),
            }
        };
        let triple = match &self.target {
            Some(triple) => Some(triple.clone()),
            None if self.from_cargo => Some(cargo::var("TARGET")?),
            None => None,
        };
        let target = match &triple {
            Some(triple) => Target::from_triple(triple).map_err(|error| wrong("target")(&error))?,
            None => Target::host().ok_or_else(|| {
                wrong("target")(&"has to be given: this machine is none of Prefab's targets")
            })?,
        };
        let features = FeatureSet::parse(target, self.cpu.as_deref(), self.features.as_deref());
        let opt_level = match self.opt_level {
            Some(opt_level) => opt_level,
            None if self.from_cargo => cargo::opt_level()?,
            None => OptLevel::O2,
        };
        Ok(Options {
            features: features.map_err(|error| wrong("cpu or features")(&error))?,
            opt_level,
            memory_plan: self.memory_plan,
            max_memory_bytes: self.max_memory_bytes,
            traps: self.traps,
            wasm_features: self.wasm_features,
            is_interruptible: self.is_interruptible,
            uses_fuel: self.uses_fuel,
            name: symbol.to_owned(),
            // Checks the compiler, not the module; build scripts always have debug assertions.
            verifier: false,
            cache,
            ..Options::new(target)
        })
    }
}
