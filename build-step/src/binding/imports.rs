//! What a host provides.

use super::types;
use super::{Binding, accepted, doc, line};
use crate::interface::{Extern, Import};
use crate::names::{Scope, escaped, in_docs, snake_case};
use prefab_abi::types::FuncType;
use std::fmt::Write;

/// The modules whose functions WASI has.
const WASI_MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

/// What a host provides, with its Rust names.
pub struct Imports<'a> {
    binding: &'a Binding<'a>,
    funcs: Vec<Func<'a>>,
    externs: Vec<Other<'a>>,
    /// Whether WASI's functions are the runtime's, and the module imports one.
    wasi: bool,
}

struct Func<'a> {
    import: &'a Import,
    ty: &'a FuncType,
    method: String,
    params: Vec<String>,
}

/// A memory, table or global.
struct Other<'a> {
    import: &'a Import,
    field: String,
    kind: &'static str,
}

/// The Rust names of a function's parameters.
pub fn param_names(names: &[Option<String>], taken: &[&str]) -> Vec<String> {
    let mut scope = Scope::new(taken);
    let names = names.iter().enumerate().map(|(index, name)| {
        let named = name.as_deref().and_then(snake_case);
        let plain = format!("p{index}");
        scope.take(&[named.as_deref().unwrap_or(&plain)])
    });
    names.map(|name| escaped(&name)).collect()
}

/// `name: type` of each parameter.
pub fn typed(params: &[String], ty: &FuncType, runtime: &str) -> String {
    let params = params.iter().zip(ty.params());
    params.fold(String::new(), |mut out, (name, ty)| {
        // Writing to a string cannot fail.
        let _ = write!(out, ", {name}: {}", types::rust(*ty, runtime));
        out
    })
}

impl<'a> Imports<'a> {
    /// Gives names to all that a module imports.
    ///
    /// # Errors
    /// If it imports something by one name as two types: no host can provide both.
    pub fn new(binding: &'a Binding<'a>) -> Result<Self, String> {
        let mut imports = Self {
            binding,
            funcs: Vec::new(),
            externs: Vec::new(),
            wasi: false,
        };
        let mut methods = Scope::new(&["wasi"]);
        let mut fields = Scope::default();
        let all = &binding.interface.imports;
        for (index, import) in all.iter().enumerate() {
            let same = |other: &&Import| other.module == import.module && other.name == import.name;
            if let Some(first) = all[..index].iter().find(same) {
                if same_type(&first.ty, &import.ty) {
                    continue;
                }
                return Err(format!(
                    "{:?} {:?} is imported twice, as different types: no host can provide both",
                    import.module, import.name
                ));
            }
            let candidates = candidates(import, index);
            let candidates = [candidates.0.as_str(), candidates.1.as_str()];
            let kind = match &import.ty {
                Extern::Func(ty, names) => {
                    if binding.wasi && WASI_MODULES.contains(&import.module.as_str()) {
                        imports.wasi = true;
                        continue;
                    }
                    imports.funcs.push(Func {
                        import,
                        ty,
                        method: escaped(&methods.take(&candidates)),
                        params: param_names(names, &["caller", "params", "results"]),
                    });
                    continue;
                }
                Extern::Table => "Table",
                Extern::Memory => "Memory",
                Extern::Global(..) => "Global",
            };
            imports.externs.push(Other {
                import,
                field: escaped(&fields.take(&candidates)),
                kind,
            });
        }
        Ok(imports)
    }

    fn has_trait(&self) -> bool {
        self.wasi || !self.funcs.is_empty()
    }

    /// Whether [`add_to_linker`](Self::write_linking) or what follows it defines anything.
    pub fn is_linker_changed(&self) -> bool {
        self.has_trait() || !self.externs.is_empty()
    }

    /// The type parameters of a store, with what is asked of its data.
    pub fn store_params(&self) -> String {
        let mode = format!("M: {}::Mode", self.binding.runtime);
        if self.has_trait() {
            format!("T: {}Imports<M>, {mode}", self.binding.type_name)
        } else {
            format!("T, {mode}")
        }
    }

    /// The parameter with what is not a function.
    pub fn externs_param(&self) -> String {
        if self.externs.is_empty() {
            return String::new();
        }
        format!("\n        externs: {}Externs,", self.binding.type_name)
    }

    /// The trait and the struct.
    pub fn write_types(&self, out: &mut String) {
        if self.has_trait() {
            self.write_trait(out);
        }
        if !self.externs.is_empty() {
            self.write_externs(out);
        }
    }

    fn write_trait(&self, out: &mut String) {
        let Binding {
            name,
            type_name,
            runtime,
            ..
        } = self.binding;
        let text = format!(
            "The functions that the module {} imports, for the data of a store to provide.\n\n\
             Each gets the caller: the store's data is its `data_mut`, the memory of the guest \
             its\n`get_export`.",
            in_docs(name)
        );
        doc(out, "", &text);
        accepted(out);
        line!(
            out,
            "pub trait {type_name}Imports<M: {runtime}::Mode = {runtime}::Shared>: Sized {{"
        );
        if self.wasi {
            doc(
                out,
                "    ",
                "What the program sees of the world through WASI.",
            );
            line!(
                out,
                "    fn wasi(&mut self) -> &mut {runtime}::wasi::WasiCtx;"
            );
        }
        for (index, func) in self.funcs.iter().enumerate() {
            if self.wasi || index > 0 {
                line!(out, "");
            }
            let text = format!(
                "The import {} of {}: `{}`.\n\n# Errors\nAn error ends the guest, and is what its caller gets.",
                in_docs(&func.import.name),
                in_docs(&func.import.module),
                func.ty
            );
            doc(out, "    ", &text);
            line!(
                out,
                "    fn {}(caller: &mut {runtime}::Caller<'_, Self, M>{}) -> Result<{}, {runtime}::Error>;",
                func.method,
                typed(&func.params, func.ty, runtime),
                types::results(func.ty.results(), runtime)
            );
        }
        line!(out, "}}\n");
    }

