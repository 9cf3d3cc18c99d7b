//! The host module `spectest`, as the reference interpreter has it.

use crate::store::{Host, of_val};
use prefab_runtime::{
    Error, FuncType, Global, GlobalType, Linker, Memory, MemoryType, Store, Table, TableType, Val,
    ValType,
};

const MODULE: &str = "spectest";

const PRINTERS: &[(&str, &[ValType])] = &[
    ("print", &[]),
    ("print_i32", &[ValType::I32]),
    ("print_i64", &[ValType::I64]),
    ("print_f32", &[ValType::F32]),
    ("print_f64", &[ValType::F64]),
    ("print_i32_f32", &[ValType::I32, ValType::F32]),
    ("print_f64_f64", &[ValType::F64, ValType::F64]),
];

/// Defines the module in `linker`. Its functions print where `print` is true.
pub(super) fn define(
    linker: &mut Linker<Host>,
    store: &mut Store<Host>,
    print: bool,
) -> Result<(), Error> {
    for (name, params) in PRINTERS {
        let ty = FuncType::new(params.iter().copied(), []);
        linker.func_new(MODULE, name, ty, move |_, args, _| {
            if print {
                print_values(args);
            }
            Ok(())
        })?;
    }
    let globals = [
        ("global_i32", ValType::I32, Val::I32(666)),
        ("global_i64", ValType::I64, Val::I64(666)),
        ("global_f32", ValType::F32, Val::F32(666.6f32.to_bits())),
        ("global_f64", ValType::F64, Val::F64(666.6f64.to_bits())),
    ];
    for (name, ty, value) in globals {
        let global = Global::new(&mut *store, GlobalType::new(ty, false), value)?;
        linker.define(MODULE, name, global)?;
    }
    let ty = TableType::new(ValType::FuncRef, 10, Some(20));
    let table = Table::new(&mut *store, ty, Val::FuncRef(None))?;
    linker.define(MODULE, "table", table)?;
    let memory = Memory::new(&mut *store, MemoryType::new(1, Some(2)))?;
    linker.define(MODULE, "memory", memory)?;
    Ok(())
}

fn print_values(values: &[Val]) {
    for value in values {
        println!("{}", of_val(value));
    }
    if values.is_empty() {
        println!();
    }
}
