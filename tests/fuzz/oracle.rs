//! The interpreter that results are compared with.

use crate::differential::{Bits, Kind, Machine, Outcome, Stop, Trap};
use crate::generate::Generated;
use wasmi::errors::{ErrorKind, InstantiationError, MemoryError};
use wasmi::{
    Config, Engine, Error, ExternType, F32, F64, Instance, Linker, Module, Nullable, Ref, Store,
    TrapCode, Val, ValType,
};

/// Deeper than a module's fuel lets it recurse.
const MAX_RECURSION: usize = 100_000;
const MAX_STACK_BYTES: usize = 64 << 20;

/// A module in `wasmi`.
pub struct Oracle {
    store: Store<()>,
    instance: Instance,
}

fn engine() -> Engine {
    let mut config = Config::default();
    config
        .wasm_multi_memory(true)
        .wasm_tail_call(true)
        .wasm_extended_const(true)
        .wasm_simd(true)
        .set_max_stack_height(MAX_STACK_BYTES)
        .set_max_recursion_depth(MAX_RECURSION);
    Engine::new(&config)
}

impl Oracle {
    /// The exports of a module; `None` if the oracle does not take it.
    pub fn exports(wasm: &[u8]) -> Option<Vec<(String, Kind)>> {
        let module = Module::new(&engine(), wasm).ok()?;
        let kind = |ty: &ExternType| match ty {
            ExternType::Func(func) => {
                let zeros = func
                    .params()
                    .iter()
                    .map(|param| bits(&Val::default_for_ty(*param)));
                Kind::Func(zeros.collect())
            }
            ExternType::Global(_) => Kind::Global,
            ExternType::Memory(_) => Kind::Memory,
            ExternType::Table(_) => Kind::Table,
        };
        let exports = module.exports();
        Some(
            exports
                .map(|export| (export.name().to_string(), kind(export.ty())))
                .collect(),
        )
    }
}

impl Machine for Oracle {
    fn new(generated: &Generated) -> Result<Self, Stop> {
        let engine = engine();
        let module = Module::new(&engine, &generated.wasm).expect("it was taken before");
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module);
        let instance = instance.map_err(|error| stop(&error))?;
        Ok(Self { store, instance })
    }

    fn call(&mut self, name: &str, args: &[Bits]) -> Outcome {
        let func = self
            .instance
            .get_func(&self.store, name)
            .expect("an export");
        let ty = func.ty(&self.store);
        let args: Vec<Val> = args
            .iter()
            .zip(ty.params())
            .map(|(arg, ty)| val(arg, *ty))
            .collect();
        let mut results: Vec<Val> = ty
            .results()
            .iter()
            .map(|result| Val::default_for_ty(*result))
            .collect();
        func.call(&mut self.store, &args, &mut results)
            .map_err(|error| stop(&error))?;
        Ok(results.iter().map(bits).collect())
    }

    fn global(&mut self, name: &str) -> Bits {
        let global = self
            .instance
            .get_global(&self.store, name)
            .expect("an export");
        bits(&global.get(&self.store))
    }

    fn memory(&mut self, name: &str) -> Vec<u8> {
        let memory = self
            .instance
            .get_memory(&self.store, name)
            .expect("an export");
        memory.data(&self.store).to_vec()
    }

    fn table(&mut self, name: &str) -> Vec<bool> {
        let table = self
            .instance
            .get_table(&self.store, name)
            .expect("an export");
        let element = |index| match table.get(&self.store, index).expect("an element") {
            Ref::Func(func) => matches!(func, Nullable::Val(_)),
            Ref::Extern(reference) => matches!(reference, Nullable::Val(_)),
        };
        (0..table.size(&self.store)).map(element).collect()
    }
}

fn bits(val: &Val) -> Bits {
    match val {
        Val::I32(value) => Bits::I32(value.cast_unsigned()),
        Val::I64(value) => Bits::I64(value.cast_unsigned()),
        Val::F32(value) => Bits::F32(value.to_bits()),
        Val::F64(value) => Bits::F64(value.to_bits()),
        Val::V128(value) => Bits::V128(value.as_u128()),
        Val::FuncRef(func) => Bits::Ref(matches!(func, Nullable::Val(_))),
        Val::ExternRef(reference) => Bits::Ref(matches!(reference, Nullable::Val(_))),
    }
}

fn val(bits: &Bits, ty: ValType) -> Val {
    match *bits {
        Bits::I32(value) => Val::I32(value.cast_signed()),
        Bits::I64(value) => Val::I64(value.cast_signed()),
        Bits::F32(value) => Val::F32(F32::from_bits(value)),
        Bits::F64(value) => Val::F64(F64::from_bits(value)),
        Bits::V128(value) => Val::V128(value.into()),
        // Arguments are null.
        Bits::Ref(_) => Val::default_for_ty(ty),
    }
}

fn stop(error: &Error) -> Stop {
    Stop::Trap(match error.kind() {
        ErrorKind::TrapCode(code) => match code {
            TrapCode::UnreachableCodeReached => Trap::Unreachable,
            TrapCode::MemoryOutOfBounds => Trap::Memory,
            TrapCode::TableOutOfBounds => Trap::Table,
            TrapCode::IndirectCallToNull => Trap::NullElement,
            TrapCode::BadSignature => Trap::ElementType,
            TrapCode::IntegerDivisionByZero => Trap::DivideByZero,
            TrapCode::IntegerOverflow => Trap::Overflow,
            TrapCode::BadConversionToInteger => Trap::Conversion,
            TrapCode::StackOverflow
            | TrapCode::OutOfFuel
            | TrapCode::GrowthOperationLimited
            | TrapCode::OutOfSystemMemory => return Stop::Exhausted,
        },
        // Active segments.
        ErrorKind::Memory(MemoryError::OutOfBoundsAccess) => Trap::Memory,
        ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
            Trap::Table
        }
        _ => panic!("the oracle failed: {error}"),
    })
}
