//! Objects that were compiled once and must be loaded for ever: `tests/golden/README.md`.
//!
//! # Safety
//! Unsafe for loading objects: those of the repository.
#![allow(unsafe_code, reason = "loads objects of the repository")]

use prefab::targets::{Target, host};
use prefab::{Error, Global, GlobalType, Instance, Linker, Module, Store, TrapCode, V128, Val};
use prefab::{ValType, WasmParams, WasmResults};
use std::path::{Path, PathBuf};

/// What the module was compiled with: the objects of each target.
const EVERYTHING: [&str; 3] = ["everything", "everything-bounded", "everything-explicit"];

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

#[test]
fn every_targets_objects_are_there() {
    for target in Target::ALL {
        for name in EVERYTHING {
            let path = folder(target).join(name).with_extension("o");
            assert!(path.is_file(), "{} is missing", path.display());
        }
    }
}
