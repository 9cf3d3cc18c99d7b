//! Compiles the plugin for the target that Cargo compiles for.

fn main() -> Result<(), prefab_build::BuildError> {
    prefab_build::Module::new("plugin.wat")
        .target_from_cargo()
        .compile()?;
    Ok(())
}
