//! `prefab link`: programs of WASI commands.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cases::{compile, readable};
use crate::toolchain::{MACHINES, Machine, folder, prefab, quiet, run};

/// A linked program is given arguments, environment, input and a directory; it ends with the
/// guest's code, and with 134 and a backtrace where the guest traps.
pub fn links(machine: &Machine) -> Result<()> {
    let folder = folder(&format!("link {}", machine.name))?;
    let object = compile(machine, "world.c", &folder)?;
    fs::create_dir(folder.join("data"))?;
    fs::write(folder.join("data/note.txt"), "a file\n")?;
    let program = folder.join("world");
    let mut ways: Vec<&[&str]> = vec![&[], &["--static"]];
    if machine.has_static_pie()? {
        ways.push(&["--cc-arg=-static-pie"]);
    }
    for options in ways {
        let mut link = prefab();
        link.arg("link")
            .arg(&object)
            .arg("-o")
            .arg(&program)
            .args(options);
        link.args([
            "--dir",
            "data::/data",
            "--target",
            machine.triple,
            "--runtime",
        ]);
        quiet(link.arg(machine.runtime()?))?;
        readable(&program)?;
        runs(machine, &program, &folder).with_context(|| format!("linked with {options:?}"))?;
    }
    several(machine, &folder)?;
    Ok(fs::remove_dir_all(&folder)?)
}

fn runs(machine: &Machine, program: &Path, folder: &Path) -> Result<()> {
    let mut command = machine.command(program)?;
    command
        .current_dir(folder)
        .env("NAME", "value")
        .args(["one", "two"]);
    let (code, out, err) = ends(&mut command, "some input\n")?;
    let expected = "arguments: world one two\nNAME=value\ninput: some input\nnote: a file\n";
    ensure!(
        out == expected && err.is_empty(),
        "it printed:\n{out}and said:\n{err}"
    );
    ensure!(code == Some(3), "it ended with {code:?}");

    let mut command = machine.command(program)?;
    let (code, _, err) = ends(command.current_dir(folder).arg("trap"), "")?;
    ensure!(
        code == Some(134),
        "a program that traps ended with {code:?}, saying:\n{err}"
    );
    let told =
        err.contains("error: wasm trap: unreachable\n  0: world!") && err.contains("world!_start");
    ensure!(told, "a program that traps said:\n{err}");

    // The directory is opened when the program runs.
    let elsewhere = folder.join("elsewhere");
    fs::create_dir_all(&elsewhere)?;
    let mut command = machine.command(program)?;
    let (code, _, err) = ends(command.current_dir(&elsewhere), "")?;
    ensure!(
        code == Some(1) && err.contains("error: cannot open the directory data: "),
        "without its directory it ended with {code:?}, saying:\n{err}"
    );
    Ok(())
}

/// A program of several modules: what one exports is imported by the other.
fn several(machine: &Machine, folder: &Path) -> Result<()> {
    let texts = [
        (
            "library",
            r#"(module (func (export "code") (result i32) (i32.const 41)))"#,
        ),
        (
            "command",
            r#"(module
                (import "library" "code" (func $code (result i32)))
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "_start")
                  (call $exit (i32.add (call $code) (i32.const 1)))))"#,
        ),
    ];
    let mut link = prefab();
    link.arg("link");
    // The program is found wherever it stands.
    for (name, text) in texts.iter().rev() {
        let source = folder.join(name).with_extension("wat");
        fs::write(&source, text)?;
        let mut compile = prefab();
        compile
            .arg("compile")
            .arg(&source)
            .args(["--target", machine.triple]);
        quiet(&mut compile)?;
        link.arg(source.with_extension("o"));
    }
    let program = folder.join("both");
    quiet(
        link.arg("-o")
            .arg(&program)
            .arg("--runtime")
            .arg(machine.runtime()?),
    )?;
    let (code, _, err) = ends(&mut machine.command(&program)?, "")?;
    ensure!(code == Some(42), "it ended with {code:?}, saying:\n{err}");
    Ok(())
}

/// Runs a command to its end: its code, and what it printed and said.
fn ends(command: &mut Command, input: &str) -> Result<(Option<i32>, String, String)> {
    use std::io::Write;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program may end without reading it.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    Ok((
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    ))
}

