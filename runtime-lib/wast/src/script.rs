//! A running script: its modules and its instances.

use crate::{Refusal, Runtime, Stop, Value, messages, values};
use std::collections::HashMap;
use wast::core::WastRetCore;
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

pub(super) struct Script<'a, R: Runtime> {
    runtime: &'a mut R,
    definitions: HashMap<String, R::Module>,
    last_definition: Option<R::Module>,
    instances: HashMap<String, R::Instance>,
    last_instance: Option<R::Instance>,
}

impl<'a, R: Runtime> Script<'a, R> {
    pub(super) fn new(runtime: &'a mut R) -> Self {
        Self {
            runtime,
            definitions: HashMap::new(),
            last_definition: None,
            instances: HashMap::new(),
            last_instance: None,
        }
    }

    /// Does what `directive` says; the error is what happened instead. Says whether it was done, and
    /// not passed over.
    pub(super) fn directive(&mut self, directive: WastDirective<'_>) -> Result<bool, String> {
        let is_for_compilers = matches!(
            directive,
            WastDirective::AssertMalformed { .. } | WastDirective::AssertInvalid { .. }
        );
        if is_for_compilers && !self.runtime.compiles() {
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
                let registered = self.runtime.register(name, &instance);
                registered.map_err(|stop| stop.to_string())
            }
            WastDirective::Invoke(invoke) => self
                .invoke(&invoke)
                .map(|_| ())
                .map_err(|stop| stop.to_string()),
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

    fn define(&mut self, module: &mut QuoteWat<'_>) -> Result<R::Module, String> {
        self.runtime
            .module(module)
            .map_err(|refusal| match refusal {
                Refusal::Text(message) | Refusal::Binary(message) | Refusal::Other(message) => {
                    message
                }
            })
    }

    fn instantiate(&mut self, name: Option<Id<'_>>, module: &R::Module) -> Result<(), String> {
        // Also after a failure: a directive that follows must not run the instance before.
        self.last_instance = None;
        let instance = self
            .runtime
            .instantiate(module)
            .map_err(|stop| stop.to_string())?;
        if let Some(name) = name {
            let name = name.name().to_string();
            self.instances.insert(name, instance.clone());
        }
        self.last_instance = Some(instance);
        Ok(())
    }

    fn instance(&self, name: Option<Id<'_>>) -> Result<R::Instance, String> {
        match name {
            Some(id) => {
                let found = self.instances.get(id.name()).cloned();
                found.ok_or_else(|| format!("there is no instance ${}", id.name()))
            }
            None => self
                .last_instance
                .clone()
                .ok_or_else(|| "there is no instance".to_string()),
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Value>, Stop> {
        let instance = self.instance(invoke.module)?;
        let args: Result<Vec<_>, _> = invoke.args.iter().map(values::argument).collect();
        self.runtime.invoke(&instance, invoke.name, &args?)
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Vec<Value>, Stop> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module)?;
                let value = self.runtime.global(&instance, global)?;
                Ok(vec![value])
            }
            WastExecute::Wat(wat) => {
                let module = self.define(&mut QuoteWat::Wat(wat))?;
                let instance = self.runtime.instantiate(&module);
                instance.map(|_| Vec::new())
            }
        }
    }

    fn returns(&mut self, exec: WastExecute<'_>, expected: &[WastRet<'_>]) -> Result<(), String> {
        let results = self.execute(exec).map_err(|stop| stop.to_string())?;
        if results.len() != expected.len() {
            let count = expected.len();
            return Err(format!("expected {count} results, got {}", results.len()));
        }
        for (value, expected) in results.iter().zip(expected) {
            if !values::matches(value, expected)? {
                let expected = match expected {
                    WastRet::Core(WastRetCore::I32(value)) => format!("{value} : i32"),
                    WastRet::Core(WastRetCore::I64(value)) => format!("{value} : i64"),
                    other => format!("{other:?}"),
                };
                return Err(format!("expected {expected}, got {value}"));
            }
        }
        Ok(())
    }

    fn traps(&mut self, exec: WastExecute<'_>, expected: &str) -> Result<(), String> {
        match self.execute(exec) {
            Ok(_) => Err(format!("expected the trap {expected:?}, got a result")),
            Err(Stop::Trap { kind, .. }) => messages::same(messages::Kind::Trap, expected, kind),
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
        match self.runtime.module(&mut module) {
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
        match self.runtime.instantiate(&module) {
            Ok(_) => Err(format!("expected the error {expected:?}, but it links")),
            Err(Stop::Link(message)) => messages::same(messages::Kind::Link, expected, &message),
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
