//! Modules that use features which Prefab does not support, or which are turned off.

use super::Place;

/// Threads, exceptions in their old encoding, and 64-bit memories, in this order.
const MANY: &str = r#"(module
    (memory (export "shared") 1 1 shared)
    (memory (export "large") i64 1)
    (tag $tag)
    (func (export "f") (param i32) (result i32)
      (i32.atomic.rmw.add (i32.const 0) (local.get 0)))
    (func (export "g")
      try
        throw $tag
      catch_all
      end)
    (func (export "valid") (result i32) (i32.const 1)))"#;

#[test]
fn all_unsupported_features_are_named_with_their_first_use() {
    let place = Place::new();
    place.write("many.wat", MANY);
    let wasm = wat::parse_str(MANY).unwrap();
    let at = |bytes: &[u8]| {
        wasm.windows(bytes.len())
            .position(|window| window == bytes)
            .unwrap()
    };
    // The section with the flags of the two memories; the section of tags.
    let memories = at(&[0x05, 0x06, 0x02, 0x03, 0x01, 0x01, 0x04, 0x01]);
    let tags = at(&[0x0d, 0x03, 0x01, 0x00]);
    for command in [&["compile", "many.wat"][..], &["run", "many.wat"]] {
        let said = place.prefab(command).fails(1);
        assert_eq!(said.lines().count(), 1);
        assert!(
            said.starts_with(
                "many.wat: error: Prefab does not support: threads (first at offset 0x"
            ),
            "{said}"
        );
        let offset = |name: &str| {
            let (_, rest) = said
                .split_once(&format!("{name} (first at offset 0x"))
                .expect(name);
            let (digits, _) = rest.split_once(')').unwrap();
            usize::from_str_radix(digits, 16).unwrap()
        };
        assert!(
            (memories + 3..memories + 6).contains(&offset("threads")),
            "{said}"
        );
        let large = offset("64-bit memories and tables");
        assert!((memories + 6..memories + 8).contains(&large), "{said}");
        let exceptions = offset("exceptions (legacy encoding)");
        assert!((tags..tags + 5).contains(&exceptions), "{said} {tags:#x}");
        assert_eq!(said.matches("first at").count(), 3, "{said}");
        assert!(!said.contains("enabled"), "{said}");
    }
}

#[test]
fn each_unsupported_feature_is_named() {
    let place = Place::new();
    for (name, module) in [
        ("garbage collection", "(module (type (struct)))"),
        ("threads", "(module (func atomic.fence))"),
        (
            "relaxed simd",
            "(module (func (param v128) (result v128)
               (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))",
        ),
        ("exceptions", "(module (tag))"),
        (
            "64-bit memories and tables",
            "(module (table i64 1 funcref))",
        ),
        ("custom page sizes", "(module (memory 1 (pagesize 1)))"),
        (
            "wide arithmetic",
            "(module (func (param i64 i64) (result i64 i64)
               (i64.mul_wide_u (local.get 0) (local.get 1))))",
        ),
        (
            "function references",
            "(module (type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0))))",
        ),
    ] {
        place.write("a.wat", module);
        let said = place.prefab(["compile", "a.wat"]).fails(1);
        let start = format!("a.wat: error: Prefab does not support: {name} (first at offset 0x");
        assert!(said.starts_with(&start), "{said}");
        assert_eq!(said.matches("first at").count(), 1, "{said}");
    }
}

/// A feature does not hide what is wrong in any case.
#[test]
fn invalid_modules_are_still_invalid() {
    let place = Place::new();
    place.write("a.wat", "(module (func (i32.add)) (func atomic.fence))");
    let said = place.prefab(["compile", "a.wat"]).fails(1);
    assert!(said.contains("type mismatch"), "{said}");
    place.write("a.wat", "(module (func atomic.fence) (func (i32.add)))");
    let said = place.prefab(["compile", "a.wat"]).fails(1);
    assert!(said.contains("Prefab does not support: threads"), "{said}");
}

#[test]
fn features_are_chosen() {
    let place = Place::new();
    let module = r#"(module (memory 1) (memory 1)
        (func $f (export "f") (result i32) (i32.const 42))
        (func (export "g") (result i32) (return_call $f)))"#;
    place.write("a.wat", module);
    let run = |set: &str| place.prefab(["run", "--invoke", "g", "--wasm-features", set, "a.wat"]);
    for set in ["wasm2,+multi-memory,+tail-call", "-simd", ""] {
        assert_eq!(run(set).ok(), "42\n", "{set}");
        let args = ["compile", "a.wat", "--wasm-features", set];
        assert_eq!(place.prefab(args).ok(), "");
    }
    for said in [
        run("wasm2").fails(1),
        place
            .prefab(["compile", "a.wat", "--wasm-features", "wasm2"])
            .fails(1),
    ] {
        assert!(
            said.starts_with(
                "a.wat: error: the module needs features that are turned off: multi memory"
            ),
            "{said}"
        );
        assert!(
            said.contains("`--wasm-features` with +multi-memory,+tail-call turns"),
            "{said}"
        );
        assert!(!said.contains("does not support"), "{said}");
    }
    let said = run("wasm1").fails(1);
    assert!(said.contains("multi memory"), "{said}");
    let said = run("+gc").fails(1);
    assert!(
        said.contains("unknown WebAssembly feature \"+gc\""),
        "{said}"
    );
}
