//! One module for each place that a binding can be included in.

use prefab_build::{BuildError, MemoryPlan, Module, OptLevel, Traps};

fn main() -> Result<(), BuildError> {
    let module = |name: &str| Module::new(format!("modules/{name}.wat")).target_from_cargo();
    // In the library.
    module("everything").compile()?;
    // In the program: another name of the crate, and WASI.
    module("hello")
        .wasi(true)
        .runtime("crate::runtime")
        .compile()?;
    // In a test, and in an example.
    module("3-d")
        .type_name("Cube")
        .opt_level(OptLevel::O0)
        .cache(false)
        .compile()?;
    module("empty")
        .name("nothing")
        .symbol("nothing at all")
        .compile()?;
    // Without a binding, in the tests: the linker is given the object.
    let divide = Module::new("modules/divide.wat")
        .target(std::env::var("TARGET").unwrap_or_default())
        .memory_plan(MemoryPlan::Bounded)
        .max_memory_bytes(1 << 20)
        .traps(Traps::Explicit)
        .compile()?;
    println!("cargo::rustc-link-arg-tests={}", divide.object.display());
    Ok(())
}
