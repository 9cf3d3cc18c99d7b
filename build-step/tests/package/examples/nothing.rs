//! An example with a module that neither the library nor the program has.

mod nothing {
    include!(concat!(env!("OUT_DIR"), "/nothing.rs"));
}

fn main() -> Result<(), prefab::Error> {
    let mut store = prefab::Store::new(());
    let nothing = nothing::Nothing::instantiate(&mut store)?;
    println!("exports: {}", nothing.instance().exports(&mut store)?.len());
    Ok(())
}
