//! What an instance exports.

use super::imports::{param_names, typed};
use super::types;
use super::{Binding, accepted, doc, line};
use crate::interface::{Export, Extern};
use crate::names::{Scope, escaped, in_docs, snake_case};
use prefab_abi::types::{FuncType, ValType};
use std::fmt::Write;

/// The names that the binding itself uses.
const TAKEN: &[&str] = &[
    "module",
    "instance",
    "instantiate",
    "from_instance",
    "add_to_linker",
];

/// What an instance exports, with its Rust names.
pub struct Exports<'a> {
    binding: &'a Binding<'a>,
    items: Vec<Item<'a>>,
}

struct Item<'a> {
    export: &'a Export,
    /// Of the field, and of the method that uses it.
    name: String,
    /// Of the method that sets a global.
    setter: Option<String>,
}

impl<'a> Exports<'a> {
    /// Gives names to all that a module exports.
    pub fn new(binding: &'a Binding<'a>) -> Self {
        let mut scope = Scope::new(TAKEN);
        let exports = binding.interface.exports.iter().enumerate();
        let items = exports.map(|(index, export)| {
            let plain = snake_case(&export.name).unwrap_or_else(|| format!("export_{index}"));
            let name = scope.take(&[&plain]);
            let setter = matches!(export.ty, Extern::Global(_, true));
            let setter = setter.then(|| {
                let setter = format!("set_{}", name.trim_start_matches('_'));
                scope.take(&[&setter])
            });
            Item {
                export,
                name: escaped(&name),
                setter,
            }
        });
        Self {
            binding,
            items: items.collect(),
        }
    }

    /// The instance's type.
    pub fn write_struct(&self, out: &mut String) {
        let Binding {
            name,
            type_name,
            runtime,
            ..
        } = self.binding;
        let exported = |name: &str| {
            let is = |item: &&Item<'_>| item.export.name == name;
            self.items.iter().find(is)
        };
        let mut text = format!("An instance of the module {}, in a store.", in_docs(name));
        if let Some(start) = exported("_start") {
            let _ = write!(
                text,
                "\n\nThe module is a program: [`{0}`](Self::{0}) runs it, once.",
                start.name
            );
        } else if let Some(initialize) = exported("_initialize") {
            let _ = write!(
                text,
                "\n\nThe module is a reactor: [`{0}`](Self::{0}) has run when the instance is made.",
                initialize.name
            );
        }
        doc(out, "", &text);
        accepted(out);
        line!(out, "#[derive(Clone, Copy, Debug)]");
        line!(out, "pub struct {type_name} {{");
        line!(out, "    instance: {runtime}::Instance,");
        for item in &self.items {
            line!(out, "    {}: {},", item.name, item.field_type(runtime));
        }
        line!(out, "}}\n");
    }

    /// What makes an instance of the binding's type, and the methods.
    pub fn write_methods(&self, out: &mut String) {
        self.write_from_instance(out);
        let runtime = self.binding.runtime;
        line!(
            out,
            "    /// The instance as any other, with its exports by name.
    #[must_use]
    pub const fn instance(&self) -> {runtime}::Instance {{
        self.instance
    }}"
        );
        for item in &self.items {
            line!(out, "");
            match &item.export.ty {
                Extern::Func(ty, names) => item.func(out, ty, names, runtime),
                Extern::Table => item.handle(out, "table", "Table", runtime),
                Extern::Memory => item.handle(out, "memory", "Memory", runtime),
                Extern::Global(ty, _) => item.global(out, *ty, runtime),
            }
        }
    }

