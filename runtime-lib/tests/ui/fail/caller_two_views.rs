//! A host function has one view of an instance at a time.

use prefab_runtime::{Caller, Extern, Linker};

fn main() {
    let mut linker = Linker::<u32>::new();
    let _ = linker.func_wrap("host", "f", |mut caller: Caller<'_, u32>| {
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
            return;
        };
        let (bytes, data) = caller.data_and_memory(memory).unwrap();
        let again = caller.data_mut();
        *again += 1;
        bytes[0] = *data as u8;
    });
}
