//! What a build step makes of a module, and what it says when it cannot.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection, ObjectSymbol};
use prefab_abi::note::Note;
use prefab_build::{BuildError, MemoryPlan, Module, Output, Traps};
use tempfile::TempDir;

const MODULE: &str = r#"(module
  (func (export "first") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func (export "second") (param i32) (result i32) (i32.div_s (i32.const 9) (local.get 0)))
  (func (export "third") (param i32) (result i32) (call 1 (call 0 (local.get 0)))))"#;

/// A folder with a module in it.
struct Place(TempDir);

impl Place {
    fn new(name: &str, module: impl AsRef<[u8]>) -> Self {
        let place = Self(tempfile::tempdir().expect("a temporary folder"));
        fs::write(place.path(name), module).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn module(&self, name: &str) -> Module {
        Module::new(self.path(name)).out_dir(self.path("out"))
    }

    #[track_caller]
    fn refused(&self, module: Module) -> String {
        let error = module.compile().expect_err("it cannot be compiled");
        let path = format!("{}/", self.0.path().display());
        error.to_string().replace(&path, "")
    }
}

fn object_of(output: &Output) -> Vec<u8> {
    let bytes = fs::read(&output.archive).unwrap();
    let archive = ArchiveFile::parse(&*bytes).unwrap();
    let members: Vec<_> = archive.members().map(Result::unwrap).collect();
    assert_eq!(members.len(), 1);
    let symbols: Vec<_> = archive.symbols().unwrap().expect("an index").collect();
    let named = |symbol: &object::Result<object::read::archive::ArchiveSymbol<'_>>| {
        symbol.as_ref().unwrap().name() == output.symbol.as_bytes()
    };
    assert!(symbols.iter().any(named), "linkers find the descriptor");
    members[0].data(&*bytes).unwrap().to_vec()
}

#[test]
fn after_a_change_only_what_has_changed_is_compiled() {
    let place = Place::new("m.wat", MODULE);
    let first = place.module("m.wat").compile().unwrap();
    let all = first.stats.hits + first.stats.misses;
    let untouched = fs::metadata(&first.binding).unwrap().modified().unwrap();
    fs::write(
        place.path("m.wat"),
        MODULE.replace("const 3", "const 300_000"),
    )
    .unwrap();
    let second = place.module("m.wat").compile().unwrap();
    // The function itself, and the one that it is inlined in.
    assert_eq!((second.stats.hits, second.stats.misses), (all - 2, 2));
    let without = place
        .module("m.wat")
        .cache(false)
        .out_dir(place.path("other"));
    let without = without.compile().unwrap();
    assert_eq!(without.stats.hits + without.stats.misses, 0);
    assert!(fs::read(&second.archive).unwrap() == fs::read(&without.archive).unwrap());
    // The binding has stayed as it was: nothing that includes it is built again because of it.
    let modified = fs::metadata(&second.binding).unwrap().modified().unwrap();
    assert_eq!(modified, untouched);
}

#[test]
fn packages_can_share_a_cache() {
    let place = Place::new("m.wat", MODULE);
    let module = |out: &str| {
        let module = Module::new(place.path("m.wat")).out_dir(place.path(out));
        module.cache_dir(place.path("shared")).compile().unwrap()
    };
    assert!(module("one").stats.misses > 0);
    assert_eq!(module("two").stats.misses, 0);
}

#[test]
fn for_every_target() {
    let place = Place::new("m.wasm", wat::parse_str(MODULE).unwrap());
    for target in prefab_targets::Target::ALL {
        let output = place
            .module("m.wasm")
            .target(target.triple())
            .compile()
            .unwrap();
        assert_eq!(output.symbol, "prefab_module_m");
        assert_eq!(output.archive, place.path("out/libm.a"));
        let object = object_of(&output);
        assert_eq!(&object[18..20], target.machine().to_le_bytes());
        let file = object::File::parse(&*object).unwrap();
        assert!(file.symbol_by_name(&output.symbol).unwrap().is_global());
    }
}

