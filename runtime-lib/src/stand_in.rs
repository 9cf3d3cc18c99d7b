//! A module whose code is Rust: the store, its instances and the calls between host and guest,
//! for interpreters that check what pointers may do (`cargo miri test`).
//!
//! ```text
//! (module
//!   (import "host" "f" (func $f (param i32) (result i32)))
//!   (memory (export "memory") 1 3)
//!   (func $run (export "run") (param i32) (result i32)
//!     (i32.store (i32.const 0) (local.get 0))
//!     (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (call $f (local.get 0))))
//!     (drop (memory.grow (i32.const 1)))
//!     (i32.store (i32.const 65536) (i32.load (i32.const 0)))
//!     (i32.load (i32.const 65536))))
//! ```
//!
//! # Safety
//!
//! The functions here do what the compiler's code for this module does: they read the fields of
//! an instance where [`ContextLayout`] says that they are, and call by the conventions of
//! [`prefab_abi::func`]; only the guest's own convention is C's. A stop is handed down by results
//! instead of going on at a landing.
#![allow(unsafe_code, reason = "stands in for compiled code")]
#![allow(
    improper_ctypes,
    improper_ctypes_definitions,
    reason = "what has no size is not passed by the C conventions of our targets"
)]

use crate::address;
use crate::func::{Returned, WasmTy};
use crate::module::{ImageSource, Module, ModuleParts, RuntimeFunctions};
use crate::{
    Caller, Error, Extern, Func, Instance, Linker, LocalStore, ResourceLimiter, Store, Val,
};
use prefab_abi::builtin::Builtin;
use prefab_abi::context::{ContextHeader, ContextLayout, Counts, MemoryDefinition};
use prefab_abi::descriptor::{Descriptor, Part};
use prefab_abi::func::{HostBinding, ImportedFunc};
use prefab_abi::meta::{
    DefinedFunc, DefinedMemory, Export, ExternKind, Import, MetaWriter, ModuleKind, NONE, Section,
    Slot, SlotKind, Type,
};
use prefab_abi::note::{Assumptions, MemoryPlan, Traps};
use prefab_abi::types::{FuncType, ValType};
use std::cell::Cell;
use std::rc::Rc;

const COUNTS: Counts = Counts {
    imported_funcs: 1,
    imported_tables: 0,
    imported_memories: 0,
    imported_globals: 0,
    defined_tables: 0,
    defined_memories: 1,
    defined_globals: 0,
};

type Second = <i32 as WasmTy>::Second;

/// The field of an instance at `offset`.
unsafe fn field<T: Copy>(context: u64, offset: i32) -> T {
    // SAFETY: the caller says that the field is one of the layout's, and of this type.
    unsafe {
        address::pointer::<u8>(context)
            .offset(offset as isize)
            .cast::<T>()
            .read()
    }
}

/// The guest's function, by the convention of this module: 1 if it was stopped.
unsafe extern "C" fn run(context: u64, arg: u32, result: *mut u32) -> u32 {
    // SAFETY: the context is that of an instance of this module; the imported function is the
    // adapter below; the import table is that of `module`.
    unsafe {
        let memory: MemoryDefinition = field(context, ContextHeader::MEMORY);
        let word = address::pointer::<u32>(memory.base);
        word.write(arg);
        let layout = ContextLayout::new(COUNTS).unwrap();
        let imported: ImportedFunc = field(context, layout.imported_func(0));
        type Adapter = unsafe extern "C" fn(u64, u32, *mut u32) -> u32;
        let adapter: Adapter = std::mem::transmute(address::pointer::<()>(imported.code));
        let mut more = 0;
        if adapter(imported.context, arg, &raw mut more) != 0 {
            return 1;
        }
        word.write(word.read().wrapping_add(more));
        type Grow = unsafe extern "C" fn(*mut u8, u32, u64) -> u64;
        let slots = address::pointer::<u64>(field(context, ContextHeader::IMPORT_TABLE));
        let grow: Grow = std::mem::transmute(address::pointer::<()>(slots.read()));
        if grow(address::pointer(context), 0, 1) == u64::MAX - 1 {
            return 1;
        }
        let memory: MemoryDefinition = field(context, ContextHeader::MEMORY);
        if memory.size_bytes <= 1 << 16 {
            // What a trap at the store would say.
            *result = 0;
            return 0;
        }
        let behind = word.byte_add(1 << 16);
        behind.write(word.read());
        *result = behind.read();
    }
    0
}

/// The native entry trampoline.
unsafe extern "C" fn native_entry(context: u64, code: u64, arg: u64, _: Second) -> Returned {
    let mut result = 0;
    // SAFETY: as the caller says; there is room for a result.
    let status = unsafe { enter(context, code, arg as u32, &raw mut result) };
    Returned {
        bits: result.into(),
        status: status.into(),
    }
}

