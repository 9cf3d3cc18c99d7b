//! What a host chooses.

use crate::{
    ExternRef, Func, Global, Instance, Memory, Module, Store, StoreContext, StoreContextMut, Table,
};
use prefab_compiler::Options;
use prefab_runtime::Limits;
use prefab_targets::host;
use std::sync::Arc;
use wasm_runtime_layer::backend::WasmEngine;

/// How modules are compiled, and what stores may come to. Clones share it.
///
/// ```
/// use prefab_runtime_layer::{Engine, Limits, MemoryPlan, OptLevel, Options, targets::host};
///
/// let mut options = Options::new(host::target());
/// // For this machine's CPU, not for any of its kind.
/// options.features = host::features();
/// options.opt_level = OptLevel::O0;
/// options.memory_plan = MemoryPlan::Bounded;
/// let mut limits = Limits::NONE;
/// limits.memory_bytes = 64 << 20;
/// let engine = wasm_runtime_layer::Engine::new(Engine::new(options).with_limits(limits));
/// # let _ = engine;
/// ```
#[derive(Clone, Debug)]
pub struct Engine(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    options: Options,
    limits: Limits,
}

impl Engine {
    /// An engine whose modules are compiled with `options`, which are for this machine. Others give
    /// modules that cannot be loaded: [`Module::new`](wasm_runtime_layer::Module::new) says so.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let limits = Limits::NONE;
        Self(Arc::new(Inner { options, limits }))
    }

    /// The engine, with bounds to what each store that is made of it may come to.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        Arc::make_mut(&mut self.0).limits = limits;
        self
    }

    /// How modules are compiled.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// What each store may come to.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.0.limits
    }
}

impl Default for Engine {
    /// An engine with the compiler's defaults: for any CPU of this machine's kind, optimised.
    fn default() -> Self {
        Self::new(Options::new(host::target()))
    }
}

impl WasmEngine for Engine {
    type ExternRef = ExternRef;
    type Func = Func;
    type Global = Global;
    type Instance = Instance;
    type Memory = Memory;
    type Module = Module;
    type Store<T: 'static> = Store<T>;
    type StoreContext<'a, T: 'static> = StoreContext<'a, T>;
    type StoreContextMut<'a, T: 'static> = StoreContextMut<'a, T>;
    type Table = Table;
}