/// What a program would find when it starts is told when it is linked: every problem, with names and
/// types.
pub fn checks_imports() -> Result<()> {
    let folder = folder("link checks imports")?;
    let modules: [(&str, &[&str], &str); 10] = [
        ("plain", &[], r#"(module (func (export "_start")))"#),
        (
            "needs",
            &[],
            r#"(module (import "env" "foo" (func (param i32)))
                (import "env" "bar" (global (mut i64)))
                (import "wasi_snapshot_preview1" "fd_fly" (func))
                (import "wasi_unstable" "sock_accept" (func (param i32 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "proc_exit" (func (param i64)))
                (func (export "_start")))"#,
        ),
        (
            "lib",
            &[],
            r#"(module (func (export "f") (result i32) (i32.const 1))
                (table (export "t") 1 2 funcref)
                (memory (export "m") 1 2) (global (export "g") i32 (i32.const 1)))"#,
        ),
        (
            "uses",
            &[],
            r#"(module (import "lib" "f" (func (result i64))) (import "lib" "t" (memory 1))
                (import "lib" "m" (memory 3)) (import "lib" "g" (global (mut i32)))
                (import "lib" "h" (func)) (func (export "_start")))"#,
        ),
        (
            "fits",
            &[],
            r#"(module (import "lib" "f" (func (result i32))) (import "lib" "t" (table 2 funcref))
                (import "lib" "m" (memory 2)) (import "lib" "g" (global i32))
                (func (export "_start")))"#,
        ),
        (
            "back",
            &[],
            r#"(module (import "lib" "f" (func (result i32))) (import "plain" "_start" (func))
                (import "back" "own" (func)) (func (export "own")))"#,
        ),
        (
            "start",
            &[],
            r#"(module (func (export "_start") (param i32)))"#,
        ),
        (
            "wasi_unstable",
            &[],
            r#"(module (func (export "fd_close") (param i32)))"#,
        ),
        (
            "small",
            &["--memory", "bounded"],
            r#"(module (memory (export "m") 1))"#,
        ),
        (
            "between",
            &["--memory", "bounded"],
            r#"(module (import "small" "m" (memory 1)) (export "again" (memory 0)))"#,
        ),
    ];
    let bounded = r#"(module (import "between" "again" (memory 1)) (func (export "_start")))"#;
    for (name, options, text) in modules.into_iter().chain([("guarded", &[][..], bounded)]) {
        let source = folder.join(name).with_extension("wat");
        fs::write(&source, text)?;
        quiet(prefab().arg("compile").arg(&source).args(options))?;
    }
    let cases: [(&[&str], &[&str]); 6] = [
        (
            &["needs.o"],
            &[
                "needs.o: unknown import: \"env\" \"foo\", (func (i32) -> ()): no object has a module \"env\"",
                "needs.o: unknown import: \"env\" \"bar\", (global (mut i64)): no object has a module \"env\"",
                "needs.o: unknown import: \"wasi_snapshot_preview1\" \"fd_fly\", (func () -> ()): WASI has no function of this name",
                "needs.o: unknown import: \"wasi_unstable\" \"sock_accept\", (func (i32, i32, i32) -> (i32)): WASI has no function of this name",
                "needs.o: incompatible import type: \"wasi_snapshot_preview1\" \"proc_exit\" is (func (i32) -> ()), not (func (i64) -> ())",
            ],
        ),
        (
            &["lib.o", "uses.o"],
            &[
                "uses.o: incompatible import type: \"lib\" \"f\" is (func () -> (i32)), not (func () -> (i64))",
                "uses.o: incompatible import type: \"lib\" \"t\" is (table 1 2 funcref), not (memory 1)",
                "uses.o: incompatible import type: \"lib\" \"m\" is (memory 1 2), not (memory 3)",
                "uses.o: incompatible import type: \"lib\" \"g\" is (global i32), not (global (mut i32))",
                "uses.o: unknown import: \"lib\" \"h\", (func () -> ()): lib.o has no export of this name",
            ],
        ),
        (
            &["plain.o", "back.o", "lib.o"],
            &[
                "back.o: unknown import: \"lib\" \"f\", (func () -> (i32)): lib.o exports it, but stands behind on the command line",
                "back.o: unknown import: \"plain\" \"_start\", (func () -> ()): plain.o is the program, which is instantiated last",
                "back.o: unknown import: \"back\" \"own\", (func () -> ()): a module cannot import what it exports itself",
            ],
        ),
        (
            &["start.o"],
            &[
                "start.o: _start is (func (i32) -> ()), but it must have neither parameters nor results",
            ],
        ),
        (
            &["plain.o", "wasi_unstable.o"],
            &[
                "wasi_unstable.o: \"wasi_unstable\" \"fd_close\" is defined already, by WASI: give the object's module another name",
            ],
        ),
        (
            &["small.o", "between.o", "guarded.o"],
            &[
                "guarded.o: the memory \"between\" \"again\" that it imports is bounded, and it was compiled for guarded ones: compile it with `prefab compile --memory bounded`, or what defines the memory with `--memory guarded`",
            ],
        ),
    ];
    for (objects, problems) in cases {
        let mut link = prefab();
        link.current_dir(&folder).arg("link").args(objects);
        let (code, _, err) = ends(link.args(["-o", "out"]), "")?;
        let expected: String = problems.iter().map(|it| format!("\n  {it}")).collect();
        let expected = format!("error: the objects make no program together:{expected}\nWhat a ");
        ensure!(
            code == Some(1) && err.contains(&expected),
            "{objects:?} ended with {code:?}, saying:\n{err}instead of:\n{expected}"
        );
        ensure!(
            !folder.join("out").exists(),
            "{objects:?} has left a program"
        );
    }
    // A start function could still grow the memory: that is no error yet.
    let mut link = prefab();
    link.current_dir(&folder)
        .args(["link", "lib.o", "fits.o", "-o", "out", "--runtime"]);
    quiet(link.arg(MACHINES[0].runtime()?))?;
    Ok(fs::remove_dir_all(&folder)?)
}