unsafe fn enter(context: u64, code: u64, arg: u32, result: *mut u32) -> u32 {
    type Code = unsafe extern "C" fn(u64, u32, *mut u32) -> u32;
    // SAFETY: the code is `run`, or another function of its signature.
    unsafe {
        let code: Code = std::mem::transmute(address::pointer::<()>(code));
        code(context, arg, result)
    }
}

/// The array entry trampoline.
unsafe extern "C" fn array_entry(context: u64, code: u64, values: *mut u64) -> u32 {
    let values = values.cast::<u32>();
    // SAFETY: as above; the value is the argument and room for the result.
    unsafe { enter(context, code, values.read(), values) }
}

/// The native host adapter, of functions that do not fail.
unsafe extern "C" fn native_adapter(binding: u64, arg: u32, result: *mut u32) -> u32 {
    type Shim = unsafe extern "C" fn(*const crate::func::Binding, u64, Second) -> u64;
    // SAFETY: the context of a host function is its binding, and its function a native shim.
    unsafe {
        let function = address::pointer::<HostBinding>(binding).read().function;
        let shim: Shim = std::mem::transmute(address::pointer::<()>(function));
        let second = <i32 as WasmTy>::split(0).1;
        *result = shim(address::pointer(binding), arg.into(), second) as u32;
    }
    0
}

/// The array host adapter.
unsafe extern "C" fn array_adapter(binding: u64, arg: u32, result: *mut u32) -> u32 {
    let mut values = [u64::from(arg), 0];
    // SAFETY: as above, for an array shim.
    unsafe {
        let function = address::pointer::<HostBinding>(binding).read().function;
        let stopped = crate::func::call_array(function, binding, values.as_mut_ptr());
        *result = values[0] as u32;
        stopped
    }
}

/// The metadata, for functions at these offsets: `run`, the entry trampolines, the adapters.
fn meta(code: [u32; 5]) -> Vec<u8> {
    let mut writer = MetaWriter::new();
    let ty = FuncType::new([ValType::I32], [ValType::I32]);
    let ty = Type {
        canonical: writer.bytes(&ty.to_canonical_bytes()),
        canonical_index: 0,
        slot: NONE,
        native_entry: code[1],
        array_entry: code[2],
        native_adapter: code[3],
        array_adapter: code[4],
    };
    writer.push(Section::Types, &ty);
    let import = Import {
        module: writer.bytes(b"host"),
        name: writer.bytes(b"f"),
        kind: ExternKind::Func as u32,
        ..Import::default()
    };
    writer.push(Section::Imports, &import);
    let func = DefinedFunc {
        code_offset: code[0],
        code_size: 1,
        type_index: 0,
    };
    writer.push(Section::Funcs, &func);
    let slot = Slot {
        kind: SlotKind::Builtin as u32,
        index: Builtin::MemoryGrow as u32,
    };
    writer.push(Section::Slots, &slot);
    let memory = DefinedMemory {
        min: 1,
        max: 3,
        flags: 0,
        page_size_log2: 16,
    };
    writer.push(Section::Memories, &memory);
    for (name, kind, index) in [
        ("memory", ExternKind::Memory, 0),
        ("run", ExternKind::Func, 1),
    ] {
        let export = Export {
            name: writer.bytes(name.as_bytes()),
            kind: kind as u32,
            index,
        };
        writer.push_export(name.as_bytes(), export);
    }
    writer.finish(COUNTS, None, ModuleKind::Library)
}

fn module() -> Module {
    // Once each: another pointer to a function may be another address.
    let code = [
        run as *const (),
        native_entry as *const (),
        array_entry as *const (),
        native_adapter as *const (),
        array_adapter as *const (),
    ];
    let code = code.map(address::of);
    let (first, last) = (*code.iter().min().unwrap(), *code.iter().max().unwrap());
    let offsets = code.map(|address| u32::try_from(address - first).unwrap());
    let owner = (meta(offsets), vec![0_u8; 4]);
    let mut descriptor = Descriptor::new([0; Part::ALL.len()], 1).to_bytes();
    for (part, at, size) in [
        (Part::Text, first, last + 1 - first),
        (
            Part::Meta,
            address::of(owner.0.as_ptr()),
            owner.0.len() as u64,
        ),
        (
            Part::AddressMap,
            address::of(owner.1.as_ptr()),
            owner.1.len() as u64,
        ),
    ] {
        let offset = part.pointer_offset() as usize;
        descriptor[offset..offset + 8].copy_from_slice(&at.to_le_bytes());
        descriptor[offset + 8..offset + 16].copy_from_slice(&size.to_le_bytes());
    }
    let parts = ModuleParts {
        descriptor: Descriptor::from_bytes(&descriptor).unwrap(),
        meta_header: owner.0.clone(),
        runtime_functions: RuntimeFunctions::Named(crate::builtin_address),
        image: ImageSource::Memory,
        owner: Box::new(owner),
        name: "stand-in".to_owned(),
        assumptions: Assumptions {
            memory_plan: MemoryPlan::Bounded,
            guard_size_bytes: 0,
            max_memory_bytes: 3 << 16,
            traps: Traps::Explicit,
            is_interruptible: false,
            uses_fuel: false,
            has_direct_calls: true,
        },
    };
    // SAFETY: the owner keeps the parts, and the code is this program's.
    unsafe { Module::from_parts(parts) }.unwrap()
}

