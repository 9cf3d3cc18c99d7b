//! A running script: its store, its modules and its instances.

use crate::{Modules, Refusal, messages, spectest, values};
use prefab_runtime::{Error, Extern, Instance, Linker, Module, Store, Val};
use std::collections::HashMap;
use wast::core::WastRetCore;
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

/// What the script's store keeps for the host: nothing.
pub(super) type Host = ();

pub(super) struct Script<'a> {
    modules: &'a mut dyn Modules,
    store: Store<Host>,
    linker: Linker<Host>,
    definitions: HashMap<String, Module>,
    last_definition: Option<Module>,
    instances: HashMap<String, Instance>,
    last_instance: Option<Instance>,
}

impl<'a> Script<'a> {
    pub(super) fn new(modules: &'a mut dyn Modules, print: bool) -> Result<Self, String> {
        let mut store = Store::new(());
        let mut linker = Linker::new();
        linker.allow_shadowing(true);
        spectest::define(&mut linker, &mut store, print).map_err(|error| error.to_string())?;
        Ok(Self {
            modules,
            store,
            linker,
            definitions: HashMap::new(),
            last_definition: None,
            instances: HashMap::new(),
            last_instance: None,
        })
    }

    /// Does what `directive` says; the error is what happened instead. Says whether it was done, and
    /// not passed over.
    pub(super) fn directive(&mut self, directive: WastDirective<'_>) -> Result<bool, String> {
        let is_for_compilers = matches!(
            directive,
            WastDirective::AssertMalformed { .. } | WastDirective::AssertInvalid { .. }
        );
        if is_for_compilers && !self.modules.compiles() {
            return Ok(false);
        }
        self.run(directive).map(|()| true)
    }