    fn write_from_instance(&self, out: &mut String) {
        let runtime = self.binding.runtime;
        let store = if self.items.is_empty() {
            "_store"
        } else {
            "mut store"
        };
        line!(
            out,
            "    /// An instance of the module that was made otherwise, such as by a linker of one's own.
    ///
    /// # Errors
    /// If it is another store's, or does not export what the module does.
    pub fn from_instance(
        {store}: impl {runtime}::AsContextMut,
        instance: {runtime}::Instance,
    ) -> Result<Self, {runtime}::Error> {{
        Ok(Self {{
            instance,"
        );
        for item in &self.items {
            let (field, name) = (&item.name, &item.export.name);
            let kind = match &item.export.ty {
                Extern::Func(ty, _) if !types::is_large(ty) => {
                    line!(
                        out,
                        "            {field}: instance.get_typed_func(&mut store, {name:?})?,"
                    );
                    continue;
                }
                Extern::Func(..) => "func",
                Extern::Table => "table",
                Extern::Memory => "memory",
                Extern::Global(..) => "global",
            };
            line!(
                out,
                "            {field}: instance.get_{kind}(&mut store, {name:?}).ok_or_else(|| {{
                {runtime}::Error::NoExport {{ kind: {kind:?}, name: {name:?}.to_owned() }}
            }})?,"
            );
        }
        line!(out, "        }})\n    }}\n");
    }
}

impl Item<'_> {
    fn field_type(&self, runtime: &str) -> String {
        match &self.export.ty {
            Extern::Func(ty, _) if !types::is_large(ty) => format!(
                "{runtime}::TypedFunc<{}, {}>",
                types::params(ty.params(), runtime),
                types::results(ty.results(), runtime)
            ),
            Extern::Func(..) => format!("{runtime}::Func"),
            Extern::Table => format!("{runtime}::Table"),
            Extern::Memory => format!("{runtime}::Memory"),
            Extern::Global(..) => format!("{runtime}::Global"),
        }
    }

    fn func(&self, out: &mut String, ty: &FuncType, names: &[Option<String>], runtime: &str) {
        let text = format!(
            "Calls the function {}: `{ty}`.\n\n# Errors\nIf the guest traps, or a function of the host's \
             returns an error; or the store is another one.",
            in_docs(&self.export.name)
        );
        doc(out, "    ", &text);
        let params = param_names(names, &["store", "results"]);
        line!(
            out,
            "    pub fn {}(&self, store: impl {runtime}::AsContextMut{}) -> Result<{}, {runtime}::Error> {{",
            self.name,
            typed(&params, ty, runtime),
            types::results(ty.results(), runtime)
        );
        if types::is_large(ty) {
            self.dynamic_call(out, ty, &params, runtime);
        } else {
            let params = types::tuple(&params);
            line!(out, "        self.{}.call(store, {params})", self.name);
        }
        line!(out, "    }}");
    }

    /// The call through values, for more parameters or results than typed functions have.
    fn dynamic_call(&self, out: &mut String, ty: &FuncType, params: &[String], runtime: &str) {
        let values: Vec<String> = params
            .iter()
            .zip(ty.params())
            .map(|(name, ty)| types::to_val(*ty, name, runtime))
            .collect();
        let results: Vec<String> = (0..ty.results().len()).map(|n| format!("r{n}")).collect();
        let named = results.iter().zip(ty.results());
        let patterns: Vec<String> = named
            .clone()
            .map(|(name, ty)| format!("{}({name})", types::variant(*ty, runtime)))
            .collect();
        let returned: Vec<String> = named
            .map(|(name, ty)| types::from_val(*ty, name, runtime))
            .collect();
        let returned = match returned.as_slice() {
            [one] => one.clone(),
            _ => types::tuple(&returned),
        };
        line!(
            out,
            "        let mut results = [{runtime}::Val::I32(0); {}];
        self.{}.call(store, &[{}], &mut results)?;
        let [{}] = results else {{
            return Err({runtime}::Error::Type(\"other results than declared\".to_owned()));
        }};
        Ok({returned})",
            results.len(),
            self.name,
            values.join(", "),
            patterns.join(", ")
        );
    }

    fn handle(&self, out: &mut String, kind: &str, ty: &str, runtime: &str) {
        let text = format!("The {kind} {}.", in_docs(&self.export.name));
        doc(out, "    ", &text);
        line!(
            out,
            "    #[must_use]
    pub const fn {0}(&self) -> {runtime}::{ty} {{
        self.{0}
    }}",
            self.name
        );
    }

    fn global(&self, out: &mut String, ty: ValType, runtime: &str) {
        let (name, field) = (in_docs(&self.export.name), &self.name);
        let rust = types::rust(ty, runtime);
        let text =
            format!("The value of the global {name}.\n\n# Errors\nIf the store is another one.");
        doc(out, "    ", &text);
        line!(
            out,
            "    pub fn {field}(&self, store: impl {runtime}::AsContext) -> Result<{rust}, {runtime}::Error> {{
        match self.{field}.get(store)? {{
            {}(value) => Ok({}),
            other => Err({runtime}::Error::Type(format!(\"the global is {{}}, not {ty}\", other.ty()))),
        }}
    }}",
            types::variant(ty, runtime),
            types::from_val(ty, "value", runtime)
        );
        let Some(setter) = &self.setter else {
            return;
        };
        let text = format!(
            "Makes `value` the value of the global {name}.\n\n# Errors\nIf the store is another one, or the value is another store's."
        );
        line!(out, "");
        doc(out, "    ", &text);
        line!(
            out,
            "    pub fn {setter}(
        &self,
        store: impl {runtime}::AsContextMut,
        value: {rust},
    ) -> Result<(), {runtime}::Error> {{
        self.{field}.set(store, {})
    }}",
            types::to_val(ty, "value", runtime)
        );
    }
}
