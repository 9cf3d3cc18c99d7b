//! Scripts in a store of Prefab's.

use crate::{Instances, Modules, QuoteWat, Refusal, Runtime, Stop, Value, spectest};
use prefab_runtime::{Error, ExternRef, Func, Instance, Linker, Module, Store, Val};
use std::collections::BTreeSet;

/// What the script's store keeps for the host: nothing.
pub(super) type Host = ();

/// A script's store.
pub(super) struct Plain<'a> {
    modules: &'a mut dyn Modules,
    store: Store<Host>,
    /// Has the module `spectest`.
    spectest: Linker<Host>,
    /// The functions that were results. Their places here are their numbers.
    funcs: Vec<Func>,
}

impl<'a> Plain<'a> {
    pub(super) fn new(modules: &'a mut dyn Modules, print: bool) -> Result<Self, String> {
        let mut store = Store::new(());
        let mut linker = Linker::new();
        linker.allow_shadowing(true);
        spectest::define(&mut linker, &mut store, print).map_err(|error| error.to_string())?;
        Ok(Self {
            modules,
            store,
            spectest: linker,
            funcs: Vec::new(),
        })
    }

    fn val(&mut self, value: &Value) -> Result<Val, Error> {
        Ok(match value {
            Value::I32(value) => Val::I32(*value),
            Value::I64(value) => Val::I64(*value),
            Value::F32(bits) => Val::F32(*bits),
            Value::F64(bits) => Val::F64(*bits),
            Value::V128(value) => Val::V128(*value),
            Value::FuncRef(_) => Val::FuncRef(None),
            Value::ExternRef(number) => {
                let reference = number.map(|number| ExternRef::new(&mut self.store, number));
                Val::ExternRef(reference.transpose()?)
            }
        })
    }

    fn value(&mut self, value: &Val) -> Result<Value, Stop> {
        match value {
            Val::FuncRef(Some(func)) => {
                self.funcs.push(*func);
                Ok(Value::FuncRef(Some(self.funcs.len() as u32 - 1)))
            }
            Val::ExternRef(Some(reference)) => {
                let number = reference.data(&self.store)?.downcast_ref();
                let number =
                    number.ok_or_else(|| "the externref is not the script's".to_owned())?;
                Ok(Value::ExternRef(Some(*number)))
            }
            value => Ok(of_val(value)),
        }
    }
}

/// The value, with 0 as the number of a function or of what an externref refers to.
pub(super) fn of_val(value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(value) => Value::V128(*value),
        Val::FuncRef(func) => Value::FuncRef(func.map(|_| 0)),
        Val::ExternRef(reference) => Value::ExternRef(reference.map(|_| 0)),
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error {
            Error::Trap(trap) => Self::Trap {
                kind: trap.code().message(),
                text: trap.to_string(),
            },
            Error::Link(error) => Self::Link(error.to_string()),
            error => Self::Other(error.to_string()),
        }
    }
}

impl Runtime for Plain<'_> {
    type Module = Module;
    type Instance = Instance;

    fn module(&mut self, module: &mut QuoteWat<'_>) -> Result<Module, Refusal> {
        self.modules.module(module)
    }

    fn compiles(&self) -> bool {
        self.modules.compiles()
    }

    fn instantiate(
        &mut self,
        module: &Module,
        instances: &Instances<Instance>,
    ) -> Result<Instance, Stop> {
        let names: BTreeSet<String> = module.imports().map(|import| import.module).collect();
        let mut linker = self.spectest.clone();
        for name in &names {
            if let Some(instance) = instances.importable(name) {
                linker.instance(&mut self.store, name, *instance)?;
            }
        }
        Ok(linker.instantiate(&mut self.store, module)?)
    }

    fn invoke(
        &mut self,
        instance: &Instance,
        name: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, Stop> {
        let func = instance.get_func(&mut self.store, name);
        let func = func.ok_or_else(|| format!("there is no exported function {name:?}"))?;
        let args: Result<Vec<_>, _> = args.iter().map(|arg| self.val(arg)).collect();
        let ty = func.ty(&self.store)?;
        let results = ty.results().iter();
        let mut results: Vec<_> = results.map(|ty| Val::default_for(*ty)).collect();
        func.call(&mut self.store, &args?, &mut results)?;
        results.iter().map(|result| self.value(result)).collect()
    }

    fn is_func(&mut self, func: u32, instance: &Instance, index: u32) -> Result<bool, Stop> {
        let expected = instance.func_at(&mut self.store, index)?;
        Ok(self.funcs.get(func as usize) == Some(&expected))
    }

    fn global(&mut self, instance: &Instance, name: &str) -> Result<Value, Stop> {
        let global = instance.get_global(&mut self.store, name);
        let global = global.ok_or_else(|| format!("there is no exported global {name:?}"))?;
        let value = global.get(&self.store)?;
        self.value(&value)
    }
}