    fn run(&mut self, directive: WastDirective<'_>) -> Result<(), String> {
        match directive {
            WastDirective::Module(module) => self.module(module),
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name();
                let module = self.define(&mut module)?;
                if let Some(name) = name {
                    self.definitions
                        .insert(name.name().to_string(), module.clone());
                }
                self.last_definition = Some(module);
                Ok(())
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                let module = match module {
                    Some(id) => self.definitions.get(id.name()).cloned(),
                    None => self.last_definition.clone(),
                };
                let module = module.ok_or("there is no such module definition")?;
                self.instantiate(instance, &module)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module)?;
                self.linker
                    .instance(&mut self.store, name, instance)
                    .map(|_| ())
                    .map_err(|error| error.to_string())
            }
            WastDirective::Invoke(invoke) => {
                self.invoke(&invoke)?.map(|_| ()).map_err(|e| e.to_string())
            }
            WastDirective::AssertReturn { exec, results, .. } => self.returns(exec, &results),
            WastDirective::AssertTrap { exec, message, .. } => self.traps(exec, message),
            WastDirective::AssertExhaustion { call, message, .. } => {
                self.traps(WastExecute::Invoke(call), message)
            }
            WastDirective::AssertMalformed {
                module, message, ..
            } => self.refused(module, message, true),
            WastDirective::AssertInvalid {
                module, message, ..
            } => self.refused(module, message, false),
            WastDirective::AssertUnlinkable {
                module, message, ..
            } => self.unlinkable(module, message),
            other => Err(format!(
                "Prefab does not know this directive: {}",
                name_of(&other)
            )),
        }
    }

    fn module(&mut self, mut module: QuoteWat<'_>) -> Result<(), String> {
        let name = module.name();
        let module = self.define(&mut module)?;
        self.instantiate(name, &module)
    }

    fn define(&mut self, module: &mut QuoteWat<'_>) -> Result<Module, String> {
        self.modules
            .module(module)
            .map_err(|refusal| match refusal {
                Refusal::Text(message) | Refusal::Binary(message) | Refusal::Other(message) => {
                    message
                }
            })
    }

    fn instantiate(&mut self, name: Option<Id<'_>>, module: &Module) -> Result<(), String> {
        // Also after a failure: a directive that follows must not run the instance before.
        self.last_instance = None;
        let instance = self
            .linker
            .instantiate(&mut self.store, module)
            .map_err(|error| error.to_string())?;
        self.last_instance = Some(instance);
        if let Some(name) = name {
            self.instances.insert(name.name().to_string(), instance);
        }
        Ok(())
    }

    fn instance(&self, name: Option<Id<'_>>) -> Result<Instance, String> {
        match name {
            Some(id) => {
                let found = self.instances.get(id.name()).copied();
                found.ok_or_else(|| format!("there is no instance ${}", id.name()))
            }
            None => self
                .last_instance
                .ok_or_else(|| "there is no instance".to_string()),
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Vec<Val>, Error>, String> {
        let instance = self.instance(invoke.module)?;
        let func = instance
            .get_func(&mut self.store, invoke.name)
            .ok_or_else(|| format!("there is no exported function {:?}", invoke.name))?;
        let mut args = Vec::new();
        for arg in &invoke.args {
            args.push(values::argument(&mut self.store, arg)?);
        }
        let ty = func.ty(&self.store).map_err(|error| error.to_string())?;
        let mut results: Vec<Val> = ty
            .results()
            .iter()
            .map(|ty| Val::default_for(*ty))
            .collect();
        Ok(func
            .call(&mut self.store, &args, &mut results)
            .map(|()| results))
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Result<Vec<Val>, Error>, String> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module)?;
                match instance.get_export(&mut self.store, global) {
                    Some(Extern::Global(found)) => Ok(found.get(&mut self.store).map(|v| vec![v])),
                    _ => Err(format!("there is no exported global {global:?}")),
                }
            }
            WastExecute::Wat(wat) => {
                let module = self.define(&mut QuoteWat::Wat(wat))?;
                let instance = self.linker.instantiate(&mut self.store, &module);
                Ok(instance.map(|_| Vec::new()))
            }
        }
    }

    fn returns(&mut self, exec: WastExecute<'_>, expected: &[WastRet<'_>]) -> Result<(), String> {
        let results = self.execute(exec)?.map_err(|error| error.to_string())?;
        if results.len() != expected.len() {
            let count = expected.len();
            return Err(format!("expected {count} results, got {}", results.len()));
        }
        for (value, expected) in results.iter().zip(expected) {
            if !values::matches(&self.store, value, expected)? {
                let expected = match expected {
                    WastRet::Core(WastRetCore::I32(value)) => format!("{value} : i32"),
                    WastRet::Core(WastRetCore::I64(value)) => format!("{value} : i64"),
                    other => format!("{other:?}"),
                };
                return Err(format!("expected {expected}, got {}", values::show(value)));
            }
        }
        Ok(())
    }

    fn traps(&mut self, exec: WastExecute<'_>, expected: &str) -> Result<(), String> {
        match self.execute(exec)? {
            Ok(_) => Err(format!("expected the trap {expected:?}, got a result")),
            Err(Error::Trap(trap)) => {
                messages::same(messages::Kind::Trap, expected, trap.code().message())
            }
            Err(other) => Err(format!("expected the trap {expected:?}, got: {other}")),
        }
    }

    /// A module must be refused: in its form, if `malformed`, otherwise by validation.
    fn refused(
        &mut self,
        mut module: QuoteWat<'_>,
        expected: &str,
        malformed: bool,
    ) -> Result<(), String> {
        match self.modules.module(&mut module) {
            Ok(_) => Err(format!("expected the error {expected:?}, but it compiles")),
            Err(Refusal::Text(message)) if malformed => {
                messages::same(messages::Kind::Text, expected, &message)
            }
            Err(Refusal::Binary(message)) => {
                messages::same(messages::Kind::Binary, expected, &message)
            }
            Err(Refusal::Text(message) | Refusal::Other(message)) => {
                Err(format!("expected the error {expected:?}, got: {message}"))
            }
        }
    }

    fn unlinkable(&mut self, module: Wat<'_>, expected: &str) -> Result<(), String> {
        let module = self.define(&mut QuoteWat::Wat(module))?;
        match self.linker.instantiate(&mut self.store, &module) {
            Ok(_) => Err(format!("expected the error {expected:?}, but it links")),
            Err(Error::Link(error)) => {
                messages::same(messages::Kind::Link, expected, &error.to_string())
            }
            Err(other) => Err(format!("expected the error {expected:?}, got: {other}")),
        }
    }
}

fn name_of(directive: &WastDirective<'_>) -> &'static str {
    match directive {
        WastDirective::AssertInvalidCustom { .. } => "assert_invalid_custom",
        WastDirective::AssertMalformedCustom { .. } => "assert_malformed_custom",
        WastDirective::AssertException { .. } => "assert_exception",
        WastDirective::AssertSuspension { .. } => "assert_suspension",
        WastDirective::Thread(_) => "thread",
        WastDirective::Wait { .. } => "wait",
        _ => "?",
    }
}
