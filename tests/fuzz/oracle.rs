//! The interpreter that results are compared with.

use crate::differential::{Bits, Kind, Machine, Outcome, PROVIDER, Stop, Trap};
use crate::generate::{self, Generated};
use wasmi::errors::{ErrorKind, InstantiationError, MemoryError, TableError};
use wasmi::{
    Caller, Config, Engine, Error, Extern, ExternType, F32, F64, Instance, Linker, Module, Store,
    TrapCode, Val, ValType,
};

/// Deeper than a module's fuel lets it recurse.
const MAX_RECURSION: usize = 100_000;
const MAX_STACK_BYTES: usize = 64 << 20;

/// A module in `wasmi`.
pub struct Oracle {
    store: Store<Notes>,
    provider: Instance,
    instance: Instance,
}

type Notes = Vec<(u64, u64)>;

fn note(mut caller: Caller<'_, Notes>, a: u64, b: F64) -> u32 {
    caller.data_mut().push((a, b.to_bits()));
    caller.data().len() as u32
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
    fn export(&self, name: &str) -> Extern {
        let (instance, name) = match name.strip_prefix(PROVIDER) {
            Some(name) => (self.provider, name),
            None => (self.instance, name),
        };
        instance.get_export(&self.store, name).expect("an export")
    }

    /// The exports of a module; `None` if the oracle does not take it.
    pub fn exports(wasm: &[u8]) -> Option<Vec<(String, Kind)>> {
        let module = Module::new(&engine(), wasm).ok()?;
        let kind = |ty: &ExternType| match ty {
            ExternType::Func(func) => {
                let zeros = func
                    .params()
                    .iter()
                    .map(|param| bits(&Val::default(*param)));
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
        let provider =
            Module::new(&engine, &generate::provider().wasm).expect("the provider is a module");
        let mut store = Store::new(&engine, Notes::new());
        let mut linker = Linker::new(&engine);
        let defined = linker.func_wrap("host", "note", note).map(|_| ());
        defined.expect("the name is free");
        let provider = linker.instantiate_and_start(&mut store, &provider);
        let provider = provider.expect("the provider can be instantiated");
        let defined = linker
            .instance(&mut store, "provider", provider)
            .map(|_| ());
        defined.expect("the names are free");
        let instance = linker.instantiate_and_start(&mut store, &module);
        let instance = instance.map_err(|error| stop(&error))?;
        Ok(Self {
            store,
            provider,
            instance,
        })
    }

    fn call(&mut self, name: &str, args: &[Bits]) -> Outcome {
        let func = self.export(name).into_func().expect("a func");
        let ty = func.ty(&self.store);
        let args: Vec<Val> = args
            .iter()
            .zip(ty.params())
            .map(|(arg, ty)| val(arg, *ty))
            .collect();
        let mut results: Vec<Val> = ty
            .results()
            .iter()
            .map(|result| Val::default(*result))
            .collect();
        func.call(&mut self.store, &args, &mut results)
            .map_err(|error| stop(&error))?;
        Ok(results.iter().map(bits).collect())
    }

    fn global(&mut self, name: &str) -> Bits {
        let global = self.export(name).into_global().expect("a global");
        bits(&global.get(&self.store))
    }

    fn memory(&mut self, name: &str) -> Vec<u8> {
        let memory = self.export(name).into_memory().expect("a memory");
        memory.data(&self.store).to_vec()
    }

    fn notes(&self) -> &[(u64, u64)] {
        self.store.data()
    }

    fn table(&mut self, name: &str) -> Vec<bool> {
        let table = self.export(name).into_table().expect("a table");
        let element = |index| bits(&table.get(&self.store, index).expect("an element"));
        (0..table.size(&self.store))
            .map(element)
            .map(|element| element == Bits::Ref(true))
            .collect()
    }
}

fn bits(val: &Val) -> Bits {
    match val {
        Val::I32(value) => Bits::I32(value.cast_unsigned()),
        Val::I64(value) => Bits::I64(value.cast_unsigned()),
        Val::F32(value) => Bits::F32(value.to_bits()),
        Val::F64(value) => Bits::F64(value.to_bits()),
        Val::V128(value) => Bits::V128(value.as_u128()),
        Val::FuncRef(func) => Bits::Ref(!func.is_null()),
        Val::ExternRef(reference) => Bits::Ref(!reference.is_null()),
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
        Bits::Ref(_) => Val::default(ty),
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
            TrapCode::StackOverflow | TrapCode::OutOfFuel | TrapCode::GrowthOperationLimited => {
                return Stop::Exhausted;
            }
        },
        // Active segments, and what its instructions do not turn into traps.
        ErrorKind::Memory(MemoryError::OutOfBoundsAccess) => Trap::Memory,
        ErrorKind::Table(
            TableError::CopyOutOfBounds | TableError::FillOutOfBounds | TableError::InitOutOfBounds,
        )
        | ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
            Trap::Table
        }
        _ => panic!("the oracle failed: {error}"),
    })
}
