//! What runs a script's modules, and knows only the layer.

use prefab::{CompileOptions, Error};
use prefab_runtime_layer::{CompileError, Engine, Trap};
use prefab_wast::{Instances, QuoteWat, Refusal, Runtime, Stop, Value};
use wasm_runtime_layer::{
    AsContext, Extern, ExternRef, Func, FuncType, Global, Imports, Instance, Memory, MemoryType,
    Module, Ref, RefType, Store, Table, TableType, Val, ValType,
};

/// A script's store.
pub struct Layered {
    engine: wasm_runtime_layer::Engine<Engine>,
    store: Store<(), Engine>,
    spectest: Imports,
}

impl Layered {
    /// A store with the module `spectest`, as the reference interpreter has it, in it.
    pub fn new(options: CompileOptions) -> Result<Self, String> {
        let engine = wasm_runtime_layer::Engine::new(Engine::new(options));
        let mut store = Store::new(&engine, ());
        let items = spectest(&mut store).map_err(|error| error.to_string())?;
        let mut imports = Imports::new();
        let items = items
            .into_iter()
            .map(|(name, item)| (name.to_owned(), item));
        imports.register_namespace("spectest", items);
        Ok(Self {
            engine,
            store,
            spectest: imports,
        })
    }

    fn value(&self, value: &Val) -> Result<Value, Stop> {
        Ok(match value {
            Val::I32(value) => Value::I32(*value),
            Val::I64(value) => Value::I64(*value),
            Val::F32(value) => Value::F32(value.to_bits()),
            Val::F64(value) => Value::F64(value.to_bits()),
            Val::V128(value) => Value::V128(*value),
            Val::FuncRef(func) => Value::FuncRef(func.as_ref().map(|_| 0)),
            Val::ExternRef(None) => Value::ExternRef(None),
            Val::ExternRef(Some(reference)) => {
                let number = reference.downcast::<u32, _, _>(self.store.as_context());
                Value::ExternRef(Some(*number.map_err(stop)?))
            }
        })
    }

    fn argument(&mut self, value: &Value) -> Val {
        match *value {
            Value::I32(value) => Val::I32(value),
            Value::I64(value) => Val::I64(value),
            Value::F32(bits) => Val::F32(f32::from_bits(bits)),
            Value::F64(bits) => Val::F64(f64::from_bits(bits)),
            Value::V128(value) => Val::V128(value),
            Value::FuncRef(_) => Val::FuncRef(None),
            Value::ExternRef(number) => {
                Val::ExternRef(number.map(|number| ExternRef::new(&mut self.store, number)))
            }
        }
    }
}

fn spectest(store: &mut Store<(), Engine>) -> anyhow::Result<Vec<(&'static str, Extern)>> {
    use ValType::{F32, F64, I32, I64};
    let printers: [(_, &[ValType]); 7] = [
        ("print", &[]),
        ("print_i32", &[I32]),
        ("print_i64", &[I64]),
        ("print_f32", &[F32]),
        ("print_f64", &[F64]),
        ("print_i32_f32", &[I32, F32]),
        ("print_f64_f64", &[F64, F64]),
    ];
    let mut items = Vec::new();
    for (name, params) in printers {
        let ty = FuncType::new(params.iter().copied(), []);
        let func = Func::new(&mut *store, ty, |_, _, _| Ok(()));
        items.push((name, Extern::Func(func)));
    }
    let globals = [
        ("global_i32", Val::I32(666)),
        ("global_i64", Val::I64(666)),
        ("global_f32", Val::F32(666.6)),
        ("global_f64", Val::F64(666.6)),
    ];
    for (name, value) in globals {
        let global = Global::new(&mut *store, value, false);
        items.push((name, Extern::Global(global)));
    }
    let ty = TableType::new(RefType::FuncRef, 10, Some(20));
    let table = Table::new(&mut *store, ty, Ref::FuncRef(None))?;
    items.push(("table", Extern::Table(table)));
    let memory = Memory::new(&mut *store, MemoryType::new(1, Some(2)))?;
    items.push(("memory", Extern::Memory(memory)));
    Ok(items)
}

fn stop(error: anyhow::Error) -> Stop {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return Stop::Trap {
            kind: trap.code().message(),
            text: trap.to_string(),
        };
    }
    match error.downcast_ref::<Error>() {
        Some(Error::Link(error)) => Stop::Link(error.to_string()),
        _ => Stop::Other(error.to_string()),
    }
}

impl Runtime for Layered {
    type Module = Module;
    type Instance = Instance;

    fn module(&mut self, module: &mut QuoteWat<'_>) -> Result<Module, Refusal> {
        let wasm = module
            .encode()
            .map_err(|error| Refusal::Text(error.message()))?;
        Module::new(&self.engine, &wasm).map_err(|error| {
            match error.downcast_ref::<CompileError>() {
                Some(error) => Refusal::Binary(error.cause().unwrap_or(error).to_string()),
                None => Refusal::Other(error.to_string()),
            }
        })
    }

    fn compiles(&self) -> bool {
        true
    }

    fn instantiate(
        &mut self,
        module: &Module,
        instances: &Instances<Instance>,
    ) -> Result<Instance, Stop> {
        let mut imports = self.spectest.clone();
        for import in module.imports(&self.engine) {
            let instance = instances.importable(import.module);
            let item = instance.and_then(|it| it.get_export(&self.store, import.name));
            if let Some(item) = item {
                imports.define(import.module, import.name, item);
            }
        }
        Instance::new(&mut self.store, module, &imports).map_err(stop)
    }

    fn is_func(&mut self, _: u32, _: &Instance, _: u32) -> Result<bool, Stop> {
        Err("the layer has no functions by index".to_owned().into())
    }

    fn invoke(
        &mut self,
        instance: &Instance,
        name: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, Stop> {
        let export = instance.get_export(&self.store, name);
        let func = export.and_then(Extern::into_func);
        let func = func.ok_or_else(|| format!("there is no exported function {name:?}"))?;
        let args: Vec<_> = args.iter().map(|arg| self.argument(arg)).collect();
        let len = func.ty(&self.store).results().len();
        let mut results = vec![Val::I32(0); len];
        func.call(&mut self.store, &args, &mut results)
            .map_err(stop)?;
        results.iter().map(|result| self.value(result)).collect()
    }

    fn global(&mut self, instance: &Instance, name: &str) -> Result<Value, Stop> {
        let export = instance.get_export(&self.store, name);
        let global = export.and_then(Extern::into_global);
        let global = global.ok_or_else(|| format!("there is no exported global {name:?}"))?;
        let value = global.get(&mut self.store);
        self.value(&value)
    }
}
