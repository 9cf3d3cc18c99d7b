//! The other machine: compiled to an object, loaded.
//!
//! # Safety
//! The object that is loaded is what the compiler returned just before.
#![allow(unsafe_code, reason = "to load an object is to trust it")]

use crate::differential::{Bits, Machine, Outcome, PROVIDER, Stop, Trap};
use crate::generate::{self, Generated};
use prefab_abi::trap::TrapCode;
use prefab_abi::types::ValType;
use prefab_compiler::{OptLevel, Options, compile};
use prefab_runtime::{Caller, Error, Extern, Instance, Linker, Module, Store, Val};
use prefab_targets::{Target, host};
use std::num::NonZeroU64;
use std::sync::LazyLock;

/// A module as compiled code.
pub struct Ours {
    store: Store<Notes>,
    provider: Instance,
    instance: Instance,
}

type Notes = Vec<(u64, u64)>;

impl Ours {
    fn export(&mut self, name: &str) -> Extern {
        let (instance, name) = match name.strip_prefix(PROVIDER) {
            Some(name) => (self.provider, name),
            None => (self.instance, name),
        };
        let export = instance.get_export(&mut self.store, name);
        export.expect("the oracle has the export")
    }
}

fn load(generated: &Generated) -> Module {
    let target = Target::host().expect("the tests run where code can be compiled for");
    let mut options = Options::new(target);
    options.jobs = Some(1);
    options.scalar_vectors = generated.scalar;
    options.memory_plan = generated.memory_plan;
    options.traps = generated.traps;
    options.is_interruptible = generated.controlled;
    options.uses_fuel = generated.controlled;
    if generated.native {
        options.features = host::features();
    }
    if generated.plain {
        options.opt_level = OptLevel::O0;
    }
    let object = compile(&generated.wasm, &options, &|_, _| ()).expect("a valid module compiles");
    // SAFETY: the bytes are what the compiler returned.
    let module = unsafe { prefab_loader::load_bytes(&object, "fuzz") };
    module.expect("what was compiled can be loaded")
}

fn note(mut caller: Caller<'_, Notes>, a: u64, b: f64) -> u32 {
    caller.data_mut().push((a, b.to_bits()));
    caller.data().len() as u32
}

impl Machine for Ours {
    fn new(generated: &Generated) -> Result<Self, Stop> {
        static MODULE: LazyLock<Module> = LazyLock::new(|| load(generate::provider()));
        let mut store = Store::new(Notes::new());
        let mut linker = Linker::new();
        let defined = linker.func_wrap("host", "note", note).map(|_| ());
        defined.expect("the name is free");
        let provider = linker.instantiate(&mut store, &MODULE);
        let provider = provider.expect("the provider can be instantiated");
        if generated.controlled {
            let interval = store.fuel_async_yield_interval(Some(NonZeroU64::MIN));
            interval.expect("the provider counts fuel");
            store.interrupt_handle().expect("it is interruptible");
        }
        let defined = linker
            .instance(&mut store, "provider", provider)
            .map(|_| ());
        defined.expect("the names are free");
        let module = load(generated);
        let instance = linker.instantiate(&mut store, &module);
        let instance = instance.map_err(|error| stop(&error))?;
        Ok(Self {
            store,
            provider,
            instance,
        })
    }

    fn call(&mut self, name: &str, args: &[Bits]) -> Outcome {
        let Extern::Func(func) = self.export(name) else {
            panic!("{name:?} is no function");
        };
        let ty = func.ty(&self.store).expect("its own store");
        let args: Vec<Val> = args
            .iter()
            .zip(ty.params())
            .map(|(arg, ty)| val(arg, *ty))
            .collect();
        let mut results: Vec<Val> = ty
            .results()
            .iter()
            .map(|result| Val::default_for(*result))
            .collect();
        func.call(&mut self.store, &args, &mut results)
            .map_err(|error| stop(&error))?;
        Ok(results.iter().map(bits).collect())
    }

    fn global(&mut self, name: &str) -> Bits {
        let Extern::Global(global) = self.export(name) else {
            panic!("{name:?} is no global");
        };
        bits(&global.get(&mut self.store).expect("its own store"))
    }

    fn memory(&mut self, name: &str) -> Vec<u8> {
        let Extern::Memory(memory) = self.export(name) else {
            panic!("{name:?} is no memory");
        };
        memory.data(&self.store).to_vec()
    }

    fn notes(&self) -> &[(u64, u64)] {
        self.store.data()
    }

    fn table(&mut self, name: &str) -> Vec<bool> {
        let Extern::Table(table) = self.export(name) else {
            panic!("{name:?} is no table");
        };
        let size = table.size(&self.store).expect("its own store");
        let element = |index| table.get(&mut self.store, index).expect("it is inside");
        (0..size)
            .map(element)
            .map(|element| bits(&element) == Bits::Ref(true))
            .collect()
    }
}

fn bits(val: &Val) -> Bits {
    match val {
        Val::I32(value) => Bits::I32(value.cast_unsigned()),
        Val::I64(value) => Bits::I64(value.cast_unsigned()),
        Val::F32(bits) => Bits::F32(*bits),
        Val::F64(bits) => Bits::F64(*bits),
        Val::V128(bits) => Bits::V128(*bits),
        Val::FuncRef(func) => Bits::Ref(func.is_some()),
        Val::ExternRef(reference) => Bits::Ref(reference.is_some()),
    }
}

fn val(bits: &Bits, ty: ValType) -> Val {
    match *bits {
        Bits::I32(value) => Val::I32(value.cast_signed()),
        Bits::I64(value) => Val::I64(value.cast_signed()),
        Bits::F32(bits) => Val::F32(bits),
        Bits::F64(bits) => Val::F64(bits),
        Bits::V128(bits) => Val::V128(bits),
        // Arguments are null.
        Bits::Ref(_) => Val::default_for(ty),
    }
}

fn stop(error: &Error) -> Stop {
    Stop::Trap(match error.trap_code() {
        Some(TrapCode::Unreachable) => Trap::Unreachable,
        Some(TrapCode::MemoryOutOfBounds) => Trap::Memory,
        Some(TrapCode::TableOutOfBounds | TrapCode::UndefinedElement) => Trap::Table,
        Some(TrapCode::UninitializedElement) => Trap::NullElement,
        Some(TrapCode::IndirectCallTypeMismatch) => Trap::ElementType,
        Some(TrapCode::IntegerDivideByZero) => Trap::DivideByZero,
        Some(TrapCode::IntegerOverflow) => Trap::Overflow,
        Some(TrapCode::InvalidConversionToInteger) => Trap::Conversion,
        Some(TrapCode::StackOverflow) => return Stop::Exhausted,
        _ => panic!("it failed: {error}"),
    })
}
