//! The binding: Rust source through which a program uses a module.
//!
//! ```text
//! pub trait PluginImports    the functions that the host provides       imports.rs
//! pub struct PluginExterns   what else it provides                      imports.rs
//! pub struct Plugin          an instance: its exports are methods       exports.rs
//! impl Plugin                the module, and how instances are made     this file
//! ```

mod exports;
mod imports;
mod types;

use crate::interface::Interface;
use crate::names::in_docs;
use imports::Imports;
use std::fmt::Write;

/// What a binding is made of.
pub struct Binding<'a> {
    pub interface: &'a Interface,
    /// The module's name, for people.
    pub name: &'a str,
    /// The name of the instance's type.
    pub type_name: &'a str,
    /// What the archive and the descriptor's symbol are called.
    pub symbol: &'a str,
    /// The path of the runtime's crate.
    pub runtime: &'a str,
    /// Whether WASI's functions are the runtime's.
    pub wasi: bool,
}

/// The lint that a program may have denied: its code is safe, and a linker's symbol is not.
const UNSAFE_LINT: &str = "unsafe_code";

/// Writes to source. Writing to a string cannot fail.
macro_rules! line {
    ($out:expr, $($format:tt)*) => {{
        let _ = writeln!($out, $($format)*);
    }};
}
use line;

/// Has the compiler and clippy accept an item as the module wants it.
fn accepted(out: &mut String) {
    line!(
        out,
        "#[allow(
    dead_code,
    clippy::too_many_arguments,
    clippy::type_complexity,
    reason = \"the module says what there is; a program need not use all of it\"
)]"
    );
}

/// A doc comment, indented by `indent`.
fn doc(out: &mut String, indent: &str, text: &str) {
    for text in text.lines() {
        let space = if text.is_empty() { "" } else { " " };
        line!(out, "{indent}///{space}{text}");
    }
}

/// Writes the binding.
///
/// # Errors
/// If the module imports something by one name as two types.
pub fn write(binding: &Binding<'_>) -> Result<String, String> {
    let imports = Imports::new(binding)?;
    let mut out = String::new();
    line!(
        out,
        "// Made by prefab-build from {:?}: changes are lost when it is built again.\n",
        binding.name
    );
    imports.write_types(&mut out);
    let exports = exports::Exports::new(binding);
    exports.write_struct(&mut out);
    accepted(&mut out);
    line!(out, "impl {} {{", binding.type_name);
    module(&mut out, binding);
    imports.write_linking(&mut out);
    instantiate(&mut out, binding, &imports);
    exports.write_methods(&mut out);
    line!(out, "}}");
    Ok(out)
}

fn module(out: &mut String, binding: &Binding<'_>) {
    let Binding {
        name,
        symbol,
        runtime,
        ..
    } = binding;
    let lint = UNSAFE_LINT;
    let descriptor = format!("{}{symbol}", prefab_abi::object::DESCRIPTOR_SYMBOL_PREFIX);
    line!(
        out,
        "    /// The module {}, which is linked into this program.
    ///
    /// # Errors
    /// If this machine lacks a CPU feature that the module was compiled for, or the runtime is not
    /// one for it.
    #[allow({lint}, reason = \"a linker's symbol is named\")]
    pub fn module() -> Result<&'static {runtime}::Module, {runtime}::Error> {{
        #[link(name = {symbol:?}, kind = \"static\")]
        unsafe extern \"C\" {{
            #[link_name = {descriptor:?}]
            static DESCRIPTOR: u8;
        }}
        static MODULE: ::std::sync::OnceLock<{runtime}::Module> = ::std::sync::OnceLock::new();
        if let Some(module) = MODULE.get() {{
            return Ok(module);
        }}
        // SAFETY: the symbol is that of the descriptor in the archive that the build script has
        // made together with this file, of an object that Prefab has compiled; and the archive is
        // linked into the same program as this function.
        let module = unsafe {{ {runtime}::Module::from_linked(&raw const DESCRIPTOR, {name:?}) }}?;
        Ok(MODULE.get_or_init(|| module))
    }}
",
        in_docs(name)
    );
}

fn instantiate(out: &mut String, binding: &Binding<'_>, imports: &Imports<'_>) {
    let runtime = binding.runtime;
    let params = imports.store_params();
    let externs = imports.externs_param();
    line!(
        out,
        "    /// An instance in `store`, whose data provides what the module imports; its start function
    /// has run. Where many are made, define the imports once
    /// ([`add_to_linker`](Self::add_to_linker)) and use [`from_instance`](Self::from_instance).
    ///
    /// # Errors
    /// If the module does not fit this machine, is too large for it, or traps in its initialisation
    /// or start function.
    pub fn instantiate<{params}>(
        store: &mut {runtime}::Store<T, M>,{externs}
    ) -> Result<Self, {runtime}::Error> {{"
    );
    if imports.is_linker_changed() {
        line!(
            out,
            "        let mut linker = {runtime}::Linker::with_mode();"
        );
        line!(out, "        Self::add_to_linker(&mut linker)?;");
    } else {
        line!(out, "        let linker = {runtime}::Linker::with_mode();");
    }
    imports.write_defines(out);
    line!(
        out,
        "        let instance = linker.instantiate(&mut *store, Self::module()?)?;
        Self::from_instance(store, instance)
    }}
"
    );
}