/// Each refusal says what is missing and where it is to be had, and leaves no file behind.
pub fn refuses() -> Result<()> {
    let folder = folder("link refuses")?;
    let [host, other] = [&MACHINES[0], &MACHINES[1]];
    compile(host, "world.c", &folder)?;
    compile(host, "shape.wat", &folder)?;
    fs::copy(folder.join("world.o"), folder.join("again.o"))?;
    fs::create_dir(folder.join("other"))?;
    compile(other, "world.c", &folder.join("other"))?;
    fs::write(folder.join("text.o"), "no object")?;
    fs::write(folder.join("empty.a"), "!<arch>\n")?;
    let refusals: [(&[&str], &str); 9] = [
        (
            &["shape.o"],
            "shape.o: error: this is no program (it exports no _start)",
        ),
        (
            &["world.o", "again.o"],
            "again.o: error: its module is called world, as that of world.o is",
        ),
        (
            &["world.o", "other/world.o"],
            "other/world.o: error: the object is for aarch64-unknown-linux-gnu, but the program is \
             for x86_64-unknown-linux-gnu",
        ),
        (&["text.o"], "text.o: error: not an ELF object"),
        (
            &["world.o", "--target", "sparc"],
            "unknown target \"sparc\"",
        ),
        (
            &["world.o", "--cc", "cc", "--runtime", "no.a"],
            "no.a: error: the runtime is not there",
        ),
        (
            &["other/world.o"],
            "there is no C compiler for aarch64-unknown-linux-gnu, which links: \
             aarch64-linux-gnu-gcc is not there. Debian and Ubuntu have it in the package \
             gcc-aarch64-linux-gnu; --cc or CC_aarch64_unknown_linux_gnu names another",
        ),
        (
            &["other/world.o", "--cc", "cc"],
            "there is no libprefab_rt.a for aarch64-unknown-linux-gnu; in Prefab's sources, cargo \
             build --release -p prefab-c-api --target aarch64-unknown-linux-gnu builds it, and \
             --runtime or PREFAB_RT names it",
        ),
        (
            &["world.o", "--cc", "/usr/bin/cc", "--runtime", "empty.a"],
            "/usr/bin/cc: error: linking failed (exit status: 1):\n",
        ),
    ];
    // A copy that has no runtime beside it, in a world without compilers.
    let copy = folder.join("prefab");
    // Another program copies it. Were this process to write the file, a test beside this one that starts a
    // program at that moment would keep it open for writing, and it could not be run ("text file busy").
    run(Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_prefab"))
        .arg(&copy))?;
    let empty = folder.join("empty");
    fs::create_dir(&empty)?;
    for (args, expected) in refusals {
        let mut command = Command::new(&copy);
        command
            .current_dir(&folder)
            .arg("link")
            .args(args)
            .args(["-o", "out"]);
        if !args.contains(&"/usr/bin/cc") {
            command.env("PATH", &empty);
        }
        command.env_remove("PREFAB_RT").env_remove("CC");
        for machine in &MACHINES {
            command.env_remove(format!("CC_{}", machine.triple.replace('-', "_")));
        }
        let (code, out, err) = ends(&mut command, "")?;
        ensure!(
            code == Some(1) && out.is_empty() && err.contains(expected),
            "{args:?} ended with {code:?}, saying:\n{err}instead of:\n{expected}"
        );
        let left = fs::read_dir(&folder)?
            .flatten()
            .map(|entry| entry.file_name());
        let left: Vec<_> = left
            .filter(|name| name.to_string_lossy().contains("out"))
            .collect();
        ensure!(left.is_empty(), "{args:?} has left {left:?}");
    }
    Ok(fs::remove_dir_all(&folder)?)
}
