//! Calls of small functions: their code takes the place of the call.
//!
//! Of what is inlined, the operators are translated once more where the call is, with locals of
//! their own. Each has a place of its own, by which the code map finds the function that it is in,
//! and the call. Compilers inline inside a unit of theirs; what they leave are functions of other
//! units, and recursive ones.

use super::FuncTranslator;
use super::operand::Operand;
use crate::error::CompileError;
use cranelift_codegen::ir::SourceLoc;
use prefab_abi::code_map::InlinedFunc;
use wasmparser::{BinaryReader, FunctionBody, Operator};

/// What a function's body may take to be inlined, in bytes of the module: that much, a call and
/// what a function does when it begins and ends is code, too.
const SMALL_BYTES: usize = 40;

/// The same for a function in itself: what is spared is nearly all calls but one of several.
const RECURSIVE_BYTES: usize = 120;

/// How often a function may stand in itself.
const RECURSION: usize = 2;

/// How deep functions may stand in each other.
const DEPTH: usize = 4;

/// What may be inlined into one function, in bytes of the module.
const BUDGET_BYTES: usize = 600;

/// The places of what is inlined begin this far behind the function's start, in bytes: behind the
/// end of any module that is inlined in.
const PLACES: u32 = 1 << 31;

/// The size of the largest module in which functions are inlined, in bytes.
const MODULE_LIMIT_BYTES: usize = 1 << 30;

/// What of a function's code is of others.
#[derive(Debug, Default)]
pub(crate) struct Inlining {
    /// Where the function starts in the module, in bytes.
    start: u32,
    /// The inlined functions.
    pub inlined: Vec<InlinedFunc>,
    /// Where in the module each operator of theirs is, in bytes, and which of them it is in.
    places: Vec<(u32, u32)>,
}

impl Inlining {
    fn new(start: u32) -> Self {
        Self {
            start,
            ..Self::default()
        }
    }

    /// The place of an operator of the `inlined`-th function.
    fn place(&mut self, wasm_offset: u32, inlined: u32) -> SourceLoc {
        let place = PLACES + self.places.len() as u32;
        self.places.push((wasm_offset, inlined));
        SourceLoc::new(self.start.wrapping_add(place))
    }

    /// Where in the module a place is, in bytes, and which inlined function it is in, if any.
    pub fn resolve(&self, place: SourceLoc) -> (u32, Option<u32>) {
        let distance = place.bits().wrapping_sub(self.start);
        let found = distance
            .checked_sub(PLACES)
            .and_then(|index| self.places.get(index as usize));
        match found {
            Some((wasm_offset, inlined)) => (*wasm_offset, Some(*inlined)),
            None => (place.bits(), None),
        }
    }
}

/// The state of inlining into a function.
pub(super) struct Inliner {
    /// The function's index.
    func: u32,
    /// What is being inlined: the function, and which one it is of all that are inlined.
    stack: Vec<(u32, u32)>,
    /// What is left of the budget, in bytes.
    budget_bytes: usize,
    /// Of the innermost function, the frame that stands for it.
    frame: usize,
    /// What it has done.
    pub done: Inlining,
}

impl Inliner {
    pub fn new(func: u32, start: u32) -> Self {
        Self {
            func,
            stack: Vec::new(),
            budget_bytes: BUDGET_BYTES,
            frame: 0,
            done: Inlining::new(start),
        }
    }

    /// Of the function whose code is being translated, the frame that stands for it, if it is
    /// inlined.
    pub fn frame(&self) -> Option<usize> {
        self.stack.last().map(|_| self.frame)
    }

    /// The place of the operator at `wasm_offset`.
    pub fn place(&mut self, wasm_offset: u32) -> SourceLoc {
        match self.stack.last() {
            Some((_, inlined)) => self.done.place(wasm_offset, *inlined),
            None => SourceLoc::new(wasm_offset),
        }
    }
}

impl FuncTranslator<'_, '_> {
    /// Whether a call of this function is to be replaced by its code.
    pub fn is_inlined(&self, func: u32) -> bool {
        let module = self.env.module;
        // What is paid for fuel says where functions begin.
        let is_wanted = self.env.passes.are_all() && !self.env.uses_fuel;
        if !is_wanted || module.wasm.len() > MODULE_LIMIT_BYTES {
            return false;
        }
        let Some(defined) = func.checked_sub(module.imported_funcs()) else {
            return false;
        };
        let inliner = &self.inliner;
        let outer = inliner.stack.iter().map(|(func, _)| *func);
        let recursion = outer
            .chain([inliner.func])
            .filter(|outer| *outer == func)
            .count();
        let limit = match recursion {
            0 => SMALL_BYTES,
            1..=RECURSION => RECURSIVE_BYTES,
            _ => return false,
        };
        let size = module.bodies[defined as usize].range.len();
        size <= limit.min(inliner.budget_bytes)
            && inliner.stack.len() < DEPTH
            && !self.has_tail_calls(defined)
    }

    /// Whether a function has calls that take its frame's place; where it is inlined, it has none.
    fn has_tail_calls(&self, defined: u32) -> bool {
        let Ok(mut ops) = self.body(defined).get_operators_reader() else {
            return true;
        };
        while !ops.eof() {
            match ops.read() {
                Ok(Operator::ReturnCall { .. } | Operator::ReturnCallIndirect { .. }) | Err(_) => {
                    return true;
                }
                Ok(_) => {}
            }
        }
        false
    }

    /// Translates the code of a function in place of a call that comes next.
    pub fn inline(&mut self, func: u32, args: Vec<Operand>) -> Result<(), CompileError> {
        let module = self.env.module;
        let defined = func - module.imported_funcs();
        let body = self.body(defined);
        let inliner = &mut self.inliner;
        inliner.budget_bytes -= module.bodies[defined as usize].range.len();
        let inlined = inliner.done.inlined.len() as u32;
        inliner.done.inlined.push(InlinedFunc {
            func,
            call_offset: self.offset,
            outer: inliner.stack.last().map(|(_, inlined)| *inlined),
        });
        inliner.stack.push((func, inlined));
        let call = (self.offset, self.builder.srcloc());
        let locals = std::mem::take(&mut self.locals);
        let frame = std::mem::replace(&mut self.inliner.frame, self.frames.len());

        self.declare_args(&args);
        self.declare_body_locals(&body)?;
        self.push_function_frame(module.func_type(func).results());
        self.operators(body.get_operators_reader()?)?;

        self.inliner.stack.pop();
        self.inliner.frame = frame;
        self.locals = locals;
        self.offset = call.0;
        self.builder.set_srcloc(call.1);
        Ok(())
    }
}

impl<'a> FuncTranslator<'a, '_> {
    /// The body of the `defined`-th function that the module defines.
    pub fn body(&self, defined: u32) -> FunctionBody<'a> {
        let module = self.env.module;
        let range = module.bodies[defined as usize].range.clone();
        let start = range.start as u64;
        let mut reader = BinaryReader::new(&module.wasm[range], start);
        reader.set_features(self.env.features);
        FunctionBody::new(reader)
    }
}