    fn write_externs(&self, out: &mut String) {
        let Binding {
            name,
            type_name,
            runtime,
            ..
        } = self.binding;
        let text = format!(
            "What the module {} imports besides functions.",
            in_docs(name)
        );
        doc(out, "", &text);
        accepted(out);
        line!(out, "#[derive(Clone, Copy, Debug)]");
        line!(out, "pub struct {type_name}Externs {{");
        for other in &self.externs {
            let (module, name) = (&other.import.module, &other.import.name);
            let of = match &other.import.ty {
                Extern::Global(ty, true) => format!(" (mutable, `{ty}`)"),
                Extern::Global(ty, false) => format!(" (`{ty}`)"),
                _ => String::new(),
            };
            let text = format!("The import {} of {}{of}.", in_docs(name), in_docs(module));
            doc(out, "    ", &text);
            line!(out, "    pub {}: {runtime}::{},", other.field, other.kind);
        }
        line!(out, "}}\n");
    }

    /// The function that defines the imports in a linker.
    pub fn write_linking(&self, out: &mut String) {
        let runtime = self.binding.runtime;
        if !self.has_trait() {
            line!(
                out,
                "    /// Defines the functions that the module imports: there are none.
    ///
    /// # Errors
    /// None.
    pub fn add_to_linker<{}>(_linker: &mut {runtime}::Linker<T, M>) -> Result<(), {runtime}::Error> {{
        Ok(())
    }}
",
                self.store_params()
            );
            return;
        }
        line!(
            out,
            "    /// Defines the functions that the module imports.
    ///
    /// # Errors
    /// If one is defined already.
    pub fn add_to_linker<{}>(
        linker: &mut {runtime}::Linker<T, M>,
    ) -> Result<(), {runtime}::Error> {{",
            self.store_params()
        );
        if self.wasi {
            line!(
                out,
                "        {runtime}::wasi::add_to_linker(linker, |data: &mut T| data.wasi())?;"
            );
        }
        for func in &self.funcs {
            if types::is_large(func.ty) {
                func.define_dynamic(out, runtime);
            } else {
                func.define_typed(out, runtime);
            }
        }
        line!(out, "        Ok(())\n    }}\n");
    }

    /// The definitions of what is not a function.
    pub fn write_defines(&self, out: &mut String) {
        for other in &self.externs {
            let Import { module, name, .. } = other.import;
            let field = &other.field;
            line!(
                out,
                "        linker.define({module:?}, {name:?}, externs.{field})?;"
            );
        }
    }
}

impl Func<'_> {
    fn define_typed(&self, out: &mut String, runtime: &str) {
        let Import { module, name, .. } = self.import;
        line!(
            out,
            "        linker.func_wrap_any_mode(
            {module:?},
            {name:?},
            |mut caller: {runtime}::Caller<'_, T, M>{}| T::{}(&mut caller{}),
        )?;",
            typed(&self.params, self.ty, runtime),
            self.method,
            listed(&self.params)
        );
    }

    /// The same through values, for more parameters or results than typed functions have.
    fn define_dynamic(&self, out: &mut String, runtime: &str) {
        let Import { module, name, .. } = self.import;
        let params = self.params.iter().zip(self.ty.params());
        let patterns: Vec<String> = params
            .clone()
            .map(|(name, ty)| format!("{}({name})", types::variant(*ty, runtime)))
            .collect();
        let values: Vec<String> = params
            .map(|(name, ty)| types::from_val(*ty, name, runtime))
            .collect();
        let results: Vec<String> = (0..self.ty.results().len())
            .map(|n| format!("r{n}"))
            .collect();
        let stored: Vec<String> = results
            .iter()
            .zip(self.ty.results())
            .map(|(name, ty)| types::to_val(*ty, name, runtime))
            .collect();
        let bound = match results.as_slice() {
            [one] => one.clone(),
            _ => types::tuple(&results),
        };
        line!(
            out,
            "        linker.func_new_any_mode(
            {module:?},
            {name:?},
            {},
            |mut caller, params, results| {{
                let [{}] = *params else {{
                    return Err({runtime}::Error::Type(\"other parameters than declared\".to_owned()));
                }};
                let {bound} = T::{}(&mut caller{})?;
                results.copy_from_slice(&[{}]);
                Ok(())
            }},
        )?;",
            types::func_type(self.ty, runtime),
            patterns.join(", "),
            self.method,
            listed(&values),
            stored.join(", ")
        );
    }
}

/// Values, each behind a comma.
fn listed(values: &[String]) -> String {
    values.iter().map(|value| format!(", {value}")).collect()
}

/// Names are no part of a type.
fn same_type(a: &Extern, b: &Extern) -> bool {
    match (a, b) {
        (Extern::Func(a, _), Extern::Func(b, _)) => a == b,
        _ => a == b,
    }
}

/// The name that an import gets, and the one if that is taken.
fn candidates(import: &Import, index: usize) -> (String, String) {
    let name = snake_case(&import.name).unwrap_or_else(|| format!("import_{index}"));
    let module = snake_case(&import.module).unwrap_or_else(|| "module".to_owned());
    let both = format!("{module}_{}", name.trim_start_matches('_'));
    (name, both)
}