/// Lets memories have so many bytes in all, and counts.
struct Budget<'a>(&'a Cell<u64>);

impl ResourceLimiter for Budget<'_> {
    fn memory_growing(&mut self, from: u64, to: u64, _: Option<u64>) -> Result<bool, Error> {
        let left = self.0.get().checked_sub(to - from);
        self.0.set(left.unwrap_or(self.0.get()));
        if left.is_none() && from > 0 {
            return Err(Error::host("out of budget"));
        }
        Ok(left.is_some())
    }

    fn memory_shrunk(&mut self, from: u64, to: u64) {
        self.0.set(self.0.get() + from - to);
    }

    fn table_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
        Ok(false)
    }
}

#[test]
fn host_and_guest_call_each_other() {
    let mut linker = Linker::<Vec<u32>>::new();
    linker
        .func_wrap("host", "f", |mut caller: Caller<'_, Vec<u32>>, arg: u32| {
            let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
                return Err(Error::host("it exports its memory"));
            };
            let (bytes, data) = caller.data_and_memory(memory)?;
            data.push(u32::from(bytes[0]));
            bytes[0] += 1;
            if arg == 0 {
                return Ok(100);
            }
            let instance = caller
                .instance()
                .ok_or_else(|| Error::host("a guest called"))?;
            let run = instance.get_typed_func::<u32, u32>(&mut caller, "run")?;
            run.call(&mut caller, arg - 1)
        })
        .unwrap();
    let module = module();
    let mut store = Store::new(vec![]);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<u32, u32>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call(&mut store, 2).unwrap(), 404);
    assert_eq!(store.data(), &[2, 1, 0]);
    let run = run.func();
    let mut results = [Val::I32(0)];
    run.call(&mut store, &[Val::I32(0)], &mut results).unwrap();
    assert_eq!(results[0].i32(), Some(101));
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert_eq!(memory.size(&store).unwrap(), 3);
    assert_eq!(memory.data(&store)[1 << 16], 101);
}

#[test]
fn errors_and_panics_and_other_instances() {
    let module = module();
    let calls = Rc::new(Cell::new(0));
    let seen = Rc::clone(&calls);
    let mut store = LocalStore::local(());
    let ty = FuncType::new([ValType::I32], [ValType::I32]);
    let func = Func::new(&mut store, ty, move |_, args, results| {
        seen.set(seen.get() + 1);
        match args[0].i32() {
            Some(0) => Err(Error::host("nothing")),
            Some(1) => panic!("on purpose"),
            _ => {
                results[0] = args[0];
                Ok(())
            }
        }
    });
    let one = Instance::new(&mut store, &module, &[func.into()]).unwrap();
    let run = one.get_func(&mut store, "run").unwrap();
    // The import of the second is the first one's function.
    let ty = run.typed::<i32, i32>(&store).unwrap();
    assert_eq!(ty.call(&mut store, 5).unwrap(), 10);
    assert!(matches!(ty.call(&mut store, 0), Err(Error::Host(_))));
    let call = std::panic::AssertUnwindSafe(|| ty.call(&mut store, 1));
    assert!(std::panic::catch_unwind(call).is_err());
    let two = Instance::new(&mut store, &module, &[run.into()]).unwrap();
    let run = two.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, 4).unwrap(), 12);
    assert_eq!(calls.get(), 4);
    drop(store);
    assert_eq!(Rc::strong_count(&calls), 1);
}

#[test]
fn a_limiter_that_borrows_is_asked_by_the_guest() {
    let bytes = Cell::new(2 << 16);
    let mut linker = Linker::local();
    linker.func_wrap("host", "f", |arg: u32| arg).unwrap();
    let module = module();
    let mut store = LocalStore::local(Budget(&bytes));
    store.limiter(|budget| budget);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    assert_eq!(store.data().0.get(), 1 << 16);
    let run = instance
        .get_typed_func::<u32, u32>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call(&mut store, 3).unwrap(), 6);
    assert!(matches!(run.call(&mut store, 3), Err(Error::Host(_))));
    assert!(linker.instantiate(&mut store, &module).is_err());
    drop(store);
    assert_eq!(bytes.get(), 2 << 16);
}
