//! A Rust program with modules in it, by the Rust runtime alone: `-C link-arg=app.o`.

use std::fs;

use anyhow::{Result, ensure};

use crate::cases::compile;
use crate::toolchain::{Machine, folder, repository, run};

const MANIFEST: &str = r#"[package]
name = "linked"
version = "0.0.0"
edition = "2024"

[dependencies]
prefab-runtime = { path = "RUNTIME" }

[workspace]
"#;

const SOURCE: &str = r#"use prefab_runtime::{Linker, Module, Store};

unsafe extern "C" {
    static prefab_module_shape: u8;
    static prefab_module_caller: u8;
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // SAFETY: the linker has linked the objects that Prefab compiled.
    let (shape, caller) = unsafe {
        (
            Module::from_linked(&raw const prefab_module_shape, "shape")?,
            Module::from_linked(&raw const prefab_module_caller, "caller")?,
        )
    };
    let mut store = Store::new(());
    let mut linker = Linker::new();
    let instance = linker.instantiate(&mut store, &shape)?;
    linker.instance(&mut store, "shape", instance)?;
    let instance = linker.instantiate(&mut store, &caller)?;
    let binary = instance.get_typed_func::<i32, i32>(&mut store, "binary")?;
    println!("{}", binary.call(&mut store, 0)?);
    println!("{}", binary.call(&mut store, 1).unwrap_err());
    Ok(())
}
"#;

const OUTPUT: &str = "34\nwasm trap: indirect call type mismatch\n  0: caller!func[0]";

/// Builds and runs it.
pub fn program(machine: &Machine) -> Result<()> {
    let folder = folder(&format!("rust {}", machine.name))?;
    let runtime = repository("runtime-lib");
    let manifest = MANIFEST.replace("RUNTIME", &runtime.display().to_string());
    // cargo's choice of versions is the repository's.
    fs::copy(repository("Cargo.lock"), folder.join("Cargo.lock"))?;
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::create_dir(folder.join("src"))?;
    fs::write(folder.join("src/main.rs"), SOURCE)?;
    let mut cargo = machine.cargo("rustc")?;
    cargo
        .current_dir(&folder)
        .args(["--message-format=json-render-diagnostics", "--"]);
    for module in ["shape.wat", "caller.wat"] {
        let object = compile(machine, module, &folder)?;
        cargo
            .arg("-C")
            .arg(format!("link-arg={}", object.display()));
    }
    let messages = run(&mut cargo)?;
    let program = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(std::path::PathBuf::from)
    });
    let program = anyhow::Context::context(program, "cargo has built a program")?;
    let printed = run(&mut machine.command(&program)?)?;
    ensure!(printed.starts_with(OUTPUT), "it prints:\n{printed}");
    Ok(fs::remove_dir_all(&folder)?)
}
