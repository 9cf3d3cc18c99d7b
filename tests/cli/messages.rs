//! Files that are not what they should be, and command lines that are not understood: one clear
//! line each, and the right exit code.

use super::Place;

#[test]
fn inputs_that_are_no_modules() {
    let place = Place::new();
    place.write("empty.wasm", "");
    place.write("short.wasm", b"\0asm\x01");
    place.write("version.wasm", b"\0asm\x02\0\0\0");
    place.write("component.wasm", b"\0asm\x0d\0\x01\0");
    place.write("text.wasm", "hello");
    place.write("bytes.wasm", [0xff, 0xfe, 0xfd]);
    place.write("component.wat", "(component)");
    place.write("elf.o", b"\x7fELF");
    std::fs::create_dir(place.path("folder")).unwrap();
    for (name, message) in [
        ("missing.wasm", "cannot be read: No such file or directory"),
        ("folder", "cannot be read: Is a directory"),
        ("empty.wasm", "the file is empty"),
        ("short.wasm", "the file ends inside its header"),
        (
            "version.wasm",
            "unknown WebAssembly version 0x2 (at offset 0x4)",
        ),
        (
            "component.wasm",
            "this is a WebAssembly component; Prefab compiles modules",
        ),
        (
            "component.wat",
            "this is a WebAssembly component; Prefab compiles modules",
        ),
        (
            "text.wasm",
            "not a WebAssembly module, in neither the binary nor the text format",
        ),
        (
            "bytes.wasm",
            "not a WebAssembly module, in neither the binary nor the text format",
        ),
        ("elf.o", "this is an ELF file, not a WebAssembly module"),
    ] {
        let expected = format!("{name}: error: {message}\n");
        assert_eq!(place.prefab(["compile", name]).fails(1), expected);
        if name != "elf.o" {
            assert_eq!(place.prefab(["run", name]).fails(1), expected);
        }
    }
}

