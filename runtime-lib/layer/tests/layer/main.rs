//! Hosts that know `wasm_runtime_layer` alone, with Prefab behind it.

mod errors;
mod examples;
mod hosts;
mod items;
mod modules;
mod references;
mod stores;

use prefab_runtime_layer::Engine as Prefab;
use wasm_runtime_layer::{
    AsContext, AsContextMut, Engine, Extern, Func, Imports, Instance, Module, Store, Val,
};

fn engine() -> Engine<Prefab> {
    Engine::new(Prefab::default())
}

/// A store and its engine.
fn store<T>(data: T) -> Store<T, Prefab> {
    Store::new(&engine(), data)
}

/// An instance of the module `text`, which imports `items` from `host`.
fn try_instance<C: AsContextMut<Engine = Prefab>>(
    mut store: C,
    text: &str,
    items: &[(&str, Extern)],
) -> anyhow::Result<Instance> {
    let engine = store.as_context().engine().clone();
    let module = Module::new(&engine, &wat::parse_str(text)?)?;
    let mut imports = Imports::new();
    for (name, item) in items {
        imports.define("host", name, item.clone());
    }
    Instance::new(store.as_context_mut(), &module, &imports)
}

fn instance<C: AsContextMut<Engine = Prefab>>(
    store: C,
    text: &str,
    items: &[(&str, Extern)],
) -> Instance {
    try_instance(store, text, items).unwrap()
}

fn func(store: impl AsContext<Engine = Prefab>, instance: &Instance, name: &str) -> Func {
    let export = instance.get_export(store, name);
    export.and_then(Extern::into_func).unwrap()
}

/// Calls a function that returns one value.
fn call<C: AsContextMut<Engine = Prefab>>(
    store: C,
    func: &Func,
    args: &[Val],
) -> anyhow::Result<Val> {
    let mut results = [Val::I32(-1)];
    func.call(store, args, &mut results)?;
    let [result] = results;
    Ok(result)
}
