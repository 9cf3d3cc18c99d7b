//! `prefab_module_t`: a module that can be instantiated.
//!
//! # Safety
//!
//! Modules are boxes that C owns. A linked module's descriptor is vouched for by whoever declares
//! its symbol.
#![allow(unsafe_code, reason = "functions for C")]

use crate::VERSION;
use crate::error::{Error, c_string};
use crate::ffi::{self, Failure, guard, guard_or, put, reference, text};
use crate::handle::{FUNC, GLOBAL, MEMORY, TABLE};
use prefab_runtime::{ExternType, ModuleKind};
use std::collections::HashMap;
use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError};

/// A module.
#[derive(Debug)]
pub struct Module {
    pub(crate) module: prefab_runtime::Module,
    name: CString,
    imports: OnceLock<Vec<Item>>,
    exports: OnceLock<Vec<Item>>,
}

/// Something imported or exported, in strings that the module owns.
#[derive(Debug)]
struct Item {
    module: CString,
    name: CString,
    kind: u32,
    ty: CString,
}

/// As `prefab_item_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ItemType {
    module: *const c_char,
    name: *const c_char,
    ty: *const c_char,
    kind: u32,
}

impl Item {
    fn new(module: &str, name: &str, ty: &ExternType) -> Self {
        let kind = match ty {
            ExternType::Func(_) => FUNC,
            ExternType::Table(_) => TABLE,
            ExternType::Memory(_) => MEMORY,
            ExternType::Global(_) => GLOBAL,
        };
        Self {
            module: c_string(module),
            name: c_string(name),
            kind,
            ty: c_string(&match ty {
                ExternType::Func(ty) => ty.to_string(),
                other => other.to_string(),
            }),
        }
    }

    fn to_c(&self) -> ItemType {
        ItemType {
            module: self.module.as_ptr(),
            name: self.name.as_ptr(),
            ty: self.ty.as_ptr(),
            kind: self.kind,
        }
    }
}

impl Module {
    pub(crate) fn new(module: prefab_runtime::Module) -> Box<Self> {
        Box::new(Self {
            name: c_string(module.name()),
            module,
            imports: OnceLock::new(),
            exports: OnceLock::new(),
        })
    }

    fn imports(&self) -> &[Item] {
        self.imports.get_or_init(|| {
            let imports = self.module.imports();
            imports
                .map(|import| Item::new(&import.module, &import.name, &import.ty))
                .collect()
        })
    }

    fn exports(&self) -> &[Item] {
        self.exports.get_or_init(|| {
            let exports = self.module.exports();
            exports
                .map(|export| Item::new("", &export.name, &export.ty))
                .collect()
        })
    }
}

/// The linked modules that were asked for. They stay, as what they were made of does: whoever asks
/// again gets the same one, at no cost.
static LINKED: Mutex<Option<HashMap<usize, prefab_runtime::Module>>> = Mutex::new(None);

/// The module whose descriptor this is.
///
/// # Safety
/// It is null, or the descriptor of an object that Prefab compiled, which is linked into the program.
pub(crate) unsafe fn linked(
    descriptor: *const u8,
    name: &str,
) -> Result<prefab_runtime::Module, Failure> {
    // SAFETY: the caller says so.
    unsafe { reference(descriptor, "the module's descriptor") }?;
    let mut modules = LINKED.lock().unwrap_or_else(PoisonError::into_inner);
    let modules = modules.get_or_insert_default();
    if let Some(module) = modules.get(&descriptor.addr()) {
        return Ok(module.clone());
    }
    // SAFETY: the caller says so.
    let module = unsafe { prefab_runtime::Module::from_linked(descriptor, name) }?;
    modules.insert(descriptor.addr(), module.clone());
    Ok(module)
}

/// The module that a linker made part of this program.
///
/// # Safety
/// `descriptor` is null or the address of a `prefab_module_<name>`; `name` is null or a string;
/// `module` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_module_from_linked(
    descriptor: *const u8,
    name: *const c_char,
    module: *mut *mut Module,
) -> *mut Error {
    guard(|| {
        // SAFETY: the caller says so.
        unsafe {
            put(module, "module", ptr::null_mut())?;
            let found = linked(descriptor, text(name, "the module's name")?)?;
            put(module, "module", Box::into_raw(Module::new(found)))
        }
    })
}

/// Frees a module. Its instances stay.
///
/// # Safety
/// `module` is null, or a module that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_module_free(module: *mut Module) {
    // SAFETY: the caller says so.
    unsafe { ffi::free(module) };
}

/// The module's name; an empty string for null.
///
/// # Safety
/// `module` is null or a module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_module_name(module: *const Module) -> *const c_char {
    // SAFETY: the caller says so.
    unsafe { module.as_ref() }.map_or(c"".as_ptr(), |module| module.name.as_ptr())
}

/// What the module is for; 0 for null.
///
/// # Safety
/// As [`prefab_module_name`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_module_kind(module: *const Module) -> u32 {
    // SAFETY: the caller says so.
    unsafe { module.as_ref() }.map_or(0, |module| match module.module.kind() {
        ModuleKind::Command => 1,
        ModuleKind::Reactor => 2,
        ModuleKind::Library => 3,
    })
}

/// How many things the module imports.
///
/// # Safety
/// As [`prefab_module_name`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_module_import_count(module: *const Module) -> usize {
    guard_or(0, || {
        // SAFETY: the caller says so.
        let module = unsafe { module.as_ref() };
        module.map_or(0, |module| module.imports().len())
    })
}

/// One of them, in the module's order.
///
/// # Safety
/// As [`prefab_module_name`]; `import` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_module_import(
    module: *const Module,
    index: usize,
    import: *mut ItemType,
) -> bool {
    guard_or(false, || {
        // SAFETY: the caller says so.
        let found = unsafe { module.as_ref() }.and_then(|module| module.imports().get(index));
        // SAFETY: the caller says so.
        found.is_some_and(|item| unsafe { put(import, "import", item.to_c()) }.is_ok())
    })
}

/// How many things the module exports.
///
/// # Safety
/// As [`prefab_module_name`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_module_export_count(module: *const Module) -> usize {
    guard_or(0, || {
        // SAFETY: the caller says so.
        let module = unsafe { module.as_ref() };
        module.map_or(0, |module| module.exports().len())
    })
}

/// One of them, in the module's order.
///
/// # Safety
/// As [`prefab_module_name`]; `export` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prefab_module_export(
    module: *const Module,
    index: usize,
    export: *mut ItemType,
) -> bool {
    guard_or(false, || {
        // SAFETY: the caller says so.
        let found = unsafe { module.as_ref() }.and_then(|module| module.exports().get(index));
        // SAFETY: the caller says so.
        found.is_some_and(|item| unsafe { put(export, "export", item.to_c()) }.is_ok())
    })
}

/// The library's version.
#[unsafe(no_mangle)]
pub extern "C" fn prefab_version() -> *const c_char {
    VERSION.as_ptr()
}
