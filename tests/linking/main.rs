//! Objects in programs of other people's linkers: C programs with modules in them, by every linker,
//! compiler and way to link, for every instruction set; Rust programs; and what `prefab link` makes.
//! `docs/linking.md` tells users how.

mod cases;
mod command;
mod guide;
mod rust;
mod toolchain;

use std::process::ExitCode;

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};

use cases::{Linking, cases};
use toolchain::{MACHINES, Machine, newer_lld};

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for machine in &MACHINES {
        for case in cases().expect("tests/cases/linking/ is readable") {
            let name = format!("{} {}", machine.name, case.name);
            trials.push(trial(name, move || {
                case.run(machine, &[plain(machine)], "plain")
            }));
        }
        for (linker, compiler) in linkers(machine) {
            let name = format!("{} by {linker}, through {compiler}", machine.name);
            trials.push(trial(name.clone(), move || {
                let case = cases()?.into_iter().find(|case| case.name == "modules");
                let case = case.expect("tests/cases/linking/modules.c is there");
                case.run(machine, &matrix(machine, linker, compiler)?, &name)
            }));
        }
        let name = format!("{} in a Rust program", machine.name);
        trials.push(trial(name, move || rust::program(machine)));
        let name = format!("{} prefab link", machine.name);
        trials.push(trial(name, move || command::links(machine)));
        let name = format!("{} examples", machine.name);
        trials.push(trial(name, move || guide::examples(machine)));
    }
    trials.push(trial("riscv64 objects alone, by lld-14", || {
        cases::link_alone(&MACHINES[2], "ld.lld-14")
    }));
    trials.push(trial("prefab link refuses", command::refuses));
    trials.push(trial("prefab link checks imports", command::checks_imports));
    trials.push(trial("docs/linking.md", guide::commands));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: impl Into<String>, run: impl Fn() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(name, move || {
        run().map_err(|error| Failed::from(format!("{error:#}")))
    })
}

/// As `cc` links by itself.
fn plain(machine: &Machine) -> Linking {
    Linking {
        compiler: machine.gcc(),
        flags: Vec::new(),
    }
}

/// GNU ld, lld 14 and a newer lld; through gcc and clang.
fn linkers(machine: &Machine) -> Vec<(&'static str, &'static str)> {
    let mut all = Vec::new();
    for linker in ["bfd", "lld-14", "newer lld"] {
        for compiler in ["gcc", "clang"] {
            // clang, asked to link for another system, finds GNU ld of that system by itself; the
            // versions of lld have names that only a path says.
            let found = machine.is_host() || linker != "bfd" || compiler == "gcc";
            // lld 14 does not link the C library of riscv64: "relocation R_RISCV_ALIGN requires
            // unimplemented linker relaxation". What it does with our objects is tested below.
            let links = machine.name != "riscv64" || linker != "lld-14";
            if found && links {
                all.push((linker, compiler));
            }
        }
    }
    all
}

/// Every way to link by one linker, through one compiler.
fn matrix(machine: &Machine, linker: &str, compiler: &str) -> Result<Vec<Linking>> {
    let mut base = Vec::new();
    let compiler = match compiler {
        "clang" => {
            base.push(format!(
                "--target={}",
                machine.triple.replace("riscv64gc", "riscv64")
            ));
            compiler.to_owned()
        }
        _ => machine.gcc(),
    };
    // gcc takes names of linkers that it knows, from a folder that it is pointed to.
    let folder = toolchain::linker_folder(&match linker {
        "bfd" => None,
        "lld-14" => Some("ld.lld-14".to_owned()),
        _ => Some(newer_lld()?),
    })?;
    match folder {
        None => base.push("-fuse-ld=bfd".to_owned()),
        Some(folder) => base.extend([format!("-B{}", folder.display()), "-fuse-ld=lld".to_owned()]),
    }
    let mut ways: Vec<&[&str]> = vec![
        &["-pie"],
        &["-no-pie", "-Wl,--gc-sections"],
        &["-static"],
        &["-static", "-Wl,--gc-sections"],
        &["-pie", "-Wl,--gc-sections"],
    ];
    if machine.has_static_pie()? {
        ways.extend([
            &["-static-pie"] as &[&str],
            &["-static-pie", "-Wl,--gc-sections"],
        ]);
    }
    Ok(ways
        .iter()
        .map(|flags| {
            let flags = flags.iter().map(|flag| (*flag).to_owned());
            Linking {
                compiler: compiler.clone(),
                flags: base.iter().cloned().chain(flags).collect(),
            }
        })
        .collect())
}
