//! A running script: its modules and its instances.

use crate::messages::{self, Kind, Synonym};
use crate::{Instances, Refusal, Runtime, Stop, Value, values};
use std::collections::{BTreeSet, HashMap};
use wast::core::WastRetCore;
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

pub(super) struct Script<'a, R: Runtime> {
    runtime: &'a mut R,
    definitions: HashMap<String, R::Module>,
    last_definition: Option<R::Module>,
    instances: Instances<R::Instance>,
    last_instance: Option<R::Instance>,
    /// The synonyms that messages needed so far.
    pub(super) synonyms: BTreeSet<Synonym>,
}

impl<'a, R: Runtime> Script<'a, R> {
    pub(super) fn new(runtime: &'a mut R) -> Self {
        Self {
            runtime,
            definitions: HashMap::new(),
            last_definition: None,
            instances: Instances::default(),
            last_instance: None,
            synonyms: BTreeSet::new(),
        }
    }

    /// Runs `directive`; the error is what happened instead of what it says. Returns whether it was
    /// run, and not passed over.
    ///
    /// A directive that defines a module or an instance, or registers one, first takes away what had
    /// its name and was the current one. If it fails, the directives after it find nothing and fail
    /// too, instead of running what was there before.
    pub(super) fn directive(&mut self, directive: WastDirective<'_>) -> Result<bool, String> {
        let is_for_compilers = matches!(
            directive,
            WastDirective::AssertMalformed { .. }
                | WastDirective::AssertMalformedCustom { .. }
                | WastDirective::AssertInvalid { .. }
                | WastDirective::AssertInvalidCustom { .. }
        );
        if is_for_compilers && !self.runtime.compiles() {
            return Ok(false);
        }
        self.run(directive).map(|()| true)
    }

    fn run(&mut self, directive: WastDirective<'_>) -> Result<(), String> {
        match directive {
            WastDirective::Module(module) => {
                let name = module.name();
                self.forget_instance(name);
                let module = self.define(module)?;
                self.instantiate(name, &module)
            }
            WastDirective::ModuleDefinition(module) => self.define(module).map(|_| ()),
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                self.forget_instance(instance);
                let module = match module {
                    Some(id) => self.definitions.get(id.name()).cloned(),
                    None => self.last_definition.clone(),
                };
                let module = module.ok_or("there is no such module definition")?;
                self.instantiate(instance, &module)
            }
            WastDirective::Register { name, module, .. } => {
                self.instances.registered.remove(name);
                let instance = self.instance(module)?;
                self.instances.registered.insert(name.to_owned(), instance);
                Ok(())
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
            }
            | WastDirective::AssertMalformedCustom {
                module, message, ..
            } => self.refused(module, message, true),
            WastDirective::AssertInvalid {
                module, message, ..
            }
            | WastDirective::AssertInvalidCustom {
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

    /// Makes the module the last definition, and that of its name if it has one.
    fn define(&mut self, mut module: QuoteWat<'_>) -> Result<R::Module, String> {
        let name = module.name().map(|id| id.name().to_owned());
        self.last_definition = None;
        if let Some(name) = &name {
            self.definitions.remove(name);
        }
        let module = self.compile(&mut module)?;
        if let Some(name) = name {
            self.definitions.insert(name, module.clone());
        }
        self.last_definition = Some(module.clone());
        Ok(module)
    }

    fn compile(&mut self, module: &mut QuoteWat<'_>) -> Result<R::Module, String> {
        self.runtime
            .module(module)
            .map_err(|refusal| match refusal {
                Refusal::Text(message) | Refusal::Binary(message) | Refusal::Other(message) => {
                    message
                }
            })
    }

    /// There is no current instance any more, and none of this name.
    fn forget_instance(&mut self, name: Option<Id<'_>>) {
        self.last_instance = None;
        if let Some(name) = name {
            self.instances.named.remove(name.name());
        }
    }

    /// Makes an instance of `module` the current one, and that of the name if there is one.
    fn instantiate(&mut self, name: Option<Id<'_>>, module: &R::Module) -> Result<(), String> {
        let instance = self
            .runtime
            .instantiate(module, &self.instances)
            .map_err(|stop| stop.to_string())?;
        if let Some(name) = name {
            let name = name.name().to_owned();
            self.instances.named.insert(name, instance.clone());
        }
        self.last_instance = Some(instance);
        Ok(())
    }

    fn instance(&self, name: Option<Id<'_>>) -> Result<R::Instance, String> {
        match name {
            Some(id) => {
                let found = self.instances.named.get(id.name()).cloned();
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
                let module = self.compile(&mut QuoteWat::Wat(wat))?;
                let instance = self.runtime.instantiate(&module, &self.instances);
                instance.map(|_| Vec::new())
            }
        }
    }

    fn returns(&mut self, exec: WastExecute<'_>, expected: &[WastRet<'_>]) -> Result<(), String> {
        // The instance whose functions `(ref.func N)` counts.
        let of = match &exec {
            WastExecute::Invoke(invoke) => self.instance(invoke.module).ok(),
            WastExecute::Get { module, .. } => self.instance(*module).ok(),
            WastExecute::Wat(_) => None,
        };
        let results = self.execute(exec).map_err(|stop| stop.to_string())?;
        if results.len() != expected.len() {
            let count = expected.len();
            return Err(format!("expected {count} results, got {}", results.len()));
        }
        for (value, expected) in results.iter().zip(expected) {
            let mut is_func = |func, index| match &of {
                Some(instance) => {
                    let same = self.runtime.is_func(func, instance, index);
                    same.map_err(|stop| stop.to_string())
                }
                None => Ok(false),
            };
            if !values::matches(value, expected, &mut is_func)? {
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
            Err(Stop::Trap { kind, .. }) => self.same(Kind::Trap, expected, kind),
            Err(other) => Err(format!("expected the trap {expected:?}, got: {other}")),
        }
    }

    fn same(&mut self, kind: Kind, expected: &str, actual: &str) -> Result<(), String> {
        self.synonyms
            .extend(messages::same(kind, expected, actual)?);
        Ok(())
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
            Err(Refusal::Text(message)) if malformed => self.same(Kind::Text, expected, &message),
            Err(Refusal::Binary(message)) => self.same(Kind::Binary, expected, &message),
            Err(Refusal::Text(message) | Refusal::Other(message)) => {
                Err(format!("expected the error {expected:?}, got: {message}"))
            }
        }
    }

    fn unlinkable(&mut self, module: Wat<'_>, expected: &str) -> Result<(), String> {
        let module = self.compile(&mut QuoteWat::Wat(module))?;
        match self.runtime.instantiate(&module, &self.instances) {
            Ok(_) => Err(format!("expected the error {expected:?}, but it links")),
            Err(Stop::Link(message)) => self.same(Kind::Link, expected, &message),
            Err(other) => Err(format!("expected the error {expected:?}, got: {other}")),
        }
    }
}

fn name_of(directive: &WastDirective<'_>) -> &'static str {
    match directive {
        WastDirective::AssertException { .. } => "assert_exception",
        WastDirective::AssertSuspension { .. } => "assert_suspension",
        WastDirective::Thread(_) => "thread",
        WastDirective::Wait { .. } => "wait",
        _ => "?",
    }
}
