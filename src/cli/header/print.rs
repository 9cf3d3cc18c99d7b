//! A module's C header.

use super::interface::{ExportedFunc, ImportedFunc, Interface};
use super::names::{in_comment, literal};
use prefab_abi::meta::ModuleKind;
use prefab_abi::types::{FuncType, ValType};
use std::fmt::Write;

/// Appends formatted text, which to a string cannot fail.
macro_rules! put {
    ($out:expr, $($text:tt)*) => {{
        let _ = write!($out, $($text)*);
    }};
}

/// The header.
pub(super) fn print(interface: &Interface) -> String {
    let mut out = String::new();
    let (prefix, guard) = (&interface.prefix, interface.identifier.to_uppercase());
    put!(
        out,
        "/* Made by `prefab compile --header`: the module {} for C and C++. */\n\
         #ifndef PREFAB_MODULE_{guard}_H\n#define PREFAB_MODULE_{guard}_H\n\n\
         #include <prefab.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         /* The module, in the object that `prefab compile` made of it. */\n\
         extern const char prefab_module_{}[];\n\n",
        interface.identifier,
        interface.identifier,
    );
    declare_imports(&mut out, interface);
    instance_type(&mut out, interface);
    define_imports(&mut out, interface);
    instantiate(&mut out, interface);
    for func in &interface.funcs {
        exported(&mut out, prefix, func);
    }
    put!(out, "#ifdef __cplusplus\n}}\n#endif\n\n#endif\n");
    out
}

fn c_type(ty: ValType) -> &'static str {
    match ty {
        ValType::I32 => "int32_t",
        ValType::I64 => "int64_t",
        ValType::F32 => "float",
        ValType::F64 => "double",
        ValType::V128 => "prefab_v128_t",
        ValType::FuncRef => "prefab_func_t",
        ValType::ExternRef => "prefab_externref_t",
    }
}

/// The field of a `prefab_val_t`.
fn member(ty: ValType) -> &'static str {
    match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        ValType::F64 => "f64",
        ValType::V128 => "v128",
        ValType::FuncRef => "funcref",
        ValType::ExternRef => "externref",
    }
}

/// `, int32_t a0, float *r0`.
fn parameters(ty: &FuncType) -> String {
    let mut out = String::new();
    for (index, ty) in ty.params().iter().enumerate() {
        put!(out, ", {} a{index}", c_type(*ty));
    }
    for (index, ty) in ty.results().iter().enumerate() {
        put!(out, ", {} *r{index}", c_type(*ty));
    }
    out
}

fn declare_imports(out: &mut String, interface: &Interface) {
    if !interface.imports.is_empty() {
        *out += "/* What the module imports, for the program to implement. `env` is what \
                 define_imports or\n   instantiate was given; `caller` leads to the store and the \
                 calling instance. To return NULL is\n   success; an error ends the guest. */\n";
    }
    for ImportedFunc {
        module,
        name,
        c_name,
        ty,
        ..
    } in &interface.imports
    {
        let (module, name) = (in_comment(module), in_comment(name));
        let parameters = parameters(ty);
        put!(
            out,
            "/* {module} {name}: {ty} */\n\
             prefab_error_t *{c_name}(void *env, prefab_caller_t *caller{parameters});\n\n"
        );
    }
    for (module, name) in &interface.other_imports {
        let (module, name) = (in_comment(module), in_comment(name));
        put!(out, "/* {module} {name}: to be defined in a linker */\n\n");
    }
}

fn instance_type(out: &mut String, interface: &Interface) {
    let prefix = &interface.prefix;
    put!(
        out,
        "/* An instance. */\ntypedef struct {prefix} {{\n    prefab_store_t *store;\n    bool \
         owns_store;\n    prefab_instance_t instance;\n"
    );
    if !interface.funcs.is_empty() {
        *out += "    struct {\n";
        for func in &interface.funcs {
            put!(out, "        prefab_func_t {};\n", func.field);
        }
        *out += "    } funcs;\n";
    }
    if !interface.others.is_empty() {
        *out += "    struct {\n";
        for other in &interface.others {
            let name = in_comment(&other.wasm_name);
            put!(
                out,
                "        prefab_{}_t {}; /* {name} */\n",
                other.kind,
                other.field
            );
        }
        *out += "    } exports;\n";
    }
    put!(out, "}} {prefix}_t;\n\n");
}

fn define_imports(out: &mut String, interface: &Interface) {
    let prefix = &interface.prefix;
    for ImportedFunc {
        c_name,
        call_name,
        ty,
        ..
    } in &interface.imports
    {
        put!(
            out,
            "static inline prefab_error_t *{call_name}(void *env, prefab_caller_t *caller,\n    \
             const prefab_val_t *args, prefab_val_t *results)\n{{\n"
        );
        let mut values = String::new();
        for (index, ty) in ty.params().iter().enumerate() {
            put!(values, ", args[{index}].{}", member(*ty));
        }
        for (index, ty) in ty.results().iter().enumerate() {
            put!(values, ", &results[{index}].{}", member(*ty));
        }
        if ty.params().is_empty() {
            *out += "    (void)args;\n";
        }
        if ty.results().is_empty() {
            *out += "    (void)results;\n";
        }
        put!(out, "    return {c_name}(env, caller{values});\n}}\n\n");
    }
    put!(
        out,
        "/* Defines in `linker` what the module imports: the functions above{}. */\n\
         static inline prefab_error_t *{prefix}_define_imports(prefab_linker_t *linker, void *env)\n\
         {{\n    prefab_error_t *error = NULL;\n",
        if interface.wasi { ", and WASI's" } else { "" }
    );
    if interface.imports.is_empty() {
        *out += "    (void)env;\n";
        if !interface.wasi {
            *out += "    (void)linker;\n";
        }
    }
    if interface.wasi {
        *out += "    error = prefab_linker_wasi(linker);\n";
    }
    for import in &interface.imports {
        let (module, name) = (literal(&import.module), literal(&import.name));
        let (ty, call_name) = (&import.ty, &import.call_name);
        put!(
            out,
            "    if (!error)\n        error = prefab_linker_func(linker, {module}, {name},\n            \
             \"{ty}\", {call_name}, env, NULL);\n"
        );
    }
    *out += "    return error;\n}\n\n";
}

