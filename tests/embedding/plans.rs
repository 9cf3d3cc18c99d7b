//! Memory plans and ways to trap beside each other in one store.

use crate::common::{in_child, is_child, module, module_with};

use prefab::{
    CompileOptions, Error, Linker, Memory, MemoryPlan, MemoryType, Module, Store, TrapCode, Traps,
};

const PROVIDER: &str = r#"(module (memory (export "memory") 1 2))"#;
const IMPORTER: &str = r#"(module
  (import "provider" "memory" (memory 1))
  (func (export "poke") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func $deep (export "deep") (call $deep) (call $deep)))"#;

fn guarded(_: &mut CompileOptions) {}

fn bounded(options: &mut CompileOptions) {
    options.memory_plan = MemoryPlan::Bounded;
}

fn explicit(options: &mut CompileOptions) {
    bounded(options);
    options.traps = Traps::Explicit;
}

const WAYS: [fn(&mut CompileOptions); 3] = [guarded, bounded, explicit];

/// Uses the memory that `linker` has through an instance of `module`: to its end and beyond.
fn use_memory(store: &mut Store<()>, linker: &Linker<()>, module: &Module, pages: i32) {
    let instance = linker.instantiate(&mut *store, module).unwrap();
    let poke = instance.get_typed_func::<(i32, i32), ()>(&mut *store, "poke");
    let peek = instance.get_typed_func::<i32, i32>(&mut *store, "peek");
    let (poke, peek) = (poke.unwrap(), peek.unwrap());
    let last = pages * 65536 - 1;
    poke.call(&mut *store, (last, 7)).unwrap();
    assert_eq!(peek.call(&mut *store, last).unwrap(), 7);
    for outside in [last + 1, -1] {
        let error = peek.call(&mut *store, outside).unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
    }
    let deep = instance.get_typed_func::<(), ()>(&mut *store, "deep");
    let error = deep.unwrap().call(&mut *store, ()).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::StackOverflow));
}

#[test]
fn every_way_takes_a_memory_of_the_host() {
    let mut store = Store::new(());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(2))).unwrap();
    let mut linker = Linker::new();
    linker.define("provider", "memory", memory).unwrap();
    for way in WAYS {
        use_memory(&mut store, &linker, &module_with(IMPORTER, way), 1);
    }
}

#[test]
fn modules_that_check_take_every_memory() {
    for provider in WAYS {
        for importer in [bounded, explicit] {
            let mut store = Store::new(());
            let mut linker = Linker::new();
            let provider = module_with(PROVIDER, provider);
            let instance = linker.instantiate(&mut store, &provider).unwrap();
            linker.instance(&mut store, "provider", instance).unwrap();
            let importer = module_with(IMPORTER, importer);
            use_memory(&mut store, &linker, &importer, 1);
            let user = linker.instantiate(&mut store, &importer).unwrap();
            let grow = user.get_typed_func::<(), i32>(&mut store, "grow").unwrap();
            assert_eq!(grow.call(&mut store, ()).unwrap(), 1);
            use_memory(&mut store, &linker, &importer, 2);
            assert_eq!(grow.call(&mut store, ()).unwrap(), -1);
        }
    }
}

#[test]
fn a_module_that_does_not_check_is_told_which_plan_would_do() {
    let mut store = Store::new(());
    let mut linker = Linker::new();
    let provider = module_with(PROVIDER, bounded);
    let instance = linker.instantiate(&mut store, &provider).unwrap();
    linker.instance(&mut store, "provider", instance).unwrap();
    let error = linker
        .instantiate(&mut store, &module(IMPORTER))
        .unwrap_err();
    assert!(matches!(error, Error::MemoryPlan(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "cannot link test: the memory \"provider\" \"memory\" that it imports is bounded, and test \
         was compiled for guarded ones: compile it with `prefab compile --memory bounded`, or what \
         defines the memory with `--memory guarded`"
    );
}

/// How deep the stack is does not matter: threads have theirs, and some are small.
#[test]
fn explicit_stack_overflow_on_other_threads() {
    let text = r#"(module (memory 1)
      (func $deep (export "deep") (param i32) (result i32)
        (i32.add (call $deep (i32.add (local.get 0) (memory.grow (i32.const 0)))) (i32.const 1))))"#;
    let module = module_with(text, explicit);
    for stack_size_bytes in [64 << 10, 256 << 10, 8 << 20] {
        let module = module.clone();
        let thread = std::thread::Builder::new().stack_size(stack_size_bytes);
        let run = move || {
            let mut store = Store::new(());
            let instance = Linker::new().instantiate(&mut store, &module).unwrap();
            let deep = instance.get_typed_func::<i32, i32>(&mut store, "deep");
            let deep = deep.unwrap();
            for _ in 0..2 {
                let error = deep.call(&mut store, 1).unwrap_err();
                assert_eq!(error.trap_code(), Some(TrapCode::StackOverflow));
            }
        };
        thread.spawn(run).unwrap().join().unwrap();
    }
}

/// Where addresses are scarce (39 bits of them, or a limit), bounded instances still fit, and the error
/// for a guarded instance that does not fit says which plan would. It takes all addresses of the process,
/// so it has a process of its own.
#[test]
fn many_instances() {
    if !is_child() {
        // `tests/targets.rs` reads the message that the test prints where there are 39 bits.
        print!("{}", in_child("plans::many_instances"));
        return;
    }
    let text = r#"(module (memory 1) (func (export "touch") (param i32) (result i32)
      (i32.store (i32.const 65532) (local.get 0)) (i32.load (i32.const 65532))))"#;
    let mut store = Store::new(());
    let linker = Linker::new();
    for way in [bounded, explicit] {
        let module = module_with(text, way);
        let mut touches = Vec::new();
        for number in 0..100 {
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let touch = instance.get_typed_func::<i32, i32>(&mut store, "touch");
            touches.push((number, touch.unwrap()));
        }
        for (number, touch) in touches {
            assert_eq!(touch.call(&mut store, number).unwrap(), number);
        }
    }
    let guarded = module(text);
    for number in 0..100 {
        let Err(error) = linker.instantiate(&mut store, &guarded) else {
            continue;
        };
        assert!(matches!(error, Error::Reserve(_)), "{error:?}");
        let way_out = "compile the module with `prefab compile --memory bounded`";
        assert!(error.to_string().contains(way_out), "{error}");
        println!("after {number} guarded instances: {error}");
        let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
        assert_eq!(memory.grow(&mut store, 256).unwrap(), 1);
        assert!(memory.grow(&mut store, 1).is_err());
        return;
    }
}