#[test]
fn rustc_links_an_object_itself() {
    let place = Place::new("m.wat", r#"(module (func (export "f")))"#);
    let output = place.module("m.wat").compile().unwrap();
    assert!(fs::read(&output.object).unwrap() == object_of(&output));
    fs::copy(&output.object, place.path("m.o")).unwrap();
    // The runtime's functions are not called here.
    let source = "
        unsafe extern \"C\" { static prefab_module_m: [u8; 4]; }
        #[unsafe(no_mangle)] extern \"C\" fn prefab_rt_trap() {}
        #[unsafe(no_mangle)] extern \"C\" fn prefab_rt_raise() {}
        fn main() {
            // SAFETY: nothing changes it.
            println!(\"{:?}\", unsafe { prefab_module_m });
        }";
    fs::write(place.path("main.rs"), source).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let rustc = Command::new(rustc)
        .args(["--edition=2024", "-C", "link-arg=m.o", "main.rs"])
        .current_dir(place.0.path())
        .output()
        .expect("rustc compiles this test, too");
    assert!(rustc.status.success(), "{rustc:?}");
    let printed = Command::new(place.path("main")).output().unwrap().stdout;
    // What a descriptor starts with.
    let start = &prefab_abi::descriptor::Descriptor::new(Default::default(), 0).to_bytes()[..4];
    assert_eq!(String::from_utf8(printed).unwrap(), format!("{start:?}\n"));
}

#[test]
fn options() {
    let place = Place::new("my-plugin.wat", MODULE);
    let output = place
        .module("my-plugin.wat")
        .name("other")
        .type_name("Engine")
        .symbol("engine 2")
        .runtime("crate::rt")
        .compile()
        .unwrap();
    assert_eq!(output.symbol, "prefab_module_engine_2");
    assert_eq!(output.archive, place.path("out/libengine_2.a"));
    assert_eq!(output.binding, place.path("out/other.rs"));
    let binding = fs::read_to_string(&output.binding).unwrap();
    assert!(binding.contains("pub struct Engine {"));
    assert!(binding.contains("crate::rt::TypedFunc<(i32,), i32>"));
    assert!(!binding.contains("::prefab"));
}

#[test]
fn optimisation_changes_the_code() {
    let place = Place::new("m.wat", MODULE);
    let object = |level| object_of(&place.module("m.wat").opt_level(level).compile().unwrap());
    use prefab_build::OptLevel::{O0, O2};
    assert!(object(O0) != object(O2));
}

#[test]
fn memory_plans_and_traps_are_in_the_note() {
    let place = Place::new("m.wat", "(module (memory 1))");
    let module = || place.module("m.wat").memory_plan(MemoryPlan::Bounded);
    let note = |module: Module| {
        let object = object_of(&module.compile().unwrap());
        let file = object::File::parse(&*object).unwrap();
        let section = file.section_by_name(prefab_abi::object::SECTION_NOTE);
        Note::from_bytes(section.unwrap().data().unwrap()).unwrap()
    };
    let found = note(place.module("m.wat"));
    assert_eq!(found.memory_plan, MemoryPlan::Guarded);
    assert_eq!(found.traps, Traps::Signals);
    assert_eq!((found.is_interruptible, found.uses_fuel), (false, false));
    let found = note(module().interruptible(true));
    assert_eq!((found.is_interruptible, found.uses_fuel), (true, false));
    let found = note(module().fuel(true));
    assert_eq!((found.is_interruptible, found.uses_fuel), (false, true));
    let found = note(module().traps(Traps::Explicit));
    assert_eq!(found.memory_plan, MemoryPlan::Bounded);
    assert_eq!(found.traps, Traps::Explicit);
    let said = place.refused(place.module("m.wat").traps(Traps::Explicit));
    assert!(said.starts_with("m.wat: "), "{said}");
}

#[test]
fn modules_that_cannot_be_compiled() {
    let place = Place::new("m.wat", "(module (func (export \"f\") (result i32) nop))");
    assert_eq!(
        place.refused(place.module("m.wat")),
        "m.wat: type mismatch: expected i32 but nothing on stack (at offset 0x20, func 0)"
    );
    assert_eq!(
        place.refused(place.module("missing.wasm")),
        "missing.wasm: cannot be read: No such file or directory (os error 2)"
    );
    fs::write(place.path("m.wat"), "(module (func (nop)").unwrap();
    let said = place.refused(place.module("m.wat"));
    assert!(said.starts_with("m.wat: expected `)`"), "{said}");
    assert!(said.contains("m.wat:1:20"), "{said}");
    let twice = r#"(module (import "a" "b" (func)) (import "a" "b" (memory 1)))"#;
    fs::write(place.path("m.wat"), twice).unwrap();
    assert_eq!(
        place.refused(place.module("m.wat")),
        "m.wat: \"a\" \"b\" is imported twice, as different types: no host can provide both"
    );
    assert!(!place.path("out/m.rs").exists(), "nothing is left of those");
}

#[test]
fn options_that_do_not_fit() {
    let place = Place::new("日本.wat", "(module)");
    let module = || place.module("日本.wat").type_name("Japan");
    assert_eq!(
        place.refused(place.module("日本.wat")),
        "type_name: has to be given: no type's name can be made of \"日本\""
    );
    assert_eq!(
        place.refused(module().type_name("not-a-type")),
        "type_name: \"not-a-type\" is not the name of a type, such as `Plugin`"
    );
    let said = place.refused(module().target("z80-unknown-cpm"));
    assert!(said.starts_with("target: "), "{said}");
    assert!(said.contains("z80-unknown-cpm"), "{said}");
    let said = place.refused(module().features("+turbo"));
    assert!(
        said.starts_with("cpu or features: unknown feature \"turbo\""),
        "{said}"
    );
    module().compile().unwrap();
}

#[test]
fn outside_of_build_scripts() {
    let place = Place::new("m.wat", MODULE);
    let missing = |module: Module| match module.compile() {
        Err(BuildError::NotInCargo(name)) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(Module::new(place.path("m.wat"))), "OUT_DIR");
    assert_eq!(missing(place.module("m.wat").target_from_cargo()), "TARGET");
    assert_eq!(
        BuildError::NotInCargo("TARGET").to_string(),
        "the environment variable TARGET is not set, as Cargo does for a build script: call this \
         from build.rs, or say the target by `target` and where to write by `out_dir`"
    );
}

#[test]
fn places_that_cannot_be_written_to() {
    let place = Place::new("m.wat", MODULE);
    fs::write(place.path("file"), "").unwrap();
    let module = |out: &str| Module::new(place.path("m.wat")).out_dir(place.path(out));
    let said = place.refused(module("file"));
    assert!(said.starts_with("file: cannot be made: "), "{said}");
    let said = place.refused(module("out").cache_dir(place.path("file")));
    assert!(
        said.starts_with("file: cannot be used as a cache: "),
        "{said}"
    );
    fs::create_dir_all(place.path("out/m.rs")).unwrap();
    let said = place.refused(module("out"));
    assert!(said.starts_with("out/m.rs: cannot be written: "), "{said}");
    let left = fs::read_dir(place.path("out")).unwrap();
    let left = left.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(
        !left
            .into_iter()
            .any(|name| Path::new(&name).extension() == Some("tmp".as_ref()))
    );
}
