//! A host whose plugin, a WebAssembly module, is compiled into it.

use plugin::{Plugin, PluginImports};
use prefab::{Caller, Error, Extern, Store};

mod plugin {
    //! What the build script has made of `plugin.wat`.
    include!(concat!(env!("OUT_DIR"), "/plugin.rs"));
}

/// What the plugin's functions work on.
#[derive(Default)]
struct Host {
    words: Vec<String>,
}

impl PluginImports for Host {
    fn log(caller: &mut Caller<'_, Self>, text: i32, length: i32) -> Result<(), Error> {
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
            return Err(Error::host("the plugin exports no memory"));
        };
        let (bytes, host) = caller.data_and_memory(memory)?;
        let start = text.cast_unsigned() as usize;
        let word = bytes
            .get(start..)
            .and_then(|rest| rest.get(..length.cast_unsigned() as usize));
        let word = word.ok_or_else(|| Error::host("the plugin logs what is not in its memory"))?;
        host.words.push(String::from_utf8_lossy(word).into_owned());
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = std::env::args()
        .nth(1)
        .unwrap_or("the quick brown fox".to_owned());
    let mut store = Store::new(Host::default());
    let plugin = Plugin::instantiate(&mut store)?;

    let buffer = plugin.buffer(&store)?;
    plugin
        .memory()
        .write(&mut store, buffer.cast_unsigned() as usize, text.as_bytes())?;
    let count = plugin.count(&mut store, buffer, i32::try_from(text.len())?)?;
    println!("{count} words: {}", store.data().words.join(", "));
    println!("in all so far: {}", plugin.total(&store)?);

    if let Err(error) = plugin.fail(&mut store) {
        println!("the plugin failed: {error}");
    }
    Ok(())
}
