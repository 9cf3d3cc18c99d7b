//! A function's way through Cranelift, with our passes between its optimiser and its back end.

use super::cache::Entry;
use crate::error::CompileError;
use crate::optimize::{self, Passes};
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::incremental_cache::serialize_compiled;
use cranelift_codegen::ir::Function;
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::loop_analysis::LoopAnalysis;
use cranelift_codegen::{CodegenError, CodegenResult, CompiledCode, Context};
use cranelift_frontend::FunctionBuilderContext;

/// How many instructions a function has for which nothing is kept longer than it is needed. The largest functions
/// decide how much memory a compilation takes; for others, allocating anew would only take time.
const LARGE: usize = 1 << 14;

/// What a thread keeps from one function to the next.
pub(super) struct State {
    /// The function, and what Cranelift knows of it.
    pub context: Context,
    /// What translating needs.
    pub builder: FunctionBuilderContext,
    registers: regalloc2::Ctx,
}

impl Default for State {
    fn default() -> Self {
        Self {
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            registers: regalloc2::Ctx::default(),
        }
    }
}

impl State {
    /// Compiles the function of the context, and puts the code into the cache.
    pub fn compile(
        &mut self,
        isa: &dyn TargetIsa,
        passes: Passes,
        cache: Option<&Entry<'_>>,
    ) -> Result<CompiledCode, CompileError> {
        let compiled = self.try_compile(isa, passes, cache);
        compiled.map_err(|error| CompileError::new(describe(error, &self.context.func)))
    }

    fn try_compile(
        &mut self,
        isa: &dyn TargetIsa,
        passes: Passes,
        cache: Option<&Entry<'_>>,
    ) -> CodegenResult<CompiledCode> {
        let context = &mut self.context;
        let mut plane = ControlPlane::default();
        context.verify_if(isa)?;
        context.optimize(isa, &mut plane)?;
        if passes != Passes::None {
            optimize::run(context, passes);
            context.verify_if(isa)?;
        }
        if context.func.dfg.num_insts() >= LARGE {
            // Allocating registers takes the most.
            self.builder = FunctionBuilderContext::new();
            context.cfg = ControlFlowGraph::new();
            context.loop_analysis = LoopAnalysis::new();
        }
        let registers = &mut self.registers;
        let compiled = isa.compile_function(
            &context.func,
            &context.domtree,
            registers,
            false,
            &mut plane,
        )?;
        let compiled = match cache {
            None => compiled,
            Some(entry) => {
                let (compiled, code) = serialize_compiled(compiled);
                // What cannot be kept is compiled again.
                if let Ok(code) = code {
                    entry.put(&code);
                }
                compiled
            }
        };
        Ok(compiled.apply_params(&context.func.params))
    }
}

fn describe(error: CodegenError, func: &Function) -> String {
    match error {
        CodegenError::CodeTooLarge | CodegenError::ImplLimitExceeded => {
            "the function is too large to be compiled".to_string()
        }
        CodegenError::Unsupported(what) => {
            format!("the target lacks an instruction that this needs: {what}")
        }
        error => cranelift_codegen::print_errors::pretty_error(func, error),
    }
}
