//! Objects that were compiled once and must be loaded for ever: `tests/golden/README.md`.
//!
//! # Safety
//! Unsafe for loading objects: those of the repository.
#![allow(unsafe_code, reason = "loads objects of the repository")]

use prefab::targets::{Target, host};
use prefab::{
    Caller, Error, Global, GlobalType, Instance, InterruptHandle, Linker, Module, Store, TrapCode,
    V128, Val, ValType, WasmParams, WasmResults,
};
use std::path::{Path, PathBuf};

/// What the module was compiled with: the objects of each target.
const EVERYTHING: [&str; 3] = ["everything", "everything-bounded", "everything-explicit"];

/// The objects of what the host controls while it runs.
const CONTROLLED: [&str; 2] = ["controlled", "controlled-explicit"];

fn folder(target: &Target) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/golden").join(target.name())
}

fn load(name: &str) -> Module {
    let path = folder(host::target()).join(name).with_extension("o");
    // SAFETY: the object is one of the repository's, which nothing changes while the test runs.
    unsafe { prefab::load_file(path) }.unwrap()
}

fn linker(store: &mut Store<u32>) -> Linker<u32> {
    let mut linker = Linker::new();
    linker
        .func_wrap("host", "twice", |value: i32| 2 * value)
        .unwrap();
    linker
        .func_wrap("host", "vector", |vector: V128, float: f32| {
            (V128(vector.0.rotate_left(64)), f64::from(float) / 2.0)
        })
        .unwrap();
    let ty = GlobalType::new(ValType::I32, false);
    let limit = Global::new(&mut *store, ty, Val::I32(100)).unwrap();
    linker.define("host", "limit", limit).unwrap();
    linker
}

struct Guest {
    store: Store<u32>,
    instance: Instance,
}

impl Guest {
    fn new(module: &Module) -> Self {
        let mut store = Store::new(0);
        let instance = linker(&mut store).instantiate(&mut store, module).unwrap();
        Self { store, instance }
    }

    #[track_caller]
    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, params: P) -> Result<R, Error> {
        let func = self.instance.get_typed_func::<P, R>(&mut self.store, name);
        func.unwrap().call(&mut self.store, params)
    }

    #[track_caller]
    fn traps<P: WasmParams, R: WasmResults>(&mut self, name: &str, params: P) -> TrapCode {
        let error = self.call::<P, R>(name, params).err().expect("it traps");
        error.trap_code().unwrap_or_else(|| panic!("{error}"))
    }
}

#[test]
fn everything_runs_as_ever() {
    for name in EVERYTHING {
        let module = load(name);
        // Twice: what one instance does, the next does not see.
        for _ in 0..2 {
            run(Guest::new(&module));
        }
    }
}

