//! An object that the linker is given as such (`-C link-arg=…`) is a module without any binding.
//!
//! # Safety
//!
//! The descriptor named here is that of the object which the build script has compiled.
#![allow(unsafe_code, reason = "names the descriptor of a linked module")]

use prefab::{Linker, Module, Store, TrapCode};

unsafe extern "C" {
    static prefab_module_divide: u8;
}

#[test]
fn a_module_by_its_descriptor() {
    // SAFETY: the build script has compiled the object and had it linked.
    let module = unsafe { Module::from_linked(&raw const prefab_module_divide, "divide") };
    let mut store = Store::new(());
    let instance = Linker::new()
        .instantiate(&mut store, &module.unwrap())
        .unwrap();
    let divide = instance
        .get_typed_func::<(i32, i32), i32>(&mut store, "divide")
        .unwrap();
    assert_eq!(divide.call(&mut store, (42, 6)).unwrap(), 7);
    let error = divide.call(&mut store, (1, 0)).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::IntegerDivideByZero));
}