#[test]
fn outputs_that_cannot_be_written() {
    let place = Place::new();
    place.write("a.wat", "(module)");
    std::fs::create_dir(place.path("folder")).unwrap();
    for (output, message) in [
        (
            "missing/a.o",
            "cannot be written: No such file or directory",
        ),
        ("folder", "cannot be written: is a directory"),
    ] {
        let stderr = place.prefab(["compile", "a.wat", "-o", output]).fails(1);
        assert_eq!(stderr, format!("{output}: error: {message}\n"));
    }
    let left = std::fs::read_dir(place.path("folder")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn an_object_replaces_the_one_before_at_once() {
    let place = Place::new();
    place.write("a.wat", "(module)");
    place.write("a.o", "what was there before");
    assert_eq!(place.prefab(["compile", "a.wat"]).ok(), "");
    assert!(
        std::fs::read(place.path("a.o"))
            .unwrap()
            .starts_with(b"\x7fELF")
    );
    // A module that is refused leaves the object as it was.
    let before = std::fs::read(place.path("a.o")).unwrap();
    place.write("a.wat", "(module (func (i32.add)))");
    place.prefab(["compile", "a.wat"]).fails(1);
    assert_eq!(std::fs::read(place.path("a.o")).unwrap(), before);
    let mut names: Vec<_> = std::fs::read_dir(place.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["a.o", "a.wat"]);
}

#[test]
fn command_lines_that_are_not_understood() {
    let place = Place::new();
    place.write("a.wat", "(module)");
    for args in [
        &["assemble", "a.wat"][..],
        &["compile"],
        &["compile", "a.wat", "-O3"],
        &["compile", "a.wat", "--jobs", "0"],
        &["compile", "a.wat", "--frobnicate"],
        &["run"],
        &["wast"],
        &["inspect", "a.o", "--json", "--verify"],
    ] {
        let run = place.prefab(args);
        assert_eq!(run.code, Some(2), "{args:?}");
    }
    for (args, message) in [
        (
            ["--target", "pdp11-dec-unix"],
            "unknown target \"pdp11-dec-unix\"",
        ),
        (["--cpu", "z80"], "unknown CPU \"z80\""),
        (["--features", "+turbo"], "unknown feature \"turbo\""),
    ] {
        let stderr = place
            .prefab(["compile", "a.wat", args[0], args[1]])
            .fails(1);
        assert!(
            stderr.starts_with(&format!("prefab: error: {message}")),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 1);
    }
    let other = match std::env::consts::ARCH {
        "riscv64" => "aarch64",
        _ => "riscv64",
    };
    let native = ["compile", "a.wat", "--target", other, "--cpu", "native"];
    let stderr = place.prefab(native).fails(1);
    assert!(
        stderr.contains("`--cpu native` is the CPU of this machine"),
        "{stderr}"
    );
    let features = place
        .prefab(["wast", "a.wast", "--wasm-features", "+gc"])
        .fails(1);
    assert!(
        features.contains("unknown WebAssembly feature \"+gc\""),
        "{features}"
    );
}

#[test]
fn native_is_the_cpu_of_this_machine() {
    let place = Place::new();
    place.write("a.wat", "(module (func (export \"f\")))");
    place
        .prefab(["compile", "a.wat", "--cpu", "native", "-o", "a.o"])
        .ok();
    let inspected = place.prefab(["inspect", "a.o"]).ok();
    for feature in prefab::targets::host::features().names() {
        assert!(inspected.contains(feature), "{feature}: {inspected}");
    }
    place.prefab(["run", "--invoke", "f", "a.o"]).ok();
}

#[test]
fn objects_do_not_depend_on_threads_or_place() {
    let place = Place::new();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/mandelbrot.wasm");
    for (jobs, output) in [("1", "one.o"), ("2", "two.o")] {
        place
            .prefab(["compile", example, "-o", output, "--jobs", jobs])
            .ok();
    }
    let elsewhere = place.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::copy(example, elsewhere.join("mandelbrot.wasm")).unwrap();
    let args = ["compile", "mandelbrot.wasm", "-o", "../three.o"];
    place.prefab_in(&elsewhere, args).ok();
    let read = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert!(read("one.o") == read("two.o"));
    assert!(read("one.o") == read("three.o"));
}

#[test]
fn scripts() {
    let place = Place::new();
    place.write(
        "good.wast",
        r#"(module (func (export "f") (result i32) (i32.const 1)))
        (assert_return (invoke "f") (i32.const 1))"#,
    );
    place.write(
        "bad.wast",
        r#"(module (func (export "f") (result i32) (i32.const 1)))
        (assert_return (invoke "f") (i32.const 2))
        (assert_return (invoke "f") (i32.const 1))
        (assert_trap (invoke "f") "unreachable")"#,
    );
    place.write("syntax.wast", "(module)\n(assert_nothing)");
    assert_eq!(
        place.prefab(["wast", "good.wast"]).ok(),
        "2 passed, 0 failed\n"
    );
    let run = place.prefab(["wast", "good.wast", "bad.wast"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.stdout,
        "bad.wast:2: expected 2 : i32, got 1 : i32\n\
         bad.wast:4: expected the trap \"unreachable\", got a result\n\
         4 passed, 2 failed\n"
    );
    let stderr = place.prefab(["wast", "syntax.wast"]).fails(1);
    assert!(stderr.starts_with("syntax.wast: error: "), "{stderr}");
    assert!(stderr.ends_with("(at line 2)\n"), "{stderr}");
    place.write("tail.wast", "(module (func $f (return_call $f)))");
    assert_eq!(place.prefab(["wast", "tail.wast"]).code, Some(1));
    let args = ["wast", "tail.wast", "--wasm-features", "+tail-call"];
    assert_eq!(place.prefab(args).ok(), "1 passed, 0 failed\n");
}