fn run(mut guest: Guest) {
    let memory = guest
        .instance
        .get_memory(&mut guest.store, "memory")
        .unwrap();
    let text = b"across the end of a page";
    assert_eq!(memory.data(&guest.store)[65520..65520 + text.len()], *text);

    assert_eq!(guest.call::<_, i32>("square", 12).unwrap(), 144);
    assert_eq!(
        guest.call::<_, i32>("load", 65520).unwrap(),
        i32::from(b'a')
    );
    assert_eq!(guest.call::<_, i32>("dynamic", (5, 0)).unwrap(), 25);
    assert_eq!(guest.call::<_, i32>("dynamic", (5, 1)).unwrap(), 10);
    assert_eq!(
        guest.traps::<_, i32>("dynamic", (5, 2)),
        TrapCode::UninitializedElement
    );
    assert_eq!(
        guest.traps::<_, i32>("dynamic", (5, 4)),
        TrapCode::UndefinedElement
    );
    assert_eq!(
        guest.call::<_, i32>("static", (65521, 1)).unwrap(),
        i32::from(b'c')
    );
    assert_eq!(
        guest.traps::<_, i32>("static", (1, 2)),
        TrapCode::UninitializedElement
    );
    assert_eq!(
        guest.call::<_, i32>("bulk", ()).unwrap(),
        45 * 1000 + i32::from(b'o')
    );
    assert_eq!(
        guest.traps::<_, i32>("bulk", ()),
        TrapCode::TableOutOfBounds
    );
    assert_eq!(guest.call::<_, i32>("grow_table", ()).unwrap(), 4);
    assert_eq!(guest.call::<_, i32>("dynamic", (7, 5)).unwrap(), 49);

    assert_eq!(
        guest.traps::<_, i32>("load", 2 << 16),
        TrapCode::MemoryOutOfBounds
    );
    assert_eq!(
        guest.traps::<_, i32>("load", -1),
        TrapCode::MemoryOutOfBounds
    );
    assert_eq!(guest.call::<_, i32>("grow", 2).unwrap(), 2);
    assert_eq!(guest.call::<_, i32>("grow", 1).unwrap(), -1);
    assert_eq!(guest.call::<_, i32>("load", 2 << 16).unwrap(), 0);

    assert_eq!(guest.call::<_, i32>("count", ()).unwrap(), 107);
    assert_eq!(guest.call::<_, i32>("count", ()).unwrap(), 207);
    let (lane, float): (i64, f64) = guest.call("vectors", (0x10_i64, 3.0_f32)).unwrap();
    // The host has exchanged the halves.
    assert_eq!((lane, float), (0x0807_0605_0403_0211, 1.5));
    assert_eq!(guest.call::<_, i32>("floats", 56.0).unwrap(), 7);
    assert_eq!(
        guest.traps::<_, i32>("floats", -1.0),
        TrapCode::InvalidConversionToInteger
    );
    assert_eq!(guest.call::<_, i32>("divide", (7, -2)).unwrap(), -3);
    assert_eq!(
        guest.traps::<_, i32>("divide", (7, 0)),
        TrapCode::IntegerDivideByZero
    );
    assert_eq!(
        guest.traps::<_, i32>("divide", (i32::MIN, -1)),
        TrapCode::IntegerOverflow
    );
    assert_eq!(guest.traps::<_, ()>("trap", ()), TrapCode::Unreachable);
    assert_eq!(guest.traps::<_, i32>("deep", 0), TrapCode::StackOverflow);
    assert_eq!(
        guest.call::<_, i64>("sum", (1_000_000_i64, 0_i64)).unwrap(),
        500_000_500_000
    );
}

/// A guest that asks to be interrupted is, and what it executes costs what it always cost.
#[test]
fn what_is_controlled_is_controlled_as_ever() {
    for name in CONTROLLED {
        let mut linker: Linker<Option<InterruptHandle>> = Linker::new();
        let ask = |caller: Caller<'_, Option<InterruptHandle>>| {
            caller.data().as_ref().expect("there is one").interrupt();
        };
        linker.func_wrap("host", "ask", ask).unwrap();
        let mut store = Store::new(None);
        *store.data_mut() = Some(store.interrupt_handle().unwrap());
        let instance = linker.instantiate(&mut store, &load(name)).unwrap();
        for name in ["loop", "calls"] {
            let func = instance.get_typed_func::<(), ()>(&mut store, name);
            let error = func.unwrap().call(&mut store, ()).unwrap_err();
            assert_eq!(error.trap_code(), Some(TrapCode::Interrupted), "{error}");
        }
        let count = instance
            .get_typed_func::<i32, i32>(&mut store, "count")
            .unwrap();
        let fill = instance
            .get_typed_func::<(), ()>(&mut store, "fill")
            .unwrap();
        let divide = instance
            .get_typed_func::<i32, i32>(&mut store, "divide")
            .unwrap();

        store.set_fuel(10_000).unwrap();
        assert_eq!(count.call(&mut store, 100).unwrap(), 5050);
        assert_eq!(store.get_fuel().unwrap(), 10_000 - 901);
        fill.call(&mut store, ()).unwrap();
        assert_eq!(store.get_fuel().unwrap(), 9_099 - (4 + 1024 + 2 + 91 + 1));
        let error = divide.call(&mut store, 0).unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::IntegerDivideByZero));
        // What a function has paid for since it was last looked at by others is lost with it.
        assert_eq!(store.get_fuel().unwrap(), 7_977 - (2 + 28));
        store.set_fuel(900).unwrap();
        let error = count.call(&mut store, 100).unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::OutOfFuel));
    }
}

#[test]
fn every_targets_objects_are_there() {
    for target in Target::ALL {
        for name in EVERYTHING.into_iter().chain(CONTROLLED) {
            let path = folder(target).join(name).with_extension("o");
            assert!(path.is_file(), "{} is missing", path.display());
        }
    }
}