fn instantiate(out: &mut String, interface: &Interface) {
    let prefix = &interface.prefix;
    put!(
        out,
        "/* Frees the store, with all that is in it, if it is the instance's own. */\n\
         static inline void {prefix}_free({prefix}_t *instance)\n{{\n    if (instance->owns_store)\n        \
         prefab_store_free(instance->store);\n    instance->store = NULL;\n    \
         instance->owns_store = false;\n}}\n\n\
         /* Makes an instance in `store`, or in a store of its own if that is NULL, with what `linker`\n   \
         has for its imports.{} */\n\
         static inline prefab_error_t *{prefix}_instantiate_with({prefix}_t *instance,\n    \
         prefab_store_t *store, const prefab_linker_t *linker)\n{{\n    \
         prefab_module_t *module = NULL;\n    prefab_error_t *error;\n    \
         instance->owns_store = store == NULL;\n    \
         instance->store = store ? store : prefab_store_new(NULL);\n    \
         error = prefab_module_from_linked(prefab_module_{}, {}, &module);\n    if (!error)\n        \
         error = prefab_linker_instantiate(linker, instance->store, module,\n            \
         &instance->instance);\n    prefab_module_free(module);\n",
        match interface.kind {
            ModuleKind::Reactor => " Calls _initialize.",
            _ => "",
        },
        interface.identifier,
        literal(&interface.identifier),
    );
    for ExportedFunc {
        wasm_name,
        field,
        ty,
        ..
    } in &interface.funcs
    {
        let name = literal(wasm_name);
        put!(
            out,
            "    if (!error)\n        error = prefab_instance_func(instance->store, \
             instance->instance, {name},\n            \"{ty}\", &instance->funcs.{field});\n"
        );
    }
    for other in &interface.others {
        let (name, kind, field) = (literal(&other.wasm_name), other.kind, &other.field);
        put!(
            out,
            "    if (!error)\n        error = prefab_instance_{kind}(instance->store, \
             instance->instance, {name},\n            &instance->exports.{field});\n"
        );
    }
    put!(
        out,
        "    if (error)\n        {prefix}_free(instance);\n    return error;\n}}\n\n"
    );
    if interface.other_imports.is_empty() {
        instantiate_alone(out, prefix);
    }
    if interface.kind == ModuleKind::Command {
        put!(
            out,
            "/* Runs the program to its end, once; its exit code. */\n\
             static inline prefab_error_t *{prefix}_run({prefix}_t *instance, int32_t *exit_code)\n\
             {{\n    return prefab_instance_start(instance->store, instance->instance, exit_code);\n}}\n\n"
        );
    }
}

fn instantiate_alone(out: &mut String, prefix: &str) {
    put!(
        out,
        "/* Makes an instance in `store`, or in a store of its own if that is NULL, with the functions\n   \
         above for its imports, which are called with `env`. */\n\
         static inline prefab_error_t *{prefix}_instantiate({prefix}_t *instance, prefab_store_t *store,\n    \
         void *env)\n{{\n    prefab_linker_t *linker = prefab_linker_new();\n    \
         prefab_error_t *error = {prefix}_define_imports(linker, env);\n    \
         instance->store = NULL;\n    instance->owns_store = false;\n    if (!error)\n        \
         error = {prefix}_instantiate_with(instance, store, linker);\n    \
         prefab_linker_free(linker);\n    return error;\n}}\n\n"
    );
}

/// A function that calls an export.
fn exported(out: &mut String, prefix: &str, func: &ExportedFunc) {
    let ExportedFunc {
        wasm_name,
        c_name,
        field,
        ty,
    } = func;
    let (params, results) = (ty.params(), ty.results());
    let count = params.len().max(results.len());
    let name = in_comment(wasm_name);
    let parameters = parameters(ty);
    put!(
        out,
        "/* {name}: {ty} */\n\
         static inline prefab_error_t *{c_name}({prefix}_t *instance{parameters})\n{{\n"
    );
    if count > 0 {
        put!(
            out,
            "    prefab_val_t values[{count}];\n    prefab_error_t *error;\n"
        );
    }
    for (index, ty) in params.iter().enumerate() {
        put!(out, "    values[{index}].{} = a{index};\n", member(*ty));
    }
    let values = if count > 0 { "values" } else { "NULL" };
    let has_refs = params.iter().chain(results).any(|ty| ty.is_ref());
    let call = match has_refs {
        // The runtime looks at references, which could be another store's.
        true => format!(
            "prefab_func_call(instance->store, instance->funcs.{field}, {}, {}, values, {})",
            if params.is_empty() { "NULL" } else { "values" },
            params.len(),
            results.len()
        ),
        false => format!(
            "prefab_func_call_unchecked(instance->store, instance->funcs.{field}, {values}, {count})"
        ),
    };
    if count == 0 {
        put!(out, "    return {call};\n}}\n\n");
        return;
    }
    put!(out, "    error = {call};\n");
    if !results.is_empty() {
        *out += "    if (!error) {\n";
        for (index, ty) in results.iter().enumerate() {
            put!(
                out,
                "        *r{index} = values[{index}].{};\n",
                member(*ty)
            );
        }
        *out += "    }\n";
    }
    *out += "    return error;\n}\n\n";
}
